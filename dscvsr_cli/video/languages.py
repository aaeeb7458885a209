"""Language codes: which are the same, and how a container spells the ones it can store."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_TWO_SPELLINGS: Final = (
    "alb/sqi arm/hye baq/eus bur/mya chi/zho cze/ces dut/nld fre/fra geo/kat ger/deu gre/ell "
    "ice/isl mac/mkd mao/mri may/msa per/fas rum/ron slo/slk tib/bod wel/cym"
)
"""Languages that ISO 639-2 has two codes for: that for books first, that for terms second."""

_TERM_OF: Final[Mapping[str, str]] = MappingProxyType(
    dict(pair.split("/") for pair in _TWO_SPELLINGS.split()) | {"sve": "swe"}
)

_QUICKTIME: Final = frozenset(
    "alb amh ara arm asm aym aze baq bel ben bul bur cat ces chi dan dut dzo eng epo est fin fra "  # noqa: SIM905
    "geo ger gre grn guj heb hin hun ice ind iri ita jav jpn kan kas kaz khm kin kir kor kur lao "
    "lat lav lit mac mal mar may mlg mlt mol mon nep nor nya ori orm per pol por pus que ron run "
    "rus san sin slk slv smi snd som spa sve swa tam tat tel tgk tgl tha tib tir tuk tur uig ukr "
    "urd uzb vie wel yid".split()
)
"""What FFmpeg finds in QuickTime's numbered list of languages; MOV can store no others."""

_THREE_LETTERS: Final = re.compile("[a-z]{3}")


def is_language(code: str | None) -> bool:
    """Return whether a code names a language; "und" says that nobody knows."""
    return code not in (None, "", "und")


def same_language(one: str | None, other: str | None) -> bool:
    """Return whether two codes name the same language, or both name none."""
    return _canonical(one) == _canonical(other)


def _canonical(code: str | None) -> str:
    small = (code or "").lower()
    return "" if not is_language(small) else _TERM_OF.get(small, small)


def quicktime_language(code: str) -> str | None:
    """Return how MOV spells a language, or None if it cannot store it."""
    term = _canonical(code)
    spellings = [code, term, *(known for known, same in _TERM_OF.items() if same == term)]
    return next((spelling for spelling in spellings if spelling in _QUICKTIME), None)


def packed_language(code: str) -> str | None:
    """Return how MP4 spells a language (three small letters), or None if it cannot store it."""
    return code if _THREE_LETTERS.fullmatch(code) else None

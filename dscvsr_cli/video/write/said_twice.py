"""What ``--enc-opt`` may say that an option of ours says too: everything is said once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

OptionPairs = Sequence[tuple[str, str]]
"""Further encoder options, by the encoder's own names."""

_QUALITY: Final = frozenset(
    {"crf", "qp", "cqp", "cq", "cq-level", "qp_constant", "global_quality", "qp_i", "qp_p", "qp_b"}
    | {"lossless"}
)
"""Names under which encoders take a quality that stays the same."""

_OPTIONS_OF_THEIR_OWN: Final = ("-params", "x264opts")
"""How the names of options end that hold others: ``x265-params=crf=20:aq-mode=3``."""

SAME: Final[Mapping[str, frozenset[str]]] = {
    "crf": _QUALITY,
    "lossless": _QUALITY,
    "encoder-preset": frozenset({"preset", "cpu-used", "speed"}),
}
"""Names under which encoders take what an option of ours says, whatever the encoder is."""


def says_again(extra: OptionPairs, option: str, *, more: Iterable[str] = ()) -> str | None:
    """Return the first further option that says what an option of ours says; None if none does.

    Args:
        extra: The further options.
        option: Ours, without its dashes.
        more: Further names of it, with the encoder at hand.
    """
    same = SAME.get(option, frozenset()).union(more)
    return next((name for name in _names(extra) if name in same), None)


def repeated(extra: OptionPairs) -> str | None:
    """Return a further option that is given twice; None if none is.

    Lists of parameters are joined, and may come in parts.
    """
    counts = Counter(name for name, _ in extra if not _holds_others(name))
    return next((name for name, count in counts.items() if count > 1), None)


def sets_rate(extra: OptionPairs) -> bool:
    """Return whether further options steer quality or bit rate, so that no default of ours may."""
    return any(name == "b" or name in _QUALITY for name in _names(extra))


def _holds_others(name: str) -> bool:
    return name.endswith(_OPTIONS_OF_THEIR_OWN)


def _names(extra: OptionPairs) -> Iterator[str]:
    for name, value in extra:
        yield name
        if _holds_others(name):
            yield from (part.partition("=")[0] for part in value.split(":"))

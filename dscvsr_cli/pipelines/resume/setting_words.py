"""Say how two runs differ in the words of the command line, though records name fields of a job."""

import ast
import re
from contextlib import suppress
from fractions import Fraction
from typing import Final

_OPTIONS: Final = {
    "encoder_options": "--enc-opt",
    "output_format": "--format",
    "pixel_format": "--pix-fmt",
    "preview_from_start": "--start of the preview",
    "preview_seconds": "--preview",
    "reading.rate": "--fps",
    "streams.audio": "--no-audio",
    "streams.other_videos": "--no-other-videos",
    "streams.subtitles": "--no-subs",
}
"""Options whose names are not those of their fields."""

_EITHER_WAY: Final = {"steady": {"True": "--steady", "False": "--no-steady"}}
"""What options are called that may be asked for, refused or left out."""

_NOT_GIVEN: Final = "not given"

_DIGEST: Final = re.compile("[0-9a-f]{32,}")
"""What tells contents apart, and tells people nothing."""


def describe_difference(name: str, before: str | None, after: str | None) -> str:
    """Say in what a run differs from an earlier one: "--crf was not given and is 30".

    Args:
        name: What a record calls it: the field of a job, or words already ("the weights").
        before: What it was; None if the record does not say.
        after: What it is.
    """
    if all(_DIGEST.fullmatch(text or "") for text in (before, after)):
        return f"{name} is another one"
    if " " in name or name.startswith("--"):
        return f"{name} was {before} and is {after}"
    option = _OPTIONS.get(name, f"--{name.rpartition('.')[2].replace('_', '-')}")
    if name in _EITHER_WAY:
        was, now = (_EITHER_WAY[name].get(str(text), _NOT_GIVEN) for text in (before, after))
        return f"{option} was {was} and is {now}"
    is_kept = name.startswith("streams.") and option.startswith("--no-")
    was, now = (_value(text, is_kept=is_kept) for text in (before, after))
    return f"{option} was {was} and is {now}"


def _value(text: str | None, *, is_kept: bool) -> str:
    """Word a value; ``is_kept`` says that True means an option that was left out."""
    if text in (None, "None", "()"):
        return _NOT_GIVEN
    if text in ("True", "False"):
        return "given" if (text == "True") is not is_kept else _NOT_GIVEN
    with suppress(ValueError):
        return f"{float(Fraction(text)):.10g}"
    with suppress(ValueError, SyntaxError, TypeError):
        return ",".join(f"{key}={value}" for key, value in ast.literal_eval(text))
    return text

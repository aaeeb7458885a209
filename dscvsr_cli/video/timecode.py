"""Timecode: the time of day or of the reel that a camera gave a recording's first frame."""

import math
import re
from collections.abc import Mapping, MutableMapping
from fractions import Fraction
from typing import Final

_KEY: Final = "timecode"

_WRITTEN: Final = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.,])(\d\d)")
_TEN_MINUTES: Final = 600
_DAY: Final = 24 * 60 * 60


def timecode_of(tags: Mapping[str, str]) -> str | None:
    """Return the timecode among the tags of a stream or a file, or None."""
    return next((value for key, value in tags.items() if key.lower() == _KEY), None)


def advance_tags(tags: MutableMapping[str, str], seconds: Fraction, rate: Fraction | None) -> None:
    """Set the timecode among some tags, if there is one, to what it is ``seconds`` later."""
    for key, value in tags.items():
        if key.lower() == _KEY:
            tags[key] = advance(value, seconds, rate)


def advance(timecode: str, seconds: Fraction, rate: Fraction | None) -> str:
    """Return the timecode of the first frame that begins ``seconds`` later or after that.

    Args:
        timecode: ``HH:MM:SS:FF``; another sign before the frames means that it drops numbers, as
            that of 29.97 frames per second does. What is no timecode is given back as it is.
        seconds: How much later.
        rate: Frames per second.
    """
    written = _WRITTEN.fullmatch(timecode)
    if written is None or not rate or not seconds:
        return timecode
    hours, minutes, second, sign, frame = written.groups()
    per_second = round(rate)
    # Two numbers for every 30 are left out each minute, but for every tenth one.
    dropped = 0 if sign == ":" else per_second // 15
    all_minutes = int(hours) * 60 + int(minutes)
    number = (all_minutes * 60 + int(second)) * per_second + int(frame)
    number -= dropped * (all_minutes - all_minutes // 10)
    number += math.ceil(seconds * rate)
    return _write(number, per_second, dropped, sign)


def _write(number: int, per_second: int, dropped: int, sign: str) -> str:
    in_ten_minutes = per_second * _TEN_MINUTES - 9 * dropped
    number %= in_ten_minutes * (_DAY // _TEN_MINUTES)
    tens, rest = divmod(number, in_ten_minutes)
    # The first minute of ten drops nothing.
    passed = max(0, rest - dropped) // (per_second * 60 - dropped)
    number += dropped * (9 * tens + passed)
    seconds, frame = divmod(number, per_second)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{sign}{frame:02}"

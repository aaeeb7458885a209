"""Read what a person typed: sizes, factors, times, rates, devices; every error shows the form."""

import re
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size

_BITRATE = re.compile(r"(\d+(?:\.\d*)?)\s*([kM]?)(?:bit/s|b/s|bps)?", re.IGNORECASE)

_PREFIXES = {"": 1, "k": 1_000, "m": 1_000_000}


_CLOCK = re.compile(r"(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d+(?:\.\d*)?|\.\d+)s?")

_MILLISECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)ms")

_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)

_DIMENSIONS = re.compile(r"\s*(\d+)\s*[xX×*]\s*(\d+)\s*")  # noqa: RUF001  # people paste the sign

_FACTOR = re.compile(r"x?\s*([+-]?(?:[\d.,]+|inf|nan))\s*([x×%]?)", re.IGNORECASE)  # noqa: RUF001

_PIXELS = re.compile(r"(\d+)\s*(?:p|px)?", re.IGNORECASE)

_NAMED_SIZES = {"4k": Size(height=2160, width=3840), "8k": Size(height=4320, width=7680)}

_LEAST_BARE_BYTES = 1_000_000
"""A smaller amount of memory without a unit is a slip: nobody means four bytes."""


MOST_FACTORS = 200
"""No sweep is longer."""

_DEVICE = re.compile(r"auto|cpu|mps|xpu|cuda(:\d+)?")


def parse_path(text: str) -> Path:
    """Read a name -> the path of a file or folder.

    Raises:
        UsageError: It is empty, as an unset variable of a script is. It would mean this folder.
    """
    return Path(parse_name(text))


def parse_name(text: str) -> str:
    """Read a name of a file or folder as it is written, with a slash at its end.

    Raises:
        UsageError: It is empty.
    """
    if not text:
        raise UsageError(
            "an empty name is no file and no folder",
            hint="check the variable that should hold it; a dot means the folder you are in",
        )
    return text


def parse_factor(text: str) -> float:
    """Read ``2.7``, ``2,7``, ``2x``, ``x2`` or ``270%`` -> the factor of both sides.

    Raises:
        UsageError: Not a number in one of these forms. Whether it enlarges is not asked here.
    """
    match = _FACTOR.fullmatch(text.strip())
    try:
        number = Fraction(match[1].replace(",", ".")) if match else None
    except ValueError:
        # inf, nan and whatever else only looks like a number; the size rule refuses what it can.
        number = None
        if match is not None and match[1].strip("+-").isalpha():
            return float(match[1])
    if match is None or number is None:
        raise UsageError(
            f"cannot read {text!r} as a factor",
            hint=_hint_for_sizes(text) or "write -s 2.7, -s 2x or -s 270%",
        )
    return float(number / 100 if match[2] == "%" else number)


def parse_width(text: str) -> int:
    """Read ``1920``, ``1920px`` or ``4k`` -> columns.

    Raises:
        UsageError: Not a whole number of pixels.
    """
    return _pixels(text, "width", 1920)


def parse_height(text: str) -> int:
    """Read ``1080``, ``1080p``, ``1080px`` or ``4k`` -> rows.

    Raises:
        UsageError: Not a whole number of pixels.
    """
    return _pixels(text, "height", 1080)


def _pixels(text: str, side: str, example: int) -> int:
    plain = text.strip().lower()
    if plain in _NAMED_SIZES:
        size = _NAMED_SIZES[plain]
        return size.width if side == "width" else size.height
    match = _PIXELS.fullmatch(plain)
    if match is None or (side == "width" and plain.endswith("p")):
        raise UsageError(
            f"cannot read {text!r} as a {side} in pixels",
            hint=_hint_for_sizes(text) or f"write --{side} {example}",
        )
    return int(match[1])


def _hint_for_sizes(text: str) -> str:
    """Return the spelling of what a person probably means, or an empty string."""
    plain = text.strip().lower()
    if plain in _NAMED_SIZES:
        return f"for {plain} write --height {_NAMED_SIZES[plain].height}"
    if re.fullmatch(r"\d+p", plain):
        return f"for {plain} write --height {plain[:-1]}"
    if _DIMENSIONS.fullmatch(plain):
        return f"write --size {plain}"
    return ""


def parse_size(text: str) -> int:
    """Read an amount of memory such as ``4GB``, ``1.5GiB``, ``800M`` or ``1000000`` -> bytes.

    Raises:
        UsageError: Not a number with such a unit, or less than one byte.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"cannot read {text!r} as an amount of memory", hint="write 4GB, 1.5GiB or 800MB"
        )
    number, prefix, binary = match.groups()
    power = " kmgt".index(prefix.lower()) if prefix else 0
    bare = prefix is None and not text.strip().lower().endswith("b")
    if bare and 1 <= float(number) < _LEAST_BARE_BYTES:
        raise UsageError(
            f"{text!r} would be {number} bytes", hint=f"write {number}GB, or 800MB, with the unit"
        )
    size_bytes = int(float(number) * (1024 if binary else 1000) ** power)
    if size_bytes < 1:
        raise UsageError(f"{text!r} is less than a byte", hint="write 4GB, 1.5GiB or 800MB")
    return size_bytes


def parse_dimensions(text: str) -> Size:
    """Read ``1920x1080``, columns first -> the size of a picture.

    Raises:
        UsageError: Not two whole numbers above zero with an x between them.
    """
    match = _DIMENSIONS.fullmatch(text)
    if match is None or not all(int(side) for side in match.groups()):
        raise UsageError(
            f"cannot read {text!r} as a size",
            hint=_hint_for_sizes(text) or "write WIDTHxHEIGHT: 1920x1080",
        )
    return Size(height=int(match[2]), width=int(match[1]))


def parse_device(text: str) -> str:
    """Check the name of a device: auto, cpu, mps, xpu, cuda, or cuda:N.

    Raises:
        UsageError: Any other name. Whether the device exists is not asked here.
    """
    name = text.strip().lower()
    if not _DEVICE.fullmatch(name):
        raise UsageError(
            f"there is no device {text!r}",
            hint="use auto, cpu, mps, xpu, cuda, or cuda:N for one GPU",
        )
    return name


def parse_sweep(text: str) -> tuple[float, ...]:
    """Read ``1.1:4.0:0.1`` -> every factor of the range, both ends included.

    Raises:
        UsageError: Not three numbers, no step, or more than ``MOST_FACTORS`` factors.
    """
    try:
        first, last, step = (Fraction(part.strip()) for part in text.split(":"))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(
            f"cannot read {text!r} as a range of factors", hint="write FROM:TO:STEP: 1.1:4.0:0.1"
        ) from error
    if step <= 0 or not 1 < first <= last or (last - first) / step >= MOST_FACTORS:
        raise UsageError(
            f"{text!r} is not a usable range of factors",
            hint=f"start above 1, go upwards, and name at most {MOST_FACTORS} factors",
        )
    # In fractions, so that 1.1 + 0.1 is 1.2 and nothing beside it.
    return tuple(float(first + index * step) for index in range(int((last - first) / step) + 1))


def parse_peer(text: str) -> tuple[str, Path]:
    """Read ``NAME=DIR`` -> the name of another tool, and the folder of its pictures.

    Raises:
        UsageError: A part is missing.
    """
    name, _, folder = text.partition("=")
    if not name.strip() or not folder.strip():
        raise UsageError(
            f"cannot read {text!r} as a peer", hint="write NAME=DIR: --peer SPAN=pictures/span"
        )
    # A shell replaces "~" only at the beginning of a word.
    return name.strip(), Path(folder).expanduser()


def parse_time(text: str) -> Fraction:
    """Read ``90``, ``1:30``, ``00:01:30.5``, ``5s`` or ``500ms`` -> seconds, exactly.

    Raises:
        UsageError: Not a time in one of these forms.
    """
    plain = text.strip().lower()
    short = _MILLISECONDS.fullmatch(plain)
    if short is not None:
        return Fraction(short[1]) / 1000
    match = _CLOCK.fullmatch(plain)
    if match is None or (match["minutes"] is not None and Fraction(match["seconds"]) >= 60):
        raise UsageError(
            f"cannot read {text!r} as a time",
            hint="write seconds (90, 5s, 500ms) or a clock (1:30, 00:01:30.5)",
        )
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    return (hours * 60 + minutes) * 60 + Fraction(match["seconds"])


def parse_rate(text: str) -> Fraction:
    """Read ``25``, ``23.976`` or ``24000/1001`` -> pictures per second, exactly as written.

    Raises:
        UsageError: Not a number or a fraction above zero.
    """
    try:
        rate = Fraction(text.replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise UsageError(f"cannot read {text!r} as a rate", hint="write 25 or 24000/1001")
    return rate


def parse_bitrate(text: str) -> int:
    """Read ``192k``, ``1.5M`` or ``192000`` -> bits per second.

    Raises:
        UsageError: Not a number with such a unit.
    """
    match = _BITRATE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"cannot read {text!r} as a bit rate", hint="write 192k or 192000")
    return round(float(match[1]) * _PREFIXES[match[2].lower()])


def parse_encoder_option(text: str) -> tuple[str, str]:
    """Read ``key=value`` -> both; the value may hold further signs of equality.

    Raises:
        UsageError: No sign of equality, or nothing before it.
    """
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise UsageError(
            f"cannot read {text!r} as an encoder option", hint="write --enc-opt tune=film"
        ).about("enc-opt")
    return name.strip().lstrip("-"), value.strip()

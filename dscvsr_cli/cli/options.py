"""Options that several commands share, and how their values are read."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli import panels
from dscvsr_cli.errors import DscvsrError, UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.weights.catalog import load_catalog

DtypeName = Literal["auto", "float32", "bfloat16", "float16"]

_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)
_DIMENSIONS = re.compile(r"\s*(\d+)\s*[xX×*]\s*(\d+)\s*")  # noqa: RUF001  # people paste the sign
MOST_FACTORS = 200
"""No sweep is longer."""

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


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
    size_bytes = int(float(number) * (1024 if binary else 1000) ** power)
    if size_bytes < 1:
        raise UsageError(f"{text!r} is no memory at all", hint="write 4GB, 1.5GiB or 800MB")
    return size_bytes


def parse_dimensions(text: str) -> Size:
    """Read ``1920x1080``, columns first -> the size of a picture.

    Raises:
        UsageError: Not two whole numbers above zero with an x between them.
    """
    match = _DIMENSIONS.fullmatch(text)
    if match is None or not all(int(side) for side in match.groups()):
        raise UsageError(f"cannot read {text!r} as a size", hint="write WIDTHxHEIGHT: 1920x1080")
    return Size(height=int(match[2]), width=int(match[1]))


def parse_device(text: str) -> str:
    """Check the name of a device: auto, cpu, mps, cuda, or cuda:N.

    Raises:
        UsageError: Any other name. Whether the device exists is not asked here.
    """
    name = text.strip().lower()
    if not _DEVICE.fullmatch(name):
        raise UsageError(
            f"there is no device {text!r}", hint="use auto, cpu, mps, cuda, or cuda:N for one GPU"
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
            f"{text!r} is no range of factors",
            hint=f"begin above 1, go upwards, and name at most {MOST_FACTORS} factors",
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


def complete_weights() -> list[str]:
    """Return the names a shell may complete; a broken catalog completes nothing."""
    try:
        return list(load_catalog().names)
    except DscvsrError:
        return []


WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        "-w",
        metavar="NAME|FILE|OWNER/REPO/FILE",
        help="Which weights: a name from `dscvsr weights list`, a file, or a file on the Hub.",
        show_default="the default of `dscvsr weights list`",
        autocompletion=complete_weights,
        rich_help_panel=panels.NETWORK,
    ),
]

DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        parser=parse_device,
        metavar="auto|cpu|mps|cuda|cuda:N",
        help="Where the network runs; auto takes the best one present.",
        rich_help_panel=panels.NETWORK,
    ),
]

DtypeOption = Annotated[
    DtypeName,
    typer.Option(
        "--dtype",
        help="Number format of the network; auto suits the device.",
        rich_help_panel=panels.NETWORK,
    ),
]

MemoryOption = Annotated[
    int | None,
    typer.Option(
        "--memory",
        parser=parse_size,
        metavar="SIZE",
        help="How much memory the network may use, such as 4GB.",
        show_default="most of what is free",
        rich_help_panel=panels.NETWORK,
    ),
]

SizeOption = Annotated[
    Size | None,
    typer.Option(
        "--size",
        parser=parse_dimensions,
        metavar="WxH",
        help="Exact output size: 1920x1080.",
        rich_help_panel=panels.SIZE,
    ),
]

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors and asked-for JSON.")
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

"""Options about how the input is read."""

import re
from fractions import Fraction
from typing import Annotated

import typer

from dscvsr_cli.cli import panels
from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.read.options import FieldOrder

_CLOCK = re.compile(r"(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d+(?:\.\d*)?|\.\d+)s?")
_MILLISECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)ms")


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


RateOption = Annotated[
    Fraction | None,
    typer.Option(
        "--fps",
        parser=parse_rate,
        metavar="RATE",
        help="Pictures per second of an image sequence: 25, 24000/1001.",
        show_default="25",
        rich_help_panel=panels.READING,
    ),
]

StartNumberOption = Annotated[
    int | None,
    typer.Option(
        "--start-number",
        metavar="N",
        help="Number of the first picture of frames/%05d.png.",
        show_default="the lowest there is",
        rich_help_panel=panels.READING,
    ),
]

DeinterlaceOption = Annotated[
    bool,
    typer.Option(
        "--deinterlace",
        help="Make whole pictures of two fields each; their number stays the same.",
        rich_help_panel=panels.READING,
    ),
]

FieldOrderOption = Annotated[
    FieldOrder,
    typer.Option(
        "--field-order",
        help="Which field of interlaced video comes first; `progressive` where there are none "
        "although the file says so.",
        rich_help_panel=panels.READING,
    ),
]

SquarePixelsOption = Annotated[
    bool,
    typer.Option(
        "--square-pixels",
        help="Make wide or tall pixels square: the output gets more columns or rows.",
        rich_help_panel=panels.SIZE,
    ),
]

StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Stop at the first damaged picture instead of going on.",
        rich_help_panel=panels.READING,
    ),
]

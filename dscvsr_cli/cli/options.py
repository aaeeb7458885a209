"""Options that several commands share, and how their values are read."""

from enum import StrEnum
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli.parsers import parse_device, parse_dimensions, parse_size
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.geometry import Size
from dscvsr_cli.weights.catalog import load_catalog


class Panel(StrEnum):
    """Headings that the options of a command stand under in its help."""

    SIZE = "Size"
    READING = "Reading the input"
    PART = "Part of the video"
    ENCODING = "Encoding"
    STREAMS = "Audio, subtitles and other streams"
    NETWORK = "Network"
    LONG_JOBS = "Long jobs"


DtypeName = Literal["auto", "float32", "bfloat16", "float16"]


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
        rich_help_panel=Panel.NETWORK,
    ),
]

DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        parser=parse_device,
        metavar="auto|cpu|mps|cuda|cuda:N",
        help="Where the network runs; auto takes the best one present.",
        rich_help_panel=Panel.NETWORK,
    ),
]

DtypeOption = Annotated[
    DtypeName,
    typer.Option(
        "--dtype",
        help="Number format of the network; auto suits the device.",
        rich_help_panel=Panel.NETWORK,
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
        rich_help_panel=Panel.NETWORK,
    ),
]

SizeOption = Annotated[
    Size | None,
    typer.Option(
        "--size",
        parser=parse_dimensions,
        metavar="WxH",
        help="Exact output size: 1920x1080.",
        rich_help_panel=Panel.SIZE,
    ),
]

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors and asked-for JSON.")
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

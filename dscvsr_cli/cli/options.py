"""Options that several commands share, and the headings of their help."""

from enum import StrEnum
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli.parsers import parse_device, parse_dimensions, parse_size
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.geometry import MIRROR_IMAGES, Size
from dscvsr_cli.weights.catalog import load_catalog


class Panel(StrEnum):
    """Headings that group the options of a command in its help."""

    SIZE = "Size"
    READING = "Reading the input"
    PART = "Part of the video"
    ENCODING = "Encoding"
    STREAMS = "Audio, subtitles and other streams"
    NETWORK = "Network"
    LONG_JOBS = "Long jobs"
    SETTINGS = "Settings"
    DATA = "Data"
    RECIPE = "Recipe"
    MEASURES = "Measures"
    RESULTS = "Results"


DtypeChoice = Literal["auto", "float32", "bfloat16", "float16", "int8"]
RuntimeChoice = Literal["auto", "torch", "openvino", "openvino-gpu", "openvino-npu", "compiled"]


def complete_weights() -> list[str]:
    """Return the names that a shell can complete; a broken catalog completes nothing."""
    try:
        return list(load_catalog().names)
    except DscvsrError:
        return []


def complete_devices() -> list[str]:
    """Return the devices of this machine that a shell can complete."""
    from dscvsr_cli.pipelines.device_report import present_devices

    return ["auto", *map(str, present_devices())]


def complete_encoders(incomplete: str) -> list[str]:
    """Return the encoders of this FFmpeg that a shell can complete."""
    from dscvsr_cli.video.write.list_encoders import video_encoders

    return [name for name in video_encoders() if name.startswith(incomplete)]


WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        "-w",
        metavar="NAME|FILE|OWNER/REPO/FILE",
        help="A name from `dscvsr weights list`, a file, or a file on the Hub.",
        show_default="dscvsr-fast-video on a CPU, dscvsr-lite-video on a GPU",
        autocompletion=complete_weights,
        rich_help_panel=Panel.NETWORK,
    ),
]

DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        parser=parse_device,
        metavar="auto|cpu|mps|xpu|cuda|cuda:N",
        autocompletion=complete_devices,
        help="What the network runs on; auto takes the first NVIDIA, Apple or Intel GPU found, "
        "else the processor.",
        rich_help_panel=Panel.NETWORK,
    ),
]

DtypeOption = Annotated[
    DtypeChoice,
    typer.Option(
        "--dtype",
        help="dtype of the network; auto takes the fastest one that gives correct frames. int8 "
        "runs on processors with OpenVINO, in half the time of float32, for 0.01 to 0.07 dB.",
        rich_help_panel=Panel.NETWORK,
    ),
]

RuntimeOption = Annotated[
    RuntimeChoice,
    typer.Option(
        "--runtime",
        help="What executes the network. auto takes torch; or OpenVINO, if that is installed, for "
        "long jobs in float32 on a processor (from 174 frames of 320x180, or 5 of 1920x1080). "
        "openvino-gpu and openvino-npu use Intel's GPU or neural processor; neither has been "
        "tested. compiled fuses operations with torch.compile and, on CUDA, replays captured "
        "graphs; it has not been measured on a GPU yet.",
        rich_help_panel=Panel.NETWORK,
    ),
]

EnsembleOption = Annotated[
    int,
    typer.Option(
        "--ensemble",
        min=1,
        max=len(MIRROR_IMAGES),
        metavar="N",
        help="Average N differently mirrored copies of the video, at most 4: better pictures in N "
        "times the time. Other programs call this TTA.",
        show_default="1, the video itself",
        rich_help_panel=Panel.NETWORK,
    ),
]

SteadyOption = Annotated[
    bool | None,
    typer.Option(
        "--steady/--no-steady",
        help="Average each frame with its neighbours along the motion, which removes the flicker "
        "that video codecs cause, in about an eighth more time: as much as the codec has rounded, "
        "and with --steady at least as usual. Give that for a file of high quality that was made "
        "from one of low quality, and for a y4m pipe that was decoded from such a codec.",
        show_default="on for codecs that cause it, such as H.264; off for ProRes, PNG, y4m and the "
        "like",
        rich_help_panel=Panel.NETWORK,
    ),
]

MemoryOption = Annotated[
    int | None,
    typer.Option(
        "--memory",
        parser=parse_size,
        metavar="SIZE",
        help="Most memory that the network may use, such as 4GB.",
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
        help="Exact output size, such as 1920x1080. The video is not stretched: its sample aspect "
        "ratio makes up for another shape.",
        rich_help_panel=Panel.SIZE,
    ),
]

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only errors, and JSON if it was asked for.")
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

JsonLinesOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object per line as things happen: plan, progress, events, reports, "
        "errors.",
    ),
]

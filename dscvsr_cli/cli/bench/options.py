"""The options of ``dscvsr bench``, in the order of its help."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli.options import Panel, RuntimeChoice, complete_weights
from dscvsr_cli.cli.parsers import parse_factor

DatasetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="NAME|PATH",
        help="vid4, reds4, vimeo90k, udm10, spmcs, or a path: a video, a folder of frames or a "
        "folder of clips. Paths may be repeated.",
        show_default="vid4",
        rich_help_panel=Panel.DATA,
    ),
]

RootOption = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Folder that holds the known data sets.",
        show_default="$DSCVSR_DATA, else the user's data folder",
        rich_help_panel=Panel.DATA,
    ),
]

ScalesOption = Annotated[
    list[float] | None,
    typer.Option(
        "--scale",
        "-s",
        parser=parse_factor,
        metavar="FACTOR",
        help="Factor above 1; may be repeated.",
        show_default="4",
        rich_help_panel=Panel.DATA,
    ),
]

SweepOption = Annotated[
    str | None,
    typer.Option(
        "--sweep",
        metavar="FROM:TO:STEP",
        help="Measure every factor of a range, such as 1.1:4.0:0.1.",
        rich_help_panel=Panel.DATA,
    ),
]

WeightsListOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        "-w",
        metavar="NAME|FILE|OWNER/REPO/FILE",
        help="Weights to measure; may be repeated.",
        show_default="as for `dscvsr upscale`",
        autocompletion=complete_weights,
        rich_help_panel=Panel.NETWORK,
    ),
]

PeerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="NAME=DIR",
        help="Also measure frames that another tool made, DIR/x4/CLIP/*.png; may be repeated.",
        rich_help_panel=Panel.DATA,
    ),
]

DegradationOption = Annotated[
    str | None,
    typer.Option(
        "--degradation",
        metavar="bi|bd|codec:CRF",
        help="How low-resolution frames are made: bi (antialiased bicubic), bd (blur of sigma 1.6, "
        "then subsampling) or codec:CRF (bicubic, then H.264 at that CRF).",
        show_default="as in the literature: bd for udm10 and spmcs, else bi",
        rich_help_panel=Panel.DATA,
    ),
]

ChannelOption = Annotated[
    Literal["y", "rgb"] | None,
    typer.Option(
        "--channel",
        help="Measure the headline figures on luma (y) or on all three channels (rgb).",
        show_default="as in the literature: rgb for reds4, else y",
        rich_help_panel=Panel.MEASURES,
    ),
]

CropOption = Annotated[
    int,
    typer.Option(
        "--crop",
        min=0,
        metavar="PIXELS",
        help="Ignore this many pixels at every border.",
        rich_help_panel=Panel.MEASURES,
    ),
]

FramesOption = Annotated[
    int | None,
    typer.Option(
        "--frames",
        min=1,
        metavar="N",
        help="Use only the first N frames of each clip.",
        show_default="all",
        rich_help_panel=Panel.DATA,
    ),
]

TemporalOption = Annotated[
    bool | None,
    typer.Option(
        "--temporal/--no-temporal",
        help="Measure warping error and flicker as well, in about a second per frame.",
        show_default="yes, but not in a sweep",
        rich_help_panel=Panel.MEASURES,
    ),
]

BenchRuntimeOption = Annotated[
    RuntimeChoice,
    typer.Option(
        "--runtime",
        help="What executes the networks; auto times torch and OpenVINO with --speed, and "
        "otherwise takes torch.",
        rich_help_panel=Panel.NETWORK,
    ),
]

LpipsOption = Annotated[
    bool,
    typer.Option(
        "--lpips",
        help="Also measure LPIPS (AlexNet, version 0.1); needs the extra lpips.",
        rich_help_panel=Panel.MEASURES,
    ),
]

StillOption = Annotated[
    bool,
    typer.Option(
        "--still",
        help="Also measure how much an enlarged frame changes while its input stands still.",
        rich_help_panel=Panel.MEASURES,
    ),
]

JsonFileOption = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE|-",
        help="Write everything as JSON; - writes to standard output.",
        rich_help_panel=Panel.RESULTS,
    ),
]

CsvOption = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Write every score as CSV.",
        rich_help_panel=Panel.RESULTS,
    ),
]

MarkdownOption = Annotated[
    Path | None,
    typer.Option(
        "--markdown",
        metavar="FILE",
        help="Write the tables as Markdown.",
        rich_help_panel=Panel.RESULTS,
    ),
]

PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE.svg",
        help="Draw PSNR against the factor.",
        rich_help_panel=Panel.RESULTS,
    ),
]

PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures",
        metavar="DIR",
        help="Write the crops in which the methods differ most.",
        rich_help_panel=Panel.RESULTS,
    ),
]

PublishedOption = Annotated[
    bool,
    typer.Option(
        "--published",
        help="Also print what papers have published for this data set and protocol.",
        rich_help_panel=Panel.RESULTS,
    ),
]

OlderReportOption = Annotated[
    Path | None,
    typer.Option(
        "--compare",
        metavar="OLD.json",
        help="Exit with code 7 if PSNR or SSIM falls below that of an earlier --json report.",
        rich_help_panel=Panel.RESULTS,
    ),
]

ToleranceOption = Annotated[
    float,
    typer.Option(
        "--tolerance",
        min=0.0,
        metavar="DB",
        help="Largest drop in PSNR, in dB, that --compare accepts; for SSIM, a twentieth of it.",
        rich_help_panel=Panel.RESULTS,
    ),
]

ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue an interrupted run that wrote --json FILE.",
        rich_help_panel=Panel.RESULTS,
    ),
]

SpeedOption = Annotated[
    bool,
    typer.Option(
        "--speed",
        help="Measure only speed, on synthetic frames from 270p to 1080p at x2, x2.7 and x4.",
        rich_help_panel=Panel.MEASURES,
    ),
]

SpeedSizeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--speed-size",
        metavar="SIZE",
        help="Use only this size with --speed: 270p, 480p, 720p or 1080p; may be repeated.",
        rich_help_panel=Panel.MEASURES,
    ),
]

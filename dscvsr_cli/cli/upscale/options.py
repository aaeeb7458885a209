"""Options about how a job is done: how much of it, what is kept of it, and what is only shown."""

from fractions import Fraction
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli.options import Panel
from dscvsr_cli.cli.parsers import parse_bitrate, parse_rate, parse_time
from dscvsr_cli.video.read.read_options import FieldOrder

EncoderOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--enc-opt",
        metavar="KEY=VALUE",
        help="A further option of the video encoder, such as tune=film; may be repeated.",
        show_default=False,
        rich_help_panel=Panel.ENCODING,
    ),
]

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="y4m|matroska|mpegts|nut",
        help="What is written to a pipe (-o -).",
        show_default="y4m",
        rich_help_panel=Panel.ENCODING,
    ),
]

AudioEncoderOption = Annotated[
    str | None,
    typer.Option(
        "--audio-encoder",
        metavar="NAME",
        help="Encode all sound anew: aac, libopus, flac, ac3, ...",
        show_default="sound is copied",
        rich_help_panel=Panel.STREAMS,
    ),
]

AudioBitrateOption = Annotated[
    int | None,
    typer.Option(
        "--audio-bitrate",
        parser=parse_bitrate,
        metavar="RATE",
        help="Bits per second of each encoded sound track, such as 192k.",
        show_default="96k per channel",
        rich_help_panel=Panel.STREAMS,
    ),
]

NoAudioOption = Annotated[
    bool,
    typer.Option(
        "--no-audio",
        help="Leave out all sound.",
        rich_help_panel=Panel.STREAMS,
    ),
]

NoSubtitlesOption = Annotated[
    bool,
    typer.Option(
        "--no-subs",
        help="Leave out all subtitles.",
        rich_help_panel=Panel.STREAMS,
    ),
]

DropUnsupportedOption = Annotated[
    bool,
    typer.Option(
        "--drop-unsupported",
        help="Leave out what the output's container cannot hold, instead of refusing.",
        rich_help_panel=Panel.STREAMS,
    ),
]


RateOption = Annotated[
    Fraction | None,
    typer.Option(
        "--fps",
        parser=parse_rate,
        metavar="RATE",
        help="Pictures per second of an image sequence: 25, 24000/1001.",
        show_default="25",
        rich_help_panel=Panel.READING,
    ),
]

StartNumberOption = Annotated[
    int | None,
    typer.Option(
        "--start-number",
        metavar="N",
        help="Number of the first picture of frames/%05d.png.",
        show_default="the lowest there is",
        rich_help_panel=Panel.READING,
    ),
]

DeinterlaceOption = Annotated[
    bool,
    typer.Option(
        "--deinterlace",
        help="Make whole pictures of two fields each; their number stays the same.",
        rich_help_panel=Panel.READING,
    ),
]

FieldOrderOption = Annotated[
    FieldOrder,
    typer.Option(
        "--field-order",
        help="Which field of interlaced video comes first; `progressive` where there are none "
        "although the file says so.",
        rich_help_panel=Panel.READING,
    ),
]

SquarePixelsOption = Annotated[
    bool,
    typer.Option(
        "--square-pixels",
        help="Make wide or tall pixels square: the output gets more columns or rows.",
        rich_help_panel=Panel.SIZE,
    ),
]

StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Stop at the first damaged picture instead of going on.",
        rich_help_panel=Panel.READING,
    ),
]


CompareViewName = Literal["split", "side"]

ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on where an earlier run of the same command was interrupted, if any.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

RestartOption = Annotated[
    bool,
    typer.Option(
        "--restart",
        help="Throw away what an interrupted run has made and begin anew.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

CheckpointOption = Annotated[
    int | None,
    typer.Option(
        "--checkpoint",
        metavar="FRAMES",
        min=1,
        help="Frames after which the work is made safe, so that --resume goes on from there.",
        show_default="about half a minute of work",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

StartOption = Annotated[
    Fraction | None,
    typer.Option(
        "--start",
        parser=parse_time,
        metavar="TIME",
        help="Begin there: 90, 1:30 or 500ms. Sound and subtitles are cut to match.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

EndOption = Annotated[
    Fraction | None,
    typer.Option(
        "--end",
        parser=parse_time,
        metavar="TIME",
        help="End before there.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

PreviewOption = Annotated[
    Fraction | None,
    typer.Option(
        "--preview",
        parser=parse_time,
        metavar="TIME",
        help="Make so much of the middle (or from --start on), as clip_x2.7_preview.mp4.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

CompareOption = Annotated[
    CompareViewName | None,
    typer.Option(
        "--compare",
        help="Show bicubic on the left and dscvsr on the right: in one picture, or side by side.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what would be done, kept and lost, how long it would take and how much room.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

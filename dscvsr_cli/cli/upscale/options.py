"""The options of ``dscvsr upscale``; those of the encoder are in ``encoding_options``."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli.options import Panel
from dscvsr_cli.cli.parsers import (
    parse_bitrate,
    parse_factor,
    parse_height,
    parse_name,
    parse_path,
    parse_rate,
    parse_time,
    parse_width,
)
from dscvsr_cli.cli.upscale.cluster_address import parse_address
from dscvsr_cli.video.read.read_options import FieldOrder

CompareViewName = Literal["split", "side"]

SourcesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT",
        parser=parse_path,
        help="Videos, pictures, folders of videos or of pictures, frames/%05d.png, or - for "
        "standard input.",
    ),
]

OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        parser=parse_name,
        metavar="FILE|FOLDER",
        help="Where to write. The suffix chooses the container (.mp4, .mkv, .mov, .webm, .ts, "
        ".avi, .gif, ...) or, for a picture, its format (.png, .jpg, .webp, ...); folder/ keeps "
        "the names of the inputs, frames/%05d.png writes numbered pictures, - writes to standard "
        "output.",
        show_default="beside the input: clip_x2.7.mp4",
    ),
]

OverwriteOption = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace an existing output once the new one is complete.",
    ),
]

ScaleOption = Annotated[
    float | None,
    typer.Option(
        "--scale",
        "-s",
        parser=parse_factor,
        metavar="FACTOR",
        help="Any factor above 1, such as 2.7 (or 2x, 270%). Sides are rounded to whole "
        "pixels, or to even ones where the pixel format (4:2:0) needs them.",
        rich_help_panel=Panel.SIZE,
    ),
]

WidthOption = Annotated[
    int | None,
    typer.Option(
        "--width",
        parser=parse_width,
        metavar="PIXELS",
        help="Output width, such as 1920, as people see it; keeps the aspect ratio.",
        rich_help_panel=Panel.SIZE,
    ),
]

HeightOption = Annotated[
    int | None,
    typer.Option(
        "--height",
        parser=parse_height,
        metavar="PIXELS",
        help="Output height, such as 1080 or 4k, as people see it; keeps the aspect ratio.",
        rich_help_panel=Panel.SIZE,
    ),
]

SquarePixelsOption = Annotated[
    bool,
    typer.Option(
        "--square-pixels",
        help="Make the pixels of anamorphic video square, by adding columns or rows.",
        rich_help_panel=Panel.SIZE,
    ),
]

DeinterlaceOption = Annotated[
    bool,
    typer.Option(
        "--deinterlace",
        help="Deinterlace with bwdif; the number of frames stays the same.",
        rich_help_panel=Panel.READING,
    ),
]

FieldOrderOption = Annotated[
    FieldOrder,
    typer.Option(
        "--field-order",
        help="Which field of an interlaced frame comes first; auto takes what the file says. "
        "progressive is for files that are flagged interlaced by mistake.",
        rich_help_panel=Panel.READING,
    ),
]

RateOption = Annotated[
    Fraction | None,
    typer.Option(
        "--fps",
        parser=parse_rate,
        metavar="RATE",
        help="Frames per second of a picture sequence, such as 25 or 24000/1001.",
        show_default="25",
        rich_help_panel=Panel.READING,
    ),
]

StartNumberOption = Annotated[
    int | None,
    typer.Option(
        "--start-number",
        metavar="N",
        help="Number of the first picture to read from a folder or from frames/%05d.png.",
        show_default="the lowest one found",
        rich_help_panel=Panel.READING,
    ),
]

VideoStreamOption = Annotated[
    int | None,
    typer.Option(
        "--video-stream",
        metavar="N",
        help="Stream to enlarge if there are several videos, numbered from 0 over all streams "
        "as ffprobe and --dry-run do; the other videos are copied.",
        show_default="the first video",
        rich_help_panel=Panel.READING,
    ),
]

StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Stop at the first damaged frame instead of continuing.",
        rich_help_panel=Panel.READING,
    ),
]

AllowPlaylistOption = Annotated[
    bool,
    typer.Option(
        "--allow-playlist",
        help="Accept a playlist (HLS, DASH, ffconcat) whose entries are local files.",
        rich_help_panel=Panel.READING,
    ),
]

AudioEncoderOption = Annotated[
    str | None,
    typer.Option(
        "--audio-encoder",
        metavar="NAME",
        help="Re-encode audio: aac, libopus, flac, ac3, ... Tracks in that codec are still copied, "
        "unless --audio-bitrate is given.",
        show_default="audio is copied",
        rich_help_panel=Panel.STREAMS,
    ),
]

AudioBitrateOption = Annotated[
    int | None,
    typer.Option(
        "--audio-bitrate",
        parser=parse_bitrate,
        metavar="RATE",
        help="Bits per second of each re-encoded audio track, such as 192k.",
        show_default="96k per channel, 64k with libopus",
        rich_help_panel=Panel.STREAMS,
    ),
]

NoAudioOption = Annotated[
    bool,
    typer.Option(
        "--no-audio",
        help="Leave out all audio.",
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

NoOtherVideosOption = Annotated[
    bool,
    typer.Option(
        "--no-other-videos",
        help="Leave out all other videos.",
        rich_help_panel=Panel.STREAMS,
    ),
]

DropUnsupportedOption = Annotated[
    bool,
    typer.Option(
        "--drop-unsupported",
        help="Drop what the output's container cannot hold instead of refusing the job.",
        rich_help_panel=Panel.STREAMS,
    ),
]

StartOption = Annotated[
    Fraction | None,
    typer.Option(
        "--start",
        parser=parse_time,
        metavar="TIME",
        help="Start at this time: 90 (seconds), 1:30 or 500ms. Audio and subtitles are "
        "cut to match.",
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
        help="Stop before this time, which counts from the start of the file.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

PreviewOption = Annotated[
    Fraction | None,
    typer.Option(
        "--preview",
        parser=parse_time,
        metavar="DURATION",
        help="Render only this much, such as 5s, from the middle or from --start, as "
        "clip_x2.7_preview.mp4.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

CompareOption = Annotated[
    CompareViewName | None,
    typer.Option(
        "--compare",
        help="Show bicubic on the left and dscvsr on the right: `split` in one frame, or `side` "
        "by side.",
        show_default=False,
        rich_help_panel=Panel.PART,
    ),
]

ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue an interrupted run of the same command; start one if there is none.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

RestartOption = Annotated[
    bool,
    typer.Option(
        "--restart",
        help="Discard what an interrupted run has made and start over.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

CheckpointOption = Annotated[
    int | None,
    typer.Option(
        "--checkpoint",
        min=1,
        metavar="N",
        help="Save progress for --resume every N frames or more, where a scene or a window ends.",
        show_default="about half a minute of work",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        parser=parse_address,
        metavar="[ADDRESS]",
        help="Spread the work with Ray, scene by scene: over all GPUs or cores of this machine, or "
        "of the cluster at HOST:PORT; `auto` finds one that runs here.",
        show_default=False,
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        min=1,
        metavar="N",
        help="Work on up to N scenes of a video at once, or on N of several files, as far as "
        "memory allows. The frames are the same.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show what would be done, kept and lost, and estimate time, memory and disk space; "
        "then exit.",
        rich_help_panel=Panel.LONG_JOBS,
    ),
]

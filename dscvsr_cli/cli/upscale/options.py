"""Options about how a job is done: how much of it, what is kept of it, and what is only shown."""

from fractions import Fraction
from typing import Annotated, Literal

import typer

from dscvsr_cli.cli import panels
from dscvsr_cli.cli.input_options import parse_time

CompareViewName = Literal["split", "side"]

ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on where an earlier run of the same command was interrupted, if any.",
        rich_help_panel=panels.LONG_JOBS,
    ),
]

RestartOption = Annotated[
    bool,
    typer.Option(
        "--restart",
        help="Throw away what an interrupted run has made and begin anew.",
        rich_help_panel=panels.LONG_JOBS,
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
        rich_help_panel=panels.LONG_JOBS,
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
        rich_help_panel=panels.PART,
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
        rich_help_panel=panels.PART,
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
        rich_help_panel=panels.PART,
    ),
]

CompareOption = Annotated[
    CompareViewName | None,
    typer.Option(
        "--compare",
        help="Show bicubic on the left and dscvsr on the right: in one picture, or side by side.",
        show_default=False,
        rich_help_panel=panels.PART,
    ),
]

DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what would be done, kept and lost, how long it would take and how much room.",
        rich_help_panel=panels.LONG_JOBS,
    ),
]

"""The options of ``dscvsr train``, in the order of its help."""

from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.options import Panel
from dscvsr_cli.cli.parsers import parse_size

DataOption = Annotated[
    list[Path],
    typer.Option(
        "--data",
        metavar="PATH",
        help="What to learn from: Vimeo-90K or REDS as unpacked, a folder of clips (videos, "
        "folders of frames) and photographs, or one file; may be repeated.",
        rich_help_panel=Panel.DATA,
    ),
]

RunFolderOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Folder for checkpoint, weights, log and curves; needed unless --dry-run.",
    ),
]

RecipeOption = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="A built-in recipe (lite, fast, lite-teacher, base, paper, paper-teacher, "
        "basicvsr-head) or a .toml file.",
        show_default="lite; with --teacher, the recipe that fits it",
        rich_help_panel=Panel.RECIPE,
    ),
]

TeacherOption = Annotated[
    Path | None,
    typer.Option(
        "--teacher",
        metavar="FILE",
        help="Also learn from this network: a .safetensors file of dscvsr, or a .pth file of "
        "MetaVSR or BasicVSR.",
        rich_help_panel=Panel.RECIPE,
    ),
]

OverrideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        "-O",
        metavar="KEY=VALUE",
        help="Change one field of the recipe: -O batch=16, -O network.channels=48, "
        "-O sequence=5,7; may be repeated.",
        rich_help_panel=Panel.RECIPE,
    ),
]

ValidationOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--val",
        metavar="PATH",
        help="Clips to validate on, instead of a share held out of --data; may be repeated.",
        rich_help_panel=Panel.DATA,
    ),
]

DataMemoryOption = Annotated[
    int | None,
    typer.Option(
        "--data-memory",
        parser=parse_size,
        metavar="SIZE",
        help="Memory for footage, such as 16GB; footage that does not fit is loaded in rotation.",
        show_default="half of what is free",
        rich_help_panel=Panel.DATA,
    ),
]

WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        metavar="N",
        help="Processes that prepare clips ahead of the network.",
        show_default="one per processor core beside a GPU, else 0",
        rich_help_panel=Panel.DATA,
    ),
]

MaxMinutesOption = Annotated[
    float | None,
    typer.Option(
        "--max-minutes",
        metavar="MINUTES",
        help="Fit the schedule into this many minutes; the learning rate ends at its lowest.",
        show_default="the recipe's: 60 for lite and fast",
        rich_help_panel=Panel.RECIPE,
    ),
]

SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        help="Seed of the initial weights and of the samples.",
        show_default="the recipe's: 0",
        rich_help_panel=Panel.RECIPE,
    ),
]

InitOption = Annotated[
    Path | None,
    typer.Option(
        "--init",
        metavar="FILE",
        help="Start from these weights instead of random ones.",
        rich_help_panel=Panel.RECIPE,
    ),
]

ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue from the last checkpoint in the run's folder.",
    ),
]

DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Estimate time and memory from ten steps, then exit.",
    ),
]

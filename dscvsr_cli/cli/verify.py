"""``dscvsr verify``: check what an output kept of its input, stream by stream."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import JsonOption, QuietOption
from dscvsr_cli.cli.parsers import parse_time
from dscvsr_cli.wording import counted

_SOMETHING_LOST = 1


def verify_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The original.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file, or the pictures, made from it.")
    ],
    *,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", help="Do not compare what the frames show, which takes most of the time."
        ),
    ] = False,
    video_stream: Annotated[
        int | None,
        typer.Option(
            "--video-stream",
            metavar="N",
            help="Stream of IN that was enlarged, if there are several videos.",
            show_default="the first video",
        ),
    ] = None,
    start: Annotated[
        Fraction | None,
        typer.Option(
            "--start",
            parser=parse_time,
            metavar="TIME",
            help="Where OUT starts in IN, as given to `dscvsr upscale`.",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        Fraction | None,
        typer.Option(
            "--end",
            parser=parse_time,
            metavar="TIME",
            help="Where OUT ends in IN, as given to `dscvsr upscale`.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare two files stream by stream: frames, timestamps, and everything else.

    The exit code is 1 if anything in IN is missing from OUT.
    """
    terminal = open_terminal(quiet=quiet or json)

    from dscvsr_cli.own_outputs import recorded_part
    from dscvsr_cli.video.read.read_options import ReadOptions
    from dscvsr_cli.video.span import TimeSpan
    from dscvsr_cli.video.verify.compare_files import compare_files

    if start is None and end is None and video_stream is None:
        part = recorded_part(source, target)
        if part is not None:
            start, end, video_stream = part.start, part.end, part.video_stream
            terminal.print(f"{target} was made from {source} with {part}")
    reading = ReadOptions(video_stream=video_stream, span=TimeSpan(start or Fraction(0), end))
    comparison = compare_files(source, target, reading=reading, content=not fast)
    if json:
        terminal.print_json(comparison)
    else:
        terminal.print_rows([(one.level, one.subject, one.message) for one in comparison.findings])
        terminal.print(
            f"{target}: {counted(len(comparison.findings), 'thing')} compared, "
            f"{len(comparison.lost)} lost, {len(comparison.changed)} changed"
        )
    if comparison.lost:
        raise typer.Exit(_SOMETHING_LOST)

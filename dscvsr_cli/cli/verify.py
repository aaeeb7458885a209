"""``dscvsr verify``: check what an output kept of its input, stream by stream."""

from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import JsonOption, QuietOption

_SOMETHING_LOST = 1


def verify_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The original.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The file made from it.")],
    *,
    fast: Annotated[
        bool, typer.Option("--fast", help="Leave out the comparison of what the frames show.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare two files stream by stream: frames, timestamps, and everything else.

    The exit code is 1 if anything in IN is missing from OUT.
    """
    terminal = open_terminal(quiet=quiet or json)

    from dscvsr_cli.video.verify.compare_files import compare_files

    comparison = compare_files(source, target, content=not fast)
    if json:
        terminal.print_json(comparison)
    else:
        terminal.print_rows([(one.level, one.subject, one.message) for one in comparison.findings])
        terminal.print(
            f"{target}: {len(comparison.lost)} lost, {len(comparison.changed)} changed, "
            f"{len(comparison.findings)} compared"
        )
    if comparison.lost:
        raise typer.Exit(_SOMETHING_LOST)

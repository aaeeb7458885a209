"""``dscvsr demo``: upscale a clip that is rendered on the spot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import DeviceOption, QuietOption, WeightsOption
from dscvsr_cli.cli.progress_bar import JobBar
from dscvsr_cli.cli.upscale.output import describe_plan, describe_report

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.upscale.job import UpscalePlan


def demo_command(
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Output folder: a new or an empty one, or that of an earlier demo.",
        ),
    ] = Path("demo"),
    weights: WeightsOption = None,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Render a short clip with audio, upscale it by 2.7, and show it beside bicubic."""
    terminal = open_terminal(quiet=quiet)

    from dscvsr_cli.pipelines.demo_job import demo

    def show_plan(plan: "UpscalePlan") -> None:
        terminal.print(describe_plan(plan))

    with JobBar(terminal, "upscaling").running() as progress:
        report = demo(
            output,
            weights=weights,
            device=device,
            on_plan=show_plan,
            on_progress=progress,
        )
    terminal.print(describe_report(report.upscaled))
    terminal.print(f"input:   {report.clip}")
    terminal.print(f"output:  {report.enlarged}")
    terminal.print(f"picture: {report.picture}  (bicubic | dscvsr)")
    terminal.print(f"compare: {report.page}  (open it in a browser)")

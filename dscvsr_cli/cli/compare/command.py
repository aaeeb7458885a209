"""``dscvsr compare``: one page that shows two videos of the same frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from dscvsr_cli.cli.compare import options as flags
from dscvsr_cli.cli.compare.output import describe_plan, show_report
from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import JsonOption, QuietOption
from dscvsr_cli.cli.takes_options import takes_options
from dscvsr_cli.pipelines.compare.job import DEFAULT_FRAMES, DEFAULT_MAX_BYTES, CompareJob

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.compare.job import ComparePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """The command line of ``dscvsr compare``: one field per option, in the order of its help."""

    first: flags.FirstArgument
    second: flags.SecondArgument
    output: flags.OutputOption = None
    reference: flags.ReferenceOption = None
    frames: flags.FramesOption = DEFAULT_FRAMES
    every: flags.EveryOption = 1
    start: flags.StartOption = None
    picture_format: flags.PictureFormatOption = "webp"
    quality: flags.QualityOption = 90
    max_size: flags.MaxSizeOption = None
    overwrite: flags.OverwriteOption = False
    json: JsonOption = False
    quiet: QuietOption = False

    def job(self) -> CompareJob:
        """Return the job that these options ask for."""
        return CompareJob(
            first=self.first,
            second=self.second,
            target=self.output,
            reference=self.reference,
            frames=self.frames,
            every=self.every,
            start=Fraction(0) if self.start is None else self.start,
            picture_format=self.picture_format,
            quality=self.quality,
            max_bytes=DEFAULT_MAX_BYTES if self.max_size is None else self.max_size,
            overwrite=self.overwrite,
        )


@takes_options(CompareOptions)
def compare_command(options: CompareOptions) -> None:
    """Write an HTML page for comparing two videos of the same frames.

    The page has a slider, a difference view, zoom and frame stepping. It is one file that holds all
    frames and opens offline.
    """
    terminal = open_terminal(quiet=options.quiet or options.json)
    job = options.job()

    from dscvsr_cli.pipelines.compare.run import compare

    shown: list[str] = []

    def warn_once(warnings: Sequence[str]) -> None:
        for warning in warnings:
            if warning not in shown:
                shown.append(warning)
                terminal.warn(warning)

    def show_plan(plan: "ComparePlan") -> None:
        terminal.print(describe_plan(plan))
        warn_once(plan.warnings)

    with terminal.frame_progress("comparing") as progress:
        report = compare(job, on_plan=show_plan, on_progress=progress)
    warn_once(report.warnings)
    if options.json:
        terminal.print_json(report)
    else:
        show_report(terminal, report)

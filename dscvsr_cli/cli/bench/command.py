"""``dscvsr bench``: quality and speed beside bicubic, Lanczos and what others have published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from dscvsr_cli.cli.bench import options as flags
from dscvsr_cli.cli.bench.output import BenchOutput
from dscvsr_cli.cli.console import Terminal, open_terminal
from dscvsr_cli.cli.options import (
    DeviceOption,
    DtypeOption,
    EnsembleOption,
    MemoryOption,
    QuietOption,
    SteadyOption,
)
from dscvsr_cli.cli.parsers import parse_peer, parse_sweep
from dscvsr_cli.cli.takes_options import takes_options
from dscvsr_cli.errors import INTERRUPTED, UsageError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.bench.run import BenchJob


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """The command line of ``dscvsr bench``: one field per option, in the order of its help."""

    dataset: flags.DatasetOption = None
    root: flags.RootOption = None
    scale: flags.ScalesOption = None
    sweep: flags.SweepOption = None
    weights: flags.WeightsListOption = None
    peer: flags.PeerOption = None
    degradation: flags.DegradationOption = None
    channel: flags.ChannelOption = None
    crop: flags.CropOption = 0
    frames: flags.FramesOption = None
    temporal: flags.TemporalOption = None
    lpips: flags.LpipsOption = False
    still: flags.StillOption = False
    device: DeviceOption = "auto"
    dtype: DtypeOption = "auto"
    runtime: flags.BenchRuntimeOption = "auto"
    ensemble: EnsembleOption = 1
    steady: SteadyOption = None
    memory: MemoryOption = None
    json: flags.JsonFileOption = None
    csv: flags.CsvOption = None
    markdown: flags.MarkdownOption = None
    plot: flags.PlotOption = None
    pictures: flags.PicturesOption = None
    published: flags.PublishedOption = False
    compare: flags.OlderReportOption = None
    tolerance: flags.ToleranceOption = 0.02
    resume: flags.ResumeOption = False
    speed: flags.SpeedOption = False
    speed_size: flags.SpeedSizeOption = None
    quiet: QuietOption = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        if self.scale and self.sweep:
            raise UsageError("give either --scale or --sweep", hint="a sweep names all its factors")
        if self.speed_size and not self.speed:
            raise UsageError(
                "--speed-size works only with --speed", hint="add --speed, or leave it out"
            )
        if self.speed and (useless := self._useless_for_speed()):
            raise UsageError(
                "--speed uses synthetic frames", hint=f"leave out {', '.join(useless)}"
            )
        if self.quiet and not self._leaves_something():
            raise UsageError(
                "with --quiet, no figure would be printed or written",
                hint="add --json FILE, --csv FILE or --markdown FILE, or leave out --quiet",
            )

    def _leaves_something(self) -> bool:
        """Whether the figures go anywhere but to the terminal, or decide the exit code."""
        places = (self.json, self.csv, self.markdown, self.plot, self.pictures, self.compare)
        return any(place is not None for place in places)

    def _useless_for_speed(self) -> list[str]:
        given = {
            "--dataset": self.dataset,
            "--peer": self.peer,
            "--degradation": self.degradation,
            "--crop": self.crop,
            "--channel": self.channel,
            "--frames": self.frames,
            "--temporal": self.temporal is not None,
            "--lpips": self.lpips,
            "--still": self.still,
            "--resume": self.resume,
            "--published": self.published,
        }
        return [name for name, value in given.items() if value]

    def scales(self) -> tuple[float, ...]:
        """Return the factors to measure; empty lets --speed choose its own.

        Raises:
            UsageError: The range of --sweep cannot be read.
        """
        if self.sweep:
            return parse_sweep(self.sweep)
        return tuple(self.scale or (() if self.speed else (4.0,)))

    def job(self) -> "BenchJob":
        """Return what to measure.

        Raises:
            UsageError: A value cannot be read.
        """
        from dscvsr_cli.pipelines.bench.run import BenchJob

        return BenchJob(
            datasets=tuple(self.dataset or ("vid4",)),
            root=self.root,
            scales=self.scales(),
            weights=tuple(self.weights or (None,)),
            peers=tuple(map(parse_peer, self.peer or ())),
            degradation=self.degradation,
            channel=self.channel,
            crop=self.crop,
            frames=self.frames,
            temporal=self.sweep is None if self.temporal is None else self.temporal,
            lpips=self.lpips,
            still=self.still,
            device=self.device,
            dtype=self.dtype,
            runtime=self.runtime,
            ensemble=self.ensemble,
            steady=self.steady,
            memory_bytes=self.memory,
        )

    def output(self, terminal: Terminal) -> BenchOutput:
        """Return where the figures go."""
        return BenchOutput(
            terminal,
            json=self.json,
            csv=self.csv,
            markdown=self.markdown,
            plot=self.plot,
            pictures=self.pictures,
            compare_with=self.compare,
            tolerance_db=self.tolerance,
            published=self.published,
        )


@takes_options(BenchOptions)
def bench_command(options: BenchOptions) -> None:
    """Measure weights on clips with a known ground truth, beside bicubic and Lanczos."""
    terminal = open_terminal(quiet=options.quiet or options.json == "-")
    job, output = options.job(), options.output(terminal)
    if options.speed:
        _measure_speed(terminal, job, output, options.speed_size)
    else:
        _measure_quality(terminal, job, output, resume=options.resume)


def _measure_quality(
    terminal: Terminal, job: "BenchJob", output: BenchOutput, *, resume: bool
) -> None:
    from dscvsr_cli.pipelines.bench.run import prepare_bench

    output.check(resume=resume)
    run = prepare_bench(job, show_progress=not terminal.quiet)
    output.check_older(run.protocol)
    if resume:
        taken = run.take_over(output.earlier())
        terminal.note(f"{taken} scores of the earlier run are kept")
    interrupted = False
    with terminal.frame_progress("measuring", total=run.frames_total) as progress:
        listener = output.listen(run, progress)
        try:
            run.run(on_frame=listener.on_frame, on_clip=listener.on_clip)
        except KeyboardInterrupt:
            interrupted = True
        listener.close()
    report = run.report()
    if interrupted:
        terminal.warn(
            "interrupted; the figures so far follow, and --resume continues from --json FILE"
        )
    output.show(report)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    output.compare(report)


def _measure_speed(
    terminal: Terminal, job: "BenchJob", output: BenchOutput, sizes: Sequence[str] | None
) -> None:
    from dscvsr_cli.benchmarking.speed import SPEED_SIZES
    from dscvsr_cli.engine.device import choose_device
    from dscvsr_cli.pipelines.bench.run import bench_speed, speed_dtypes

    output.check_speed()
    device = choose_device(job.device)
    report = bench_speed(
        job,
        dtypes=speed_dtypes(job.dtype, device),
        sizes=sizes or list(SPEED_SIZES),
        show_progress=not terminal.quiet,
        on_row=lambda row: terminal.note(
            f"{row.method} {row.dtype} {row.runtime} {row.source} x{row.scale:g}: "
            f"{row.frames_per_second:.2f} frames/s"
        ),
    )
    output.show_speed(report)

"""``dscvsr bench``: quality and speed beside bicubic, Lanczos and what others have published."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dscvsr_cli.cli.bench.output import BenchOutput
from dscvsr_cli.cli.console import Terminal, open_terminal
from dscvsr_cli.cli.options import (
    DeviceOption,
    DtypeOption,
    MemoryOption,
    QuietOption,
    complete_weights,
)
from dscvsr_cli.cli.parsers import parse_peer, parse_sweep
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.bench.run import BenchJob

INTERRUPTED = 130

DatasetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="vid4|reds4|vimeo90k|udm10|spmcs|PATH",
        help="A known data set, or a video file, a folder of frames or a folder of clips; "
        "paths may be repeated.",
        show_default="vid4",
    ),
]
RootOption = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Where data sets lie.",
        show_default="$DSCVSR_DATA, else the user's data folder",
    ),
]
ScalesOption = Annotated[
    list[float] | None,
    typer.Option("--scale", "-s", help="Factor, above 1; may be repeated.", show_default="4"),
]
SweepOption = Annotated[
    str | None,
    typer.Option(
        "--sweep", metavar="FROM:TO:STEP", help="Every factor of a range, such as 1.1:4.0:0.1."
    ),
]
WeightsListOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weights",
        "-w",
        metavar="NAME|FILE|OWNER/REPO/FILE",
        help="Which weights; may be repeated.",
        show_default="the default of `dscvsr weights list`",
        autocompletion=complete_weights,
    ),
]
PeerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="NAME=DIR",
        help="Measure pictures that another tool made, DIR/x4/<clip>/*.png; may be repeated.",
    ),
]
DegradationOption = Annotated[
    str | None,
    typer.Option(
        "--degradation",
        metavar="bi|bd|codec:CRF",
        help="How low-resolution frames are made: bicubic; blur of sigma 1.6 and subsampling; "
        "H.264 at a CRF on top of bicubic.",
        show_default="as in the literature: bd for udm10 and spmcs, else bi",
    ),
]
ChannelOption = Annotated[
    Literal["y", "rgb"] | None,
    typer.Option(
        "--channel",
        help="What the headline figures are measured on.",
        show_default="as in the literature: rgb for reds4, else y",
    ),
]
CropOption = Annotated[
    int, typer.Option("--crop", min=0, metavar="PIXELS", help="Leave out so much of every border.")
]
FramesOption = Annotated[
    int | None,
    typer.Option("--frames", min=1, metavar="N", help="Only the first N frames of each clip."),
]
TemporalOption = Annotated[
    bool | None,
    typer.Option(
        "--temporal/--no-temporal",
        help="Measure warping error and flicker, which take about a second per frame.",
        show_default="yes, but not in a sweep",
    ),
]
LpipsOption = Annotated[
    bool,
    typer.Option(
        "--lpips",
        help="Measure LPIPS (AlexNet, version 0.1) too; needs pip install 'dscvsr\\[lpips]'.",
    ),
]
JsonFileOption = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE|-", help="Write everything as JSON; - to the terminal."),
]
CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write every score as CSV.")
]
MarkdownOption = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables as Markdown.")
]
PlotOption = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE.svg", help="Draw PSNR against scale."),
]
PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures", metavar="DIR", help="Write the details in which the methods differ most."
    ),
]
CompareOption = Annotated[
    Path | None,
    typer.Option(
        "--compare", metavar="OLD.json", help="Leave with 7 where figures fell below this report's."
    ),
]
ToleranceOption = Annotated[
    float,
    typer.Option(
        "--tolerance",
        min=0.0,
        metavar="DB",
        help="By how much PSNR may fall in --compare; SSIM by a twentieth of it.",
    ),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on with the run that --json FILE was written by.")
]
SpeedOption = Annotated[
    bool,
    typer.Option(
        "--speed", help="Only measure speed, on synthetic frames from 270p to 1080p, x2 x2.7 x4."
    ),
]
SpeedSizeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--speed-size",
        metavar="270p|480p|720p|1080p",
        help="Only this input size in --speed; may be repeated.",
    ),
]


def bench_command(
    *,
    dataset: DatasetOption = None,
    root: RootOption = None,
    scale: ScalesOption = None,
    sweep: SweepOption = None,
    weights: WeightsListOption = None,
    peer: PeerOption = None,
    degradation: DegradationOption = None,
    channel: ChannelOption = None,
    crop: CropOption = 0,
    frames: FramesOption = None,
    temporal: TemporalOption = None,
    lpips: LpipsOption = False,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    memory: MemoryOption = None,
    json: JsonFileOption = None,
    csv: CsvOption = None,
    markdown: MarkdownOption = None,
    plot: PlotOption = None,
    pictures: PicturesOption = None,
    compare: CompareOption = None,
    tolerance: ToleranceOption = 0.02,
    resume: ResumeOption = False,
    speed: SpeedOption = False,
    speed_size: SpeedSizeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Measure weights on clips with a known ground truth, beside bicubic and Lanczos."""
    if scale and sweep:
        raise UsageError("give either --scale or --sweep", hint="a sweep names all its factors")
    if speed_size and not speed:
        raise UsageError("--speed-size is for --speed alone", hint="add --speed, or leave it out")
    idle = {
        "--dataset": dataset,
        "--peer": peer,
        "--degradation": degradation,
        "--crop": crop,
        "--channel": channel,
        "--frames": frames,
        "--temporal": temporal is not None,
        "--lpips": lpips,
        "--resume": resume,
    }
    if speed and (useless := [name for name, value in idle.items() if value]):
        raise UsageError(
            "--speed times weights anew, on frames of its own",
            hint=f"leave out {', '.join(useless)}",
        )
    from dscvsr_cli.pipelines.bench.run import BenchJob

    terminal = open_terminal(quiet=quiet or json == "-")
    job = BenchJob(
        datasets=tuple(dataset or ("vid4",)),
        root=root,
        scales=parse_sweep(sweep) if sweep else tuple(scale or () if speed else scale or (4.0,)),
        weights=tuple(weights or (None,)),
        peers=tuple(map(parse_peer, peer or ())),
        degradation=degradation,
        channel=channel,
        crop=crop,
        frames=frames,
        temporal=sweep is None if temporal is None else temporal,
        lpips=lpips,
        device=device,
        dtype=dtype,
        memory_bytes=memory,
    )
    output = BenchOutput(
        terminal,
        json=json,
        csv=csv,
        markdown=markdown,
        plot=plot,
        pictures=pictures,
        compare_with=compare,
        tolerance_db=tolerance,
    )
    if speed:
        _measure_speed(terminal, job, output, speed_size)
    else:
        _measure_quality(terminal, job, output, resume=resume)


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
        terminal.warn("broken off; this is what is done, and --resume goes on from --json FILE")
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
            f"{row.method} {row.dtype} {row.source} x{row.scale:g}: "
            f"{row.frames_per_second:.2f} frames/s"
        ),
    )
    output.show_speed(report)

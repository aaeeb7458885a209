"""``dscvsr bench``: PSNR, SSIM and speed beside bicubic and Lanczos, on Vid4 or own clips."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import Terminal, open_terminal
from dscvsr_cli.cli.options import DeviceOption, JsonOption, QuietOption, complete_weights
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    import torch

    from dscvsr_cli.datasets.clips import Clip
    from dscvsr_cli.pipelines.bench import Upscaler
    from dscvsr_cli.pipelines.bench_report import BenchReport

_MOST_CLIP_COLUMNS = 6

DatasetOption = Annotated[
    str,
    typer.Option(
        "--dataset",
        metavar="vid4|PATH",
        help="Vid4, or a video file, a folder of frames, or a folder of clips.",
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
FramesOption = Annotated[
    int | None,
    typer.Option("--frames", min=1, metavar="N", help="Only the first N frames of each clip."),
]


def bench_command(
    *,
    dataset: DatasetOption = "vid4",
    root: RootOption = None,
    scale: ScalesOption = None,
    weights: WeightsListOption = None,
    device: DeviceOption = "auto",
    frames: FramesOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure weights on clips with a known ground truth, beside bicubic and Lanczos."""
    from dscvsr_cli.datasets.layouts import find_clips
    from dscvsr_cli.engine.device import choose_device
    from dscvsr_cli.pipelines.bench import CLASSICAL, bench

    terminal = open_terminal(quiet=quiet)
    clips = find_clips(dataset, root=root)
    chosen_device = choose_device(device)
    upscalers, parameters = _load_upscalers(weights or [None], chosen_device, terminal)
    scales = scale or [4.0]
    runs = len(scales) * (len(CLASSICAL) + len(upscalers))
    frames_done = itertools.count(1)
    with terminal.frame_progress("measuring", total=_total_frames(clips, frames, runs)) as show:
        report = bench(
            dataset,
            clips,
            upscalers,
            scales=scales,
            frames=frames,
            parameters=parameters,
            device=str(chosen_device),
            progress=lambda _: show(next(frames_done)),
        )
    if as_json:
        terminal.print_json(report)
    else:
        _print_report(terminal, report)


def _load_upscalers(
    specs: Sequence[str | None], device: "torch.device", terminal: Terminal
) -> tuple[dict[str, "Upscaler"], dict[str, int]]:
    from dscvsr_cli.pipelines.bench import CLASSICAL
    from dscvsr_cli.pipelines.bench_network import network_upscaler
    from dscvsr_cli.weights.load import load_network

    upscalers: dict[str, Upscaler] = {}
    parameters: dict[str, int] = {}
    for spec in specs:
        loaded = load_network(spec, device=device, show_progress=not terminal.quiet)
        if loaded.name in upscalers or loaded.name in CLASSICAL:
            raise UsageError(
                f"two methods would be called {loaded.name}",
                hint="give each weights once, and rename files of the same name",
            )
        upscalers[loaded.name] = network_upscaler(loaded.network, device=device)
        parameters[loaded.name] = sum(weight.numel() for weight in loaded.network.parameters())
    return upscalers, parameters


def _total_frames(clips: Sequence["Clip"], frames: int | None, runs: int) -> int | None:
    """Return the frames of all runs, or None where a clip's length is not known."""
    chosen = [clip if frames is None else clip.first(frames) for clip in clips]
    counts = [clip.frame_count for clip in chosen if clip.frame_count is not None]
    return sum(counts) * runs if len(counts) == len(chosen) else None


def _print_report(terminal: Terminal, report: "BenchReport") -> None:
    for statement in report.protocol:
        terminal.print(statement)
    clips = list(dict.fromkeys(score.clip for score in report.scores))
    shown = clips if 1 < len(clips) <= _MOST_CLIP_COLUMNS else []
    by_run = {(score.scale, score.method, score.clip): score for score in report.scores}
    rows = [("factor", "method", *shown, "mean", f"frames/s ({report.device})", "parameters")]
    for mean in report.means:
        scores = [by_run[mean.scale, mean.method, clip] for clip in shown]
        rows.append(
            (
                f"x{mean.scale:g}",
                mean.method,
                *(f"{score.psnr_db:.2f} {score.ssim:.4f}" for score in scores),
                f"{mean.psnr_db:.2f} {mean.ssim:.4f}",
                f"{mean.frames_per_second:.1f}",
                "" if mean.parameters is None else f"{mean.parameters:,}",
            )
        )
    terminal.print()
    terminal.print(f"{report.dataset}, PSNR in dB and SSIM:")
    terminal.print_rows(rows)

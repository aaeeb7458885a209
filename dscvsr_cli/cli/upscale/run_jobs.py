"""Run the jobs of ``dscvsr upscale``: one, many or none at all, with a progress bar."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.upscale.output import (
    describe_batch,
    describe_dry_run,
    describe_plan,
    describe_report,
)
from dscvsr_cli.errors import DscvsrError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.upscale.batch import FileResult
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan, UpscaleReport
    from dscvsr_cli.pipelines.upscale.prepare import NetworkLoader

_SOME_FAILED = 1


def run_single(job: "UpscaleJob", terminal: Terminal, *, json: bool) -> None:
    """Run one job and print its report."""
    from dscvsr_cli.weights.load import load_network

    report = run_job(job, terminal, load_network)
    if json:
        terminal.print_json(report)
    else:
        terminal.print(describe_report(report))


def run_many(jobs: "Sequence[UpscaleJob]", terminal: Terminal, *, json: bool) -> None:
    """Run one job after another and print a summary.

    Raises:
        typer.Exit: Some failed.
    """
    from dscvsr_cli.pipelines.upscale.batch import run_batch
    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache

    cache = NetworkCache()

    def show(result: "FileResult") -> None:
        if result.report is not None:
            terminal.print(describe_report(result.report))
        elif result.outcome == "failed":
            terminal.warn(f"{result.source}: {result.message}")
        else:
            terminal.note(f"{result.target} {result.message}")

    report = run_batch(jobs, lambda job: run_job(job, terminal, cache), on_result=show)
    if json:
        terminal.print_json(report)
    else:
        terminal.print_rows(list(describe_batch(report)))
        terminal.print(
            f"{report.count('done')} done, {report.count('skipped')} skipped, "
            f"{report.count('failed')} failed"
        )
    if report.count("failed"):
        raise typer.Exit(_SOME_FAILED)


def show_dry_runs(jobs: "Sequence[UpscaleJob]", terminal: Terminal, *, json: bool) -> None:
    """Print what jobs would do, and do nothing.

    Raises:
        DscvsrError: The only job cannot start.
        typer.Exit: Some of several cannot.
    """
    from dscvsr_cli.pipelines.upscale.dry_run import dry_run
    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache

    cache = NetworkCache()
    reports = []
    for job in jobs:
        try:
            report = dry_run(job, load=cache)
        except DscvsrError as error:
            if len(jobs) == 1:
                raise
            terminal.warn(f"{job.source}: {error.message}")
            continue
        reports.append(report)
        if not json:
            terminal.print(describe_plan(report.plan))
            for warning in report.plan.warnings:
                terminal.warn(warning)
            terminal.print_rows([("  " + name, value) for name, value in describe_dry_run(report)])
    if json:
        terminal.print_json(reports if len(jobs) > 1 else reports[0])
    if len(reports) < len(jobs):
        raise typer.Exit(_SOME_FAILED)


def run_job(job: "UpscaleJob", terminal: Terminal, load: "NetworkLoader") -> "UpscaleReport":
    """Run one job with a progress bar; if it is interrupted, say what is kept.

    Raises:
        DscvsrError: Whatever went wrong.
        KeyboardInterrupt: Ctrl-C.
    """
    from dscvsr_cli.pipelines.upscale.job import Interrupted
    from dscvsr_cli.pipelines.upscale.run import upscale

    total: int | None = None

    def show_plan(plan: "UpscalePlan") -> None:
        nonlocal total
        total = plan.source.frame_count
        terminal.print(describe_plan(plan))
        for warning in plan.warnings:
            terminal.warn(warning)

    with terminal.frame_progress("upscaling") as progress:
        try:
            return upscale(
                job, load=load, on_plan=show_plan, on_frame=lambda done: progress(done, total)
            )
        except Interrupted as interruption:
            terminal.note(
                f"interrupted; the first {interruption.frames_kept} frames are kept, and the same "
                "command with --resume goes on from there"
            )
            raise


def is_folder_of_videos(path: Path) -> bool:
    """Say whether an input stands for the videos in it."""
    from dscvsr_cli.video.read.image_sequence import is_sequence

    return path.is_dir() and not is_sequence(path)

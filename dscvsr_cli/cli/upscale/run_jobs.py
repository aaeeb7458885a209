"""Run the jobs of ``dscvsr upscale``: one, many or none at all, and show how they go."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.interruption import go_on
from dscvsr_cli.cli.progress_bar import SharedBar
from dscvsr_cli.cli.upscale.follow import JsonLines, Lines

if TYPE_CHECKING:
    from dscvsr_cli.cli.upscale.follow import Follower
    from dscvsr_cli.pipelines.upscale.batch import BatchReport
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
    from dscvsr_cli.pipelines.upscale.job_group import JobGroup
    from dscvsr_cli.pipelines.upscale.network_plan import NetworkLoader
    from dscvsr_cli.pipelines.upscale.progress import JobProgress

SOME_FAILED = 1
"""Exit code if some of several jobs failed."""


def run_single(job: "UpscaleJob", terminal: Terminal) -> None:
    """Run one job and print its report; nothing is left to do if an earlier run finished it.

    Raises:
        typer.Exit: The output lacks audio or subtitles.
    """
    from dscvsr_cli.pipelines.upscale.batch import finished_earlier
    from dscvsr_cli.weights.load import load_network

    follower = open_follower(terminal, jobs=1)
    follower.begin(job)
    done = finished_earlier(job) if job.resume else None
    if done is not None:
        follower.end(done)
        return
    report = run_job(job, follower, load_network)
    follower.report(report)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def run_many(jobs: "Sequence[UpscaleJob]", terminal: Terminal, *, at_once: int) -> None:
    """Run several jobs, show the result of each, and count them at the end.

    Raises:
        typer.Exit: Some failed, or an output lacks audio or subtitles.
    """
    if at_once == 1 or len(jobs) == 1:
        report = _run_in_turn(jobs, terminal)
    else:
        report = _run_at_once(jobs, terminal, at_once)
    open_follower(terminal, jobs=len(jobs)).summary(report)
    if report.count("failed"):
        raise typer.Exit(SOME_FAILED)
    if code := max((one.report.exit_code for one in report.files if one.report), default=0):
        raise typer.Exit(code)


def _run_in_turn(jobs: "Sequence[UpscaleJob]", terminal: Terminal) -> "BatchReport":
    from dscvsr_cli.pipelines.upscale.batch import run_batch
    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache

    cache = NetworkCache()
    follower = open_follower(terminal, jobs=len(jobs))
    return run_batch(
        jobs,
        lambda job: run_job(job, follower, cache),
        on_job=follower.begin,
        on_result=follower.end,
    )


def _run_at_once(jobs: "Sequence[UpscaleJob]", terminal: Terminal, at_once: int) -> "BatchReport":
    from dscvsr_cli.pipelines.upscale.batch_at_once import run_batch_at_once
    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache

    cache = NetworkCache()
    bar = SharedBar(terminal, len(jobs))
    followers = [
        open_follower(terminal, jobs=len(jobs), started=place, bar=bar)
        for place in range(len(jobs))
    ]
    for job, follower in zip(jobs, followers, strict=True):
        follower.begin(job)
    with bar.running():
        return run_batch_at_once(
            jobs,
            lambda place, job, group: run_job(job, followers[place], cache, group),
            at_once=at_once,
            on_result=lambda place, result: followers[place].end(result),
        )


def show_dry_runs(
    jobs: "Sequence[UpscaleJob]", terminal: Terminal, *, several: bool = False
) -> None:
    """Print what jobs would do, and do nothing; what the real run would skip is skipped.

    Raises:
        DscvsrError: The only job cannot start.
        typer.Exit: Some of several cannot.
    """
    from dscvsr_cli.pipelines.upscale.batch import finished_earlier, run_batch
    from dscvsr_cli.pipelines.upscale.dry_run import dry_run
    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache

    cache = NetworkCache()
    follower = open_follower(terminal, jobs=len(jobs))

    def look_at(job: "UpscaleJob") -> None:
        follower.dry_run(dry_run(job, load=cache))

    if several:
        report = run_batch(jobs, look_at, on_job=follower.begin, on_result=follower.end)
        follower.summary(report)
        if report.count("failed"):
            raise typer.Exit(SOME_FAILED)
        return
    follower.begin(jobs[0])
    done = finished_earlier(jobs[0]) if jobs[0].resume else None
    if done is not None:
        follower.end(done)
    else:
        look_at(jobs[0])


def run_job(
    job: "UpscaleJob",
    follower: "Follower",
    load: "NetworkLoader",
    group: "JobGroup | None" = None,
) -> "UpscaleReport":
    """Run one job and show how far it is; if it is interrupted, say what is kept.

    Raises:
        DscvsrError: Whatever went wrong.
        KeyboardInterrupt: Ctrl-C.
    """
    from dscvsr_cli.pipelines.upscale.job import Interrupted
    from dscvsr_cli.pipelines.upscale.job_group import JobGroup
    from dscvsr_cli.pipelines.upscale.run import JobListeners, upscale_in_group

    report: UpscaleReport | None = None
    try:
        with follower.progress() as show_progress:

            def show(progress: "JobProgress") -> None:
                go_on()
                show_progress(progress)

            listeners = JobListeners(
                on_plan=follower.plan, on_progress=show, on_event=follower.event
            )
            report = upscale_in_group(job, group or JobGroup(), listeners, load=load)
    except KeyboardInterrupt as interruption:
        if report is not None:
            follower.interrupted(0, report.target)
        elif isinstance(interruption, Interrupted):
            follower.interrupted(interruption.frames_kept, interruption.finished)
        else:
            follower.interrupted(0)
        raise
    return report


def is_folder_of_videos(path: Path) -> bool:
    """Say whether an input stands for the videos in it."""
    from dscvsr_cli.video.read.open_input import source_kind

    return source_kind(path) == "file" and path.is_dir()


def open_follower(
    terminal: Terminal, *, jobs: int | None, started: int = 0, bar: SharedBar | None = None
) -> "Follower":
    """Return a follower that writes as the terminal wants it: lines, or JSON lines.

    Args:
        terminal: Where to write.
        jobs: How many there are; None if that is unknown.
        started: How many have started before the next.
        bar: Shows the job beside others that run at the same time; None gives it its own.
    """
    if terminal.json:
        return JsonLines(terminal, jobs, started=started)
    return Lines(terminal, jobs, started=started, bar=bar)

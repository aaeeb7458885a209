"""Several files at the same time, in threads of one process."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock

from dscvsr_cli.engine.background import BackgroundThread, join_all
from dscvsr_cli.pipelines.upscale.batch import BatchReport, FileResult, run_one
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.job_group import JobGroup, memory_for

JobRunner = Callable[[int, UpscaleJob, JobGroup], UpscaleReport]
"""Runs the job at a place of the list, beside others; called in a thread of its own."""


def run_batch_at_once(
    jobs: Sequence[UpscaleJob],
    run: JobRunner,
    *,
    at_once: int,
    on_result: Callable[[int, FileResult], None] | None = None,
) -> BatchReport:
    """Run several jobs at the same time; one that fails does not stop the others.

    Jobs begin in the order given, and the results of the report have that order. Each makes the
    frames that it would make on its own: it plans with all the memory, and waits until that is
    free.

    Args:
        jobs: Jobs, each with its target, that differ in nothing but their files.
        run: Runs one job.
        at_once: Most jobs at the same time.
        on_result: Called with each result as it comes, by one thread at a time.

    Raises:
        DeviceError: The device is missing.
        KeyboardInterrupt: Ctrl-C; every job has ended as it would have on its own.
    """
    memory_bytes = memory_for(jobs[0])
    work = _Work(
        # What a job plans must not depend on what the others hold.
        [replace(job, memory_bytes=memory_bytes, scenes_at_once=1) for job in jobs],
        run,
        JobGroup(memory_bytes),
        on_result,
    )
    threads = [
        BackgroundThread(work.take_jobs, name=f"dscvsr-file-{place}")
        for place in range(min(at_once, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        join_all(threads, give_up=work.group.stop)
    except BaseException:
        # Ctrl-C may have come before all had begun.
        join_all(threads, ask=work.group.stop, give_up=work.group.stop)
        raise
    if work.error is not None:
        raise work.error
    return BatchReport(files=tuple(work.results[place] for place in range(len(jobs))))


class _Work:
    """Jobs that threads take one by one."""

    def __init__(
        self,
        jobs: Sequence[UpscaleJob],
        run: JobRunner,
        group: JobGroup,
        on_result: Callable[[int, FileResult], None] | None,
    ) -> None:
        self.group = group
        self.results: dict[int, FileResult] = {}
        self.error: Exception | None = None
        """What went wrong beside the jobs, such as a closed terminal."""
        self._jobs = iter(enumerate(jobs))
        self._run = run
        self._on_result = on_result
        self._lock = Lock()

    def take_jobs(self) -> None:
        """Run one job after another until none is left."""
        while True:
            with self._lock:
                place, job = next(self._jobs, (-1, None))
            if job is None:
                return
            try:
                self.group.raise_if_stopped()
                self._keep(place, run_one(job, partial(self._run_at, place)))
            except KeyboardInterrupt:
                return
            except Exception as error:  # noqa: BLE001  raised in the caller's thread
                self.error = error
                self.group.stop()
                return

    def _run_at(self, place: int, job: UpscaleJob) -> UpscaleReport:
        return self._run(place, job, self.group)

    def _keep(self, place: int, result: FileResult) -> None:
        with self._lock:
            self.results[place] = result
            if self._on_result is not None:
                self._on_result(place, result)

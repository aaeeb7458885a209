"""Run upscaling jobs on a cluster: the story from the first worker to the last joined film."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

from dscvsr_cli.cluster.film import FilmRun, absolute
from dscvsr_cli.cluster.hiring import Crew
from dscvsr_cli.cluster.messages import Answer
from dscvsr_cli.cluster.pool import StoppedError, WorkerPool, actor_class
from dscvsr_cli.cluster.session import ray_session
from dscvsr_cli.cluster.slots import choose_slots
from dscvsr_cli.cluster.span_scan import SpansDifferError, look, scan_in_spans, spans_of
from dscvsr_cli.cluster.worker import release, scan
from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.batch import FileResult, finished_earlier, run_one
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan, UpscaleReport
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.pipelines.upscale.progress import JobProgress, WorkMeter
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.write.target_file import resolve_destination
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.locate import locate_weights

_log: Final = logging.getLogger(__name__)

_TURN_SECONDS: Final = 0.5
_ANSWERS_AHEAD: Final = 16
"""Answers of a scan that may wait; one holds a task, or thumbnails of two megabytes."""

_MOST_FILMS: Final = 32
"""Films that are followed at once, each by a thread that mostly waits."""


class ClusterFollower(Protocol):
    """Shows what happens; called only in the thread that called ``run_on_cluster``."""

    def workers(self, count: int, described: str) -> None:
        """Show how many workers there are, and describe one of them."""
        ...

    def begin(self, film: int) -> None:
        """Show that work on a film begins."""
        ...

    def plan(self, film: int, plan: UpscalePlan) -> None:
        """Show the plan of a film."""
        ...

    def progress(self, whole: JobProgress, films: dict[int, JobProgress]) -> None:
        """Show how far all films are together, and each that is being worked on."""
        ...

    def end(self, film: int, result: FileResult) -> None:
        """Show the result of a film."""
        ...


@dataclass(slots=True, eq=False)
class _Film:
    """A film, as the main thread sees it."""

    run: FilmRun
    meter: WorkMeter | None = None
    ended: bool = False


def run_on_cluster(
    jobs: Sequence[UpscaleJob], *, address: str, follower: ClusterFollower
) -> list[FileResult]:
    """Run jobs on the workers of a cluster, films side by side and each film in tasks.

    Args:
        jobs: Jobs with targets.
        address: Of the cluster, as ``ray_session`` takes it.
        follower: Shows what happens.

    Returns:
        The result of each job, in order; those that were finished before are skipped.

    Raises:
        UsageError: Ray is missing, no cluster answers, machines do not fit together, or a job
            reads or writes a pipe.
        DeviceError: The cluster has no worker for these jobs.
        WeightsError: The weights are not here.
        Interrupted: Ctrl-C; what is finished is kept.
    """
    for job in jobs:
        _refuse_pipes(job)
    with ray_session(address) as ray:
        slots = choose_slots(jobs[0].device, ray.nodes())
        # The default is that of the workers, whatever this machine has.
        located = locate_weights(jobs[0].weights, kind="gpu" if slots.cards else "cpu")
        weights = file_sha256(located.path)
        if jobs[0].weights is None:
            jobs = [replace(job, weights=located.name) for job in jobs]
        crew = Crew(ray, actor_class(ray), slots, jobs[0], release=release(), weights=weights)
        try:
            crew.start()
            return _Run(ray, crew, jobs, follower, scan_threads=slots.scan_threads).run()
        finally:
            crew.dismiss()


class _Run:
    """The films of a run, each in a thread of its own; the main thread calls the follower."""

    def __init__(
        self,
        ray: Any,
        crew: Crew,
        jobs: Sequence[UpscaleJob],
        follower: ClusterFollower,
        *,
        scan_threads: int,
    ) -> None:
        self._ray = ray
        self._crew = crew
        self._jobs = jobs
        self._follower = follower
        self._pool = WorkerPool(ray, crew)
        self._news: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._films: dict[int, _Film] = {}
        self._whole = WorkMeter(None)
        self._scan_threads = scan_threads
        stream = ray.remote(
            num_cpus=0,
            max_retries=0,
            num_returns="streaming",
            scheduling_strategy="SPREAD",
            _generator_backpressure_num_objects=_ANSWERS_AHEAD,
        )
        self._scan, self._look = stream(scan), stream(look)

    def run(self) -> list[FileResult]:
        crew = self._crew
        self._follower.workers(len(crew.workers), str(next(iter(crew.workers.values())).facts))
        budget = crew.least_budget
        with (
            ThreadPoolExecutor(min(len(self._jobs), _MOST_FILMS)) as threads,
            self._pool.at_work(),
        ):
            futures = [
                threads.submit(self._follow, film, job, budget)
                for film, job in enumerate(self._jobs)
            ]
            try:
                return self._wait_for(futures)
            except KeyboardInterrupt as error:
                interruption = error
                for future in futures:
                    future.cancel()
                self._pool.stop()
        # Counted when every film has ended: until then it keeps what was on its way.
        raise self._interrupted() from interruption

    def _interrupted(self) -> BaseException:
        kept = sum(film.run.step.frames_kept for film in self._films.values() if film.run.step)
        first = self._films.get(0)
        if len(self._jobs) == 1 and first is not None and first.ended:
            job = self._jobs[0]
            return Interrupted(0, finished=job.target or default_target(job))
        return Interrupted(kept) if kept else KeyboardInterrupt()

    def _wait_for(self, futures: Sequence["Future[FileResult]"]) -> list[FileResult]:
        while not all(future.done() for future in futures):
            self._tell()
            self._follower.progress(*self._progress())
        self._tell()
        return [future.result() for future in futures]

    def _tell(self) -> None:
        """Pass on what the films say, and wait a moment for more."""
        try:
            self._news.get(timeout=_TURN_SECONDS)()
            while True:
                self._news.get_nowait()()
        except Empty:
            return

    def _follow(self, film: int, job: UpscaleJob, budget_bytes: int) -> FileResult:
        """Make one film, in a thread of its own."""
        if self._pool.is_stopped:
            raise StoppedError
        here = self._crew.settled(
            replace(job, source=absolute(job.source), target=absolute(job.target))
            if job.target is not None
            else replace(job, source=absolute(job.source))
        )
        run = FilmRun(
            self._pool,
            here,
            film=film,
            scan=self._scans,
            on_plan=lambda plan: self._news.put(lambda: self._plan(film, job, plan)),
        )
        self._films[film] = _Film(run)
        self._news.put(lambda: self._follower.begin(film))
        result = self._make(run, job, budget_bytes)
        self._films[film].ended = True
        self._news.put(lambda: self._follower.end(film, result))
        return result

    def _make(self, run: FilmRun, job: UpscaleJob, budget_bytes: int) -> FileResult:
        """Make a film; the only one of a run raises what it fails with, as on one machine."""
        shown = job.target or default_target(job)

        def make(_: UpscaleJob) -> UpscaleReport:
            report = run.run(budget_bytes)
            return replace(report, target=shown, plan=replace(report.plan, target=shown))

        if len(self._jobs) > 1:
            return run_one(job, make)
        finished = finished_earlier(job) if job.resume else None
        return finished or FileResult(
            source=job.source, target=shown, outcome="done", report=make(job)
        )

    def _plan(self, film: int, job: UpscaleJob, plan: UpscalePlan) -> None:
        self._follower.plan(film, replace(plan, target=job.target or default_target(job)))
        self._films[film].meter = WorkMeter(plan.frames, already=plan.frames_done)

    def _scans(
        self,
        job: UpscaleJob,
        settings: SegmentSettings,
        finished: tuple[range, ...],
        scene_starts: frozenset[int],
        *,
        is_over: Callable[[], bool],
    ) -> Iterator[Answer]:
        """Yield what a scan on the cluster says: of many processes if the film allows it.

        It ends with ``StoppedError`` as soon as ``is_over``.

        Raises:
            ConnectionError: A process that scanned has died.
        """
        threads = self._scan_threads
        most = threads * len(list(self._crew.one_per_node()))
        spans = spans_of(job, settings.spec.picture.source, most)
        if len(spans) > 1:
            parts = [
                self._answers(self._look.remote(job, span, threads), is_over) for span in spans
            ]
            try:
                yield from scan_in_spans(
                    parts, settings, finished=finished, scene_starts=scene_starts
                )
            except SpansDifferError:
                _log.warning("%s: seeking is not exact; one process finds its scenes", job.source)
            else:
                return
        stream = self._scan.remote(job, settings, finished, scene_starts, threads)
        yield from self._answers(stream, is_over)

    def _answers(self, stream: Any, is_over: Callable[[], bool]) -> Iterator[Answer]:
        """Yield the answers of a process that scans, and never wait for one when all is over."""
        try:
            while not is_over():
                ready, _ = self._ray.wait([stream], timeout=_TURN_SECONDS, fetch_local=False)
                if ready:
                    reference = next(stream, None)
                    if reference is None:
                        return
                    yield self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise ConnectionError(str(error)) from error
        raise StoppedError

    def _progress(self) -> tuple[JobProgress, dict[int, JobProgress]]:
        films: dict[int, JobProgress] = {}
        made = done = 0.0
        total: int | None = 0
        for number, film in list(self._films.items()):
            step = film.run.step
            if step is None:
                total = None
                continue
            work = step.frames_kept + self._pool.frames_in_work(number)
            made += work - step.frames_before
            done += step.frames_kept
            if film.meter is not None and not film.ended:
                films[number] = film.meter.reach(work, int(work))
            if step.frames_total is None or total is None:
                total = None
            else:
                total += step.frames_total
        if len(self._films) < len(self._jobs):
            total = None
        return self._altogether(made, int(done), total), films

    def _altogether(self, made: float, done: int, total: int | None) -> JobProgress:
        so_far = self._whole.reach(made, done)
        rate = so_far.frames_per_second
        left = None if total is None or not rate else max(0.0, total - done) / rate
        return replace(
            so_far,
            frames_total=total,
            share=min(1.0, done / total) if total else None,
            seconds_left=left,
            tasks_running=self._pool.running,
        )


def _refuse_pipes(job: UpscaleJob) -> None:
    target = job.target
    if source_kind(job.source) == "pipe" or (
        target is not None and resolve_destination(target).is_pipe
    ):
        raise UsageError(
            "a pipe is on one machine only, and a cluster has many",
            hint="give files on storage that all machines share, or leave out --ray",
        )

"""FilmRun: one film on a cluster, from its plan to the joined file."""

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Final

from dscvsr_cli.cluster.hiring import Hired
from dscvsr_cli.cluster.messages import Answer, FilmPlan, ScanTotals
from dscvsr_cli.cluster.pool import Call, StoppedError, WorkerBugError, WorkerPool
from dscvsr_cli.cluster.shared_storage import check_storage
from dscvsr_cli.errors import DamagedWorkError, DeviceError
from dscvsr_cli.pipelines.resume.input_watch import InputWatch
from dscvsr_cli.pipelines.resume.manifest import Piece
from dscvsr_cli.pipelines.resume.resumable_output import ResumableOutput
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.defaults import without_left_aside
from dscvsr_cli.pipelines.upscale.finished import recording
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan, UpscaleReport
from dscvsr_cli.pipelines.upscale.job_output import known_scene_starts
from dscvsr_cli.pipelines.upscale.output_place import folder_for
from dscvsr_cli.pipelines.upscale.piece import PieceSettings
from dscvsr_cli.pipelines.upscale.run import check_count, report_of
from dscvsr_cli.pipelines.upscale.scan import FilmTask, rest_of

_SCANS: Final = 5
"""How often a scan is started whose process dies."""

_TURN_SECONDS: Final = 0.25

_SHOWN_WITHIN_SECONDS: Final = 15.0
"""Time in which a file that another machine has written appears on a network drive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmStep:
    """Where a film has got to."""

    frames_kept: int
    """Frames in finished tasks, those of earlier runs included."""
    frames_before: int
    """Frames that an earlier run made."""
    frames_total: int | None


class FilmRun:
    """Follows one film; everything that computes is a call to the pool.

    Args:
        pool: Answers the calls.
        job: What to do, with absolute paths.
        film: Number of the film, which decides whose tasks come first.
        scan: Starts a scan on the cluster and yields what it says.
        on_plan: Called with what will happen.
    """

    def __init__(
        self,
        pool: WorkerPool,
        job: UpscaleJob,
        *,
        film: int,
        scan: Callable[..., Iterator[Answer]],
        on_plan: Callable[[UpscalePlan], None],
    ) -> None:
        self.step: FilmStep | None = None
        self._pool = pool
        self._job = job
        self._film = film
        self._scan = scan
        self._on_plan = on_plan
        self._events: SimpleQueue[object] = SimpleQueue()
        self._over = Event()

    def run(self, budget_bytes: int) -> UpscaleReport:
        """Make the film.

        Args:
            budget_bytes: Memory of the smallest worker, which the common plan must fit.

        Raises:
            DscvsrError: As on one machine; what is finished is kept for ``--resume``.
            StoppedError: The pool was stopped.
        """
        job = self._job
        asked = replace(job, memory_bytes=job.memory_bytes or budget_bytes)
        planned: FilmPlan = self._pool.ask("plan", asked)
        job = replace(
            planned.job,
            memory_bytes=job.memory_bytes,
            dtype=planned.plan.dtype,  # type: ignore[arg-type]
            runtime=planned.plan.runtime,
        )
        with folder_for(job):
            if planned.settings is None:
                return self._whole(job, planned.plan)
            return self._joined(job, planned.plan, planned.settings)

    def _joined(
        self, job: UpscaleJob, plan: UpscalePlan, settings: SegmentSettings
    ) -> UpscaleReport:
        """Have the tasks of a film made whose pieces are joined."""
        started = time.monotonic()
        watch = InputWatch(job.source, start_number=job.reading.start_number)
        output = ResumableOutput(
            settings,
            check_input=watch.check,
            naming=recording(without_left_aside(self._job, job), settings.target, job.reading),
        )
        with output:
            plan = plan.continued(output.frames_kept, ended=output.ended)
            self._note(output, plan)
            self._on_plan(plan)
            if not output.ended:
                check_storage(self._pool, job, output.folder, "shared")
                self._make_frames(output, job, settings, plan)
            check_count(output, job.source)
            watch.check()
        return report_of(
            plan,
            output,
            seconds=time.monotonic() - started,
            peak_memory_bytes=self._pool.peak_memory_bytes,
        )

    def _whole(self, job: UpscaleJob, plan: UpscalePlan) -> UpscaleReport:
        """Let one worker make a film whose output is written in one go."""
        self.step = FilmStep(frames_kept=0, frames_before=0, frames_total=plan.frames)
        self._on_plan(plan)
        folder = plan.target.absolute().parent
        while not folder.is_dir():
            # The folder of an image sequence is made with its first picture.
            folder = folder.parent
        check_storage(self._pool, job, folder, ".dscvsr-shared")
        call = Call("whole", lambda hired: (_for_worker(job, hired), self._job), self._film)
        report: UpscaleReport = self._pool.submit(call).result()
        self.step = replace(self.step, frames_kept=report.frames_out)
        return report

    def _make_frames(
        self, output: ResumableOutput, job: UpscaleJob, settings: SegmentSettings, plan: UpscalePlan
    ) -> None:
        """Have every task made that is not finished yet, and add each to the output."""
        given = (job, settings, output.finished, known_scene_starts(output))
        scan = Thread(target=self._follow_scan, args=given, name="dscvsr-scan", daemon=True)
        scan.start()
        try:
            totals = self._make_tasks(output, job, settings, plan)
        finally:
            # Nobody may be waiting for Ray when it is shut down.
            self._over.set()
            scan.join()
        output.frames_read = totals.frames_read
        output.damaged_frames = totals.damaged_frames

    def _make_tasks(
        self, output: ResumableOutput, job: UpscaleJob, settings: SegmentSettings, plan: UpscalePlan
    ) -> ScanTotals:
        """Have the tasks made that the scan finds, until all are; return what the scan counted."""
        manifest = output.manifest
        totals: ScanTotals | None = None
        waiting = 0
        while totals is None or waiting:
            event = self._next_event()
            match event:
                case FilmTask():
                    waiting += 1
                    self._submit(rest_of(event, manifest), output, job, settings)
                case ScanTotals():
                    totals = event
                case Piece():
                    waiting -= 1
                    _adopt(output, event)
                    self._note(output, plan)
                case BaseException():
                    raise event
        return totals

    def _next_event(self) -> object:
        while True:
            with suppress(Empty):
                return self._events.get(timeout=_TURN_SECONDS)
            if self._pool.is_stopped:
                raise StoppedError

    def _submit(
        self, task: FilmTask, output: ResumableOutput, job: UpscaleJob, settings: SegmentSettings
    ) -> None:
        if task.done == task.scenes.frames:
            raise ValueError(f"nothing is left to make of {task.scenes.span}")
        common = PieceSettings(
            folder=output.folder,
            plan=output.plan,
            segment_frames=settings.segment_frames,
            header=output.header,
        )

        def arguments(hired: Hired) -> tuple[Any, ...]:
            mark = f"-{secrets.token_hex(4)}"
            return _for_worker(job, hired), task, replace(common, mark=mark)

        call = Call("make", arguments, self._film)
        future = self._pool.submit(call, first_frame=task.scenes.first_frame)
        future.add_done_callback(self._hear)

    def _hear(self, future: "Future[Any]") -> None:
        self._events.put(future.exception() or future.result())

    def _follow_scan(
        self,
        job: UpscaleJob,
        settings: SegmentSettings,
        finished: tuple[range, ...],
        scene_starts: frozenset[int],
    ) -> None:
        """Pass on what a scan finds; one that dies is started again, and gives nothing twice."""
        passed = -1
        attempts = 0
        try:
            while True:
                try:
                    for answer in self._scan(
                        job, settings, finished, scene_starts, is_over=self._is_over
                    ):
                        passed = max(passed, self._pass_on(answer, after=passed))
                except ConnectionError as error:
                    attempts += 1
                    if attempts == _SCANS:
                        raise DeviceError(
                            f"the process that looks for scenes in {job.source} died "
                            f"{attempts} times",
                            hint="there may be too little memory for it; see Ray's logs",
                        ) from error
                else:
                    return
        except BaseException as error:  # noqa: BLE001  raised where the film is followed
            self._events.put(error)

    def _is_over(self) -> bool:
        return self._over.is_set() or self._pool.is_stopped

    def _pass_on(self, answer: Answer, *, after: int) -> int:
        """Pass on a task that begins after a frame, or the totals; return where the task begins."""
        if answer.error is not None or answer.bug:
            raise answer.error or WorkerBugError(answer.bug)
        first = after
        if isinstance(answer.value, FilmTask):
            first = answer.value.scenes.first_frame
            if first <= after:
                return after
        self._events.put(answer.value)
        return first

    def _note(self, output: ResumableOutput, plan: UpscalePlan) -> None:
        self.step = FilmStep(
            frames_kept=output.frames_kept,
            frames_before=plan.frames_done,
            frames_total=plan.frames,
        )


def _for_worker(job: UpscaleJob, hired: Hired) -> UpscaleJob:
    return replace(job, memory_bytes=job.memory_bytes or hired.budget_bytes)


def _adopt(output: ResumableOutput, piece: Piece) -> None:
    """Add a piece, once its files have appeared here."""
    deadline = time.monotonic() + _SHOWN_WITHIN_SECONDS
    while True:
        try:
            output.adopt(piece)
        except DamagedWorkError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_TURN_SECONDS)
        else:
            return


def absolute(path: Path) -> Path:
    """Return a path that means the same in a process with another working folder."""
    return path if str(path) == "-" else path.absolute()

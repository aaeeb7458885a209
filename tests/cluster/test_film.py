"""A film on a cluster, followed with a pool that answers at once and no Ray."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dscvsr_cli.cluster.film import FilmRun
from dscvsr_cli.cluster.hiring import Hired
from dscvsr_cli.cluster.messages import Answer
from dscvsr_cli.cluster.pool import Call, StoppedError, WorkerBugError, WorkerPool
from dscvsr_cli.cluster.worker import Worker, answer, scan
from dscvsr_cli.errors import DeviceError, FrameCountError, InputVideoError
from dscvsr_cli.pipelines.resume.manifest import Piece
from dscvsr_cli.pipelines.resume.work_folder import read_manifest, work_path
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.run import upscale
from tests.scenes import FRAMES, film_job

BUDGET = 8_100_000


class OneWorker:
    """A pool with one worker, which does everything as soon as it is asked for."""

    def __init__(self, spoil: Callable[[Piece], Piece] = lambda piece: piece) -> None:
        self.peak_memory_bytes = 0
        self.is_stopped = False
        self.fails_after: int | None = None
        self.made = 0
        self._worker = Worker()
        self._spoil = spoil
        self._hired = cast(
            "Hired", SimpleNamespace(budget_bytes=BUDGET, facts=SimpleNamespace(host="one"))
        )

    def ask(self, method: str, *arguments: Any) -> Any:
        return getattr(self._worker, method)(*arguments)

    def ask_each_machine(self, method: str, *arguments: Any) -> Iterator[tuple[Hired, Answer]]:
        yield self._hired, answer(getattr(self._worker, method), *arguments)

    def submit(self, call: Call, *, first_frame: int = 0) -> "Future[Any]":
        del first_frame
        if self.made == self.fails_after:
            call.future.set_exception(DeviceError("broken", hint="repair it"))
            return call.future
        self.made += 1
        made = getattr(self._worker, call.method)(*call.arguments(self._hired))
        call.future.set_result(self._spoil(made) if isinstance(made, Piece) else made)
        return call.future


@pytest.fixture
def job(tmp_path: Path, film: Path, weights: Path) -> UpscaleJob:
    return film_job(film, tmp_path / "out.mp4", weights, encoder_preset="ultrafast")


def run(
    job: UpscaleJob,
    pool: OneWorker,
    *,
    scanned: Callable[..., Iterator[Answer]] = scan,
) -> UpscaleReport:
    def scan_until_over(*arguments: Any, is_over: Callable[[], bool]) -> Iterator[Answer]:
        for said in scanned(*arguments):
            yield said
            if is_over():
                return

    film = FilmRun(
        cast("WorkerPool", pool), job, film=0, scan=scan_until_over, on_plan=lambda _: None
    )
    return film.run(BUDGET)


def undisturbed(job: UpscaleJob) -> bytes:
    assert job.target is not None
    target = job.target.with_name("undisturbed.mp4")
    upscale(replace(job, target=target, memory_bytes=BUDGET, resume=False))
    return target.read_bytes()


def test_a_film_made_in_tasks_is_the_film_of_one_machine(job: UpscaleJob) -> None:
    assert job.target is not None
    pool = OneWorker()
    report = run(job, pool)
    assert pool.made == 4
    assert report.frames_in == report.frames_out == FRAMES
    assert report.plan.window == 8
    assert job.target.read_bytes() == undisturbed(job)
    assert not work_path(job.target).exists()


def test_what_is_finished_when_tasks_fail_is_kept_and_used(job: UpscaleJob) -> None:
    assert job.target is not None
    pool = OneWorker()
    pool.fails_after = 2
    with pytest.raises(DeviceError, match="broken") as caught:
        run(job, pool)
    assert caught.value.hint == ("repair it; the first 24 frames are kept, and --resume continues")
    pool = OneWorker()
    report = run(replace(job, resume=True), pool)
    assert pool.made == 2
    assert report.plan.frames_done == 24
    assert report.frames_out == FRAMES
    assert job.target.read_bytes() == undisturbed(job)


def test_a_scan_that_dies_is_started_again_and_nothing_is_made_twice(job: UpscaleJob) -> None:
    assert job.target is not None
    attempts: list[int] = []

    def dying(*arguments: Any) -> Iterator[Answer]:
        attempts.append(1)
        for number, said in enumerate(scan(*arguments)):
            if number == len(attempts):
                raise ConnectionError("the process is gone")
            yield said

    pool = OneWorker()
    assert run(job, pool, scanned=dying).frames_out == FRAMES
    assert pool.made == 4
    assert len(attempts) == 5
    assert job.target.read_bytes() == undisturbed(job)


def test_a_scan_that_always_dies_is_given_up(job: UpscaleJob) -> None:
    def dying(*_: Any) -> Iterator[Answer]:
        yield from ()
        raise ConnectionError("the process is gone")

    with pytest.raises(DeviceError, match=r"looks for scenes .* died 5 times"):
        run(job, OneWorker(), scanned=dying)


def test_an_error_of_the_scan_ends_the_film(job: UpscaleJob) -> None:
    def failing(*_: Any) -> Iterator[Answer]:
        yield Answer(error=InputVideoError("cut short"))

    def broken(*_: Any) -> Iterator[Answer]:
        yield Answer(bug="Traceback: a bug")

    with pytest.raises(InputVideoError, match="cut short"):
        run(job, OneWorker(), scanned=failing)
    with pytest.raises(WorkerBugError, match="a bug"):
        run(job, OneWorker(), scanned=broken)
    assert job.target is not None
    assert list(job.target.parent.iterdir()) == []


def test_frames_that_are_missing_at_the_end_are_noticed(job: UpscaleJob) -> None:
    def without_the_last_task(*arguments: Any) -> Iterator[Answer]:
        *others, _, totals = list(scan(*arguments))
        yield from (*others, totals)

    with pytest.raises(FrameCountError, match=f"{FRAMES} frames were read"):
        run(job, OneWorker(), scanned=without_the_last_task)
    assert job.target is not None
    assert not job.target.exists()


def test_a_pool_that_stops_ends_the_film_and_keeps_what_is_finished(job: UpscaleJob) -> None:
    assert job.target is not None
    pool = OneWorker()

    def stopped(*arguments: Any) -> Iterator[Answer]:
        for number, said in enumerate(scan(*arguments)):
            if number == 2:
                pool.is_stopped = True
                return
            yield said

    with pytest.raises(StoppedError):
        run(job, pool, scanned=stopped)
    manifest = read_manifest(job.target)
    assert manifest is not None
    assert manifest.frames == 24


def test_all_workers_take_the_runtime_of_the_plan(job: UpscaleJob) -> None:
    """A machine that goes on alone decides by the same film, and gets the same answer."""
    pool = OneWorker()
    asked: list[UpscaleJob] = []

    def remember(call: Call, *, first_frame: int = 0) -> "Future[Any]":
        asked.append(call.arguments(cast("Hired", SimpleNamespace(budget_bytes=BUDGET)))[0])
        return OneWorker.submit(pool, call, first_frame=first_frame)

    pool.submit = remember  # type: ignore[method-assign]
    report = run(job, pool)
    assert job.runtime == "auto"
    assert {one.runtime for one in asked} == {report.plan.runtime} == {"torch"}


def test_pictures_are_made_whole_by_one_worker(job: UpscaleJob, tmp_path: Path) -> None:
    target = tmp_path / "frames" / "%03d.png"
    pool = OneWorker()
    report = run(replace(job, target=target, encoder_preset=None), pool)
    assert pool.made == 1
    assert report.frames_out == FRAMES
    assert len(list(target.parent.glob("*.png"))) == FRAMES
    assert list(tmp_path.glob(".dscvsr-shared*")) == []


def test_a_preview_is_settled_before_the_tasks(job: UpscaleJob) -> None:
    assert job.target is not None
    pool = OneWorker()
    report = run(replace(job, preview_seconds=1), pool)  # type: ignore[arg-type]
    assert report.frames_out == 25


def test_a_film_that_was_only_to_be_joined_is_joined(job: UpscaleJob) -> None:
    assert job.target is not None

    class KilledError(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dscvsr_cli.pipelines.resume.publish.join_segments", kill)
        with pytest.raises(KilledError):
            run(job, OneWorker())
    pool = OneWorker()
    assert run(replace(job, resume=True), pool).frames_out == FRAMES
    assert pool.made == 0
    assert job.target.read_bytes() == undisturbed(job)

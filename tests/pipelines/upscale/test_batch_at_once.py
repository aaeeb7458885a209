"""Several files at once: order, errors and Ctrl-C are those of one after the other."""

import signal
import threading
from pathlib import Path

import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.pipelines.upscale.batch import FileResult
from dscvsr_cli.pipelines.upscale.batch_at_once import run_batch_at_once
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.job_group import JobGroup


@pytest.fixture
def jobs(tmp_path: Path) -> list[UpscaleJob]:
    return [
        UpscaleJob(source=tmp_path / name, target=tmp_path / f"{name}.mkv", scale=2.0, device="cpu")
        for name in ("one", "two", "three", "four")
    ]


def test_results_keep_the_order_whatever_ends_first(jobs: list[UpscaleJob]) -> None:
    others = threading.Semaphore(0)
    told: list[int] = []

    def run(place: int, job: UpscaleJob, _: JobGroup) -> UpscaleReport:
        if place == 0:
            # Ends when all others have been told.
            for _number in range(3):
                assert others.acquire(timeout=20)
        raise InputVideoError(f"no video: {job.source.name}")

    def note(place: int, _: FileResult) -> None:
        told.append(place)
        others.release()

    report = run_batch_at_once(jobs, run, at_once=2, on_result=note)
    assert [result.message for result in report.files] == [
        "no video: one",
        "no video: two",
        "no video: three",
        "no video: four",
    ]
    assert sorted(told) == [0, 1, 2, 3]
    assert told[-1] == 0


def test_every_job_plans_with_the_same_memory(jobs: list[UpscaleJob]) -> None:
    seen = []

    def run(_: int, job: UpscaleJob, __: JobGroup) -> UpscaleReport:
        seen.append(job.memory_bytes)
        raise InputVideoError("no video")

    run_batch_at_once(jobs, run, at_once=4)
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert seen[0] is not None


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of one thread")
def test_ctrl_c_ends_the_jobs_at_work_and_begins_no_other(jobs: list[UpscaleJob]) -> None:
    main = threading.main_thread().ident
    assert main is not None
    both = threading.Barrier(2)
    started: list[int] = []
    interrupted: list[int] = []

    def run(place: int, _: UpscaleJob, group: JobGroup) -> UpscaleReport:
        started.append(place)
        if both.wait(20) == 0:
            signal.pthread_kill(main, signal.SIGINT)
        try:
            while True:
                group.raise_if_stopped()
        except KeyboardInterrupt:
            interrupted.append(place)
            raise

    with pytest.raises(KeyboardInterrupt):
        run_batch_at_once(jobs, run, at_once=2)
    assert sorted(started) == [0, 1]
    assert sorted(interrupted) == [0, 1]


def test_a_closed_terminal_ends_the_batch_with_its_error(jobs: list[UpscaleJob]) -> None:
    def run(_: int, __: UpscaleJob, ___: JobGroup) -> UpscaleReport:
        raise InputVideoError("no video")

    def tell(_: int, __: FileResult) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_batch_at_once(jobs, run, at_once=2, on_result=tell)

"""Tasks of a film are made apart, in any order and by anyone, and give the file of one run."""

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import InputVideoError, OutputVideoError
from dscvsr_cli.pipelines.resume.input_watch import InputWatch
from dscvsr_cli.pipelines.resume.resumable_output import ResumableOutput
from dscvsr_cli.pipelines.resume.work_folder import read_manifest, work_path
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob
from dscvsr_cli.pipelines.upscale.job_output import known_scene_starts
from dscvsr_cli.pipelines.upscale.piece import PieceSettings, make_piece
from dscvsr_cli.pipelines.upscale.plan_segments import segment_settings
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob, prepare
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.pipelines.upscale.scan import FilmScan, FilmTask, rest_of, see
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.timestamps import Timeline
from tests.ctrl_c import ctrl_c_at
from tests.scenes import FRAMES, SCENES, STEP, film_job, render_scenes


@pytest.fixture
def job(tmp_path: Path, film: Path, weights: Path) -> UpscaleJob:
    return film_job(
        film, tmp_path / "out.mp4", weights, memory_bytes=8_100_000, encoder_preset="ultrafast"
    )


def undisturbed(job: UpscaleJob) -> bytes:
    assert job.target is not None
    target = job.target.with_name("undisturbed.mp4")
    upscale(replace(job, target=target))
    return target.read_bytes()


@contextmanager
def opened(job: UpscaleJob) -> Iterator[tuple[PreparedJob, ResumableOutput]]:
    ready = prepare(job)
    settings = pickle.loads(pickle.dumps(segment_settings(ready)))  # noqa: S301  as workers get it
    watch = InputWatch(job.source)
    with ready.reader, ResumableOutput(settings, check_input=watch.check) as output:
        yield ready, output


def scanned(ready: PreparedJob, output: ResumableOutput) -> list[FilmTask]:
    settings = segment_settings(ready)
    scan = FilmScan(
        see(ready.reader),
        timing=settings.spec.picture.timing,
        timeline=Timeline(name=ready.job.source, shift=settings.first_shift),
        least_frames=settings.segment_frames,
        finished=output.finished,
        scene_starts=known_scene_starts(output),
    )
    tasks = list(scan)
    output.frames_read = scan.frames_read
    return tasks


def make(ready: PreparedJob, output: ResumableOutput, task: FilmTask) -> None:
    settings = PieceSettings(
        folder=output.folder,
        plan=output.plan,
        segment_frames=8,
        header=output.header,
        mark=f"-{task.scenes.first_frame:08x}",
    )
    copied = pickle.loads(pickle.dumps(task))  # noqa: S301  as workers get it
    output.adopt(make_piece(ready, copied, settings))


class StoppedError(Exception):
    """Stands for a driver that ends early."""


def made_in_part(job: UpscaleJob, numbers: list[int]) -> None:
    """Make these tasks and leave the others."""

    def work(ready: PreparedJob, output: ResumableOutput) -> None:
        tasks = scanned(ready, output)
        for number in numbers:
            make(ready, output, tasks[number])
        raise StoppedError

    with suppress(StoppedError), opened(job) as (ready, output):
        work(ready, output)


def test_scenes_become_tasks_of_sensible_length(job: UpscaleJob) -> None:
    with opened(job) as (ready, output):
        tasks = scanned(ready, output)
        assert [task.scenes.scene_frames for task in tasks] == [(10,), (14,), (3, 30), (5, 8)]
        assert all(task.can_seek for task in tasks)
        assert tasks[2].pts == tuple(range(24 * STEP, 57 * STEP, STEP))
        for task in tasks:
            make(ready, output, task)


@pytest.mark.parametrize("seed", [0, 1])
def test_tasks_in_any_order_give_the_file_of_one_run(job: UpscaleJob, seed: int) -> None:
    assert job.target is not None
    with opened(job) as (ready, output):
        tasks = scanned(ready, output)
        random.Random(seed).shuffle(tasks)  # noqa: S311
        for task in tasks:
            make(ready, output, task)
    assert job.target.read_bytes() == undisturbed(job)
    assert not work_path(job.target).exists()


def test_only_the_first_task_begins_with_a_short_window(job: UpscaleJob, tmp_path: Path) -> None:
    source = render_scenes((10, 40, 20), tmp_path / "clip.mp4")
    job = replace(job, source=source, memory_bytes=10**9)
    assert job.target is not None
    with opened(job) as (ready, output):
        assert ready.network.stream_plan.first_window == 8
        for task in scanned(ready, output):
            make(ready, output, task)
        assert [segment.frames for segment in output.manifest.segments] == [10, 40, 20]
    assert job.target.read_bytes() == undisturbed(job)


@pytest.mark.parametrize("numbers", [[2], [0, 3], [3, 1], [0, 1, 2], [1, 2]])
def test_one_machine_finishes_what_others_began(job: UpscaleJob, numbers: list[int]) -> None:
    assert job.target is not None
    made_in_part(job, numbers)
    manifest = read_manifest(job.target)
    assert manifest is not None
    assert 0 < manifest.frames < FRAMES

    done: list[int] = []
    report = upscale(replace(job, resume=True), on_frame=done.append)

    assert len(done) == FRAMES - manifest.frames
    assert done[-1] == FRAMES == report.frames_out == report.frames_in
    assert job.target.read_bytes() == undisturbed(job)


@pytest.mark.parametrize("stop", [13, 26, 45, 66])
def test_others_finish_what_one_machine_began(job: UpscaleJob, stop: int) -> None:
    """The first machine may stop in the middle of a scene, or between two."""
    assert job.target is not None
    with pytest.raises(Interrupted):
        upscale(job, on_frame=ctrl_c_at(stop, job.target))
    with opened(replace(job, resume=True)) as (ready, output):
        manifest = output.manifest
        assert 0 < manifest.frames < FRAMES
        for task in reversed(scanned(ready, output)):
            make(ready, output, rest_of(task, manifest))
    assert job.target.read_bytes() == undisturbed(job)


def test_seeking_reads_no_more_than_the_span(
    job: UpscaleJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(job) as (ready, output):
        tasks = scanned(ready, output)
        sought: list[object] = []
        plain = Decoding.seek

        def seek(self: Decoding, seconds: object) -> bool:
            sought.append(seconds)
            return plain(self, seconds)  # type: ignore[arg-type]

        monkeypatch.setattr(Decoding, "seek", seek)
        for task in tasks:
            make(ready, output, task)
        assert len(sought) == len(tasks) - 1


def test_times_that_step_back_are_found_from_the_beginning(job: UpscaleJob, tmp_path: Path) -> None:
    """FLV repeats a millisecond where two frames are closer than that."""
    pts = [index * STEP for index in range(FRAMES)]
    for index in range(31, 40):
        pts[index] = pts[30] + (index - 30) * 3
    source = render_scenes(SCENES, tmp_path / "clip.flv", pts=pts)
    job = replace(job, source=source)
    assert job.target is not None
    with opened(job) as (ready, output):
        tasks = scanned(ready, output)
        assert [task.can_seek for task in tasks] == [True, True, False, False]
        for task in tasks:
            make(ready, output, task)
    assert job.target.read_bytes() == undisturbed(job)


def test_a_seek_that_leads_elsewhere_is_noticed_and_made_good(
    job: UpscaleJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert job.target is not None
    with opened(job) as (ready, output):
        tasks = scanned(ready, output)
        plain = Decoding.seek
        # The next keyframe instead of the last one: what a poor index does.
        monkeypatch.setattr(Decoding, "seek", lambda self, at: plain(self, at + 1))
        monkeypatch.setattr("dscvsr_cli.video.read.seek.FileOpener._begins_by", lambda *_: True)
        for task in tasks:
            make(ready, output, task)
    monkeypatch.undo()
    assert job.target.read_bytes() == undisturbed(job)


def test_another_film_than_was_scanned_is_refused(job: UpscaleJob, tmp_path: Path) -> None:
    other = render_scenes(SCENES[::-1], tmp_path / "other.mp4")
    with suppress(StoppedError), opened(job) as (ready, output):
        task = scanned(ready, output)[1]
        elsewhere = prepare(replace(job, source=other))
        with elsewhere.reader, pytest.raises(InputVideoError, match="other frames here"):
            make(elsewhere, output, task)
        assert list(output.folder.glob("segment-*")) == []
        raise StoppedError


def test_another_encoder_than_the_first_machines_is_refused(job: UpscaleJob) -> None:
    with suppress(StoppedError), opened(job) as (ready, output):
        task = scanned(ready, output)[0]
        settings = PieceSettings(
            folder=output.folder, plan=output.plan, segment_frames=8, header="another"
        )
        with pytest.raises(OutputVideoError, match="a different header"):
            make_piece(ready, task, settings)
        raise StoppedError


def test_a_machine_with_less_memory_uses_smaller_windows(job: UpscaleJob) -> None:
    with suppress(StoppedError), opened(job) as (ready, output):
        task = scanned(ready, output)[2]
        settings = PieceSettings(
            folder=output.folder,
            plan=StreamPlan(window=48),
            segment_frames=8,
            header=output.header,
        )
        # Windows of 48 would make one segment of the long scene.
        piece = make_piece(ready, task, settings)
        assert ready.network.stream_plan.window < 48
        assert len(piece.segments) > 1
        raise StoppedError

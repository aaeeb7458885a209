"""Frames that get lost and inputs that change are noticed, and nothing wrong is kept."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.errors import FrameCountError, InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.resume.work_folder import work_path
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render
from tests.resume.runs import FRAMES, interrupted


class Losing(VideoReader):
    """A reader that decodes and counts every frame, and loses one on its way out."""

    def __iter__(self) -> Iterator[Frame]:
        for index, frame in enumerate(super().__iter__()):
            if index != FRAMES - 2:
                yield frame


@pytest.mark.parametrize("interrupted_before", [False, True])
def test_a_frame_lost_behind_the_reader_is_noticed_and_nothing_is_kept(
    job: UpscaleJob, interrupted_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if interrupted_before:
        assert interrupted(job, 36) > 0
        job = replace(job, resume=True)
    monkeypatch.setattr("dscvsr_cli.pipelines.upscale.open_source.VideoReader", Losing)

    with pytest.raises(FrameCountError, match=f"{FRAMES} frames were read .* {FRAMES - 1} written"):
        upscale(job)

    assert job.target is not None
    assert not job.target.exists()
    assert not work_path(job.target).exists()


def test_a_frame_lost_on_the_way_to_an_output_in_one_go_is_noticed(
    job: UpscaleJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dscvsr_cli.pipelines.upscale.open_source.VideoReader", Losing)
    with pytest.raises(FrameCountError):
        upscale(replace(job, target=tmp_path / "frames" / "%03d.png", encoder_preset=None))
    assert list(tmp_path.iterdir()) == [job.source]


def test_frames_in_are_those_the_reader_counted_although_another_run_did(
    job: UpscaleJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    def left_before_joining() -> Path:
        with monkeypatch.context() as patch:
            patch.setattr("dscvsr_cli.pipelines.resume.publish.join_segments", kill)
            with pytest.raises(Killed):
                upscale(replace(job, restart=True))
        assert job.target is not None
        return work_path(job.target) / "manifest.json"

    left_before_joining()
    report = upscale(replace(job, resume=True))
    assert (report.frames_in, report.frames_out) == (FRAMES, FRAMES)

    assert job.target is not None
    job.target.unlink()
    manifest = left_before_joining()
    text = manifest.read_text()
    assert f'"frames_read": {FRAMES}' in text
    manifest.write_text(text.replace(f'"frames_read": {FRAMES}', f'"frames_read": {FRAMES + 1}'))
    with pytest.raises(FrameCountError, match=f"{FRAMES + 1} frames were read"):
        upscale(replace(job, resume=True))
    assert not job.target.exists()


def replaced_by_another(source: Path) -> None:
    """Give another video the name of the input, as a download or an editor does."""
    clip = Clip(width=32, height=32, pts=tuple(range(0, 10 * 512, 512)), sound_seconds=6.0)
    render(clip, source.parent, name="other").replace(source)


def overwritten_in_place(source: Path) -> None:
    with source.open("rb+") as file:
        file.seek(source.stat().st_size // 2)
        file.write(bytes(400))


@pytest.mark.parametrize("change", [replaced_by_another, overwritten_in_place, Path.unlink])
@pytest.mark.parametrize("out", ["out.mp4", "frames/%03d.png"])
def test_an_input_that_changes_meanwhile_gives_no_output_and_costs_no_finished_piece(
    job: UpscaleJob, tmp_path: Path, change: Callable[[Path], None], out: str
) -> None:
    original = job.source.read_bytes()
    times = job.source.stat()

    def disturb(done: int) -> None:
        if done == 30:
            change(job.source)

    preset = "ultrafast" if out == "out.mp4" else None
    disturbed = replace(job, target=tmp_path / out, encoder_preset=preset)
    with pytest.raises(InputVideoError, match="while it was being read"):
        upscale(disturbed, on_frame=disturb)
    assert not (tmp_path / out).exists()
    assert not (tmp_path / "frames").exists()
    job.source.write_bytes(original)
    os.utime(job.source, ns=(times.st_atime_ns, times.st_mtime_ns))
    if out == "out.mp4":
        report = upscale(replace(job, resume=True))
        assert report.plan.frames_done > 0
        assert report.frames_out == FRAMES


def test_an_equal_copy_in_the_place_of_the_input_is_as_good(job: UpscaleJob) -> None:
    def disturb(done: int) -> None:
        if done == 30:
            copy = job.source.with_name("copy")
            shutil.copy2(job.source, copy)
            copy.replace(job.source)

    assert upscale(job, on_frame=disturb).frames_out == FRAMES

"""A run that ends at any moment loses nothing: what is kept, what is refused, what comes out."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import (
    DamagedWorkError,
    FrameCountError,
    InputVideoError,
    OutputVideoError,
)
from dscvsr_cli.frames import Frame
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.resume.lock import ProcessLock
from dscvsr_cli.pipelines.resume.work_folder import WorkFolder, work_path
from dscvsr_cli.pipelines.upscale.batch import run_batch
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.weights.load import LoadedNetwork, load_network
from dscvsr_cli.weights.network_file import save_network
from tests.clips import Clip, render
from tests.ctrl_c import CtrlC, ctrl_c_at, early_ctrl_c
from tests.helpers import packet_payloads
from tests.networks import SMALLEST

FRAMES = 60
MEMORY = 7_600_000
"""Bytes that make windows short, so that a short clip has many of them."""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with sound and uneven times."""
    pts = tuple(512 * index + index % 3 for index in range(FRAMES))
    clip = Clip(width=32, height=32, pts=pts, sound_seconds=2.4)
    return render(clip, tmp_path_factory.mktemp("rendered"))


@pytest.fixture
def job(tmp_path: Path, rendered: Path, weights: Path) -> UpscaleJob:
    """A job of several segments, to ``out.mp4``."""
    return UpscaleJob(
        source=Path(shutil.copy(rendered, tmp_path)),
        target=tmp_path / "out.mp4",
        scale=2,
        weights=str(weights),
        device="cpu",
        dtype="float32",
        memory_bytes=MEMORY,
        encoder_preset="ultrafast",
        checkpoint_frames=8,
    )


def arguments(job: UpscaleJob, *more: str) -> list[str]:
    """The command line that asks for ``job``."""
    return [
        *["upscale", str(job.source), "-o", str(job.target), "-s", "2", "-w", str(job.weights)],
        *["--device", "cpu", "--dtype", "float32", "--memory", str(MEMORY)],
        *["--encoder-preset", "ultrafast", "--checkpoint", "8", *more],
    ]


def interrupted(job: UpscaleJob, count: int) -> int:
    with pytest.raises(Interrupted) as caught:
        upscale(job, on_frame=ctrl_c_at(count, job.target))
    return caught.value.frames_kept


def pictures(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(frame.pts, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def undisturbed(job: UpscaleJob) -> Path:
    assert job.target is not None
    target = job.target.with_name("undisturbed.mp4")
    upscale(replace(job, target=target))
    return target


def test_a_run_interrupted_again_and_again_makes_the_same_file(job: UpscaleJob) -> None:
    assert job.target is not None
    expected = undisturbed(job)
    kept = [interrupted(job, 20)]
    again = replace(job, resume=True)
    kept += [interrupted(again, count) for count in (36, 59)]
    assert 0 < kept[0] < kept[1] < kept[2] < FRAMES
    assert not job.target.exists()

    assert main(arguments(job, "--resume")) == 0

    assert pictures(job.target) == pictures(expected)
    assert packet_payloads(job.target, "audio") == packet_payloads(expected, "audio")
    assert job.target.read_bytes() == expected.read_bytes()
    assert not work_path(job.target).exists()


@pytest.mark.parametrize("encoder", ["libx265", "ffv1", "libvpx-vp9"])
def test_segments_of_other_encoders_join_as_well(job: UpscaleJob, encoder: str) -> None:
    source = replace(
        job, encoder=encoder, encoder_preset=None, target=job.source.with_name("out.mkv")
    )
    upscale(source)
    assert source.target is not None
    with av.open(str(source.target)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == FRAMES
    for index, seconds in enumerate(times):
        expected = Fraction(512 * index + index % 3, 12800)
        assert seconds is not None
        assert abs(Fraction(seconds) - expected) < Fraction(1, 1000)


def test_a_gif_which_cannot_be_joined_is_written_in_one_go(job: UpscaleJob, tmp_path: Path) -> None:
    steady = Clip(width=32, height=32, pts=tuple(range(0, 30 * 512, 512)))
    target = tmp_path / "out.gif"
    upscale(
        replace(
            job, source=render(steady, tmp_path, name="steady"), target=target, encoder_preset=None
        )
    )
    assert len(pictures(target)) == 30


def test_going_on_must_be_asked_for_and_nothing_is_lost_meanwhile(
    job: UpscaleJob, capfd: pytest.CaptureFixture[str]
) -> None:
    assert job.target is not None
    kept = interrupted(job, 20)

    assert main(arguments(job)) == 2

    error = capfd.readouterr().err
    assert f"{kept} frames" in error
    assert "--resume" in error
    assert "--restart" in error
    assert interrupted(replace(job, resume=True), 47) > kept

    assert main(arguments(job, "--restart")) == 0
    assert len(pictures(job.target)) == FRAMES


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--crf", "30"), "crf"),
        (("--dtype", "bfloat16"), "the dtype was float32 and is bfloat16"),
        (("--checkpoint", "9"), "--checkpoint was 8 and is 9"),
        (("--end", "2"), "--end was not given and is 2"),
    ],
)
def test_other_settings_than_it_was_begun_with_are_refused(
    job: UpscaleJob, more: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    interrupted(job, 40)
    assert main(arguments(job, "--resume", *more)) == 2
    assert told in capfd.readouterr().err
    assert main(arguments(job, "--resume")) == 0


def test_another_input_or_other_weights_are_refused(
    job: UpscaleJob, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    interrupted(job, 40)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        other = RecurrentNetwork(SMALLEST)
    path = tmp_path / "other.safetensors"
    save_network(other.state_dict(), SMALLEST, path, record={})
    assert main(arguments(replace(job, weights=str(path)), "--resume")) == 2
    assert "the weights" in capfd.readouterr().err

    content = job.source.read_bytes()
    job.source.write_bytes(content[:-1] + b"x")
    assert main(arguments(job, "--resume")) == 2
    assert "the input's content" in capfd.readouterr().err


def test_an_early_interruption_leaves_nothing(job: UpscaleJob, tmp_path: Path) -> None:
    with pytest.raises(CtrlC):
        upscale(job, on_frame=early_ctrl_c)
    assert list(tmp_path.iterdir()) == [job.source]


def test_two_runs_on_one_output_exclude_each_other(
    job: UpscaleJob, capfd: pytest.CaptureFixture[str]
) -> None:
    assert job.target is not None
    folder = WorkFolder(job.target)
    folder.acquire()
    try:
        for more in ((), ("--resume",), ("--restart",)):
            assert main(arguments(job, *more)) == 2
            assert f"process {os.getpid()}" in capfd.readouterr().err
    finally:
        folder.release()
    # The lock of a run that was killed is a file that nobody holds.
    assert (work_path(job.target) / "lock").exists()
    assert main(arguments(job)) == 0


def test_a_lock_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "lock"), ProcessLock(tmp_path / "lock")
    first.acquire("it")
    first.release()
    (tmp_path / "lock").unlink()
    second.acquire("it")
    second.release()


def test_a_full_disk_keeps_what_is_finished(job: UpscaleJob) -> None:
    resource = pytest.importorskip("resource")
    expected = undisturbed(job)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_disk(done: int) -> None:
        if done == 30:
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))

    try:
        with pytest.raises(OutputVideoError, match="could not be written") as caught:
            upscale(job, on_frame=fill_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "space" in caught.value.hint
    assert "--resume" in caught.value.hint
    assert main(arguments(job, "--resume")) == 0
    assert job.target is not None
    assert job.target.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("moment", ["joining", "published"])
def test_a_run_killed_at_its_very_end_can_be_resumed(
    job: UpscaleJob, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands for a kill: the step fails and nothing is tidied up."""
    expected = undisturbed(job)
    assert job.target is not None

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    package = "dscvsr_cli.pipelines.resume."
    with monkeypatch.context() as patch:
        patch.setattr(
            f"{package}publish.join_segments"
            if moment == "joining"
            else f"{package}resumable_output.WorkFolder.discard",
            kill,
        )
        with pytest.raises(Killed):
            upscale(job)
    assert job.target.exists() == (moment == "published")
    assert work_path(job.target).exists()

    assert main(arguments(job, "--resume")) == 0
    assert job.target.read_bytes() == expected.read_bytes()
    assert not work_path(job.target).exists()


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


def test_a_damaged_segment_is_noticed(job: UpscaleJob, capfd: pytest.CaptureFixture[str]) -> None:
    assert job.target is not None
    interrupted(job, 40)
    segment = work_path(job.target) / "segment-00000000.packets"
    content = segment.read_bytes()
    segment.write_bytes(content[:100])
    assert main(arguments(job, "--resume")) == 3
    assert "--restart" in capfd.readouterr().err
    segment.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
    assert main(arguments(job, "--resume")) == 3
    with pytest.raises(DamagedWorkError) as caught:
        upscale(replace(job, resume=True))
    # What is damaged cannot be continued, so nobody is told to try.
    assert "--resume" not in caught.value.hint
    assert not job.target.exists()


def test_somebody_elses_file_of_the_name_is_kept(job: UpscaleJob) -> None:
    assert job.target is not None

    def appear(done: int) -> None:
        if done == 50 and job.target is not None:
            job.target.write_bytes(b"precious")

    with pytest.raises(OutputVideoError, match="put in place"):
        upscale(job, on_frame=appear)
    assert job.target.read_bytes() == b"precious"
    job.target.unlink()
    assert main(arguments(job, "--resume")) == 0
    assert len(pictures(job.target)) == FRAMES


def test_what_a_link_points_to_is_replaced(job: UpscaleJob, tmp_path: Path) -> None:
    real, link = tmp_path / "elsewhere" / "real.mp4", tmp_path / "link.mp4"
    real.parent.mkdir()
    real.write_bytes(b"old")
    link.symlink_to(real)
    upscale(replace(job, target=link, overwrite=True))
    assert link.is_symlink()
    assert len(pictures(real)) == FRAMES


@pytest.mark.slow
def test_a_killed_process_is_resumed_to_the_same_file(job: UpscaleJob) -> None:
    expected = undisturbed(job)
    assert job.target is not None
    command = [sys.executable, "-m", "dscvsr_cli", *arguments(job)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 60
        while not list(work_path(job.target).glob("state-*.safetensors")) and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        run.send_signal(signal.SIGKILL)
    if not job.target.exists():
        assert main(arguments(job, "--resume")) == 0
    assert job.target.read_bytes() == expected.read_bytes()


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

    with pytest.raises(InputVideoError, match="while it was being read"):
        upscale(replace(job, target=tmp_path / out), on_frame=disturb)
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


def test_resuming_what_an_earlier_run_finished_does_nothing_and_succeeds(
    job: UpscaleJob, capfd: pytest.CaptureFixture[str]
) -> None:
    assert job.target is not None
    upscale(job)
    content = job.target.read_bytes()
    assert main(arguments(job, "--resume")) == 0
    assert "already finished" in capfd.readouterr().out
    assert job.target.read_bytes() == content
    # Without --resume, or when the input is newer, an existing file is still in the way.
    assert main(arguments(job)) == 2
    os.utime(job.source)
    os.utime(job.target, ns=(0, 0))
    assert main(arguments(job, "--resume")) == 2


def test_what_another_run_finishes_meanwhile_is_skipped_and_leaves_no_folder(
    job: UpscaleJob,
) -> None:
    assert job.target is not None
    others: list[int] = []

    def load_late(
        spec: str | None = None, *, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> LoadedNetwork:
        # The target has been looked for by now, and nothing is locked yet.
        if not others:
            others.append(upscale(job).frames_out)
        return load_network(spec, device=device, dtype=dtype)

    report = run_batch([job], lambda one: upscale(one, load=load_late))

    assert others == [FRAMES]
    assert [(one.outcome, one.message) for one in report.files] == [("skipped", "already finished")]
    assert len(pictures(job.target)) == FRAMES
    assert not work_path(job.target).exists()

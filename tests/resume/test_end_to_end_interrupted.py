"""A run that ends at any moment loses nothing: what is kept, what is refused, what comes out."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import (
    OutputVideoError,
)
from dscvsr_cli.pipelines.resume.work_folder import work_path
from dscvsr_cli.pipelines.upscale.batch import run_batch
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.weights.load import LoadedNetwork, load_network
from tests.clips import Clip, render
from tests.ctrl_c import CtrlC, early_ctrl_c
from tests.helpers import packet_payloads
from tests.resume.runs import FRAMES, arguments, interrupted, pictures, undisturbed


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


def test_an_early_interruption_leaves_nothing(job: UpscaleJob, tmp_path: Path) -> None:
    with pytest.raises(CtrlC):
        upscale(job, on_frame=early_ctrl_c)
    assert list(tmp_path.iterdir()) == [job.source]


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
    job: UpscaleJob,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
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
    plan, report = capsys.readouterr().out.splitlines()
    assert plan.endswith(", all frames made by an earlier run")
    assert f"{FRAMES} frames out, " in report
    assert ", all made by an earlier run, " in report
    assert "frames/s" not in report
    assert job.target.read_bytes() == expected.read_bytes()
    assert not work_path(job.target).exists()


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

"""Unfinished work is continued only on request, with the settings that it was started with."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import DamagedWorkError, OutputVideoError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.resume.lock import ProcessLock
from dscvsr_cli.pipelines.resume.work_folder import WorkFolder, work_path
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.weights.network_file import save_network
from tests.networks import SMALLEST
from tests.resume.runs import FRAMES, arguments, interrupted, pictures


def test_continuing_must_be_asked_for_and_nothing_is_lost_meanwhile(
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
def test_other_settings_than_it_was_started_with_are_refused(
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

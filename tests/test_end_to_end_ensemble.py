"""``--ensemble``: the mean over mirrored copies reaches the file, the plan and the fingerprint."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from dscvsr_cli import enlarge_frames
from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import Clip, render
from tests.ctrl_c import ctrl_c_at


@pytest.fixture
def job(tmp_path: Path, weights: Path) -> UpscaleJob:
    source = render(Clip(width=32, height=24, pts=tuple(range(0, 64 * 512, 512))), tmp_path)
    return UpscaleJob(
        source=source,
        target=tmp_path / "out.mkv",
        scale=2,
        weights=str(weights),
        device="cpu",
        encoder="ffv1",
        checkpoint_frames=4,
    )


def test_the_frames_are_those_of_the_ensemble(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = np.random.default_rng(0).integers(0, 256, (3, 24, 32, 3), dtype=np.uint8)
    folder, enlarged = tmp_path / "small", tmp_path / "enlarged"
    folder.mkdir()
    for place, frame in enumerate(small, start=1):
        pixels = torch.from_numpy(frame).permute(2, 0, 1).float() / 255
        save_png(folder / f"{place:05}.png", pixels)

    def enlarged_by(copies: int) -> np.ndarray:
        return np.stack(
            list(
                enlarge_frames(small, scale=2, weights=str(weights), device="cpu", ensemble=copies)
            )
        )

    command = ["upscale", str(folder), "-s", "2", "-w", str(weights), "--device", "cpu"]

    assert main([*command, "-o", f"{enlarged}/", "--ensemble", "4"]) == 0

    assert ", ensemble of 4, window" in capsys.readouterr().out
    made = np.stack([picture(path) for path in sorted(enlarged.glob("*.png"))])
    assert np.abs(made.astype(int) - enlarged_by(4)).max() <= 1
    assert np.abs(made.astype(int) - enlarged_by(1)).max() > 1


def picture(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_an_unfinished_run_is_not_continued_with_another_ensemble(job: UpscaleJob) -> None:
    with pytest.raises(Interrupted):
        upscale(replace(job, ensemble=2), on_frame=ctrl_c_at(20, job.target))
    with pytest.raises(UsageError, match="ensemble"):
        upscale(replace(job, resume=True))
    report = upscale(replace(job, ensemble=2, resume=True))
    assert report.frames_out == 64


@pytest.mark.parametrize("copies", ["0", "5"])
def test_numbers_that_cannot_be_are_refused(
    job: UpscaleJob, copies: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upscale", str(job.source), "-s", "2", "--ensemble", copies]) == 2
    assert "--ensemble" in capsys.readouterr().err
    with pytest.raises(ValueError, match="ensemble must be 1 to 4"):
        replace(job, ensemble=int(copies))

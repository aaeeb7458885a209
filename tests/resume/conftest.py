"""A job of several segments, for runs that are interrupted."""

import shutil
from pathlib import Path

import pytest

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from tests.clips import Clip, render
from tests.resume.runs import FRAMES, MEMORY


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

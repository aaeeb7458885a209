"""The whole job through torch.compile: frames as in torch, over cuts, scenes at once and a resume.

All frames have one odd size, so that two forms are compiled in all: a step with and one without
filling. They stay in the compiler's own cache, where the next run of these tests finds them.
"""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.runtimes.compiler import COMPILER, missing_for_compiling
from dscvsr_cli.video.read.reader import VideoReader
from tests.ctrl_c import ctrl_c_at
from tests.networks import save_smallest

CPU = torch.device("cpu")
MISSING = missing_for_compiling(CPU)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MISSING is not None, reason=f"needs {MISSING}"),
]

FRAMES, HEIGHT, WIDTH = 24, 26, 34
CUT = 11


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of noise that moves."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    noise = np.random.default_rng(0).integers(0, 256, (2, 3 * HEIGHT, 3 * WIDTH, 3), np.uint8)
    noise[0] //= 4
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=24, width=WIDTH, height=HEIGHT)
        stream.pix_fmt = "yuv444p"
        for place in range(FRAMES):
            scene, shift = int(place >= CUT), place // 4
            picture = noise[scene, shift : shift + HEIGHT, shift : shift + WIDTH]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.fixture
def job(clip: Path, tmp_path: Path) -> UpscaleJob:
    return UpscaleJob(
        source=clip,
        target=tmp_path / "out.mkv",
        scale=1.5,
        weights=str(save_smallest(tmp_path / "smallest.safetensors")),
        device="cpu",
        dtype="float32",
        runtime="compiled",
        encoder="ffv1",
        checkpoint_frames=4,
        memory_bytes=5_200_000,  # makes windows short
    )


def pixels(path: Path | None) -> Tensor:
    assert path is not None
    with VideoReader(path) as reader:
        return torch.stack([frame.pixels for frame in reader])


def test_frames_are_those_of_torch_and_the_plan_names_the_runtime(
    job: UpscaleJob, tmp_path: Path
) -> None:
    plans: list[UpscalePlan] = []
    upscale(job, on_plan=plans.append)
    assert not COMPILER.has_failed
    plain = replace(job, runtime="torch", target=tmp_path / "torch.mkv")
    upscale(plain, on_plan=plans.append)
    assert [plan.runtime for plan in plans] == ["compiled", "torch"]
    # Both are rounded to 8 bits: a hair's breadth may become one step.
    assert (pixels(job.target) - pixels(plain.target)).abs().max() < 1.5 / 255


def test_scenes_at_once_and_a_resumed_run_have_the_same_frames(
    job: UpscaleJob, tmp_path: Path
) -> None:
    upscale(job)
    whole = pixels(job.target)
    pair = replace(job, target=tmp_path / "pair.mkv", scenes_at_once=2, memory_bytes=50_000_000)
    single = replace(pair, target=tmp_path / "single.mkv", scenes_at_once=1)
    plans: list[UpscalePlan] = []
    upscale(pair, on_plan=plans.append)
    upscale(single)
    assert plans[0].scenes_at_once == 2
    assert torch.equal(pixels(pair.target), pixels(single.target))
    rest = replace(job, target=tmp_path / "rest.mkv")
    with pytest.raises(Interrupted):
        upscale(rest, on_frame=ctrl_c_at(FRAMES - 5, rest.target))
    with pytest.raises(DscvsrError, match="the runtime was compiled and is torch"):
        upscale(replace(rest, runtime="torch", resume=True))
    assert upscale(replace(rest, resume=True)).frames_out == FRAMES
    assert torch.equal(pixels(rest.target), whole)
    assert not COMPILER.has_failed


def test_without_a_compiler_the_runtime_is_refused_before_the_work(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "missing++"))
    target = tmp_path / "out.mkv"
    command = ["upscale", str(clip), "-s", "2", "--device", "cpu", "-o", str(target)]
    assert main([*command, "--runtime", "compiled"]) == 2
    told = capsys.readouterr().err
    assert "needs a C++ compiler" in told
    assert "--runtime torch" in told
    assert not target.exists()

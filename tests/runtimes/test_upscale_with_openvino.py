"""The whole job through OpenVINO: the plan says so, and a run does not change its runtime."""

from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.runtimes import openvino_graphs
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.weights.network_file import save_network
from tests.ctrl_c import ctrl_c_at

pytest.importorskip("openvino", reason="needs openvino: pip install dscvsr[openvino]")
pytestmark = pytest.mark.slow


@pytest.fixture
def job(
    tmp_path: Path, tiny_network: RecurrentNetwork, monkeypatch: pytest.MonkeyPatch
) -> UpscaleJob:
    monkeypatch.setattr(openvino_graphs, "default_cache_dir", lambda: tmp_path / "cache")
    weights = tmp_path / "tiny.safetensors"
    save_network(tiny_network.state_dict(), tiny_network.config, weights, record={})
    clip = tmp_path / "clip.mkv"
    render_demo_clip(clip, width=48, height=32, seconds=2.0)
    return UpscaleJob(
        source=clip,
        target=tmp_path / "out.mkv",
        scale=2.0,
        weights=str(weights),
        device="cpu",
        dtype="float32",
        runtime="openvino",
        encoder="ffv1",
        checkpoint_frames=4,
        memory_bytes=12_000_000,  # makes windows short, and equal
    )


def test_the_plan_names_the_runtime_and_the_pictures_are_those_of_torch(
    job: UpscaleJob, tmp_path: Path
) -> None:
    plans: list[UpscalePlan] = []
    upscale(job, on_plan=plans.append)
    other = replace(job, runtime="torch", target=tmp_path / "torch.mkv")
    upscale(other, on_plan=plans.append)
    assert [plan.runtime for plan in plans] == ["openvino", "torch"]
    # The next job of this size need not convert the network again.
    upscale(replace(job, target=tmp_path / "again.mkv"), on_plan=plans.append)
    assert [plan.converted_first for plan in plans] == [True, False, False]
    with VideoReader(tmp_path / "out.mkv") as made, VideoReader(tmp_path / "torch.mkv") as expected:
        for here, there in zip(made, expected, strict=True):
            # Both are rounded to 8 bits, so that a hair's breadth may become one step, and more
            # in blue, which the conversion from YUV multiplies.
            assert (here.pixels - there.pixels).abs().max() < 2.5 / 255


def test_a_run_that_was_begun_with_another_runtime_is_not_resumed(job: UpscaleJob) -> None:
    with pytest.raises(Interrupted):
        upscale(job, on_frame=ctrl_c_at(40, job.target))
    with pytest.raises(DscvsrError, match="the runtime was openvino and is torch"):
        upscale(replace(job, runtime="torch", resume=True))
    assert upscale(replace(job, resume=True)).frames_out == 48

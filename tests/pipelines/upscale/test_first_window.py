"""On a processor the first window is short, unless the whole video fits into one window."""

from pathlib import Path

import pytest
import torch

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.network_plan import FIRST_WINDOW
from dscvsr_cli.pipelines.upscale.prepare import prepare
from dscvsr_cli.weights.network_file import save_network
from tests.clips import Clip, render
from tests.networks import SMALLEST


@pytest.mark.parametrize(("count", "first"), [(56, None), (57, FIRST_WINDOW)])
def test_the_first_window_is_short_where_there_are_several(
    count: int, first: int | None, tmp_path: Path
) -> None:
    weights = tmp_path / "smallest.safetensors"
    save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, weights, record={})
    source = render(Clip(width=32, height=32, pts=tuple(range(0, count * 512, 512))), tmp_path)
    job = UpscaleJob(
        source=source, scale=2, weights=str(weights), device="cpu", memory_bytes=2 * 10**9
    )
    with torch.random.fork_rng(devices=[]):
        ready = prepare(job)
    with ready.reader:
        plan = ready.network.stream_plan
    assert (plan.window, plan.look_ahead, plan.first_window) == (48, 8, first)

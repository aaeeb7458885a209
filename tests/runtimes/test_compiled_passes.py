"""Compiled passes give what torch gives, in the same memory of weights.

torch.compile traces here and hands its graphs back as they are: compiling them takes seconds a
shape, and test_upscale_compiled.py does.
"""

import copy

import pytest
import torch

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.compiled_passes import _warp_and_advance, with_compiled_passes
from dscvsr_cli.runtimes.compiler import Compiler
from tests.engine.fakes import random_frames, upscaled


@pytest.mark.parametrize(
    "plan",
    [
        StreamPlan(window=3, look_ahead=1, step=2),
        # Two shapes of tiles.
        StreamPlan(window=8, look_ahead=0, tile=16, overlap=8),
    ],
)
def test_frames_are_those_of_torch(tiny_network: RecurrentNetwork, plan: StreamPlan) -> None:
    compiler = Compiler("eager")
    compiled = with_compiled_passes(tiny_network, compiler)
    frames = random_frames(7, Size(15, 22))
    with torch.inference_mode():
        made, expected = (
            upscaled(frames, network, plan, cuts=(4,), scale=2)
            for network in (compiled, tiny_network)
        )
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)
    assert not compiler.has_failed


def test_the_warp_is_compiled_with_the_pass_where_it_pays(tiny_network: RecurrentNetwork) -> None:
    recurrent, generator = tiny_network.forward_pass, torch.Generator().manual_seed(0)
    frame, state, flow = (
        torch.randn(1, channels, 9, 14, generator=generator) for channels in (3, 8, 2)
    )
    compiler = Compiler("eager")
    with torch.inference_mode():
        made = compiler.run(_warp_and_advance, 0, recurrent, frame, state, flow, filled=True)
        expected = recurrent(frame, state, flow, filled=True)
    torch.testing.assert_close(made, expected)
    assert not compiler.has_failed


def test_the_network_itself_stays_as_it_is(tiny_network: RecurrentNetwork) -> None:
    before = copy.deepcopy(tiny_network)
    compiled = with_compiled_passes(tiny_network, Compiler("eager"))
    assert type(tiny_network.forward_pass) is type(before.forward_pass)
    held = {id(tensor) for tensor in tiny_network.state_dict(keep_vars=True).values()}
    assert {id(tensor) for tensor in compiled.state_dict(keep_vars=True).values()} == held

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
from tests.runtimes.counting_backend import CountingBackend


@pytest.mark.parametrize(
    ("plan", "shapes"),
    [
        (StreamPlan(window=3, look_ahead=1, step=2), 1),
        (StreamPlan(window=8, look_ahead=0, tile=16, overlap=8), 2),
    ],
)
def test_frames_are_those_of_torch_and_both_passes_share_two_forms_of_each_shape(
    tiny_network: RecurrentNetwork, plan: StreamPlan, shapes: int
) -> None:
    backend = CountingBackend()
    compiler = Compiler(backend)
    compiled = with_compiled_passes(tiny_network, compiler)
    frames = random_frames(7, Size(15, 22))
    with torch.inference_mode():
        made, expected = (
            upscaled(frames, network, plan, cuts=(4,), scale=2)
            for network in (compiled, tiny_network)
        )
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)
    assert not compiler.has_failed
    assert backend.count == 2 * shapes


def test_a_state_from_elsewhere_and_a_clip_of_another_length_compile_nothing_new(
    tiny_network: RecurrentNetwork,
) -> None:
    backend = CountingBackend()
    compiled = with_compiled_passes(tiny_network, Compiler(backend))
    clip = torch.rand((1, 5, 3, 9, 14), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        compiled.forward_features(clip, first_index=0)
    assert backend.count == 2
    for length in (1, 2, 3):
        # As it comes from a file: made outside of inference mode, and in other strides.
        state, frame = torch.rand(1, 8, 9, 14), torch.rand(1, 3, 9, 14)
        for network in (compiled, tiny_network):
            made = network.forward_features(
                clip[:, :length], first_index=1, previous_features=state, previous_frame=frame
            )
            assert made.isfinite().all()
    assert backend.count == 2


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

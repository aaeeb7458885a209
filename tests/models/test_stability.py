"""The bundled networks stay calm for a long time, on pictures unlike any that they learned from.

A recurrence that has seen a dozen frames at a time can carry a pattern along that grows a little
with every frame, until after some seconds it covers the picture.
"""

import pytest
import torch
from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import interpolate
from dscvsr_cli.weights.load import load_network

FRAMES = 96
SIDE = 40
NAMES = ("dscvsr-lite-video", "dscvsr-lite", "dscvsr-fast-video", "dscvsr-fast")


def saturated_clip() -> Tensor:
    """Draw hard edges between full colours that zoom and turn -> ``(1, T, 3, SIDE, SIDE)``."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    frames = []
    for number in range(FRAMES):
        zoom, turn = 1.01 ** -torch.tensor(float(number)), torch.tensor(0.004 * number)
        u = zoom * (x * torch.cos(turn) - y * torch.sin(turn))
        v = zoom * (x * torch.sin(turn) + y * torch.cos(turn))
        angle = torch.atan2(v, u - 0.1)
        waves = [torch.sin(9 * angle + 14 * u + phase) for phase in (0.0, 2.1, 4.2)]
        frames.append((8 * torch.stack(waves) + 0.5).clamp(0, 1))
    return torch.stack(frames)[None].mul(255).round().div(255)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_travels_through_time_stays_bounded(name: str) -> None:
    loaded = load_network(name, device=torch.device("cpu"), dtype=torch.float32)
    frames = saturated_clip()
    with torch.inference_mode():
        forward = loaded.network.forward_features(frames, first_index=0)
        backward = loaded.network.backward_features(frames, first_index=0)
        last = slice(FRAMES - 4, FRAMES)
        size = Size(2 * SIDE, 2 * SIDE)
        made = loaded.network.reconstruct(
            frames[:, last], backward[:, last], forward[:, last], size=size
        )
    limit = loaded.network.config.state_limit
    assert limit > 0
    assert float(forward.abs().max()) <= limit
    assert float(backward.abs().max()) <= limit
    detail = made[0] - interpolate(frames[0, last], size)
    # As loud as the detail of a picture with such edges is, and no louder.
    assert float(torch.nn.functional.avg_pool2d(detail.abs(), 16).max()) < 0.3

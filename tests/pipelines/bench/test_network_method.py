"""A network is measured through the engine, as it runs in a job."""

import torch
from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameListener
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import numbered
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.bench.network_method import network_upscaler


class Brightening:
    """Adds to each pixel, by nearest neighbour, a hundredth of its frame's place in the clip."""

    def backward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        on_frame: FrameListener | None = None,  # noqa: ARG002  # the protocol's
    ) -> Tensor:
        places = torch.arange(first_index, first_index + frames.shape[1])
        return frames[:, :, :1] * 0 + places.view(1, -1, 1, 1, 1) / 100

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,  # noqa: ARG002  # the protocol's
        previous_frame: Tensor | None = None,  # noqa: ARG002  # the protocol's
        on_frame: FrameListener | None = None,  # noqa: ARG002  # the protocol's
    ) -> Tensor:
        return self.backward_features(frames, first_index=first_index)

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        brighter = frames + (backward + forward) / 2
        enlarged = torch.nn.functional.interpolate(
            brighter.flatten(0, 1), size=(size.height, size.width)
        )
        return enlarged.view(*frames.shape[:2], *enlarged.shape[1:])


def test_frames_pass_the_engine_and_come_back_in_order() -> None:
    # They flicker, for what stands still is held.
    levels = [0.25 + 0.02 * (place % 2) for place in range(7)]
    lows = [torch.full((3, 8, 10), level) for level in levels]
    upscale = network_upscaler(
        Brightening(), device=torch.device("cpu"), plan=StreamPlan(window=3, look_ahead=1)
    )
    made = list(upscale(numbered(lows), Size(20, 25)))
    assert [tuple(picture.shape) for picture in made] == [(3, 20, 25)] * 7
    for place, picture in enumerate(made):
        torch.testing.assert_close(picture, torch.full((3, 20, 25), levels[place] + place / 100))

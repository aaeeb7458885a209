"""The recurrent skeleton of the paper's Fig. 2; MetaVSR and DSCVSR are two configs of it.

A backward pass walks from the last frame to the first, a forward pass from the first to the last;
each aligns its state to the frame at hand by optical flow. Their features are fused and
Meta-Upscale turns them into detail that is added to the interpolated frame.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.frames import check_frames
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.blocks import activate
from dscvsr_cli.models.filling import is_filled
from dscvsr_cli.models.initialisation import initialise
from dscvsr_cli.models.meta_upscale import MetaUpscale
from dscvsr_cli.models.motion import MotionEstimator
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.models.rounding import Ranges
from dscvsr_cli.warping import FLOW_PIXELS


class RecurrentNetwork(nn.Module):
    """Bidirectional recurrent video super-resolution by any factor.

    Frames stay float32 whatever the dtype of the parameters, because they are the base that the
    detail is added to; features have the parameters' dtype.

    Attributes:
        ranges: Of its features, which eight-bit arithmetic needs; empty if it was never calibrated.
    """

    ranges: Ranges

    def __init__(self, config: NetworkConfig) -> None:
        """Build the network that ``config`` describes, with fresh weights."""
        super().__init__()
        self.config = config
        self.ranges = {}
        self.motion = MotionEstimator(config)
        self.backward_pass = RecurrentPass(config)
        self.forward_pass = RecurrentPass(config)
        self.fusion = nn.Conv2d(2 * config.channels, config.channels, 1)
        self.refinement = nn.Conv2d(config.channels, config.channels, 3, padding=1)
        self.head = MetaUpscale(config)
        for part in (self.backward_pass, self.forward_pass, self.fusion, self.refinement):
            initialise(part)

    @property
    def feature_dtype(self) -> torch.dtype:
        """The dtype of features."""
        return self.fusion.weight.dtype

    def forward(self, frames_BT3HW: Tensor, size: Size, *, first_index: int = 0) -> Tensor:
        """Enlarge whole clips: ``(B, T, 3, H, W)`` RGB in [0, 1] -> ``(B, T, 3, sH, sW)``."""
        backward = self.backward_features(frames_BT3HW, first_index=first_index)
        forward = self.forward_features(frames_BT3HW, first_index=first_index)
        return self.reconstruct(frames_BT3HW, backward, forward, size=size)

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: Callable[[], None] | None = None
    ) -> Tensor:
        """Run the pass from the last frame to the first -> ``(B, T, C, H, W)``.

        ``on_frame`` is called after every frame.
        """
        check_frames(frames)
        flow = self._flows(frames[:, :-1], frames[:, 1:])
        features: list[Tensor] = []
        for i in reversed(range(frames.shape[1])):
            features.append(
                self.backward_pass(
                    frames[:, i].to(self.feature_dtype),
                    features[-1] if features else None,
                    flow(i) if features else None,
                    filled=is_filled(first_index + i),
                )
            )
            if on_frame:
                on_frame()
        return torch.stack(features[::-1], dim=1)

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: Callable[[], None] | None = None,
    ) -> Tensor:
        """Run the pass from the first frame to the last -> ``(B, T, C, H, W)``.

        ``on_frame`` is called after every frame.
        """
        check_frames(frames)
        before = frames[:, :-1]
        if previous_frame is not None:
            before = torch.cat((previous_frame[:, None], before), dim=1)
        flow = self._flows(frames[:, frames.shape[1] - before.shape[1] :], before)
        first_flow = frames.shape[1] - before.shape[1]
        state = previous_features
        features: list[Tensor] = []
        for i in range(frames.shape[1]):
            state = self.forward_pass(
                frames[:, i].to(self.feature_dtype),
                state,
                flow(i - first_flow) if i >= first_flow else None,
                filled=is_filled(first_index + i),
            )
            features.append(state)
            if on_frame:
                on_frame()
        return torch.stack(features, dim=1)

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        """Join both passes into enlarged frames -> ``(B, T, 3, sH, sW)`` float32, not clamped."""
        check_frames(frames)
        batch, length = frames.shape[:2]
        joined = torch.cat((backward, forward), dim=2).flatten(0, 1)
        fused = activate(self.fusion(joined))
        detail = self.head(activate(self.refinement(fused)), size)
        base = interpolate(frames.flatten(0, 1), size)
        return (base + detail.float()).unflatten(0, (batch, length))

    def _flows(self, target: Tensor, source: Tensor) -> Callable[[int], Tensor]:
        """Return what gives the flow of one of ``(B, T, 3, H, W)`` pairs -> ``(B, 2, H, W)``.

        Flows are estimated several at once, when the first of them is asked for, and only those
        are held. While gradients are recorded all are estimated first, in the order of the pairs.
        """
        batch, length, _, height, width = target.shape
        step = max(1, FLOW_PIXELS // (batch * height * width))
        held: dict[int, Tensor] = {}

        def estimate(part: int) -> None:
            pairs = slice(part * step, (part + 1) * step)
            found = self.motion(target[:, pairs].flatten(0, 1), source[:, pairs].flatten(0, 1))
            held[part] = found.float().unflatten(0, (batch, -1))

        def flow(index: int) -> Tensor:
            part = index // step
            if part not in held:
                held.clear()
                estimate(part)
            return held[part][:, index - part * step]

        if torch.is_grad_enabled():
            for part in range(-(-length // step)):
                estimate(part)
        return flow


def interpolate(pictures_B3HW: Tensor, size: Size) -> Tensor:
    """Enlarge by bicubic interpolation -> ``(B, 3, sH, sW)`` float32.

    torch's antialiased kernel is the one with a = -0.5 (Keys; MATLAB's); its plain one has -0.75.
    """
    return F.interpolate(
        pictures_B3HW.float(),
        size=(size.height, size.width),
        mode="bicubic",
        align_corners=False,
        antialias=True,
    )

"""SelfEnsemble: enlarge a video and its mirror images, and average the results.

A network does not make the same errors on a frame and on its mirror image. If it has to guess, as
in patterns finer than the pixels of its input, the mean is nearer to the truth. The idea is from
Timofte et al., "Seven ways to improve example-based single image super resolution", CVPR 2016;
theirs is for pictures and includes rotations, which here would need frames of another shape.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameListener, FrameNetwork, KeepsMemory
from dscvsr_cli.geometry import MIRROR_IMAGES, Size

_ROWS, _COLUMNS = -2, -1


class SelfEnsemble:
    """A ``FrameNetwork`` that runs another one on several copies of the frames.

    The features of all copies are concatenated in the channels, each mirrored back, so that they
    can be cut into tiles like those of one network.

    Args:
        network: Runs on one copy after the other.
        copies: How many, from 1 to as many as there are mirror images.
    """

    def __init__(self, network: FrameNetwork, copies: int) -> None:
        if not 1 <= copies <= len(MIRROR_IMAGES):
            raise ValueError(f"expected 1 to {len(MIRROR_IMAGES)} copies, got {copies}")
        self._network = network
        self._axes: Sequence[tuple[int, ...]] = MIRROR_IMAGES[:copies]

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        """Run the backward pass of every copy -> ``(B, T, copies * C, H, W)``."""
        on_copy = self._once_for_all(on_frame)
        return torch.cat(
            [
                self._network.backward_features(
                    frames.flip(axes), first_index=first_index, on_frame=on_copy
                ).flip(axes)
                for axes in self._axes
            ],
            dim=2,
        )

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        """Run the forward pass of every copy -> ``(B, T, copies * C, H, W)``.

        ``previous_features`` is ``(B, copies * C, H, W)``.
        """
        on_copy = self._once_for_all(on_frame)
        copies = len(self._axes)
        states: Sequence[Tensor | None] = [None] * copies
        if previous_features is not None:
            states = previous_features.chunk(copies, dim=1)
        return torch.cat(
            [
                self._network.forward_features(
                    frames.flip(axes),
                    first_index=first_index,
                    previous_features=_mirrored(state, axes),
                    previous_frame=_mirrored(previous_frame, axes),
                    on_frame=on_copy,
                ).flip(axes)
                for axes, state in zip(self._axes, states, strict=True)
            ],
            dim=2,
        )

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        """Average the enlarged frames of all copies -> ``(B, T, 3, sH, sW)``, not clamped."""
        copies = len(self._axes)
        parts = zip(
            self._axes, backward.chunk(copies, dim=2), forward.chunk(copies, dim=2), strict=True
        )
        made = (
            self._network.reconstruct(
                frames.flip(axes), before.flip(axes), after.flip(axes), size=size
            ).flip(axes)
            for axes, before, after in parts
        )
        # One by one: pictures are large, and memory is planned for the sum and one copy's.
        total = next(made)
        for pictures in made:
            total.add_(pictures)
        return total.div_(copies)

    def release_memory(self) -> None:
        """Give back what the network keeps from call to call."""
        if isinstance(self._network, KeepsMemory):
            self._network.release_memory()

    def _once_for_all(self, on_frame: FrameListener | None) -> FrameListener | None:
        """Return a listener that reports a frame once every copy has passed as many."""
        if on_frame is None:
            return None
        passed = 0

        def count() -> None:
            nonlocal passed
            passed += 1
            if passed % len(self._axes) == 0:
                on_frame()

        return count


def _mirrored(plane: Tensor | None, axes: tuple[int, ...]) -> Tensor | None:
    return None if plane is None else plane.flip(axes)


def ensemble_of(network: FrameNetwork, copies: int) -> FrameNetwork:
    """Return a network that averages this many copies; for one copy, the network itself."""
    return network if copies == 1 else SelfEnsemble(network, copies)

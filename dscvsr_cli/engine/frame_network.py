"""FrameNetwork: what the engine asks of a network, and nothing more."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import Tensor

from dscvsr_cli.geometry import Size

FrameListener = Callable[[], None]
"""Called each time a pass has finished one frame."""


class FrameNetwork(Protocol):
    """A bidirectional recurrent network in three steps, so that windows can stream through it.

    Frames are ``(B, T, 3, H, W)`` RGB in [0, 1]; features are ``(B, T, C, H, W)``. ``first_index``
    is the position of the first given frame within its scene (0 for the scene's first frame).
    ``on_frame`` is called after every frame of a pass, so that long passes can be followed.
    """

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        """Run the pass from the last frame to the first -> ``(B, T, C, H, W)``."""
        ...

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        """Run the pass from the first frame to the last -> ``(B, T, C, H, W)``.

        ``previous_features`` ``(B, C, H, W)`` and ``previous_frame`` ``(B, 3, H, W)`` belong to the
        frame just before the first one given; without them the pass starts a new scene.
        """
        ...

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        """Join both passes into enlarged frames -> ``(B, T, 3, sH, sW)``, not clamped."""
        ...


@runtime_checkable
class KeepsMemory(Protocol):
    """A network that keeps memory of the device from call to call."""

    def release_memory(self) -> None:
        """Give back what is kept; the next call takes what it needs."""
        ...

"""SteppedPasses: both passes of a network that is executed one step at a time.

OpenVINO's graphs and captured ones are for a single step. Which step comes after which, and what it
is given, is the same for both.
"""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameListener
from dscvsr_cli.models.filling import is_filled

Direction = Literal["backward", "forward"]
"""Which way a pass runs: from the last frame to the first, or from the first to the last."""

Neighbour = tuple[Tensor, Tensor]
"""The frame ``(B, 3, H, W)`` before, in the direction of a pass, and its state ``(B, C, H, W)``."""


class SteppedPasses(ABC):
    """The passes of a ``FrameNetwork``, whose steps a subclass runs."""

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        """Run the pass from the last frame to the first -> ``(B, T, C, H, W)``."""
        made = self._begin_pass("backward", frames)
        neighbour: Neighbour | None = None
        for place in reversed(range(frames.shape[1])):
            here = frames[:, place], made[:, place]
            self._step("backward", *here, neighbour, filled=is_filled(first_index + place))
            neighbour = here
            if on_frame:
                on_frame()
        return made

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        """Run the pass from the first frame to the last -> ``(B, T, C, H, W)``."""
        made = self._begin_pass("forward", frames)
        neighbour: Neighbour | None = None
        if previous_frame is not None and previous_features is not None:
            neighbour = previous_frame, previous_features
        for place in range(frames.shape[1]):
            here = frames[:, place], made[:, place]
            self._step("forward", *here, neighbour, filled=is_filled(first_index + place))
            neighbour = here
            if on_frame:
                on_frame()
        return made

    @abstractmethod
    def _begin_pass(self, direction: Direction, frames: Tensor) -> Tensor:
        """Check ``(B, T, 3, H, W)`` frames -> memory for their features ``(B, T, C, H, W)``.

        Raises:
            ValueError: They have another shape.
        """

    @abstractmethod
    def _step(
        self,
        direction: Direction,
        frame: Tensor,
        made: Tensor,
        neighbour: Neighbour | None,
        *,
        filled: bool,
    ) -> None:
        """Write the state of a frame ``(B, 3, H, W)`` into ``made`` ``(B, C, H, W)``.

        ``neighbour`` is None at the start of a scene.
        """

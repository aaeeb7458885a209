"""StreamState: all that a stream of frames needs to go on later, in another process even."""

from dataclasses import dataclass

from torch import Tensor

from dscvsr_cli.engine.plan import StreamPlan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamState:
    """Where a stream stands between two windows; every frame before it has been handed out."""

    made: int
    """Frames made since the stream's first."""

    position: int
    """Frames made since the first of the scene that is open, at least 1."""

    features: Tensor
    """(1, C, H, W), the forward pass after the last frame made; never written to."""

    frame: Tensor
    """(1, 3, H, W), the input of that frame; never written to."""

    is_float32: bool
    """Whether the scene went on in float32 because its numbers overflowed."""

    plan: StreamPlan
    """The sizes of the pieces, as they were at last."""

    def __post_init__(self) -> None:
        """Refuse places that no stream can be in."""
        if not 1 <= self.position <= self.made:
            raise ValueError(f"expected 1 <= position <= made, got {self.position}, {self.made}")

"""StreamState: all that a stream needs to continue later, even in another process."""

from dataclasses import dataclass

from torch import Tensor

from dscvsr_cli.engine.hold import Shown
from dscvsr_cli.engine.stream_plan import StreamPlan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamState:
    """The position between two windows; every frame before it has been yielded."""

    made: int
    """Frames made since the stream's first."""

    position: int
    """Frames made of the current scene, at least 1."""

    pictures: int
    """Pictures that these frames show, at least 1: fewer, if some are repeated."""

    features: Tensor
    """(1, C, H, W), the forward pass after the last frame made; never written to."""

    frame: Tensor
    """(1, 3, H, W), the input of that frame; never written to."""

    shown: Shown
    """That frame and its picture, as they are held; never written to."""

    is_float32: bool
    """Whether the scene continued in float32 because its values overflowed."""

    plan: StreamPlan
    """Window and tile sizes, as they were last."""

    ends_scene: bool = False
    """Whether the scene ends here: the next one starts from nothing, and this state is not needed
    to continue."""

    def __post_init__(self) -> None:
        """Refuse positions that no stream can be in."""
        if not 1 <= self.pictures <= self.position <= self.made:
            raise ValueError(
                "expected 1 <= pictures <= position <= made, "
                f"got {self.pictures}, {self.position}, {self.made}"
            )

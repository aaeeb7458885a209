"""Frame, which travels through the whole program, and the letters for shapes.

Letters used in every docstring: B clips, T frames, C channels, H rows, W columns;
sH and sW are the rows and columns of an enlarged frame.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One frame of a video with its timestamp."""

    pixels: Tensor
    """(3, H, W) float32 RGB; [0, 1] spans the source's nominal range, from black to white."""

    pts: int
    """Presentation time on the input's clock, in units of its time base, from reader to writer."""

    duration: int = 0
    """How long the frame is shown, in the same unit; 0 if the source does not say."""

    alpha: Tensor | None = None
    """(1, H, W) float32 in [0, 1], where 1 is opaque; None for a video without alpha."""

    captions: bytes = b""
    """Closed captions that belong to the frame, in groups of three bytes (CEA-608/708)."""

    quantiser_step: float | None = None
    """How coarsely a codec has rounded the frame: the mean step of its coefficients in levels of
    255, as H.264 would have it; None if that is not known."""

    def __repr__(self) -> str:
        """Describe the frame without its pixels."""
        alpha = "" if self.alpha is None else ", with alpha"
        shape = tuple(self.pixels.shape)
        return f"Frame(shape={shape}, pts={self.pts}, duration={self.duration}{alpha})"


def numbered(pictures: Iterable[Tensor]) -> Iterator[Frame]:
    """Make frames of pictures ``(3, H, W)``, whose times are their places."""
    return (Frame(pixels=picture, pts=place) for place, picture in enumerate(pictures))


def clamp_like(made: Tensor, source: Tensor) -> Tensor:
    """Clamp frames ``(..., 3, sH, sW)`` to [0, 1], or as far beyond as their sources reach.

    So overshoot at edges is cut off, but what a source stores below black or above white (the
    footroom and headroom of limited range) is kept.

    Args:
        made: The enlarged frames.
        source: ``(..., 3, H, W)``, the frames that they were made from.
    """
    least = source.amin(dim=(-3, -2, -1), keepdim=True).clamp(max=0.0)
    greatest = source.amax(dim=(-3, -2, -1), keepdim=True).clamp(min=1.0)
    return made.clamp(least, greatest)


def check_frames(frames: Tensor) -> None:
    """Check that ``frames`` is ``(B, T, 3, H, W)`` floating point, as the networks take it.

    Raises:
        ValueError: The shape or dtype is different.
    """
    if frames.ndim != 5 or frames.shape[2] != 3:
        raise ValueError(f"expected (B, T, 3, H, W), got {tuple(frames.shape) = }")
    if not frames.is_floating_point():
        raise ValueError(f"expected floating point frames, got {frames.dtype = }")

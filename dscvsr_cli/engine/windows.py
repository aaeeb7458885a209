"""Windows: which frames of a scene are processed at once; index arithmetic only.

The forward pass hands its state on from window to window and so loses nothing. The backward pass
comes from the future, which a stream does not have yet. So in every window it starts ``look_ahead``
frames late, and its results on those frames only warm it up.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Frames ``[start, stop)`` of a scene are made; the backward pass starts before ``reach``."""

    start: int
    """First frame that is made, counted from the scene's first frame."""

    stop: int
    """One past the last frame that is made."""

    reach: int
    """One past the last frame that is read; ``reach - stop`` frames only warm up."""

    def __post_init__(self) -> None:
        """Refuse windows that make nothing or read less than they make."""
        if not 0 <= self.start < self.stop <= self.reach:
            raise ValueError(f"expected 0 <= start < stop <= reach, got {self}")


def next_window(
    start: int, *, available: int, ended: bool, length: int, look_ahead: int
) -> Window | None:
    """Return the window that begins at ``start``, or None while too few frames are known.

    A window makes ``length`` frames and reads ``look_ahead`` more. The last one of a scene also
    makes the frames it would only have read, since they are in memory anyway.

    Args:
        start: First frame not made yet.
        available: Frames of the scene known so far.
        ended: Whether these are all frames of the scene.
        length: Frames per window, at least 1.
        look_ahead: Frames that warm the backward pass up, at least 0.

    Raises:
        ValueError: A length or a look-ahead that cannot be.
    """
    if length < 1 or look_ahead < 0:
        raise ValueError(f"expected length >= 1 and look_ahead >= 0, got {length}, {look_ahead}")
    # One frame more than is read shows that the scene continues after this window.
    if start + length + look_ahead < available:
        return Window(start, start + length, start + length + look_ahead)
    if ended and start < available:
        return Window(start, available, available)
    return None

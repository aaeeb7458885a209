"""Enlarge the alpha of a video, which the network does not see."""

from collections.abc import Generator, Iterable
from dataclasses import replace

from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize


def enlarge_alpha(frames: Iterable[Frame], size: Size) -> Generator[Frame, None, None]:
    """Enlarge the alpha of frames whose pixels are enlarged: ``(1, H, W)`` -> ``(1, sH, sW)``."""
    for frame in frames:
        if frame.alpha is None:
            yield frame
        else:
            # The kernel overshoots at edges.
            yield replace(frame, alpha=resize(frame.alpha, size).clamp_(0.0, 1.0))

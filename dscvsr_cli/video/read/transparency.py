"""Whether what is decoded has transparency, which the pixel format alone does not say."""

from collections.abc import Sequence

import av

from dscvsr_cli.video.pixels.convert import is_opaque
from dscvsr_cli.video.pixels.formats import has_alpha


def is_transparent(codec: str, frames: Sequence[av.VideoFrame]) -> bool:
    """Return whether the alpha of frames means anything.

    Args:
        codec: FFmpeg's name of what they were decoded from.
        frames: The first ones, at least one.
    """
    if codec == "mjpeg":
        # Its decoder turns CMYK into RGB and alpha; JPEG has no transparency.
        return False
    if codec == "gif":
        # Its decoder adds alpha to every frame, whether or not the file uses it.
        return not all(is_opaque(frame) for frame in frames)
    return has_alpha(frames[0])

"""Whether a video is interlaced: what its pictures, its container and the person say."""

from collections.abc import Sequence
from typing import Final

import av
from av.video.stream import VideoStream

from dscvsr_cli.video.read.options import FieldOrder
from dscvsr_cli.video.read.streams import codec_name

_FIELDS: Final = range(2, 6)
"""libav's AV_FIELD_TT to AV_FIELD_BT: two fields, in one order or another."""

_FLAGGED_PER_PICTURE: Final = ("h264", "mpeg2video", "mpeg4", "vc1", "dvvideo", "prores")
"""Codecs whose every picture tells; what their containers say besides is often wrong."""


def is_interlaced(
    stream: VideoStream, frames: Sequence[av.VideoFrame], field_order: FieldOrder
) -> bool:
    """Say whether the pictures of a stream are two fields each.

    Args:
        stream: For the codec, and for what the container says of it.
        frames: The first pictures.
        field_order: What the person says, or "auto".
    """
    if field_order != "auto":
        return field_order != "progressive"
    if any(frame.interlaced_frame for frame in frames):
        return True
    told = int(getattr(stream.codec_context, "field_order", 0)) in _FIELDS
    return told and codec_name(stream) not in _FLAGGED_PER_PICTURE

"""Say how large the frame is on which the subtitle pictures of a DVD are placed.

Blu-ray and DVB subtitles have a canvas of their own. Those of DVDs count the pixels of the video
beside them unless their header gives a size, so that beside a larger one they would shrink into its
corner.
"""

from typing import Final

from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from dscvsr_cli.video.info import VideoInfo

_SIZE: Final = b"size:"


def state_canvas(twin: Stream, source: VideoInfo) -> None:
    """Write the size of the source's frames into the header of copied DVD subtitles without one.

    Args:
        twin: The stream of the output, before its header is written.
        source: The probed file.
    """
    if not isinstance(twin, SubtitleStream) or twin.codec_context.name != "dvdsub":
        return
    header = twin.codec_context.extradata or b""
    if _SIZE not in header:
        size = f"{_SIZE.decode()} {source.width}x{source.height}\n"
        twin.codec_context.extradata = size.encode() + header

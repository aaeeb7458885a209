"""An image sequence as a video: what is known of it, and its pictures one after the other."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.display_matrix import rotation_degrees
from dscvsr_cli.video.info import USUAL_RATE, VideoInfo
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.exif_orientation import mirrored_matrix
from dscvsr_cli.video.read.further_pictures import further_pictures
from dscvsr_cli.video.read.icc_profile import read_icc_profile
from dscvsr_cli.video.read.picture_reader import decode_picture, decode_with_codec, still_colour
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.side_data import display_matrix
from dscvsr_cli.video.read.transparency import is_transparent
from dscvsr_cli.video.span import TimeSpan


def probe_pictures(path: Path, pictures: Sequence[Path], options: ReadOptions) -> VideoInfo:
    """Describe a sequence by its first picture, as a video of constant rate without other streams.

    Raises:
        InputVideoError: The first picture cannot be read.
    """
    frame, codec = decode_with_codec(pictures[0])
    rate = options.rate or USUAL_RATE
    plain = plain_format(frame.format.name)
    bits = max((part.bits for part in frame.format.components), default=plain.bits)
    pixel_format = frame.format.name
    if plain.family == "grey":
        # Programs save a black picture as grey; the ones after it may have colours.
        pixel_format = "gbrp" if bits <= 8 else "gbrp16le"
    matrix = mirrored_matrix(pictures[0]) or display_matrix(frame)
    return VideoInfo(
        path=path,
        container="image2",
        stream_index=0,
        codec=pictures[0].suffix[1:].lower(),
        width=frame.width,
        height=frame.height,
        frame_rate=rate,
        time_base=1 / rate,
        frame_count=len(pictures),
        duration_seconds=float(len(pictures) / rate),
        pixel_format=pixel_format,
        bit_depth=bits,
        colour=still_colour(frame, pixel_format),
        icc_profile=read_icc_profile(pictures[0]),
        sample_aspect_ratio=None,
        display_matrix=matrix,
        rotation=rotation_degrees(matrix),
        interlaced=options.field_order in ("top", "bottom"),
        kind="sequence",
        has_alpha=is_transparent(codec, [frame]),
        further_pictures=further_pictures(pictures[0]),
    )


def pictures_in_span(
    pictures: Sequence[Path], time_base: Fraction, span: TimeSpan
) -> Iterator[tuple[int, Path]]:
    """Yield the pictures that are read of a sequence, each with its place in the whole."""
    for number, picture in enumerate(pictures):
        if span.holds(number * time_base):
            yield number, picture


def picture_frames(
    pictures: Sequence[Path], info: VideoInfo, options: ReadOptions
) -> Iterator[av.VideoFrame]:
    """Decode the pictures of a sequence that are in the span, with their times.

    Raises:
        InputVideoError: A picture cannot be read, or has another size or turn than the first.
    """
    for number, picture in pictures_in_span(pictures, info.time_base, options.span):
        frame = decode_picture(picture)
        if (frame.width, frame.height) != (info.width, info.height):
            raise InputVideoError(
                f"{picture} is {frame.width}x{frame.height}, but the first picture is "
                f"{info.width}x{info.height}",
                hint="all pictures of a sequence must have one size",
            )
        if (mirrored_matrix(picture) or display_matrix(frame)) != info.display_matrix:
            raise InputVideoError(
                f"a tag of {picture} turns it differently from the first picture",
                hint="all pictures of a sequence must be turned the same way; for separate photos "
                "call dscvsr once for each",
            )
        frame.pts, frame.dts, frame.duration = number, None, 1
        yield frame

"""Crops that a container asks for beside the codec: MP4's clean aperture, Matroska's PixelCrop.

libav reads both and PyAV shows neither, so the few bytes are looked up here. What is not
understood counts as no crop: the whole stored picture is then kept.
"""

import math
import struct
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from dscvsr_cli.video.info import Crop
from dscvsr_cli.video.read.boxes import boxes
from dscvsr_cli.video.read.ebml import SEGMENT, TRACK, TRACKS, VIDEO, elements

_SAMPLE_ENTRY_BYTES: Final = 78
"""Fields of a picture's sample entry that come before the boxes inside it."""

_CLUSTER: Final = 0x1F43B675
_CROP_IDS: Final = {0x54BB: "top", 0x54AA: "bottom", 0x54CC: "left", 0x54DD: "right"}
_MOST_TRACK_BYTES: Final = 1 << 24


def container_crop(
    path: Path, container: str, *, stream_index: int, height: int, width: int
) -> Crop | None:
    """Return what the container of a file cuts off one stream, or None.

    Args:
        path: The file.
        container: FFmpeg's name of the format.
        stream_index: Place of the stream among all of the file.
        height: Rows as decoded.
        width: Columns as decoded.
    """
    try:
        with path.open("rb") as file:
            if "mp4" in container.split(","):
                crop = _clean_aperture(file, stream_index, height, width)
            elif "matroska" in container.split(","):
                crop = _pixel_crop(file, stream_index)
            else:
                crop = None
    except (OSError, ValueError, struct.error):
        return None
    if crop is None or crop == Crop():
        return None
    edges = (crop.top, crop.bottom, crop.left, crop.right)
    fits = crop.top + crop.bottom < height and crop.left + crop.right < width
    return crop if fits and min(edges) >= 0 else None


def _clean_aperture(file: BinaryIO, stream_index: int, height: int, width: int) -> Crop | None:
    size = file.seek(0, 2)
    moov = next((span for kind, *span in boxes(file, 0, size) if kind == b"moov"), None)
    if moov is None:
        return None
    tracks = [span for kind, *span in boxes(file, *moov) if kind == b"trak"]
    place = tracks[stream_index] if stream_index < len(tracks) else None
    for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
        if place is not None:
            place = next((span for name, *span in boxes(file, *place) if name == kind), None)
    if place is None:
        return None
    # stsd: version, flags and a count, then sample entries; the first one describes the picture.
    entry = next((span for _, *span in boxes(file, place[0] + 8, place[1])), None)
    if entry is None:
        return None
    for kind, start, _ in boxes(file, entry[0] + _SAMPLE_ENTRY_BYTES, entry[1]):
        if kind == b"clap":
            file.seek(start)
            return _aperture_crop(file.read(32), height, width)
    return None


def _aperture_crop(content: bytes, height: int, width: int) -> Crop | None:
    numbers = struct.unpack(">8i", content)
    pairs = list(zip(numbers[0::2], numbers[1::2], strict=True))
    if any(below <= 0 for _, below in pairs):
        return None
    clean_width, clean_height, right_by, down_by = (Fraction(*pair) for pair in pairs)
    left = (width - clean_width) / 2 + right_by
    top = (height - clean_height) / 2 + down_by
    # Parts of a pixel cannot be cut; such a pixel is kept.
    return Crop(
        top=math.floor(top),
        bottom=math.floor(height - clean_height - top),
        left=math.floor(left),
        right=math.floor(width - clean_width - left),
    )


def _pixel_crop(file: BinaryIO, stream_index: int) -> Crop | None:
    size = file.seek(0, 2)
    for kind, start, end in elements(file, 0, size):
        if kind != SEGMENT:
            continue
        for inner, inner_start, inner_end in elements(file, start, end):
            if inner == _CLUSTER:
                return None
            if inner == TRACKS and inner_end - inner_start <= _MOST_TRACK_BYTES:
                file.seek(inner_start)
                return _track_crop(file.read(inner_end - inner_start), stream_index)
    return None


def _track_crop(tracks: bytes, stream_index: int) -> Crop | None:
    file = BytesIO(tracks)
    entries = [span for kind, *span in elements(file, 0, len(tracks)) if kind == TRACK]
    if stream_index >= len(entries):
        return None
    edges = {}
    for kind, start, end in elements(file, *entries[stream_index]):
        if kind != VIDEO:
            continue
        for inner, inner_start, inner_end in elements(file, start, end):
            if inner in _CROP_IDS:
                value = tracks[inner_start:inner_end]
                edges[_CROP_IDS[inner]] = int.from_bytes(value, "big")
    return Crop(**edges)

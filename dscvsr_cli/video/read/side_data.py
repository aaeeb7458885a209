"""What decoded frames carry beside their planes: rotation, and static and dynamic HDR metadata."""

import struct
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, cast

import av
from av.sidedata.encparams import VideoEncParams
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType

from dscvsr_cli.video.display_matrix import DisplayMatrix, quarter_turns
from dscvsr_cli.video.info import HdrMetadata

DOLBY_VISION: Final = "Dolby Vision"
_DYNAMIC_HDR: Final = {
    "DOVI_RPU_BUFFER": DOLBY_VISION,
    "DOVI_METADATA": DOLBY_VISION,
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
}
"""Plain names of the kinds of metadata that change from frame to frame."""


_PNG_FORMATS: Final = frozenset(
    {"gray", "gray16be", "monob", "pal8", "rgb24", "rgb48be", "rgba", "rgba64be", "ya16be", "ya8"}
)
"""What FFmpeg's decoder of PNG makes. PyAV frees the name of an ICC profile together with the entry
that it shows, and then FFmpeg does so again, which ends the program. Nothing else gives a profile a
name; other frames of these formats carry at most a rotation, which is read in another way."""

PNG_CODECS: Final = frozenset({"apng", "png"})
"""Codecs of frames that must not be looked into either once a filter has given them a format."""


STEREO_EXTRA: Final = "the arrangement of a 3D picture"

_STEREO_MODES: Final = (
    "mono",
    "left_right",
    "top_bottom",
    "block_lr",
    "checkerboard_lr",
    "left_right",
    "row_interleaved_lr",
    "col_interleaved_lr",
)
"""What AVStereo3D's types are called in Matroska, the left view first."""

_SWAPPED: Final = {"left_right": "right_left", "top_bottom": "bottom_top"}

_EXTRAS: Final = {
    "SPHERICAL": "the 360-degree projection",
    "STEREO3D": STEREO_EXTRA,
    "AMBIENT_VIEWING_ENVIRONMENT": "the ambient viewing environment of the HDR",
}
"""What else a frame may say about itself that no encoder here can take."""

PROFILE_EXTRA: Final = "the ICC profile of the colours"
_AREA_EXTRA: Final = "the active format description (AFD)"
_WHOLE_AREA: Final = frozenset({0, 8})
"""Active formats that say no more than the frame does."""

_ACTIVE_FORMAT: Final = 0x0F
_FIRST_UNKNOWN: Final = 28
_LAST_UNKNOWN: Final = 40
"""libav's numbers of the kinds of side data that PyAV does not know."""

CAPTIONS_EXTRA: Final = "closed captions (CEA-608/708)"
_LATER_HDR: Final = "HDR metadata other than the first frame's"
_CAPTION_IS_VALID: Final = 4
_PARITY: Final = 0x7F


def picture_extras(frame: av.VideoFrame) -> tuple[str, ...]:
    """Return in words what a frame carries beside its planes that outputs cannot keep.

    Broadcasts send empty captions all the time; those are nothing to lose.
    """
    found = []
    for entry in _entries(frame):
        kind = entry.type.name
        if kind in _EXTRAS:
            found.append(_EXTRAS[kind])
        elif kind == "A53_CC" and captions_say_something(bytes(entry)):
            found.append(CAPTIONS_EXTRA)
        elif kind == "AFD" and bytes(entry)[:1] and _crops(bytes(entry)[0]):
            found.append(_AREA_EXTRA)
    return tuple(found)


def extras_beside(frame: av.VideoFrame, hdr: HdrMetadata | None) -> tuple[str, ...]:
    """Return ``picture_extras``, and static HDR metadata that a file does not begin with.

    Joined recordings change theirs midway, and an encoder takes those of the first frame alone.

    Args:
        frame: Any frame of the file.
        hdr: What its first frame says.
    """
    own = hdr_metadata(frame)
    return (*picture_extras(frame), *(() if own in (None, hdr) else (_LATER_HDR,)))


def _crops(active_format: int) -> bool:
    return active_format & _ACTIVE_FORMAT not in _WHOLE_AREA


def carries_profile(frame: av.VideoFrame) -> bool:
    """Return whether a frame of a video carries an ICC profile; stills are read in another way."""
    return _side_data(frame, SideDataType.ICC_PROFILE, 1) is not None


def stereo_mode(frame: av.VideoFrame) -> str | None:
    """Return how two views share a frame, in Matroska's words, or None for an ordinary frame."""
    data = _side_data(frame, SideDataType.STEREO3D, 8)
    if data is None:
        return None
    kind, flags = struct.unpack("=2i", data[:8])
    mode = _STEREO_MODES[kind] if 0 <= kind < len(_STEREO_MODES) else "mono"
    if flags & 1:
        mode = _SWAPPED.get(mode, mode.replace("_lr", "_rl"))
    return None if mode == "mono" else mode


def captions_of(frame: av.VideoFrame) -> bytes:
    """Return the closed captions of a frame, padding included; empty if it has none."""
    return _side_data(frame, SideDataType.A53_CC, 1) or b""


def captions_say_something(captions: bytes) -> bool:
    """Return whether any of the three-byte groups of A/53 is valid and not padding."""
    groups = zip(captions[0::3], captions[1::3], captions[2::3], strict=False)
    return any(
        head & _CAPTION_IS_VALID and (first & _PARITY or second & _PARITY)
        for head, first, second in groups
    )


def encoding_parameters(frame: av.VideoFrame) -> VideoEncParams | None:
    """Return what a frame was encoded with, or None if its decoder did not say."""
    entries = (entry for entry in _entries(frame) if isinstance(entry, VideoEncParams))
    return next(entries, None)


def display_matrix(frame: av.VideoFrame) -> DisplayMatrix | None:
    """Return the nine numbers that turn the frame for display, or None.

    A matrix that leaves nothing of the frame, such as one of zeros, is a mistake of its writer.
    """
    data = _side_data(frame, SideDataType.DISPLAYMATRIX, 36)
    if data:
        matrix = struct.unpack("=9i", data[:36])
        return matrix if matrix[0] * matrix[4] != matrix[1] * matrix[3] else None
    degrees = frame.rotation
    return quarter_turns(degrees) if degrees and degrees % 90 == 0 else None


def dynamic_hdr(frames: Iterable[av.VideoFrame]) -> tuple[str, ...]:
    """Return which kinds of dynamic HDR metadata any of the frames carries, each name once."""
    kinds = (entry.type.name for frame in frames for entry in _entries(frame))
    return tuple(dict.fromkeys(_DYNAMIC_HDR[kind] for kind in kinds if kind in _DYNAMIC_HDR))


def hdr_metadata(frame: av.VideoFrame) -> HdrMetadata | None:
    """Return the static HDR metadata of a frame, or None."""
    # AVMasteringDisplayMetadata is ten rationals (red, green, blue and white as x, y; least and
    # greatest luminance) and two flags; AVContentLightMetadata is two unsigned integers.
    mastering = _side_data(frame, SideDataType.MASTERING_DISPLAY_METADATA, 88)
    light = _side_data(frame, SideDataType.CONTENT_LIGHT_LEVEL, 8)
    primaries: tuple[tuple[Fraction, Fraction], ...] = ()
    luminance: tuple[Fraction, Fraction] | None = None
    if mastering:
        numbers = struct.unpack("=22i", mastering[:88])
        values = [
            Fraction(*pair) if pair[1] else Fraction(0)
            for pair in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
        ]
        if numbers[20]:
            primaries = tuple(zip(values[0:8:2], values[1:8:2], strict=True))
        if numbers[21]:
            luminance = (values[8], values[9])
    content_light = struct.unpack("=2I", light[:8]) if light else None
    if not primaries and luminance is None and content_light is None:
        return None
    return HdrMetadata(primaries=primaries, luminance=luminance, content_light=content_light)


def _entries(frame: av.VideoFrame) -> Iterable[SideData]:
    if frame.format.name in _PNG_FORMATS:
        return ()
    try:
        # Iterating yields the entries themselves, although the stubs declare a mapping.
        return cast("Iterable[SideData]", frame.side_data)
    except ValueError:
        return _known_entries(frame)


def _known_entries(frame: av.VideoFrame) -> Iterable[SideData]:
    """Return the entries of a frame of which PyAV does not know all, and therefore shows none.

    Such are EXIF in pictures, and the number of the view in frames for two eyes.
    """
    try:
        graph = av.filter.Graph()
        last = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or Fraction(1, 1000),
        )
        for kind in range(_FIRST_UNKNOWN, _LAST_UNKNOWN):
            without = graph.add("sidedata", f"mode=delete:type={kind}")
            last.link_to(without)
            last = without
        sink = graph.add("buffersink")
        last.link_to(sink)
        graph.configure()
        graph.push(frame)
        return cast("Iterable[SideData]", cast("av.VideoFrame", graph.pull()).side_data)
    except (av.FFmpegError, ValueError):
        return ()


def _side_data(frame: av.VideoFrame, kind: SideDataType, size_bytes: int) -> bytes | None:
    for entry in _entries(frame):
        data = bytes(entry)
        if entry.type == kind and len(data) >= size_bytes:
            return data
    return None

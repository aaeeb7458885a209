"""Probe an input: what it holds, and a clear error if it holds no video."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Final

import av
from av.stream import Stream

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.typed_values import takes_typed
from dscvsr_cli.video.display_matrix import rotation_degrees
from dscvsr_cli.video.info import (
    ICON_FORMAT,
    Crop,
    SourceKind,
    StreamInfo,
    StreamKind,
    VideoInfo,
    is_still_format,
)
from dscvsr_cli.video.pixels.colour import (
    ColourInfo,
    RowSiting,
    Siting,
    codec_siting,
    resolve_colour,
)
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.chroma_location import chroma_location, y4m_siting
from dscvsr_cli.video.read.colour_tags import StatedColour
from dscvsr_cli.video.read.container_crop import container_crop
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.read.dolby_vision import DolbyVision, dolby_vision_of
from dscvsr_cli.video.read.exif_orientation import mirrored_matrix
from dscvsr_cli.video.read.further_pictures import further_pictures
from dscvsr_cli.video.read.icc_profile import read_icc_profile
from dscvsr_cli.video.read.image_sequence import sequence_pictures
from dscvsr_cli.video.read.interlacing import is_interlaced
from dscvsr_cli.video.read.main_stream import codec_name, is_cover, is_still_of_avif
from dscvsr_cli.video.read.open_input import (
    input_name,
    is_unreadable,
    open_input,
    read_header,
    source_kind,
)
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.sequence_frames import probe_pictures
from dscvsr_cli.video.read.side_data import (
    DOLBY_VISION,
    PROFILE_EXTRA,
    carries_profile,
    display_matrix,
    dynamic_hdr,
    hdr_metadata,
    picture_extras,
    stereo_mode,
)
from dscvsr_cli.video.read.stated_length import (
    begins_seconds,
    frames_cut_off,
    has_steady_rate,
    start_seconds,
    stated_frames,
    stated_rate,
    stated_seconds,
)
from dscvsr_cli.video.read.survey import Survey, survey
from dscvsr_cli.video.read.transparency import is_transparent
from dscvsr_cli.video.tags import content_keys, roles_of, track_keys
from dscvsr_cli.video.timecode import timecode_of

PICTURES_LOOKED_AT: Final = 6
"""How many frames are decoded; a film may begin with a few that say less than the others."""


@takes_typed
def probe(path: str | PathLike[str], options: ReadOptions | None = None) -> VideoInfo:
    """Read a file's header and its first frames, or the first frame of a sequence.

    Frames are decoded because the bitstream knows better than the container: colour tags may be
    only there, or contradict the container's, and players follow the bitstream.

    A pipe cannot be probed and then read: use ``VideoReader``, which does both in one go.

    Raises:
        InputVideoError: Missing, unreadable, not a video, empty, or without a frame.
        UsageError: The path is a pipe.
        TypeError: It is not a path, or the options are none.
    """
    path = Path(path)
    options = options or ReadOptions()
    kind = source_kind(path)
    if kind == "pipe":
        raise UsageError(
            f"{input_name(path)} is a pipe, which can be read only once",
            hint="write it to a file, and give that",
        )
    if kind == "sequence":
        pictures = sequence_pictures(path, start_number=options.start_number)
        return probe_pictures(path, pictures, options)
    found = survey(path, allow_playlist=options.allow_playlist)
    with open_input(path, allow_playlist=options.allow_playlist) as container:
        trouble: list[str] = []
        decoding = Decoding(
            container,
            path,
            # A few frames are wanted; more threads would only start on the ones after them.
            threads=1,
            on_damage=lambda message, *_: trouble.append(message),
            jumps=found.jumps,
            stream_index=options.video_stream,
        )
        return describe(decoding, path, options, header=b"", trouble=trouble, found=found)


def describe(
    decoding: Decoding,
    path: Path,
    options: ReadOptions,
    *,
    header: bytes,
    trouble: Sequence[str] = (),
    found: Survey | None = None,
) -> VideoInfo:
    """Return what is known of an opened file or pipe after a look at its first frames.

    Args:
        decoding: At its beginning.
        path: The file or pipe.
        options: How the person wants it read.
        header: The first bytes of a pipe; empty for a file, which can be opened to read them.
        trouble: What has gone wrong while decoding, for the message.
        found: What a pass over the packets of a file has found.

    Raises:
        InputVideoError: No frame could be decoded.
    """
    frames = _first_frames(decoding, path, trouble)
    found = found or Survey()
    beside = _from_pipe(decoding) if header else _from_file(decoding, path, frames[0], found)
    siting = _siting(decoding, path, options, header)
    interlaced = is_interlaced(decoding.stream, frames, options.field_order)
    return _video_info(decoding, path, frames, beside, siting=siting, interlaced=interlaced)


def _video_info(
    decoding: Decoding,
    path: Path,
    frames: Sequence[av.VideoFrame],
    beside: "_Beside",
    *,
    siting: tuple[Siting, RowSiting],
    interlaced: bool,
) -> VideoInfo:
    container, stream, frame = decoding.container, decoding.stream, frames[0]
    height, width = (beside.crop or Crop()).size(frame.height, frame.width)
    is_still = beside.kind == "file" and is_still_format(container.format.name)
    vision = dolby_vision_of(container, stream.index)
    matrix = (mirrored_matrix(path) if is_still else None) or display_matrix(frame)
    return VideoInfo(
        path=path,
        container=container.format.name,
        stream_index=stream.index,
        codec=codec_name(stream),
        width=width,
        height=height,
        frame_rate=stated_rate(stream),
        time_base=stream.time_base or Fraction(1, 90000),
        has_steady_rate=has_steady_rate(stream) and not beside.found.jumps.seconds,
        frame_count=1 if is_still else stated_frames(stream),
        duration_seconds=stated_seconds(container, stream, beside.found),
        begins_seconds=begins_seconds(container, stream),
        pixel_format=frame.format.name,
        bit_depth=_bit_depth(frame),
        colour=_colour(decoding, frame, siting),
        icc_profile=read_icc_profile(path) if is_still else b"",
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        display_matrix=matrix,
        rotation=rotation_degrees(matrix),
        interlaced=interlaced,
        hdr=hdr_metadata(frame),
        other_streams=beside.other_streams,
        frames_cut_off=beside.frames_cut_off,
        chapter_count=beside.chapter_count,
        tags=beside.tags,
        picture_tags=track_keys(dict(stream.metadata)) if beside.kind == "file" else (),
        picture_language=stream.metadata.get("language"),
        timecode=timecode_of(stream.metadata) or timecode_of(container.metadata),
        kind=beside.kind,
        start_seconds=start_seconds(container, stream),
        has_alpha=is_transparent(codec_name(stream), frames),
        dynamic_hdr=_dynamic_hdr(frames, vision),
        has_own_colours=vision is not None and vision.has_own_colours,
        stereo=stereo_mode(frame),
        picture_extras=_extras(frames, is_still=is_still),
        crop=beside.crop,
        lost_streams=beside.lost_streams,
        decoder_delay=decoding.delay,
        further_pictures=further_pictures(path) if is_still else 0,
        late_streams=beside.found.late_streams,
        jumps=beside.found.jumps,
    )


def _dynamic_hdr(frames: Sequence[av.VideoFrame], vision: DolbyVision | None) -> tuple[str, ...]:
    stated = () if vision is None else (DOLBY_VISION,)
    return tuple(dict.fromkeys((*stated, *dynamic_hdr(frames))))


def _extras(frames: Sequence[av.VideoFrame], *, is_still: bool) -> tuple[str, ...]:
    names = [name for frame in frames for name in picture_extras(frame)]
    if not is_still and any(map(carries_profile, frames)):
        names.append(PROFILE_EXTRA)
    return tuple(dict.fromkeys(names))


def _first_frames(decoding: Decoding, path: Path, trouble: Sequence[str]) -> list[av.VideoFrame]:
    frames = decoding.look(PICTURES_LOOKED_AT)
    if not frames:
        if source_kind(path) == "pipe" and "mov" in decoding.container.format.name.split(","):
            raise InputVideoError(
                f"{input_name(path)} is an mp4 or mov whose index comes last, and a pipe is read "
                "only once",
                hint="give the file itself; or pipe: ffmpeg -i clip.mp4 -c copy -f matroska -",
            )
        reason = trouble[-1] if trouble else "it ends before the first frame"
        raise InputVideoError(
            f"no frame of {input_name(path)} could be decoded ({reason})",
            hint="the file is damaged or cut short; try another copy",
        )
    return frames


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What an input holds beside its frames; none of a pipe's can be kept."""

    kind: SourceKind
    other_streams: tuple[StreamInfo, ...] = ()
    lost_streams: tuple[StreamInfo, ...] = ()
    chapter_count: int = 0
    tags: tuple[str, ...] = ()
    frames_cut_off: int = 0
    crop: Crop | None = None
    found: Survey = field(default_factory=Survey)


def _from_pipe(decoding: Decoding) -> _Beside:
    return _Beside(kind="pipe", lost_streams=_other_streams(decoding, Survey()))


def _from_file(decoding: Decoding, path: Path, frame: av.VideoFrame, found: Survey) -> _Beside:
    container, stream = decoding.container, decoding.stream
    return _Beside(
        kind="file",
        other_streams=_other_streams(decoding, found),
        chapter_count=len(container.chapters()),
        tags=content_keys(dict(container.metadata)),
        frames_cut_off=frames_cut_off(path, stream),
        crop=container_crop(
            path,
            container.format.name,
            stream_index=stream.index,
            height=frame.height,
            width=frame.width,
        ),
        found=found,
    )


def _other_streams(decoding: Decoding, found: Survey) -> tuple[StreamInfo, ...]:
    if decoding.container.format.name == ICON_FORMAT:
        return ()  # The same picture in other sizes.
    has_chapters = bool(decoding.container.chapters())
    return tuple(
        _stream_info(
            other,
            has_chapters=has_chapters,
            begins_seconds=found.begins_elsewhere(other, decoding.stream.index),
        )
        for other in decoding.container.streams
        if other.index != decoding.stream.index and not is_still_of_avif(other)
    )


def _bit_depth(frame: av.VideoFrame) -> int:
    components = (part.bits for part in frame.format.components)
    return max(components, default=plain_format(frame.format.name).bits)


def _colour(
    decoding: Decoding, frame: av.VideoFrame, siting: tuple[Siting, RowSiting]
) -> ColourInfo:
    stated = StatedColour.of(frame).or_else(decoding.container_colour)
    return resolve_colour(
        pixel_format=plain_format(frame.format.name),
        height=frame.height,
        width=frame.width,
        matrix_tag=stated.matrix,
        range_tag=stated.range,
        primaries_tag=stated.primaries,
        transfer_tag=stated.transfer,
        siting=siting[0],
        row_siting=siting[1],
    )


def _siting(
    decoding: Decoding, path: Path, options: ReadOptions, header: bytes
) -> tuple[Siting, RowSiting]:
    stream = decoding.stream
    if decoding.container.format.name == "yuv4mpegpipe":
        # Matroska holds no such frames.
        return y4m_siting(header or read_header(path)), "centre"
    if header:
        return codec_siting(codec_name(stream)), "centre"
    return chroma_location(stream, path, allow_playlist=options.allow_playlist)


def _stream_info(stream: Stream, *, has_chapters: bool, begins_seconds: float | None) -> StreamInfo:
    kind: StreamKind = stream.type
    codec = codec_name(stream)
    tags = stream.metadata
    handler = tags.get("handler_name")
    cover = kind == "video" and is_cover(stream)
    return StreamInfo(
        index=stream.index,
        kind=kind,
        codec=codec,
        language=tags.get("language"),
        title=tags.get("title") or tags.get("name") or tags.get("filename"),
        is_cover=cover,
        is_unreadable=is_unreadable(stream),
        begins_seconds=begins_seconds,
        is_timecode=kind == "data" and timecode_of(tags) is not None,
        is_chapter_text=has_chapters and codec == "bin_data" and handler == "SubtitleHandler",
        # What Matroska says of an attached file (its name and kind) is part of the file.
        tags=() if kind == "attachment" else track_keys(dict(tags), is_cover=cover),
        roles=roles_of(stream.disposition),
    )

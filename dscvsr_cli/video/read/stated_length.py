"""What a file says of its own length: rate, frames, seconds, and when it starts."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.index import IndexEntry
from av.stream import Stream
from av.video.stream import VideoStream

from dscvsr_cli.video.read.main_stream import is_cover
from dscvsr_cli.video.read.survey import Survey

_HIGHEST_PLAUSIBLE_RATE: Final = 480

_COUNTED: Final = "_STATISTICS"
"""Begins the tags of a track whose length mkvmerge has counted."""

_TAGGED_TIME: Final = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)", re.ASCII)


def stated_rate(stream: VideoStream) -> Fraction | None:
    """Return the rate of a stream in frames per second, or None if it says none."""
    average, guessed = stream.average_rate, stream.guessed_rate
    # Millisecond clocks (FLV, some Matroska) show up as 1000 frames per second.
    if average and (average <= _HIGHEST_PLAUSIBLE_RATE or not guessed):
        return average
    return guessed or None


def has_steady_rate(stream: VideoStream) -> bool:
    """Return whether the least distance of two frames, as libav guesses it, is also the average."""
    average = stream.average_rate
    if not average or average > _HIGHEST_PLAUSIBLE_RATE:
        return False
    return average == stream.base_rate


def stated_frames(stream: VideoStream) -> int | None:
    """Return how many frames a stream says it has, or None."""
    if stream.frames > 0:
        return stream.frames
    # mkvmerge counts the frames and writes the number into the stream's tags.
    for key, counted in stream.metadata.items():
        named = key.upper().partition("-")[0] == "NUMBER_OF_FRAMES"
        if named and counted.isascii() and counted.isdigit() and int(counted) > 0:
            return int(counted)
    return None


def frames_cut_off(path: Path, stream: VideoStream) -> int:
    """Return how many frames the index of an MP4 or MOV file lists beyond the end of the file."""
    # That of others grows only as they are read, and so would not list what is missing.
    if "mp4" not in stream.container.format.name.split(","):
        return 0
    return sum(1 for _ in entries_cut_off(stream, path.stat().st_size))


def entries_cut_off(stream: Stream, size_bytes: int) -> Iterator[IndexEntry]:
    """Yield what the index lists beyond the end of the file: packets that cannot be read."""
    # libav reads what is there of such a file, and then ends without an error.
    return (entry for entry in stream.index_entries if entry.pos + entry.size > size_bytes)


def stated_seconds(container: InputContainer, stream: VideoStream, found: Survey) -> float | None:
    """Return the length of the video in seconds, without the time at which it begins, or None."""
    if found.end_seconds is not None and (found.jumps.seconds or not stream.duration):
        # What libav guesses from the first and the last timestamp leaves out all other parts.
        begins = start_seconds(container, stream) + begins_seconds(container, stream)
        return float(found.end_seconds - begins)
    own = track_length(stream)
    if own is not None:
        return float(own)
    if container.duration and container.duration > 0:
        seconds = float(_since_first(stream, Fraction(container.duration, av.time_base)))
        seconds = min(seconds, tagged_seconds(stream) or seconds)
        rate = stated_rate(stream)
        # Raw streams have no header; what is guessed for them can be less than one frame.
        return seconds if rate is None or seconds * rate > 0.5 else None
    return None


def tagged_seconds(stream: Stream) -> float | None:
    """Return the length of a Matroska track by its tags, or None.

    The file itself is as long as its longest track, which may be a subtitle that stays on.
    """
    is_counted = any(key.upper().startswith(_COUNTED) for key in stream.metadata)
    for key, text in stream.metadata.items():
        match = _TAGGED_TIME.fullmatch(text)
        if key.upper().partition("-")[0] == "DURATION" and match is not None:
            seconds = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
            # mkvmerge writes a length, FFmpeg the time at which the track ends.
            start = float((stream.start_time or 0) * (stream.time_base or 0))
            offset = 0.0 if is_counted or not 0 < start < seconds else start
            return seconds - offset or None
    return None


def track_length(stream: Stream) -> Fraction | None:
    """Return the length that a file states of a track itself, in seconds, or None."""
    if not stream.duration or stream.duration <= 0 or not stream.time_base:
        return None
    return _since_first(stream, stream.duration * stream.time_base)


def _since_first(stream: Stream, stated: Fraction) -> Fraction:
    """Return a length without the time before the track begins, where a file counts that in.

    Args:
        stream: The track.
        stated: What the file says, in seconds.
    """
    if not _states_end(stream):
        return stated
    first = stream.start_time or 0
    if stream.index_entries:
        # Fragments count from when the first frame is decoded, which is before it is shown.
        first = min(first, stream.index_entries[0].timestamp)
    begins = first * (stream.time_base or Fraction(0))
    return stated - begins if 0 < begins < stated else stated


def _states_end(stream: Stream) -> bool:
    """Return whether what a file states as a length is the time at which it ends."""
    container = stream.container
    names = container.format.name.split(",")
    by_libav = container.metadata.get("encoder", "").startswith("Lavf")
    if "mp4" in names:
        # A recording in fragments has a clock of its own; its tracks have no table of samples.
        return stream.frames == 0
    if "matroska" in names:
        # What mkvmerge writes, with a tag for it, is a length.
        return by_libav or not any(key.upper().startswith(_COUNTED) for key in stream.metadata)
    return "nut" in names or ("asf" in names and by_libav)


def begins_seconds(container: InputContainer, picture: VideoStream) -> Fraction:
    """Return when the first frame is shown, in seconds from the start of the file."""
    first = (picture.start_time or 0) * (picture.time_base or Fraction(0))
    return max(Fraction(0), first - start_seconds(container, picture))


def start_seconds(container: InputContainer, picture: VideoStream) -> Fraction:
    """Return when the file starts on its own clock, in seconds: audio before 0 does not count."""
    starts = {
        stream.index: stream.start_time * stream.time_base
        for stream in container.streams
        if stream.type in ("video", "audio")
        and not is_cover(stream)
        and stream.start_time is not None
        and stream.time_base
    }
    # Audio may begin a little below zero with samples that only warm up its decoder.
    zero = Fraction(0)
    return max(min(starts.values(), default=zero), min(zero, starts.get(picture.index, zero)))

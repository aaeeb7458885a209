"""Compare two files stream by stream: what is left of the source in a file made from it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.typed_values import takes_typed
from dscvsr_cli.video.containers import CONTAINERS
from dscvsr_cli.video.display_matrix import DisplayMatrix, is_quarter_turn, swaps_sides
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.left_out import describe_stream
from dscvsr_cli.video.passthrough.span_cut import SpanCut
from dscvsr_cli.video.read.open_input import open_input, source_kind
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.tags import is_muxer_owned, one_line, says_nothing
from dscvsr_cli.video.timecode import timecode_of
from dscvsr_cli.video.verify.compare_content import compare_content
from dscvsr_cli.video.verify.compare_frames import PictureTimes, compare_picture, picture_times
from dscvsr_cli.video.verify.compare_streams import compare_streams, compared_streams
from dscvsr_cli.video.verify.findings import Comparison, Finding, Level

if TYPE_CHECKING:
    from av.container.core import Chapter

_CHAPTER_TOLERANCE_SECONDS: Final = 0.002


@takes_typed
def compare_files(
    source: str | PathLike[str],
    target: str | PathLike[str],
    *,
    reading: ReadOptions | None = None,
    content: bool = True,
) -> Comparison:
    """Return what became of everything in ``source`` in the file that was made from it.

    All frames of both files are decoded, and all other packets read. Times count as equal if
    they are the same after one shift of the whole file, as exactly as the target's clock can say.

    Args:
        source: The original file.
        target: The file made from it; its frames may have another size.
        reading: How the original was read: which video of several, and which part of it.
        content: Whether to compare what the frames show as well.

    Raises:
        InputVideoError: One of the files cannot be read.
        UsageError: The original has no such video stream.
        TypeError: What is given is not a path, or ``reading`` no ``ReadOptions``.
    """
    source, target = Path(source), Path(target)
    reading = reading or ReadOptions()
    before, after = _probe_both(source, target, reading)
    times_before = picture_times(source, before, reading.span)
    times_after = picture_times(target, after)
    turn = _turn_before_storing(before, after)
    findings = [
        *compare_picture(_as_shown(before, turn), after, times_before, times_after),
        *(
            compare_content(
                source,
                target,
                reading,
                ReadOptions(video_stream=None if after.kind == "sequence" else after.stream_index),
                turn=turn,
            )
            if content
            else ()
        ),
        *_other_streams(before, after, times_before, times_after, reading.span),
    ]
    return Comparison(source=source, target=target, findings=tuple(findings))


def _turn_before_storing(before: VideoInfo, after: VideoInfo) -> DisplayMatrix | None:
    """Return how the source is turned if the output can only be stored upright."""
    if _can_be_turned(after) or after.display_matrix == before.display_matrix:
        return None
    return before.display_matrix if is_quarter_turn(before.display_matrix) else None


def _can_be_turned(info: VideoInfo) -> bool:
    """Return whether a file can say that players are to turn its frames."""
    names = info.container.split(",")
    return any(container.rotation and container.name in names for container in CONTAINERS)


def _as_shown(before: VideoInfo, turn: DisplayMatrix | None) -> VideoInfo:
    if turn is None:
        return before
    size = Size(before.height, before.width).turned(by_quarter=swaps_sides(turn))
    aspect = before.sample_aspect_ratio
    return replace(
        before,
        height=size.height,
        width=size.width,
        sample_aspect_ratio=1 / aspect if aspect is not None and swaps_sides(turn) else aspect,
        display_matrix=None,
        rotation=0,
    )


def _probe_both(source: Path, target: Path, reading: ReadOptions) -> tuple[VideoInfo, VideoInfo]:
    """Probe both; pictures have no times, and get those of the rate that the other file has."""
    if source_kind(target) == "sequence":
        before = probe(source, reading)
        return before, probe(target, ReadOptions(rate=before.frame_rate))
    if source_kind(source) == "sequence" and reading.rate is None:
        reading = replace(reading, rate=probe(target).frame_rate)
    before = probe(source, reading)
    return before, _probe_twin(before, target)


def _probe_twin(before: VideoInfo, target: Path) -> VideoInfo:
    """Probe the target at the video that has the place of the source's; others may be left out."""
    after = probe(target)
    old, new = _videos(before), _videos(after)
    index = new[old.index(before.stream_index)] if len(new) == len(old) else after.stream_index
    if index == after.stream_index:
        return after
    return probe(target, ReadOptions(video_stream=index))


def _videos(info: VideoInfo) -> list[int]:
    others = [stream.index for stream in info.other_streams if stream.is_moving_picture]
    return sorted([*others, info.stream_index])


def _other_streams(
    before: VideoInfo,
    after: VideoInfo,
    times_before: PictureTimes,
    times_after: PictureTimes,
    span: TimeSpan,
) -> Iterator[Finding]:
    if before.kind != "file":
        return
    shift = times_before.shift_to(times_after)
    cut = SpanCut(span, before.start_seconds)
    if after.kind != "file":
        yield from _lost_streams(before, cut)
        return
    try:
        with open_input(before.path) as old, open_input(after.path) as new:
            yield from compare_streams(before, after, old, new, shift=shift, span=span)
            yield from _compare_tags(dict(old.metadata), dict(new.metadata))
            yield from _compare_chapters(
                [_chapter(one) for one in cut.chapters(old.chapters())],
                [_chapter(one) for one in new.chapters()],
                # Those of a part that begins later have been moved by the cut.
                shift=0.0 if span.start else float(shift),
            )
    except av.FFmpegError as error:
        raise InputVideoError(
            f"{before.path} and {after.path} could not be compared to their ends: "
            f"{describe_error(error)}",
            hint="one of the files is damaged",
        ) from error


def _lost_streams(before: VideoInfo, cut: SpanCut) -> Iterator[Finding]:
    """Yield what pictures do not hold: every stream beside the video, and chapters."""
    for stream in compared_streams(before):
        yield Finding(level="lost", subject=describe_stream(stream), message="missing")
    with open_input(before.path) as old:
        chapters = [_chapter(one) for one in cut.chapters(old.chapters())]
    yield from _compare_chapters(chapters, [], shift=0.0)


def _compare_tags(before: dict[str, str], after: dict[str, str]) -> Iterator[Finding]:
    # Matroska writes the names of tags in capitals.
    there = {key.lower(): value for key, value in after.items()}
    for key, value in before.items():
        if is_muxer_owned(key, value) or says_nothing(key.lower(), value):
            continue
        if timecode_of({key: value}) is not None:
            # It is compared for itself, for it may have become a track.
            continue
        if key.lower() not in there:
            yield Finding(
                level="lost", subject=f"tag {one_line(key)}", message=f"{value!r} is missing"
            )
        elif there[key.lower()] != value:
            yield Finding(
                level="changed",
                subject=f"tag {one_line(key)}",
                message=f"{value!r} became {there[key.lower()]!r}",
            )
        else:
            yield Finding(level="ok", subject=f"tag {one_line(key)}", message="the same")


def _chapter(chapter: "Chapter") -> tuple[str, float]:
    start = chapter["start"] * (chapter["time_base"] or Fraction(0))
    return chapter["metadata"].get("title", ""), float(start)


def _compare_chapters(
    before: list[tuple[str, float]], after: list[tuple[str, float]], *, shift: float
) -> Iterator[Finding]:
    if not before:
        return
    level: Level = "ok"
    message = f"all {len(before)}, titles and times the same"
    if len(after) != len(before):
        level, message = "lost", f"{len(after)} of {len(before)} are there"
    elif [one[0] for one in before] != [one[0] for one in after]:
        level, message = "changed", "titles differ"
    elif any(
        abs(new[1] - old[1] - shift) > _CHAPTER_TOLERANCE_SECONDS
        for old, new in zip(before, after, strict=True)
    ):
        level, message = "changed", "they start at other times"
    yield Finding(level=level, subject="chapters", message=message)

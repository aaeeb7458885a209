"""A scan in spans: many processes decode parts of a film, and its scenes are found as if by one.

Decoding takes nearly all the time of a scan. The parts overlap, and both must have seen the same
frames there. If not, seeking cannot be trusted in this film, and one process scans it all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from dscvsr_cli.cluster.messages import Answer, ScanTotals
from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.open_source import open_source
from dscvsr_cli.pipelines.upscale.scan import FilmScan, Seen, see
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.timestamps import Timeline

LEAST_SECONDS: Final = 60
"""Length of a span below which opening the film takes too much of the time."""

_OVERLAP_SECONDS: Final = 1
_HEAD_FRAMES: Final = 12
"""Frames at the beginning of a span that the one before must have seen as well, if it can."""

_BATCH_FRAMES: Final = 120
_TOLERANCE: Final = 2 / 255

_INDEXED: Final = frozenset({"mp4", "matroska"})
"""Containers with an index of keyframes and presentation times of their own."""


class SpansDifferError(Exception):
    """Two spans that meet have seen different frames, or one met damage."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """What some frames look like, in order."""

    pts: tuple[int, ...]
    thumbnails: npt.NDArray[np.float32]
    """(T, 3, 32, 32)."""


def spans_of(job: UpscaleJob, source: VideoInfo, most: int) -> list[TimeSpan]:
    """Return the spans in which a film can be scanned, at most ``most``; one is the whole.

    Args:
        job: Says which part of it is read, and how.
        source: The probed film.
        most: How many processes there may be.
    """
    whole = job.reading.span
    length = source.duration_seconds
    plain = source.kind == "file" and not _INDEXED.isdisjoint(source.container.split(","))
    if not plain or length is None or source.jumps.changes or job.reading.deinterlace:
        return [whole]
    end = Fraction(length) if whole.end is None else min(whole.end, Fraction(length))
    count = min(most, int((end - whole.start) // LEAST_SECONDS))
    if count < 2:
        return [whole]
    edges = [whole.start + (end - whole.start) * index / count for index in range(count)]
    stops = [edge + _OVERLAP_SECONDS for edge in edges[1:]]
    return [TimeSpan(start, stop) for start, stop in zip(edges, [*stops, whole.end], strict=True)]


def look(job: UpscaleJob, span: TimeSpan, threads: int) -> Iterator[Answer]:
    """Decode a span: yield ``Looks`` as answers, and the number of damaged frames last."""
    torch.set_num_threads(threads)
    try:
        with open_source(job, to_enlarge=False) as reader:
            frames = see(reader.read(span))
            while some := list(islice(frames, _BATCH_FRAMES)):
                thumbnails = torch.stack([seen.thumbnail for seen in some]).numpy()
                yield Answer(
                    value=Looks(pts=tuple(seen.pts for seen in some), thumbnails=thumbnails)
                )
            yield Answer(value=reader.damaged_frames)
    except InputVideoError as error:
        # A film can be shorter than it says, and its last span then holds nothing.
        yield Answer(error=error)


def scan_in_spans(
    parts: Sequence[Iterable[Answer]],
    settings: SegmentSettings,
    *,
    finished: Sequence[range],
    scene_starts: frozenset[int],
) -> Iterator[Answer]:
    """Find the tasks of a film as ``scan`` does, from what others have seen of its spans.

    Raises:
        SpansDifferError: The film must be scanned by one process.
    """
    film = FilmScan(
        joined([_seen(part) for part in parts]),
        timing=settings.spec.picture.timing,
        timeline=Timeline(name=settings.spec.picture.source.path, shift=settings.first_shift),
        least_frames=settings.segment_frames,
        finished=finished,
        scene_starts=scene_starts,
    )
    for task in film:
        yield Answer(value=task)
    yield Answer(value=ScanTotals(frames_read=film.frames_read, damaged_frames=0))


def joined(spans: Sequence[Iterator[Seen]]) -> Iterator[Seen]:
    """Yield the frames of spans that overlap, each once.

    Raises:
        SpansDifferError: Where two meet they have not seen the same.
    """
    following = spans[0]
    for span_after in spans[1:]:
        span, following = following, span_after
        head = list(islice(following, _HEAD_FRAMES))
        following = chain(head, following)
        yield from _until(span, head)
    yield from following


def _until(span: Iterator[Seen], head: Sequence[Seen]) -> Iterator[Seen]:
    """Yield the frames of a span before the first one of ``head``, which begins the next."""
    for seen in span:
        if head and seen.pts == head[0].pts:
            # All of it: damage is reported at the very end.
            rest = [seen, *span]
            if all(_equal(one, other) for one, other in zip(rest, head, strict=False)):
                return
            raise SpansDifferError
        yield seen
    # The next span begins later than this one ends.
    raise SpansDifferError


def _equal(one: Seen, other: Seen) -> bool:
    difference = float((one.thumbnail - other.thumbnail).abs().max())
    return one.pts == other.pts and difference <= _TOLERANCE


def _seen(answers: Iterable[Answer]) -> Iterator[Seen]:
    for answer in answers:
        if answer.error is not None or answer.bug or answer.value:
            if not isinstance(answer.value, Looks):
                raise SpansDifferError
            for pts, small in zip(answer.value.pts, answer.value.thumbnails, strict=True):
                # Ray's own memory cannot be written, which torch wants to be able to.
                yield Seen(pts=pts, thumbnail=torch.from_numpy(small.copy()))

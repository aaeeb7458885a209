"""Films: the opened videos of a comparison, checked to show the same in the same shape."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from torch import Tensor

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.own_outputs import RecordedPart, recorded_part
from dscvsr_cli.pipelines.compare.job import CompareJob
from dscvsr_cli.video.display_matrix import upright
from dscvsr_cli.video.info import USUAL_RATE, VideoInfo
from dscvsr_cli.video.read.expected_frames import expected_frames
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import WHOLE, TimeSpan

EARLY_SECONDS = Fraction(1, 2)
"""How much before --start each video is opened: containers round times in different ways."""

_SHAPE_TOLERANCE = Fraction(2, 100)
"""How far two aspect ratios may differ: rounding to even sides makes a tiny clip change by as much.
"""

_BEHIND_CLEAR = 0.5
"""Grey that shows through transparent frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One video of a comparison."""

    label: str
    info: VideoInfo
    reader: VideoReader
    span: TimeSpan = WHOLE
    """The part that another video shows; only this is read."""

    @property
    def frame_count(self) -> int | None:
        """Frames that are read, as far as the video says."""
        known = self.info.frame_count
        return known if self.span.is_whole else expected_frames(self.info, self.span)

    @property
    def size(self) -> Size:
        """Size as people see it, in pixels of the video."""
        info = self.info
        return Size(info.height, info.width).turned(by_quarter=info.is_turned)

    @property
    def sample_aspect(self) -> Fraction:
        """Width over height of one pixel as people see it."""
        aspect = self.info.sample_aspect_ratio or Fraction(1)
        return 1 / aspect if self.info.is_turned else aspect

    @property
    def aspect(self) -> Fraction:
        """Width over height as people see it."""
        return Fraction(self.size.width, self.size.height) * self.sample_aspect

    @property
    def rate(self) -> Fraction:
        """Frames per second, as far as known."""
        return self.info.frame_rate or USUAL_RATE

    def seconds(self, frame: Frame) -> Fraction:
        """Return when a frame is shown, counted from where players show 0:00."""
        return frame.pts * self.info.time_base - self.info.start_seconds

    def pixels(self, frame: Frame) -> Tensor:
        """Return a frame as players show it -> ``(3, H, W)`` in [0, 1], transparency on grey."""
        pixels = frame.pixels.clamp(0.0, 1.0)
        if frame.alpha is not None:
            pixels = pixels * frame.alpha + _BEHIND_CLEAR * (1 - frame.alpha)
        return upright(pixels, self.info.display_matrix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Films:
    """All videos of a comparison: the two, and the reference behind them if it is another."""

    all: tuple[Film, ...]
    reference: Film | None
    parts: tuple[str, ...] = ()
    """What is known of videos that show a part of another one, of which only that part is then
    read."""

    @property
    def largest(self) -> Film:
        """The video with the most pixels, whose size all are shown in."""
        return max(self.all, key=lambda film: film.size.height * film.size.width)

    @property
    def differing_counts(self) -> Mapping[str, int]:
        """Frames that each video says it has, by labels; empty unless they differ.

        It is nothing to warn of where only a part of one is read.
        """
        stated = {film.label: film.info.frame_count for film in self.all if film.info.frame_count}
        return stated if len(set(stated.values())) > 1 and not self.parts else {}

    @property
    def frame_count(self) -> int | None:
        """Frames that the shortest video says it has, as far as any says."""
        counts = [film.frame_count for film in self.all]
        return min((count for count in counts if count), default=None)


def open_films(job: CompareJob, stack: ExitStack) -> Films:
    """Open the videos of a job.

    Args:
        job: What is asked for.
        stack: Closes them.

    Raises:
        UsageError: A pipe, two shapes, or a video that is larger than the reference.
        InputVideoError: A video cannot be read.
    """
    paths = [job.first, job.second]
    if job.reference is not None and not any(map(job.reference.__eq__, paths)):
        paths.append(job.reference)
    for path in paths:
        if source_kind(path) == "pipe":
            raise UsageError(
                f"{path} is a pipe, which cannot be compared", hint="write it to a file first"
            )
    parts = _recorded_parts(paths)
    readers = _open_all(paths, job.start, parts, stack)
    films = tuple(
        Film(label=label, info=reader.info, reader=reader, span=_part_of(parts, place))
        for place, (label, reader) in enumerate(zip(labels_of(paths), readers, strict=True))
    )
    found = None if job.reference is None else films[paths.index(job.reference)]
    _check_shapes(films)
    if found is not None:
        _check_reference(films, found)
    notes = tuple(
        f"{films[place].label} was made from {films[whole].label} with {part}: only that part is "
        "compared"
        for whole, (place, part) in parts.items()
    )
    return Films(all=films, reference=found, parts=notes)


def labels_of(paths: Sequence[Path]) -> list[str]:
    """Return what to call the videos: their names, or as much of the path as tells them apart."""
    names = [path.name or str(path) for path in paths]
    if len(set(names)) == len(names):
        return names
    return [str(path) for path in paths]


def _recorded_parts(paths: Sequence[Path]) -> dict[int, tuple[int, RecordedPart]]:
    """Return by the place of a video the one that shows a part of it, and which part that is.

    Nothing if two show different parts of it: no frame of one is sure to be one of the other.
    """
    found: dict[int, tuple[int, RecordedPart]] = {}
    for place, path in enumerate(paths):
        for whole, other in enumerate(paths):
            part = None if whole == place else recorded_part(other, path)
            # An output of another video than the first holds that at another place than its first.
            if part is None or part.video_stream is not None:
                continue
            if whole in found and found[whole][1] != part:
                return {}
            found[whole] = (place, part)
    return found


def _open_all(
    paths: Sequence[Path],
    start: Fraction,
    parts: Mapping[int, tuple[int, RecordedPart]],
    stack: ExitStack,
) -> list[VideoReader]:
    """Open files first: image sequences have no rate and get that of the first file."""
    readers: dict[int, VideoReader] = {}
    rate = None
    is_sequence = [source_kind(path) == "sequence" for path in paths]
    for place in sorted(range(len(paths)), key=is_sequence.__getitem__):
        part = _part_of(parts, place)
        # Frames of a part are paired from its first one on, because their times say nothing.
        opened = Fraction(0) if parts else max(Fraction(0), start - EARLY_SECONDS)
        options = ReadOptions(
            span=TimeSpan(opened) if part.is_whole else part,
            rate=rate if is_sequence[place] else None,
        )
        readers[place] = stack.enter_context(VideoReader(paths[place], options))
        rate = rate or readers[place].info.frame_rate
    return [readers[place] for place in range(len(paths))]


def _part_of(parts: Mapping[int, tuple[int, RecordedPart]], place: int) -> TimeSpan:
    """Return the part of a video that another one shows."""
    part = parts[place][1] if place in parts else None
    return WHOLE if part is None else TimeSpan(part.start, part.end)


def _check_shapes(films: Sequence[Film]) -> None:
    first = films[0]
    for film in films[1:]:
        if abs(film.aspect / first.aspect - 1) > _SHAPE_TOLERANCE:
            raise UsageError(
                f"{first.label} is {float(first.aspect):.3f} times as wide as high, and "
                f"{film.label} {float(film.aspect):.3f} times: they do not show the same frames",
                hint="compare videos that were made from each other, without borders or crops",
            )


def _check_reference(films: Sequence[Film], reference: Film) -> None:
    for film in films:
        if film.size.height > reference.size.height or film.size.width > reference.size.width:
            raise UsageError(
                f"the reference {reference.label} is {reference.size}, smaller than {film.label} "
                f"({film.size})",
                hint="give the original in full size with --reference, or leave it out",
            )

"""Moments: the frames that several videos show at once, read side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from torch import Tensor

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.compare.films import Film, Films
from dscvsr_cli.pipelines.compare.job import CompareJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One frame of every video."""

    number: int
    """How many frames after the first one that was read."""
    seconds: Fraction
    """Time in the first video."""
    pictures: tuple[Tensor, ...]
    """``(3, H, W)`` in [0, 1] each, as players show them, in the order of the videos."""


@dataclass(slots=True)
class MomentReader:
    """Reads what a job asks for; afterwards ``warnings`` says what did not fit.

    Frames are paired by their order, since both videos show the same frames. If reading begins in
    the middle, the first pair is found by time. If one video is a part of another, only that part
    is read, from its first frame on.
    """

    films: Films
    job: CompareJob
    warnings: list[str] = field(default_factory=list)
    _apart: list[Fraction] = field(default_factory=list)
    """Times of the first pair if one video is a part of another: they need not be the same."""
    _drift: Fraction = Fraction(0)
    """The largest difference of two times that should be one."""

    def __iter__(self) -> Iterator[Moment]:
        """Yield the moments in order.

        Raises:
            InputVideoError: A video cannot be read, or has no frame from the start on.
        """
        rows = self._rows()
        first, taken = self.films.all[0], 0
        for number, frames in enumerate(rows):
            self._watch_times(frames)
            if number % self.job.every == 0:
                taken += 1
                yield Moment(
                    number=number,
                    seconds=first.seconds(frames[0]),
                    pictures=tuple(
                        film.pixels(frame)
                        for film, frame in zip(self.films.all, frames, strict=True)
                    ),
                )
            if taken == self.job.frames:
                break
        self._tell_drift()

    def _rows(self) -> Iterator[list[Frame]]:
        """Yield one frame of every video until one of them ends."""
        films = self.films.all
        start = Fraction(0) if self.films.parts else self.job.start
        first = _from_time(films[0], iter(films[0].reader), start)
        lead = next(first, None)
        if lead is None:
            raise _nothing_at(films[0], self.job.start)
        begin = films[0].seconds(lead) if start else None
        others = [_from_time(film, iter(film.reader), begin) for film in films[1:]]
        row: list[Frame | None] = [lead, *(next(frames, None) for frames in others)]
        for film, frame in zip(films, row, strict=True):
            if frame is None:
                raise _nothing_at(film, self.job.start)
        self._apart = self._times(row) if self.films.parts else []
        earliest, found = self.job.start - _half_frame(films[0]), False
        while (frames := _whole(row)) is not None:
            if found or not self.films.parts or films[0].seconds(frames[0]) >= earliest:
                found = True
                yield frames
            row = [next(rest, None) for rest in (first, *others)]
        if not found:
            raise _nothing_at(films[0], self.job.start)
        self._tell_lengths(row)

    def _watch_times(self, frames: list[Frame]) -> None:
        times = self._times(frames)
        if self._apart:
            times = [time - zero for time, zero in zip(times, self._apart, strict=True)]
        self._drift = max(self._drift, max(times) - min(times))

    def _times(self, row: Sequence[Frame | None]) -> list[Fraction]:
        pairs = zip(self.films.all, row, strict=True)
        return [film.seconds(frame) for film, frame in pairs if frame is not None]

    def _tell_drift(self) -> None:
        if self._drift > _half_frame(self.films.all[0]):
            self.warnings.append(
                f"frames are paired in their order, but their times differ by up to "
                f"{float(self._drift):.3g} s: one of the videos may lack frames"
            )

    def _tell_lengths(self, row: list[Frame | None]) -> None:
        if self.films.differing_counts:
            # The plan has warned of it, with the numbers.
            return
        pairs = list(zip(self.films.all, row, strict=True))
        ended = [film.label for film, frame in pairs if frame is None]
        going_on = [film.label for film, frame in pairs if frame is not None]
        if going_on:
            self.warnings.append(
                f"{' and '.join(ended)} ended before {' and '.join(going_on)}: the numbers of "
                "frames differ"
            )


def _whole(row: Sequence[Frame | None]) -> list[Frame] | None:
    """Return a row, or None if one of the videos has ended."""
    frames = [frame for frame in row if frame is not None]
    return frames if len(frames) == len(row) else None


def _from_time(film: Film, frames: Iterator[Frame], seconds: Fraction | None) -> Iterator[Frame]:
    """Leave out the frames that come more than half a frame before a time; None keeps all."""
    if seconds is None or seconds == 0:
        yield from frames
        return
    earliest = seconds - _half_frame(film)
    for frame in frames:
        if film.seconds(frame) >= earliest:
            yield frame


def _half_frame(film: Film) -> Fraction:
    return 1 / (2 * film.rate)


def _nothing_at(film: Film, start: Fraction) -> InputVideoError:
    return InputVideoError(
        f"{film.label} has no frame at {float(start):g} s or later",
        hint="choose an earlier --start",
    )

"""Compare the frames of two files: how many, when, how large, and tagged as what."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.video.info import HdrMetadata, VideoInfo
from dscvsr_cli.video.pixels.convert import is_opaque
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.read.one_shape import Shape
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.side_data import dynamic_hdr, extras_beside
from dscvsr_cli.video.span import WHOLE, TimeSpan
from dscvsr_cli.video.timestamps import FrameClock
from dscvsr_cli.video.verify.colour_names import matrix_name, primaries_name, transfer_name
from dscvsr_cli.video.verify.findings import Finding, Level

_UNSPECIFIED_TAGS = (0, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTimes:
    """When the frames of a file are shown."""

    seconds: tuple[Fraction, ...]
    """Time of each frame, rising."""

    tick: Fraction
    """Smallest difference in seconds that the file can store."""

    damaged: int = 0
    """Frames that are missing, or were decoded with errors."""

    shapes: tuple[Shape, ...] = ()
    """Sizes and sample aspect ratios that the frames have, in the order they appear."""

    last_duration: Fraction | None = None
    """Seconds for which the last frame is shown, or None if the file does not say."""

    extras: tuple[str, ...] = ()
    """What any of the frames carries beside its planes: captions, dynamic HDR metadata ..."""

    is_opaque: bool = False
    """Whether there is an alpha channel, and nothing shows through it anywhere."""

    def shift_to(self, other: "PictureTimes") -> Fraction:
        """Return by how many seconds ``other`` begins later."""
        if not self.seconds or not other.seconds:
            return Fraction(0)
        return other.seconds[0] - self.seconds[0]


def picture_times(path: Path, info: VideoInfo, span: TimeSpan = WHOLE) -> PictureTimes:
    """Decode every frame of a file and return the times, repeated ones moved as when writing.

    Args:
        path: The file.
        info: What it is.
        span: The part whose frames count.

    Raises:
        InputVideoError: Not a single frame can be decoded.
    """
    if info.kind == "sequence":
        seconds = (number * info.time_base for number in range(info.frame_count or 0))
        return PictureTimes(seconds=tuple(filter(span.holds, seconds)), tick=info.time_base)
    damage: list[int] = []
    clock = FrameClock(info)
    with open_input(path) as container:
        frames = Decoding(
            container,
            path,
            on_damage=lambda _trouble, _pts, frames: damage.append(frames),
            jumps=info.jumps,
            stream_index=info.stream_index,
        )
        shapes: dict[Shape, None] = {}
        opaque = info.has_alpha
        extras = dict.fromkeys((*info.picture_extras, *info.dynamic_hdr))
        stamps: list[int] = []
        durations: list[int] = []
        for frame in frames:
            pts, duration = clock.stamp(frame)
            if not span.holds(pts * info.time_base - info.start_seconds):
                continue
            stamps.append(pts)
            durations.append(duration)
            shapes[Shape(frame.width, frame.height, frames.aspect)] = None
            extras |= dict.fromkeys((*extras_beside(frame, info.hdr), *dynamic_hdr([frame])))
            opaque = opaque and is_opaque(frame)
    last = max(range(len(stamps)), key=stamps.__getitem__, default=None)
    return PictureTimes(
        # A frame whose time steps back is written too, after the ones before it.
        seconds=tuple(pts * info.time_base for pts in sorted(stamps)),
        tick=info.time_base,
        damaged=sum(damage),
        shapes=tuple(shapes),
        last_duration=None
        if last is None or not durations[last]
        else durations[last] * info.time_base,
        extras=tuple(extras),
        is_opaque=opaque,
    )


def compare_picture(
    before: VideoInfo, after: VideoInfo, times_before: PictureTimes, times_after: PictureTimes
) -> Iterator[Finding]:
    """Yield a finding for everything that frames have beside their pixels."""
    yield _frame_count(times_before, times_after)
    yield _times(times_before, times_after)
    yield from _last_duration(times_before, times_after)
    yield _size(before, after)
    if len(times_before.shapes) > 1 and len(times_after.shapes) < len(times_before.shapes):
        yield Finding(
            level="changed",
            subject="shapes of frames",
            message=f"{', '.join(map(str, times_before.shapes))} were fitted into one",
        )
    yield from _shape(before, after)
    yield from _colours(before, after)
    yield _depth(before, after)
    if before.has_alpha:
        yield _transparency(after, was_opaque=times_before.is_opaque)
    yield from _hdr(before.hdr, after.hdr)
    for name in times_before.extras:
        kept = name in times_after.extras
        yield Finding(
            level="ok" if kept else "lost", subject=name, message="kept" if kept else "missing"
        )


def _frame_count(before: PictureTimes, after: PictureTimes) -> Finding:
    was, count = len(before.seconds), len(after.seconds)
    level: Level = "ok" if was == count else "lost"
    message = f"all {was}" if was == count else f"{count} of {was}"
    if count > was:
        message = f"{count} instead of {was}"
    damaged = f", {after.damaged} damaged or missing" if after.damaged else ""
    # What the source has lost is no fault of the output, but a reason to look for another copy.
    if before.damaged:
        message += f" ({before.damaged} of the source are damaged or missing)"
    return Finding(
        level="changed" if damaged and level == "ok" else level,
        subject="frames",
        message=message + damaged,
    )


def _times(before: PictureTimes, after: PictureTimes) -> Finding:
    shift = before.shift_to(after)
    moves = [new - old for old, new in zip(before.seconds, after.seconds, strict=False)]
    worst = max(moves) - min(moves) if moves else Fraction(0)
    way = "later" if shift > 0 else "earlier"
    is_moved = abs(shift) > after.tick
    moved = f"; the file begins {float(abs(shift)):.4g} s {way}" if is_moved else ""
    if worst == 0:
        return Finding(level="ok", subject="frame times", message=f"exactly the same{moved}")
    # Two times rounded to the nearest tick are less than one tick further apart than before.
    if worst < after.tick:
        message = f"the same on a clock of {float(after.tick) * 1000:.4g} ms{moved}"
        return Finding(level="ok", subject="frame times", message=message)
    message = f"moved by up to {float(worst) * 1000:.4g} ms{moved}"
    return Finding(level="changed", subject="frame times", message=message)


def _last_duration(before: PictureTimes, after: PictureTimes) -> Iterator[Finding]:
    old, new = before.last_duration, after.last_duration
    if old is None or new is None:
        return
    same = abs(new - old) <= max(after.tick, before.tick)
    yield Finding(
        level="ok" if same else "changed",
        subject="last frame",
        message="shown as long as before"
        if same
        else f"shown for {float(new):.4g} s instead of {float(old):.4g} s",
    )


def _size(before: VideoInfo, after: VideoInfo) -> Finding:
    factor = Fraction(after.width, before.width), Fraction(after.height, before.height)
    message = (
        f"{before.width}x{before.height} became {after.width}x{after.height} "
        f"(x{float(factor[0]):.4g} by x{float(factor[1]):.4g})"
    )
    smaller = min(factor) < 1
    return Finding(level="lost" if smaller else "ok", subject="size", message=message)


def _shape(before: VideoInfo, after: VideoInfo) -> Iterator[Finding]:
    old, new = before.sample_aspect_ratio or Fraction(1), after.sample_aspect_ratio or Fraction(1)
    # What is shown counts: pixels may have become square, and the frame wider instead.
    shown = Fraction(before.width, before.height) * old
    kept = Fraction(after.width, after.height) * new
    off = float(abs(kept / shown - 1))
    if old == new or before.sample_aspect_ratio:
        level: Level = "ok" if old == new else "changed"
        if off > max(2 / after.height, 2 / after.width):
            level = "changed"
        message = _unchanged(str(old)) if old == new else f"{old} became {new}"
        yield Finding(level=level, subject="sample aspect ratio", message=message)
    else:
        yield Finding(level="changed", subject="sample aspect ratio", message=f"{old} became {new}")
    if before.rotation or after.rotation:
        same = before.rotation == after.rotation
        yield Finding(
            level="ok" if same else "lost",
            subject="rotation",
            message=_unchanged(f"{before.rotation} degrees")
            if same
            else f"{before.rotation} degrees became {after.rotation}",
        )


def _unchanged(value: str) -> str:
    return f"{value}, unchanged"


def _colours(before: VideoInfo, after: VideoInfo) -> Iterator[Finding]:
    old, new = before.colour, after.colour
    tags = (
        ("colour matrix", matrix_name, old.matrix_tag, new.matrix_tag),
        ("colour primaries", primaries_name, old.primaries_tag, new.primaries_tag),
        ("transfer curve", transfer_name, old.transfer_tag, new.transfer_tag),
    )
    for subject, name, was, became in tags:
        if was == became:
            yield Finding(level="ok", subject=subject, message=_unchanged(name(was)))
        elif subject == "colour matrix" and new.matrix == "rgb":
            yield Finding(level="ok", subject=subject, message="RGB needs none")
        elif was in _UNSPECIFIED_TAGS:
            message = f"was not tagged, is now tagged {name(became)}"
            yield Finding(level="ok", subject=subject, message=message)
        elif became in _UNSPECIFIED_TAGS:
            yield Finding(level="lost", subject=subject, message=f"{name(was)} is missing")
        else:
            message = f"{name(was)} became {name(became)}"
            yield Finding(level="changed", subject=subject, message=message)
    # RGB spans all code values by its nature.
    same = old.full_range == new.full_range or "rgb" in (old.matrix, new.matrix)
    yield Finding(
        level="ok" if same else "changed",
        subject="colour range",
        message="full" if new.full_range else "limited",
    )


def _depth(before: VideoInfo, after: VideoInfo) -> Finding:
    old, new = before.plain, after.plain
    coarser = new.row_shift > old.row_shift or new.column_shift > old.column_shift
    level: Level = "lost" if new.bits < old.bits or (coarser and old.family != "grey") else "ok"
    message = f"{before.pixel_format} became {after.pixel_format}"
    if before.pixel_format == after.pixel_format:
        message = _unchanged(before.pixel_format)
    return Finding(level=level, subject="pixel format", message=message)


def _transparency(after: VideoInfo, *, was_opaque: bool) -> Finding:
    message = "kept" if after.has_alpha else "missing"
    if was_opaque and not after.has_alpha:
        message = "missing, but nothing of the source is transparent"
    level: Level = "ok" if after.has_alpha or was_opaque else "lost"
    return Finding(level=level, subject="transparency", message=message)


def _hdr(before: HdrMetadata | None, after: HdrMetadata | None) -> Iterator[Finding]:
    if before is None:
        return
    subject = "HDR metadata"
    if after is None:
        yield Finding(level="lost", subject=subject, message="missing")
    elif _rounded(before) != _rounded(after):
        yield Finding(level="changed", subject=subject, message="other numbers")
    else:
        yield Finding(level="ok", subject=subject, message="the same")


def _rounded(hdr: HdrMetadata) -> tuple[object, ...]:
    # Chromaticities are stored in steps of 0.00002 by some codecs and of 1/65536 by others.
    places = [round(float(part), 3) for pair in hdr.primaries for part in pair]
    luminance = [round(float(value), 2) for value in hdr.luminance or ()]
    return tuple(places), tuple(luminance), hdr.content_light

"""Compare what two files show: every output frame, reduced to the input's size, with its source."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor
from torch.nn import functional

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.display_matrix import DisplayMatrix, upright
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.verify.findings import Finding, Level

_SUSPICIOUS_DB: Final = 24.0
"""Below it a frame looks other than its source; enlarged and reduced again, most reach 35 dB."""

_UNLIKE_DB: Final = 14.0
"""Below it a frame shows something else."""

_UNEXPLAINED: Final = 0.5
"""Part of what varies in a frame that may be missing; a black or grey frame shows none of it."""

_FLAT: Final = (8 / 255) ** 2
"""Variance of a frame in which there is nothing to see but noise."""

_VISIBLE_EXCESS: Final = 1e-3
"""Mean distance beyond black and white that is more than the ringing of an encoder."""

_LUMA: Final = (0.2126, 0.7152, 0.0722)


@dataclass(slots=True)
class _Likeness:
    """What the pairs of frames seen so far have in common."""

    frames: int = 0
    squared_error: float = 0.0
    worst_db: float = math.inf
    worst_frame: int = 0
    unlike: int = 0
    """Frames that do not show their source."""
    excess_before: float = 0.0
    excess_after: float = 0.0

    def add(self, before: Tensor, after: Tensor) -> None:
        """Compare two luma planes ``(H, W)`` of one size."""
        error = float((before - after).square().mean())
        decibels = math.inf if error == 0 else -10 * math.log10(error)
        variance = float(before.var(unbiased=False))
        if decibels < self.worst_db:
            self.worst_db, self.worst_frame = decibels, self.frames
        missing = variance > _FLAT and error > _UNEXPLAINED * variance
        self.unlike += decibels < _UNLIKE_DB or missing
        self.squared_error += error
        self.excess_before += _excess(before)
        self.excess_after += _excess(after)
        self.frames += 1


def compare_content(
    source: Path,
    target: Path,
    reading: ReadOptions | None = None,
    reading_target: ReadOptions | None = None,
    *,
    turn: DisplayMatrix | None = None,
) -> Iterator[Finding]:
    """Yield how like the frames of two files are, in pairs and in order.

    Args:
        source: The original.
        target: The file made from it.
        reading: Which of the original's videos to read, and which part of it.
        reading_target: Which of the target's.
        turn: How the original's frames are to be turned before they are compared.

    Raises:
        InputVideoError: A file cannot be read.
    """
    seen = _Likeness()
    with VideoReader(source, reading) as old, VideoReader(target, reading_target) as new:
        for before, after in zip(old, new, strict=False):
            # What cannot be seen may have any colour, and formats disagree on which.
            shown = before.alpha is not None and after.alpha is not None
            wanted = upright(_luma(before, shown=shown).unsqueeze(0), turn)[0]
            seen.add(wanted, _reduced(_luma(after, shown=shown), *wanted.shape))
    if seen.frames == 0:
        return
    yield _likeness(seen)
    if seen.excess_before / seen.frames > _VISIBLE_EXCESS:
        kept = seen.excess_after > seen.excess_before / 2
        yield Finding(
            level="ok" if kept else "lost",
            subject="footroom and headroom",
            message="kept" if kept else "what is below black or above white is cut off",
        )


def _likeness(seen: _Likeness) -> Finding:
    mean = seen.squared_error / seen.frames
    overall = "equal" if mean == 0 else f"PSNR {-10 * math.log10(mean):.1f} dB"
    worst = "" if mean == 0 else f", {seen.worst_db:.1f} dB at worst (frame {seen.worst_frame})"
    level: Level = "ok"
    verdict = "matches the source when reduced to its size"
    if seen.unlike:
        level = "lost"
        verdict = f"{seen.unlike} of {seen.frames} frames do not show their source"
    elif seen.worst_db < _SUSPICIOUS_DB:
        level = "changed"
        verdict = "differs from the source when reduced to its size"
    return Finding(level=level, subject="content", message=f"{verdict}: {overall}{worst}")


def _luma(frame: Frame, *, shown: bool) -> Tensor:
    """Return the luma ``(H, W)`` of a frame; as it shows before black if ``shown``."""
    red, green, blue = frame.pixels
    luma: Tensor = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
    return luma * frame.alpha[0] if shown and frame.alpha is not None else luma


def _reduced(plane: Tensor, height: int, width: int) -> Tensor:
    if plane.shape == (height, width):
        return plane
    resized = functional.interpolate(
        plane[None, None], size=(height, width), mode="bicubic", antialias=True
    )
    return resized[0, 0]


def _excess(plane: Tensor) -> float:
    return float((plane - 1).clamp(min=0).mean() + (-plane).clamp(min=0).mean())

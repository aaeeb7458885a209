"""Picture sheets: the same detail by every method side by side, where the methods differ most.

A few frames spread over each clip are kept while it is measured; when all methods are through, the
crop in which they disagree most becomes one PNG: low-res | each method | truth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.benchmarking.measure_clip import MeasuredFrame
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import AxisPhases
from dscvsr_cli.imaging.bitmap_font import ADVANCE, ROWS, lettering
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.video.write.picture_writer import save_png

KEPT_FRAMES = 4
"""Most frames of a clip that wait for all methods."""

CROP_SIDE = 120
"""Pixels of the ground truth, or less if a picture is smaller."""

ZOOM = 2
"""Screen pixels per pixel of the ground truth."""

_TEXT_ZOOM = 2
_GAP = 4
_CAPTION_ROWS = 2 * ROWS * _TEXT_ZOOM + 3 * _GAP


@dataclass(slots=True)
class _Kept:
    """One frame by all methods, as 8-bit levels."""

    low: Tensor
    truth: Tensor
    made: dict[str, Tensor] = field(default_factory=dict)


class PictureSheets:
    """Listens to a run and writes a sheet for every clip and factor into a folder."""

    def __init__(self, folder: Path, methods_at: Callable[[float], Sequence[str]]) -> None:
        """Prepare the folder.

        Args:
            folder: Made if it does not exist.
            methods_at: Factor -> names of the methods that make a sheet whole, in the order of its
                columns.

        Raises:
            UsageError: The folder cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the folder {folder} cannot be made: {error.strerror or error}",
                hint="choose another place for --pictures",
            ) from error
        self._folder = folder
        self._methods_at = methods_at
        self._clip: tuple[float, str] | None = None
        self._method = ""
        self._stride = 1
        self._kept: dict[int, _Kept] = {}
        self.written: list[Path] = []

    def add(self, frame: MeasuredFrame) -> None:
        """Take one measured frame; frames of a clip come in order, method after method."""
        if (frame.scale, frame.clip) != self._clip:
            self.finish()
            self._clip = frame.scale, frame.clip
        if frame.method != self._method or frame.place == 0:
            self._method, self._stride = frame.method, 1
        if frame.place % self._stride:
            return
        kept = self._kept.get(frame.place)
        if kept is None:
            kept = _Kept(low=_levels(frame.pair.low), truth=_levels(frame.pair.truth))
            self._kept[frame.place] = kept
        kept.made[frame.method] = _levels(frame.made)
        self._thin_out()

    def finish(self) -> None:
        """Write the sheet of the clip at hand, if all methods have made it.

        Raises:
            OutputVideoError: The picture cannot be written.
        """
        if self._clip is not None:
            self._write(*self._clip)
        self._clip, self._kept = None, {}

    def _write(self, scale: float, clip: str) -> None:
        methods = self._methods_at(scale)
        whole = [kept for kept in self._kept.values() if len(kept.made) == len(methods)]
        if not whole:
            return
        name = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in clip)
        path = self._folder / f"{name}_x{scale:g}.png"
        save_png(path, draw_sheet(whole, methods))
        self.written.append(path)

    def _thin_out(self) -> None:
        """Keep every second of the frames once there are too many: the same for every method."""
        done = [place for place, kept in self._kept.items() if self._method in kept.made]
        if len(done) > KEPT_FRAMES:
            self._stride *= 2
            for place in [place for place in self._kept if place % self._stride]:
                # What another method has kept of a place beyond is gone for all of them.
                del self._kept[place]


def draw_sheet(frames: Sequence[_Kept], methods: Sequence[str]) -> Tensor:
    """Draw the crop in which the methods differ most -> ``(3, rows, columns)`` in [0, 1]."""
    places = [strongest_difference(list(kept.made.values())) for kept in frames]
    best = max(range(len(frames)), key=lambda index: places[index][2])
    top, left, _ = places[best]
    kept = frames[best]
    truth = _float(kept.truth)
    side = min(CROP_SIDE, *truth.shape[-2:])
    window = (slice(None), slice(top, top + side), slice(left, left + side))
    wanted = truth[window]
    tiles = [_tile(_nearest(_float(kept.low), truth)[window], "LOW-RES", "")]
    for method in methods:
        shown = _float(kept.made[method])[window]
        ratio = psnr(luma(shown), luma(wanted)).item()
        tiles.append(_tile(shown, method, f"{ratio:.2f} DB" if math.isfinite(ratio) else "EXACT"))
    tiles.append(_tile(wanted, "TRUTH", ""))
    return torch.cat(tiles, dim=2)


def strongest_difference(made: Sequence[Tensor]) -> tuple[int, int, float]:
    """Return top, left and strength of the crop where pictures ``(3, H, W)`` uint8 differ most."""
    planes = torch.stack([luma(_float(picture)) for picture in made])
    spread = (planes.amax(dim=0) - planes.amin(dim=0)).square()
    side = min(CROP_SIDE, *spread.shape)
    step = max(1, side // 8)
    strength = F.avg_pool2d(spread[None, None], side, stride=step)[0, 0]
    best = int(strength.argmax())
    row, column = divmod(best, strength.shape[1])
    return row * step, column * step, float(strength.flatten()[best])


def _tile(picture: Tensor, name: str, figure: str) -> Tensor:
    """Draw a picture ``(3, h, w)`` enlarged, two lines of caption above it."""
    enlarged = picture.repeat_interleave(ZOOM, 1).repeat_interleave(ZOOM, 2)
    width = enlarged.shape[2]
    caption = torch.zeros(3, _CAPTION_ROWS, width)
    letters = max(0, (width - _GAP) // (ADVANCE * _TEXT_ZOOM))
    for line, text in enumerate((name, figure)):
        drawn = lettering(text[:letters], zoom=_TEXT_ZOOM)
        top = _GAP + line * (ROWS * _TEXT_ZOOM + _GAP)
        caption[:, top : top + drawn.shape[0], _GAP : _GAP + drawn.shape[1]] = drawn
    tile = torch.cat((caption, enlarged), dim=1)
    return F.pad(tile, (0, _GAP, 0, 0))


def _nearest(low: Tensor, truth: Tensor) -> Tensor:
    """Enlarge by repeating pixels, so that the low-resolution picture shows what it holds."""
    rows, columns = (
        torch.tensor([axis.nearest(index) for index in range(axis.target)])
        for axis in (AxisPhases(low.shape[i], truth.shape[i]) for i in (1, 2))
    )
    return low[:, rows][:, :, columns]


def _levels(picture: Tensor) -> Tensor:
    return (quantise(picture.float()) * 255).round().to(torch.uint8)


def _float(levels: Tensor) -> Tensor:
    return levels.float() / 255

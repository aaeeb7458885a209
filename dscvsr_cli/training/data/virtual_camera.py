"""Synthetic camera moves over photographs: endless sharp footage with known, smooth motion.

A virtual camera drifts, zooms, turns and tilts over one photograph; half of the clips see a second
photograph through a soft mask that moves independently, so things are hidden and uncovered. Where
the camera looked is known, and with it the optical flow, exactly.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

SUPERSAMPLING = 2
"""Samples per output pixel and axis, averaged, so that a reduced photograph does not alias."""

MIXED_SHARE = 0.1
"""If two layers share a pixel and the lesser has more than this of it, its flow is neither's."""


@dataclass(frozen=True, slots=True, eq=False)
class FilmedClip:
    """A clip, and where the camera looked, from which its flow follows."""

    frames: Tensor
    """(T, 3, side, side) float32 RGB in [0, 1], on the photograph's device."""

    path: Tensor
    """(T, 2, 6), of the camera (see ``_path``), on the CPU; of layers, the front one's."""

    covered: Tensor | None = None
    """(T, 1, side, side) share of every pixel that the front layer covers, if there are two."""

    behind: "FilmedClip | None" = None
    """What the front layer leaves to be seen, if there are two."""

    def flow(self, grid: int) -> Tensor:
        """Return the true optical flow ``(2, T - 1, 2, grid, grid)``, on the frames' device.

        In pixels of the grid, ``(dx, dy)``: first from every frame to the next, then from every
        frame but the first to the one before it. nan if it is not known: beyond the photograph's
        border, which is mirrored, and at the edges of layers.

        Args:
            grid: Rows and columns of the flow: those of the reduced film.
        """
        earlier, later = self.path[:-1], self.path[1:]
        target, source = torch.cat((earlier, later)), torch.cat((later, earlier))
        found = _flow(target, source, self.frames.shape[-1], grid)
        flow = found.view(2, -1, 2, grid, grid).to(self.frames.device)
        if self.covered is None or self.behind is None:
            return flow
        shares = F.interpolate(self.covered, size=(grid, grid), mode="area")
        # Of the frame that each flow starts from.
        share = torch.stack((shares[:-1], shares[1:]))
        mixed = torch.minimum(share, 1.0 - share) > MIXED_SHARE
        seen = torch.where(share > 0.5, flow, self.behind.flow(grid))
        return seen.masked_fill(mixed, torch.nan)


def film(photo: Tensor, length: int, side: int, generator: torch.Generator) -> FilmedClip:
    """Film ``photo``.

    Args:
        photo: ``(3, H, W)`` uint8, larger than ``side`` for a sharp result.
        length: Frames.
        side: Rows and columns of the film, in pixels.
        generator: Source of the camera's path, on the CPU.
    """
    path = _path(length, side, photo.shape[-2:], generator)
    return FilmedClip(_shoot(photo.float() / 255.0, path, side, border="reflection"), path)


def film_layers(
    near: Tensor, far: Tensor, length: int, side: int, generator: torch.Generator
) -> FilmedClip:
    """Film ``near`` through a moving soft mask before ``far``; arguments as of ``film``."""
    cells = int(torch.randint(3, 7, (), generator=generator))
    noise = torch.rand((1, 1, cells, cells), generator=generator).to(near.device)
    shape = F.interpolate(noise, size=(2 * side, 2 * side), mode="bicubic", align_corners=False)
    sharpness = 10.0 * 4.0 ** float(torch.rand((), generator=generator))
    mask = torch.sigmoid((shape[0] - shape.mean()) * sharpness)
    path = _path(length, side, mask.shape[-2:], generator)
    covered = _shoot(mask, path, side, border="border")
    front = film(near, length, side, generator)
    back = film(far, length, side, generator)
    frames = torch.lerp(back.frames, front.frames, covered)
    return FilmedClip(frames, front.path, covered, back)


def _flow(target: Tensor, source: Tensor, side: int, grid: int) -> Tensor:
    """Find the places in the frames of ``source`` that ``target`` shows.

    Both are paths ``(T, 2, 6)``, one frame each per pair -> ``(T, 2, grid, grid)`` pixels of the
    grid. What a frame shows at a place is nearly linear in it, so Newton's method needs two steps.
    """
    step = side / grid
    middles = (torch.arange(grid) + 0.5) * step - side / 2
    y, x = torch.meshgrid(middles, middles, indexing="ij")
    wanted = _weigh(target, _terms(x, y))
    seen_x, seen_y = x, y
    for _ in range(2):
        gap_x, gap_y = (wanted - _weigh(source, _terms(seen_x, seen_y))).unbind(1)
        zero, one = torch.zeros_like(seen_x), torch.ones_like(seen_x)
        across = _weigh(source, torch.stack((zero, one, zero, 2 * seen_x, seen_y, zero)))
        down = _weigh(source, torch.stack((zero, zero, one, zero, seen_x, 2 * seen_y)))
        determinant = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
        seen_x = seen_x + (gap_x * down[:, 1] - gap_y * down[:, 0]) / determinant
        seen_y = seen_y + (gap_y * across[:, 0] - gap_x * across[:, 1]) / determinant
    beyond = (wanted.abs() > 1.0).any(dim=1, keepdim=True)
    flow = torch.stack((seen_x - x, seen_y - y), dim=1) / step
    return flow.masked_fill(beyond, torch.nan)


def _weigh(path: Tensor, terms: Tensor) -> Tensor:
    """Places in the photograph: ``(T, 2, 6)`` by ``(6, [T,] h, w)`` -> ``(T, 2, h, w)``."""
    if terms.dim() == 3:
        terms = terms[:, None].expand(-1, len(path), -1, -1)
    return torch.einsum("tck,kthw->tchw", path, terms)


def _shoot(picture: Tensor, path: Tensor, side: int, *, border: str) -> Tensor:
    """Look at ``picture`` ``(C, H, W)`` along a path -> ``(T, C, side, side)``."""
    length, samples = path.shape[0], SUPERSAMPLING**2
    # As two planes of places, which one plain matrix product makes faster than pairs.
    places = path.flatten(0, 1).to(picture.device) @ _frame_terms(side, picture.device)
    grid = places.view(length, 2, samples * side, side).permute(0, 2, 3, 1)
    frames = F.grid_sample(
        picture.expand(length, -1, -1, -1),
        grid,
        mode="bilinear",
        padding_mode=border,
        align_corners=False,
    )
    # The samples of a pixel are in a stack of pictures, whose mean is cheap.
    return frames.view(length, -1, samples, side, side).mean(dim=2)


@lru_cache(maxsize=64)
def _frame_terms(side: int, device: torch.device) -> Tensor:
    """Return the terms of each sample of a frame -> ``(6, samples)``.

    ``x`` and ``y`` are pixels from the middle of the frame. The first sample of every pixel comes
    first, in rows, then the second of every pixel, and so on.
    """
    fine = (torch.arange(side * SUPERSAMPLING) + 0.5) / SUPERSAMPLING - side / 2
    y, x = torch.meshgrid(fine, fine, indexing="ij")
    cells = _terms(x, y).view(6, side, SUPERSAMPLING, side, SUPERSAMPLING)
    return cells.permute(0, 2, 4, 1, 3).reshape(6, -1).to(device)


def _terms(x: Tensor, y: Tensor) -> Tensor:
    """Return 1, x, y, x^2, xy and y^2 of places from the middle of a frame, stacked first."""
    return torch.stack((torch.ones_like(x), x, y, x * x, x * y, y * y))


def _path(
    length: int, side: int, photo_size: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """Draw how a camera moves -> ``(T, 2, 6)``, what `_frame_terms` are weighed by for x and y.

    The sums are places in the photograph as ``grid_sample`` counts them, from -1 to 1.
    """

    def draw(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    height, width = photo_size
    time = torch.linspace(-0.5, 0.5, length)
    wobble = torch.sin(time * draw(1.0, 6.0) + draw(0.0, math.tau))
    speed = draw(0.0, 1.0) ** 2 * 6.0 * (length - 1)
    heading = draw(0.0, math.tau)
    span = min(height, width) / side
    zoom = draw(min(0.8, span), min(1.6, span)) * torch.exp(time * draw(-0.1, 0.1))
    angle = draw(-0.2, 0.2) + time * draw(-0.12, 0.12) + wobble * draw(-0.01, 0.01)
    tilt_x, tilt_y = draw(-0.05, 0.05) * time / side, draw(-0.05, 0.05) * time / side
    # The frame of `side` pixels, centred somewhere it fits, in photograph pixels.
    room_x = max(0.0, width - side * float(zoom.max()))
    room_y = max(0.0, height - side * float(zoom.max()))
    centre_x = width / 2 + draw(-0.5, 0.5) * room_x + time * speed * math.cos(heading)
    centre_y = height / 2 + draw(-0.5, 0.5) * room_y + time * speed * math.sin(heading)
    centre_x, centre_y = centre_x + wobble * draw(-2.0, 2.0), centre_y + wobble * draw(-2.0, 2.0)

    cos, sin = zoom * torch.cos(angle), zoom * torch.sin(angle)

    def weights(centre: Tensor, of_x: Tensor, of_y: Tensor, pixels: int) -> Tensor:
        # centre + (1 + tilt_x x + tilt_y y) (of_x x + of_y y): magnification changes linearly
        # across the frame, a slight perspective.
        squares = (tilt_x * of_x, tilt_x * of_y + tilt_y * of_x, tilt_y * of_y)
        place = torch.stack((centre - pixels / 2, of_x, of_y, *squares), dim=-1)
        return place * (2.0 / pixels)

    return torch.stack(
        (weights(centre_x, cos, -sin, width), weights(centre_y, sin, cos, height)), 1
    )

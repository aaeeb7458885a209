"""Synthetic camera moves over photographs: endless sharp footage with known, smooth motion.

A virtual camera drifts, zooms, turns and tilts over one photograph; half of the clips see a second
photograph through a soft mask that moves on its own, so that things are hidden and uncovered.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

SUPERSAMPLING = 2
"""Samples per output pixel and axis, averaged, so that a reduced photograph does not alias."""


def film(photo: Tensor, length: int, side: int, generator: torch.Generator) -> Tensor:
    """Film ``photo`` -> ``(T, 3, side, side)`` float32 in [0, 1], on the photograph's device.

    Args:
        photo: ``(3, H, W)`` uint8, larger than ``side`` for a sharp result.
        length: Frames.
        side: Rows and columns of the film, in pixels.
        generator: Source of the camera's path, on the CPU.
    """
    path = _path(length, side, photo.shape[-2:], generator)
    return _shoot(photo.float() / 255.0, path, side, border="reflection")


def film_layers(
    near: Tensor, far: Tensor, length: int, side: int, generator: torch.Generator
) -> Tensor:
    """Film ``near`` through a moving soft mask before ``far`` -> ``(T, 3, side, side)``."""
    cells = int(torch.randint(3, 7, (), generator=generator))
    noise = torch.rand((1, 1, cells, cells), generator=generator).to(near.device)
    shape = F.interpolate(noise, size=(2 * side, 2 * side), mode="bicubic", align_corners=False)
    sharpness = 10.0 * 4.0 ** float(torch.rand((), generator=generator))
    mask = torch.sigmoid((shape[0] - shape.mean()) * sharpness)
    path = _path(length, side, mask.shape[-2:], generator)
    covered = _shoot(mask, path, side, border="border")
    front = film(near, length, side, generator)
    return torch.lerp(film(far, length, side, generator), front, covered)


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
    # The samples of a pixel lie in pictures below each other: a mean of pictures is cheap.
    return frames.view(length, -1, samples, side, side).mean(dim=2)


@lru_cache(maxsize=64)
def _frame_terms(side: int, device: torch.device) -> Tensor:
    """Return 1, x, y, x^2, xy and y^2 of each sample of a frame -> ``(6, samples)``.

    ``x`` and ``y`` are pixels from the middle of the frame. The first sample of every pixel comes
    first, in rows, then the second of every pixel, and so on.
    """
    fine = (torch.arange(side * SUPERSAMPLING) + 0.5) / SUPERSAMPLING - side / 2
    y, x = torch.meshgrid(fine, fine, indexing="ij")
    terms = torch.stack((torch.ones_like(x), x, y, x * x, x * y, y * y))
    cells = terms.view(6, side, SUPERSAMPLING, side, SUPERSAMPLING)
    return cells.permute(0, 2, 4, 1, 3).reshape(6, -1).to(device)


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

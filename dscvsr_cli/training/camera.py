"""Synthetic camera moves over photographs: endless sharp footage with known, smooth motion.

A virtual camera drifts, zooms, turns and tilts over one photograph; half of the clips see a second
photograph through a soft mask that moves on its own, so that things are hidden and uncovered.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SUPERSAMPLING = 2
"""Samples per output pixel and axis, averaged, so that a reduced photograph does not alias."""


def film(photo: Tensor, length: int, side: int, generator: torch.Generator) -> Tensor:
    """Film ``photo`` -> ``(T, 3, side, side)`` float32 in [0, 1].

    Args:
        photo: ``(3, H, W)`` uint8, larger than ``side`` for a sharp result.
        length: Frames.
        side: Rows and columns of the film, in pixels.
        generator: Source of the camera's path.
    """
    grid = _path(length, side, photo.shape[-2:], generator)
    picture = (photo.float() / 255.0).expand(length, -1, -1, -1)
    frames = F.grid_sample(
        picture, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return F.avg_pool2d(frames, SUPERSAMPLING)


def film_layers(
    near: Tensor, far: Tensor, length: int, side: int, generator: torch.Generator
) -> Tensor:
    """Film ``near`` through a moving soft mask before ``far`` -> ``(T, 3, side, side)``."""
    cells = int(torch.randint(3, 7, (), generator=generator))
    noise = torch.rand((1, 1, cells, cells), generator=generator)
    shape = F.interpolate(noise, size=(2 * side, 2 * side), mode="bicubic", align_corners=False)
    sharpness = 10.0 * 4.0 ** float(torch.rand((), generator=generator))
    mask = torch.sigmoid((shape - shape.mean()) * sharpness)
    grid = _path(length, side, mask.shape[-2:], generator)
    covered = F.grid_sample(
        mask.expand(length, -1, -1, -1), grid, padding_mode="border", align_corners=False
    )
    covered = F.avg_pool2d(covered, SUPERSAMPLING)
    front = film(near, length, side, generator)
    return covered * front + (1.0 - covered) * film(far, length, side, generator)


def _path(
    length: int, side: int, photo_size: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """Return where each sample of each frame lies, as a grid for ``grid_sample``."""

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
    tilt_x, tilt_y = draw(-0.05, 0.05) * time, draw(-0.05, 0.05) * time
    # The frame of `side` pixels, centred somewhere it fits, in photograph pixels.
    room_x = max(0.0, width - side * float(zoom.max()))
    room_y = max(0.0, height - side * float(zoom.max()))
    centre_x = width / 2 + draw(-0.5, 0.5) * room_x + time * speed * math.cos(heading)
    centre_y = height / 2 + draw(-0.5, 0.5) * room_y + time * speed * math.sin(heading)
    centre_x, centre_y = centre_x + wobble * draw(-2.0, 2.0), centre_y + wobble * draw(-2.0, 2.0)

    samples = side * SUPERSAMPLING
    place = ((torch.arange(samples) + 0.5) / samples - 0.5) * side
    y, x = place[None, :, None], place[None, None, :]
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    # A slight perspective: magnification changes linearly across the frame.
    depth = 1.0 + (tilt_x[:, None, None] * x + tilt_y[:, None, None] * y) / side
    factor = zoom[:, None, None] * depth
    at_x = centre_x[:, None, None] + factor * (cos * x - sin * y)
    at_y = centre_y[:, None, None] + factor * (sin * x + cos * y)
    return torch.stack((2.0 * at_x / width - 1.0, 2.0 * at_y / height - 1.0), dim=-1)

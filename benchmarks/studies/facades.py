"""Render facades, whose windows repeat every few pixels: clips to measure, pictures to learn from.

::

    python benchmarks/studies/facades.py facades/
    dscvsr bench --dataset facades -s 2 -s 2.7 --no-temporal -w dscvsr-lite
    python benchmarks/studies/facades.py --pictures 130 patterns/
    dscvsr train --data FOOTAGE --data patterns ...

Such windows alias when they are reduced, and only the motion shows in which direction lines run.
Real clips of them are rare (one building in Vid4), so a figure from a single clip depends on luck.
These clips are rendered, and are the same in every run. The pictures show one to three patterns
each: windows, floors, pillars, bricks, at any angle and in any colour.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dscvsr_cli.video.write.picture_writer import save_png

HEIGHT, WIDTH, FRAMES = 240, 320, 7

SAMPLES = 6
"""Of a clip, per pixel and axis."""

WINDOWS = 400
"""Rows and columns of windows that differ from each other."""

PICTURE = (384, 512)
"""Rows and columns of a picture to learn from."""

PICTURE_SAMPLES = 3
"""Per pixel and axis."""


@dataclass(frozen=True, slots=True)
class Facade:
    """One building and how the camera passes it; lengths in pixels."""

    period: tuple[float, float]
    """From window to window, across and down."""
    angle: float
    """Degrees that it leans."""
    recession: float
    """How much smaller its windows are at the right edge than at the left, as a share."""
    speed: tuple[float, float]
    """Per frame, across and down."""
    glass: tuple[float, float]
    """Share of a window's place that is window, across and down."""


FACADES = (
    Facade((4.3, 5.4), 2, 0.10, (0.62, 0.35), (0.55, 0.60)),
    Facade((3.4, 4.1), -4, 0.15, (-1.3, 0.45), (0.50, 0.55)),
    Facade((5.6, 3.3), 6, 0.05, (0.37, -0.8), (0.60, 0.50)),
    Facade((2.9, 6.5), -1, 0.20, (1.9, 0.2), (0.50, 0.70)),
    Facade((4.0, 4.7), 12, 0.10, (0.25, 1.1), (0.50, 0.50)),
    Facade((6.4, 7.7), -8, 0.25, (2.6, -1.4), (0.60, 0.60)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the clips or pictures go")
    parser.add_argument(
        "--pictures", type=int, help="render this many pictures to learn from, instead of clips"
    )
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.pictures is None:
        save_clips(given.folder)
        print(f"{given.folder}: {len(FACADES)} clips of {FRAMES} frames, {WIDTH}x{HEIGHT}")
        return
    for number in range(given.pictures):
        path = given.folder / f"pattern-{number:04d}.png"
        save_png(path, torch.from_numpy(draw_picture(np.random.default_rng(1000 + number))).float())
    print(f"{given.folder}: {given.pictures} pictures, {PICTURE[1]}x{PICTURE[0]}")


def save_clips(folder: Path) -> None:
    """Save every facade of ``FACADES`` as a folder of PNG pictures."""
    generator = np.random.default_rng(5)
    for number, facade in enumerate(FACADES):
        clip = folder / f"facade-{number}"
        clip.mkdir(exist_ok=True)
        panes = generator.uniform(0.05, 0.35, (WINDOWS, WINDOWS))
        lit = generator.random((WINDOWS, WINDOWS)) < 0.06
        panes[lit] = generator.uniform(0.6, 0.9, lit.sum())
        wall = generator.uniform(0.55, 0.85)
        for time in range(FRAMES):
            grey = torch.from_numpy(render(facade, panes, wall, time)).float()
            save_png(clip / f"{time:03d}.png", grey.expand(3, -1, -1))


def draw_picture(generator: np.random.Generator) -> np.ndarray:
    """Draw a picture of patterns side by side -> ``(3, *PICTURE)`` in [0, 1]."""
    height, width = PICTURE
    samples = PICTURE_SAMPLES
    y, x = np.mgrid[0 : height * samples, 0 : width * samples].astype(np.float32) / samples
    seen = np.empty((3, *x.shape), np.float32)
    bounds = np.sort(generator.uniform(0.2 * width, 0.8 * width, generator.integers(0, 3)))
    leaning = generator.uniform(-0.15, 0.15)
    place = np.searchsorted(bounds, (x[:1] + leaning * width).ravel())
    for number in range(len(bounds) + 1):
        columns = place == number
        if columns.any():
            seen[:, :, columns] = draw_pattern(generator, y[:, columns], x[:, columns])
    means: np.ndarray = seen.reshape(3, height, samples, width, samples).mean((2, 4))
    return means.clip(0.0, 1.0)


def draw_pattern(generator: np.random.Generator, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Draw one pattern at places in pixels, both ``(h, w)`` -> ``(3, h, w)``."""
    angle = generator.normal(0.0, 12.0)
    period_x, period_y = np.exp(generator.uniform(math.log(2.5), math.log(14.0), 2))
    glass_x, glass_y = generator.uniform(0.35, 0.75, 2)
    # Floors and pillars go on without end in one direction.
    kind = generator.choice(["windows", "floors", "pillars", "bricks"], p=[0.5, 0.2, 0.15, 0.15])
    nearness = 1.0 + generator.uniform(-0.3, 0.3) * (x / PICTURE[1] - 0.5)
    nearness = nearness + generator.uniform(-0.2, 0.2) * (y / PICTURE[0] - 0.5)
    across, down = turn(x, y, angle)
    across, down = across * nearness / period_x, down * nearness / period_y
    row = np.floor(down).astype(int)
    if kind == "bricks":
        across = across + 0.5 * (row % 2)
    column = np.floor(across).astype(int)
    inside_x, inside_y = across - column < glass_x, down - row < glass_y
    inside = {"floors": inside_y, "pillars": inside_x}.get(str(kind), inside_x & inside_y)
    wall, pane = generator.uniform(0.0, 1.0, 2)
    if abs(wall - pane) < 0.25:
        pane = (wall + 0.5) % 1.0
    spread = generator.uniform(0.0, 0.15)
    panes = pane + generator.uniform(-spread, spread, (WINDOWS, WINDOWS))
    others = generator.random((WINDOWS, WINDOWS)) < generator.uniform(0.0, 0.1)
    panes[others] = generator.uniform(0.0, 1.0, others.sum())
    light = 1.0 + generator.uniform(-0.2, 0.2) * (y / PICTURE[0] - 0.5)
    grey = np.where(inside, panes[row % WINDOWS, column % WINDOWS], wall) * light
    tints = 1.0 + generator.uniform(-0.15, 0.15, (2, 3))
    return np.stack([grey * np.where(inside, tints[0, c], tints[1, c]) for c in range(3)])


def turn(x: np.ndarray, y: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Return places as seen from axes that lean by an angle."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return x * cos - y * sin, x * sin + y * cos


def render(facade: Facade, panes: np.ndarray, wall: float, time: int) -> np.ndarray:
    """Draw one frame -> ``(HEIGHT, WIDTH)`` in [0, 1].

    Args:
        facade: What is seen.
        panes: How bright each window is.
        wall: How bright the wall is.
        time: Number of the frame.
    """
    y, x = np.mgrid[0 : HEIGHT * SAMPLES, 0 : WIDTH * SAMPLES].astype(np.float32)
    y, x = (y + 0.5) / SAMPLES - HEIGHT / 2, (x + 0.5) / SAMPLES - WIDTH / 2
    sky = 0.6 + 0.1 * y / HEIGHT
    # A hand that is not quite still.
    x = x + facade.speed[0] * time + 0.3 * math.sin(1.7 * time)
    y = y + facade.speed[1] * time + 0.3 * math.cos(2.3 * time)
    nearness = 1.0 + facade.recession * x / WIDTH
    across, down = turn(x, y, facade.angle)
    across, down = across * nearness / facade.period[0], down * nearness / facade.period[1]
    column, row = np.floor(across).astype(int), np.floor(down).astype(int)
    glass = (across - column < facade.glass[0]) & (down - row < facade.glass[1])
    pillars = wall + 0.05 * np.sin(1.3 * column)
    seen = np.where(glass, panes[row % WINDOWS, column % WINDOWS], pillars)
    seen = np.where(np.abs(across) * facade.period[0] > 0.36 * WIDTH, sky, seen)
    means: np.ndarray = seen.reshape(HEIGHT, SAMPLES, WIDTH, SAMPLES).mean((1, 3))
    return means.clip(0.0, 1.0)


if __name__ == "__main__":
    main()

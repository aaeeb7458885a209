"""Remake the golden files: ``python -m tests.goldens.make``.

resize.npz comes from a resampler that shares nothing with ours: it visits one output pixel after
the other and sums over the source pixels under the kernel, in plain numpy. Before it is believed,
it is compared with Pillow away from the edges (Pillow treats edges in another way).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]

FOLDER = Path(__file__).parent

CASES: dict[str, tuple[Literal["bicubic", "lanczos3", "bilinear"], int, int]] = {
    "shrink_4": ("bicubic", 6, 8),
    "shrink_2_7": ("bicubic", 9, 12),
    "enlarge_2_7": ("bicubic", 65, 84),
    "enlarge_lanczos": ("lanczos3", 41, 54),
    "shrink_lanczos": ("lanczos3", 10, 13),
    "shrink_bilinear": ("bilinear", 10, 13),
}
"""Name -> kernel, rows, columns; the source has 24 rows and 31 columns."""

RADII = {"bicubic": 2, "lanczos3": 3, "bilinear": 1}


def keys_cubic(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def lanczos(x: float) -> float:
    if x == 0:
        return 1.0
    return float(3 * np.sin(np.pi * x) * np.sin(np.pi * x / 3) / (np.pi * x) ** 2) * (abs(x) < 3)


def triangle(x: float) -> float:
    return max(0.0, 1.0 - abs(x))


KERNELS: dict[str, Callable[[float], float]] = {
    "bicubic": keys_cubic,
    "lanczos3": lanczos,
    "bilinear": triangle,
}


def reflected(index: int, length: int) -> int:
    while not 0 <= index < length:
        index = -1 - index if index < 0 else 2 * length - 1 - index
    return index


def resample_line(line: Array, target: int, kernel: Callable[[float], float], wide: float) -> Array:
    out = np.zeros(target)
    for position in range(target):
        centre = (position + 0.5) * len(line) / target - 0.5
        total = 0.0
        for index in range(int(centre - 3 * wide) - 2, int(centre + 3 * wide) + 3):
            weight = kernel((index - centre) / wide)
            out[position] += weight * line[reflected(index, len(line))]
            total += weight
        out[position] /= total
    return out


def resample(picture: Array, rows: int, columns: int, name: str) -> Array:
    kernel = KERNELS[name]
    tall = max(1.0, picture.shape[0] / rows)
    wide = max(1.0, picture.shape[1] / columns)
    upright = np.stack([resample_line(column, rows, kernel, tall) for column in picture.T], axis=1)
    return np.stack([resample_line(row, columns, kernel, wide) for row in upright])


def compare_with_pillow(picture: Array, made: Array, name: str) -> None:
    filters = {
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos3": Image.Resampling.LANCZOS,
        "bilinear": Image.Resampling.BILINEAR,
    }
    rows, columns = made.shape
    image = Image.fromarray(picture.astype(np.float32))
    theirs = np.asarray(image.resize((columns, rows), filters[name]), dtype=np.float64)
    edge_rows = int(np.ceil(RADII[name] * max(1.0, rows / picture.shape[0])))
    edge_columns = int(np.ceil(RADII[name] * max(1.0, columns / picture.shape[1])))
    inside = (slice(edge_rows, -edge_rows), slice(edge_columns, -edge_columns))
    difference = np.abs(made - theirs)[inside]
    if difference.size == 0 or difference.max() > 1e-5:
        raise ArithmeticError(f"the two resamplers disagree on {name}: {difference.max()}")


def main() -> None:
    picture = np.random.default_rng(20240519).random((24, 31))
    made = {}
    for case, (kernel, rows, columns) in CASES.items():
        made[case] = resample(picture, rows, columns, kernel)
        compare_with_pillow(picture, made[case], kernel)
    np.savez_compressed(FOLDER / "resize.npz", source=picture, **made)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()

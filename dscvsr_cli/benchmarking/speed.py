"""Measure speed on synthetic frames, beside the machine's matrix-multiply rate.

The share of the peak is the rate of a method's convolutions over that of one large matrix product
in the same dtype, measured in the same run on the same device.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.methods import Method
from dscvsr_cli.benchmarking.timed_iterator import TimedIterator
from dscvsr_cli.errors import DeviceError, UsageError
from dscvsr_cli.frames import numbered
from dscvsr_cli.geometry import Size, output_size

SPEED_SIZES = {
    "270p": Size(270, 480),
    "480p": Size(480, 854),
    "720p": Size(720, 1280),
    "1080p": Size(1080, 1920),
}
"""Input sizes by what people call them."""

SPEED_SCALES = (2.0, 2.7, 4.0)

SECONDS_PER_ROW = 5.0
"""Time for which a row is measured, as far as whole frames allow."""

MOST_TIMED_FRAMES = 48
WARM_UP_FRAMES = 2
_PAN_PIXELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """How fast one method is at one size and factor."""

    method: str
    dtype: str
    runtime: str
    """What executes its network; empty if it has none."""
    source: str
    """Name of the input size."""
    scale: float
    size: Size
    """Rows and columns of the output."""
    frames: int
    """Frames that were timed; 0 if memory did not suffice."""
    frames_per_second: float
    share_of_peak: float | None
    """Share of the matrix-multiply rate, in [0, 1]; None if multiply-adds are not counted."""
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedReport:
    """Speeds, and what the machine can do."""

    machine: str
    device: str
    matmul_per_second: dict[str, float]
    """Multiply-adds per second of a large matrix product, by dtype."""
    rows: tuple[SpeedRow, ...]


def measure_speeds(
    methods: Sequence[Method],
    *,
    device: torch.device,
    machine: str = "",
    sizes: Sequence[str] = tuple(SPEED_SIZES),
    scales: Sequence[float] = SPEED_SCALES,
    seconds: float = SECONDS_PER_ROW,
    on_row: Callable[[SpeedRow], None] | None = None,
) -> SpeedReport:
    """Time every method at every size and factor, after the machine's matrix product.

    Args:
        methods: What to time; those of one name differ in dtype.
        device: Where the matrix product is timed.
        machine: What the report says they ran on.
        sizes: Names from ``SPEED_SIZES``.
        scales: Factors, each above 1.
        seconds: Time for each row.
        on_row: Called with every row.

    Raises:
        UsageError: A factor that does not enlarge, or an unknown size.
    """
    unknown = [name for name in sizes if name not in SPEED_SIZES]
    if unknown:
        raise UsageError(
            f"there is no input size {unknown[0]!r}", hint=f"use {', '.join(SPEED_SIZES)}"
        )
    kinds = dict.fromkeys(method.info.dtype for method in methods)
    rates = {kind: matmul_rate(device, getattr(torch, kind)) for kind in kinds}
    rows = []
    for method in methods:
        for name in sizes:
            for scale in scales:
                row = _row(method, name, scale, rates[method.info.dtype], seconds)
                rows.append(row)
                if on_row is not None:
                    on_row(row)
    return SpeedReport(
        machine=machine, device=str(device), matmul_per_second=rates, rows=tuple(rows)
    )


def matmul_rate(device: torch.device, dtype: torch.dtype, *, seconds: float = 0.5) -> float:
    """Return the multiply-adds per second of a large square matrix product on ``device``."""
    side = 1024 if device.type == "cpu" else 8192
    left = torch.randn(side, side, device=device).to(dtype)
    right = torch.randn(side, side, device=device).to(dtype)
    best = 0.0
    started = perf_counter()
    # The best of several: others may use the machine, and clocks take a moment to rise.
    while perf_counter() - started < seconds:
        start = perf_counter()
        product = left @ right
        _wait_for(device)
        best = max(best, side**3 / (perf_counter() - start))
        del product
    return best


def synthetic_frames(source: Size, count: int) -> Iterator[Tensor]:
    """Yield a soft texture that pans: ``count`` pictures ``(3, h, w)`` in [0, 1], one scene."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, source.height // 8 + 2, source.width // 8 + 2, generator=generator)
    texture = torch.nn.functional.interpolate(
        coarse, size=(source.height, source.width), mode="bilinear"
    )[0]
    for index in range(count):
        yield torch.roll(texture, _PAN_PIXELS * index, dims=2)


def _row(method: Method, name: str, scale: float, rate: float, seconds: float) -> SpeedRow:
    source = SPEED_SIZES[name]
    size = output_size(source, scale=scale)
    frames, speed = _timed(method, source, size, seconds)
    share = None
    if method.multiply_adds is not None and frames:
        work = method.multiply_adds(scale) * source.height * source.width
        share = speed * work / rate
    return SpeedRow(
        method=method.info.name,
        dtype=method.info.dtype,
        runtime=method.info.runtime,
        source=name,
        scale=scale,
        size=size,
        frames=frames,
        frames_per_second=speed,
        share_of_peak=share,
        peak_memory_bytes=None if method.peak_memory is None else method.peak_memory(),
    )


def _timed(method: Method, source: Size, size: Size, seconds: float) -> tuple[int, float]:
    """Return how many frames were timed, and frames per second; nothing if memory runs out."""
    if method.reset_memory is not None:
        method.reset_memory()
    try:
        once = _seconds_of(method, source, size, WARM_UP_FRAMES) / WARM_UP_FRAMES
        frames = max(WARM_UP_FRAMES, min(MOST_TIMED_FRAMES, int(seconds / max(once, 1e-9))))
        return frames, frames / max(_seconds_of(method, source, size, frames), 1e-9)
    except DeviceError:
        return 0, 0.0


def _seconds_of(method: Method, source: Size, size: Size, frames: int) -> float:
    lows = TimedIterator(numbered(synthetic_frames(source, frames)))
    outputs = TimedIterator(picture.cpu() for picture in method.upscale(lows, size))
    for _ in outputs:
        pass
    return max(0.0, outputs.seconds - lows.seconds)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()

"""Benchmarks of tiny clips, for tests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.bench_run import BenchRun
from dscvsr_cli.benchmarking.measure_clip import MeasuredFrameListener
from dscvsr_cli.benchmarking.methods import Method, MethodInfo, Upscaler, classical_methods
from dscvsr_cli.benchmarking.report import BenchReport
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize

PLAIN = BenchProtocol(dataset="mine", temporal=False)


def plan(
    clips: Sequence[Clip],
    upscalers: Mapping[str, Upscaler] | None = None,
    *,
    scales: Sequence[float] = (4.0,),
    protocol: BenchProtocol = PLAIN,
) -> BenchRun:
    others = (
        Method(info=MethodInfo(name=name), upscale=upscale)
        for name, upscale in (upscalers or {}).items()
    )
    return BenchRun(clips, (*classical_methods(), *others), protocol=protocol, scales=scales)


def bench(
    clips: Sequence[Clip],
    upscalers: Mapping[str, Upscaler] | None = None,
    *,
    scales: Sequence[float] = (4.0,),
    protocol: BenchProtocol = PLAIN,
    on_frame: MeasuredFrameListener | None = None,
) -> BenchReport:
    return plan(clips, upscalers, scales=scales, protocol=protocol).run(on_frame=on_frame)


def frame(index: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(index)
    coarse = torch.rand(3, height // 4 + 1, width // 4 + 1, generator=generator)
    return resize(coarse, Size(height, width)).clamp(0, 1)


def clip(name: str, frames: int, height: int = 32, width: int = 40) -> Clip:
    return Clip(
        name=name,
        frame_count=frames,
        read=lambda: (frame(index, height, width) for index in range(frames)),
    )


def nearest(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
    for low in frames:
        yield torch.nn.functional.interpolate(low.pixels[None], size=(size.height, size.width))[0]

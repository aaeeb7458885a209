"""Measure upscalers on clips with a known ground truth, side by side with bicubic and Lanczos.

Everything streams: a clip is read and degraded anew for each upscaler, so memory holds only the
frames that the upscaler itself looks ahead.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter
from types import MappingProxyType
from typing import Generic, Self, TypeVar

from torch import Tensor

from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import degrade_frames
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import Kernel, resize
from dscvsr_cli.imaging.ssim import WINDOW, ssim
from dscvsr_cli.pipelines.bench_report import BenchReport, ClipScore, MeanScore, mean_score

Item = TypeVar("Item")

Upscaler = Callable[[Iterable[Tensor], Size], Iterator[Tensor]]
"""Takes frames ``(3, h, w)`` float32 in [0, 1] and yields one ``(3, sH, sW)`` for each, in order.

It should read its frames as it needs them, in the thread that asks it for pictures; those it has
read and not yet answered are held.
"""

CLASSICAL: Mapping[str, Kernel] = MappingProxyType({"bicubic": "bicubic", "lanczos": "lanczos3"})
"""The methods that are always measured, by name, and their kernels."""

PROTOCOL = (
    "degradation BI: antialiased bicubic (a = -0.5), rounded to 8 bits; "
    "ground truth cropped so that the factor fits",
    "measured on luma (BT.601, 16 to 235) of 8-bit pictures, no border cropped",
    "PSNR with peak 255; SSIM in 11x11 Gaussian windows, sigma 1.5, inside the picture",
    "averaged over the frames of a clip, then over clips",
    "frames/s counts the upscaler's time alone, its first frame included",
)
"""What the numbers mean, for without it they compare to nothing; `protocol` adds the frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchProgress:
    """Where the measuring stands; given after every frame."""

    method: str
    """Name of the upscaler at work."""

    scale: float
    """Its factor."""

    clip: str
    """Name of the clip."""

    frames_done: int
    """Frames of the clip measured so far."""

    frames_total: int | None
    """Frames of the clip, where known before its end."""


def bench(
    dataset: str,
    clips: Sequence[Clip],
    upscalers: Mapping[str, Upscaler],
    *,
    scales: Sequence[float] = (4.0,),
    frames: int | None = None,
    parameters: Mapping[str, int] | None = None,
    device: str = "cpu",
    progress: Callable[[BenchProgress], None] | None = None,
) -> BenchReport:
    """Measure bicubic, Lanczos and ``upscalers`` on every clip at every factor.

    Args:
        dataset: What the report calls the clips together.
        clips: At least one.
        upscalers: By name; those of ``CLASSICAL`` are taken.
        scales: Factors, each above 1.
        frames: Measure only this many frames from the start of each clip.
        parameters: Parameters of the upscalers' networks, by the same names.
        device: What the report says the upscalers ran on.
        progress: Called after every frame.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: A clip is empty, unreadable or too small for a factor.
        ValueError: No clips, a name taken, or an upscaler that breaks its contract.
    """
    if not clips or CLASSICAL.keys() & upscalers.keys():
        raise ValueError(f"need clips and other names, got {len(clips) = }, {list(upscalers) = }")
    methods = {name: classical_upscaler(kernel) for name, kernel in CLASSICAL.items()}
    methods.update(upscalers)
    chosen = [clip if frames is None else clip.first(frames) for clip in clips]
    report_progress = progress or (lambda _: None)
    scores: list[ClipScore] = []
    means: list[MeanScore] = []
    for scale, (method, upscaler) in itertools.product(scales, methods.items()):
        run = [_measure_clip(clip, method, upscaler, scale, report_progress) for clip in chosen]
        scores += run
        means.append(mean_score(run, parameters=(parameters or {}).get(method)))
    return BenchReport(
        dataset=dataset,
        device=device,
        protocol=protocol(frames),
        scores=tuple(scores),
        means=tuple(means),
    )


def protocol(frames: int | None) -> tuple[str, ...]:
    """Return what the numbers mean when only the first ``frames`` (None: all) are measured."""
    if frames is None:
        return (*PROTOCOL, "all frames of every clip")
    return (*PROTOCOL, f"only the first {frames} frames of a clip, unlike published numbers")


def classical_upscaler(kernel: Kernel) -> Upscaler:
    """Return an upscaler that resizes each frame by itself with ``kernel``."""

    def upscale(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        return (resize(frame, size, kernel=kernel) for frame in frames)

    return upscale


def _measure_clip(
    clip: Clip,
    method: str,
    upscaler: Upscaler,
    scale: float,
    progress: Callable[[BenchProgress], None],
) -> ClipScore:
    feed = _Feed(clip, scale)
    outputs = _TimedIterator(_run(upscaler, feed.lows(), feed.size))
    psnrs: list[float] = []
    ssims: list[float] = []
    for output in outputs:
        if not feed.truths or output.shape != feed.truths[0].shape:
            raise ValueError(f"{method} gave a frame too many or of wrong size, {output.shape = }")
        _measure(output, feed.truths.popleft(), psnrs, ssims)
        progress(
            BenchProgress(
                method=method,
                scale=scale,
                clip=clip.name,
                frames_done=len(psnrs),
                frames_total=clip.frame_count,
            )
        )
    if feed.truths or next(feed.lows(), None) is not None:
        raise ValueError(f"{method} gave only {len(psnrs)} frames of the clip {clip.name}")
    return ClipScore(
        method=method,
        scale=scale,
        clip=clip.name,
        frames=len(psnrs),
        size=feed.size,
        psnr_db=fmean(psnrs),
        ssim=fmean(ssims),
        # Reading and degrading happen inside the upscaler's turn, when it asks for a frame.
        seconds=max(0.0, outputs.seconds - feed.seconds),
    )


def _run(upscaler: Upscaler, lows: Iterator[Tensor], size: Size) -> Iterator[Tensor]:
    """Run the upscaler; its work is done when the frame has come to the CPU."""
    for frame in upscaler(lows, size):
        yield frame.detach().cpu()


def _measure(output: Tensor, truth: Tensor, psnrs: list[float], ssims: list[float]) -> None:
    shown, wanted = (luma(quantise(picture.double())) for picture in (output, truth))
    psnrs.append(psnr(shown, wanted).item())
    ssims.append(ssim(shown, wanted).item())


class _Feed:
    """The frames of a clip for an upscaler, and the truths that it has yet to answer."""

    def __init__(self, clip: Clip, scale: float) -> None:
        pairs = degrade_frames(clip, scale)
        first = next(pairs, None)
        if first is None:
            raise DatasetError(f"the clip {clip.name} holds no frames", hint="leave it out")
        self.size = Size(*first.truth.shape[-2:])
        if min(self.size.height, self.size.width) < WINDOW:
            raise DatasetError(
                f"the clip {clip.name} is only {self.size}, "
                f"too small for SSIM's {WINDOW}x{WINDOW} windows",
                hint="use larger pictures",
            )
        self.truths: deque[Tensor] = deque()
        self._pairs = _TimedIterator(itertools.chain([first], pairs))

    @property
    def seconds(self) -> float:
        """Time spent reading and degrading, the first frame aside."""
        return self._pairs.seconds

    def lows(self) -> Iterator[Tensor]:
        # tee would do this in one line, but it holds on to dozens of pairs that are done with.
        for pair in self._pairs:
            self.truths.append(pair.truth)
            yield pair.low


class _TimedIterator(Generic[Item]):
    """An iterator that adds up the time its items take to come."""

    def __init__(self, items: Iterator[Item]) -> None:
        self.seconds = 0.0
        self._items = items

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        start = perf_counter()
        try:
            return next(self._items)
        finally:
            self.seconds += perf_counter() - start

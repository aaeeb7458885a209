"""Measure one method on one clip: feed it, time it, compare what comes out.

Everything streams: the clip is read and degraded again for each method, so memory holds only the
frames that the method itself looks ahead.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.frame_meter import FrameMeter, PictureDistance, TrueMotions
from dscvsr_cli.benchmarking.methods import Method
from dscvsr_cli.benchmarking.report import ClipScore
from dscvsr_cli.benchmarking.still_input import still_frames
from dscvsr_cli.benchmarking.timed_iterator import TimedIterator
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import Degradation, PicturePair, clip_pairs
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.frames import Frame, numbered
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.lpips import SMALLEST_SIDE
from dscvsr_cli.imaging.ssim import SSIM_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFrame:
    """One frame that a method made; given after each."""

    method: str
    """Name of the method."""

    scale: float
    """Its factor."""

    clip: str
    """Name of the clip."""

    place: int
    """Position of the frame in the clip, from 0."""

    made: Tensor
    """(3, H, W) as the method made it."""

    pair: PicturePair
    """What it was made from, and the truth."""


MeasuredFrameListener = Callable[[MeasuredFrame], None]


def measure_clip(
    clip: Clip,
    method: Method,
    scale: float,
    protocol: BenchProtocol,
    *,
    motions: TrueMotions | None = None,
    lpips: PictureDistance | None = None,
    on_frame: MeasuredFrameListener | None = None,
) -> ClipScore:
    """Run one method over one clip and score it.

    Args:
        clip: With the frames that the protocol asks for.
        method: What to measure.
        scale: Factor, above 1.
        protocol: How to measure.
        motions: The true motion, for warping error and flicker; None leaves them out.
        lpips: The perceptual distance; None leaves it out.
        on_frame: Called with every frame made.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: The clip is empty, unreadable or too small, or the pictures of another tool
            do not fit it.
        ValueError: The method breaks the contract of an upscaler.
    """
    name = method.info.name
    feed = _Feed(clip, scale, protocol)
    meter = FrameMeter(crop=protocol.crop, motions=motions, lpips=lpips)
    outputs = TimedIterator(_run(method, feed.lows(), feed.size))
    for place, output, pair in feed.pair_up(outputs, name):
        if clip.counts(place):
            meter.add(place, output, pair.truth)
        if on_frame is not None:
            frame = MeasuredFrame(
                method=name, scale=scale, clip=clip.name, place=place, made=output, pair=pair
            )
            on_frame(frame)
    quality = meter.quality()
    if protocol.still and method.timed:
        quality = replace(quality, still_change=still_change(method, feed.first.low, feed.size))
    return ClipScore(
        method=name,
        scale=scale,
        clip=clip.name,
        frames=meter.frames,
        frames_made=feed.answered,
        size=feed.size,
        quality=quality,
        seconds=max(0.0, outputs.seconds - feed.seconds) if method.timed else None,
        peak_memory_bytes=None if method.peak_memory is None else method.peak_memory(),
    )


def still_change(method: Method, low: Tensor, size: Size) -> float:
    """Return how much ``low`` (3, h, w), enlarged again and again, changes from frame to frame.

    Returns:
        The mean absolute change of RGB over what ``still_frames`` gives, in levels of 255.
    """
    made = _run(method, numbered(still_frames(low)), size)
    frames = (frame.double().clamp(0, 1) * 255.0 for frame in made)
    return fmean(float((after - before).abs().mean()) for before, after in pairwise(frames))


def _run(method: Method, lows: Iterator[Frame], size: Size) -> Iterator[Tensor]:
    """Run the method; its work is done when the frame has come to the CPU."""
    if method.reset_memory is not None:
        method.reset_memory()
    for frame in method.upscale(lows, size):
        yield frame.detach().cpu()


class _Feed:
    """The frames of a clip for an upscaler, and the pairs that it has yet to answer."""

    def __init__(self, clip: Clip, scale: float, protocol: BenchProtocol) -> None:
        pairs = clip_pairs(clip, scale, Degradation.parse(protocol.degradation))
        first = next(pairs, None)
        if first is None:
            raise DatasetError(f"the clip {clip.name} holds no frames", hint="leave it out")
        self.first = first
        self.size = Size(*first.truth.shape[-2:])
        side = min(self.size.height, self.size.width) - 2 * protocol.crop
        smaller_crop = " or a smaller --crop" if protocol.crop else ""
        if side < SSIM_WINDOW:
            raise DatasetError(
                f"the clip {clip.name} is only {self.size}, "
                f"too small for SSIM's {SSIM_WINDOW}x{SSIM_WINDOW} windows",
                hint="use larger pictures" + smaller_crop,
            )
        if protocol.lpips and side < SMALLEST_SIDE:
            raise DatasetError(
                f"the clip {clip.name} is only {self.size}, "
                f"too small for LPIPS, which needs {SMALLEST_SIDE} pixels",
                hint=f"use larger pictures{smaller_crop}, or leave out --lpips",
            )
        self.answered = 0
        """Outputs so far."""
        self._clip = clip
        self._waiting: deque[PicturePair] = deque()
        self._pairs = TimedIterator(itertools.chain([first], pairs))

    @property
    def seconds(self) -> float:
        """Time spent reading and degrading, the first frame aside.

        All of it is part of the upscaler's time, because the upscaler asks for the frames.
        """
        return self._pairs.seconds

    def lows(self) -> Iterator[Frame]:
        # tee would do this in one line, but it holds on to dozens of pairs that are done with.
        for place, pair in enumerate(self._pairs):
            self._waiting.append(pair)
            yield Frame(pixels=pair.low, pts=place, quantiser_step=pair.quantiser_step)

    def pair_up(
        self, outputs: Iterable[Tensor], name: str
    ) -> Iterator[tuple[int, Tensor, PicturePair]]:
        """Yield every output with its place in the clip and the pair that it answers.

        Raises:
            ValueError: The method called ``name`` gives too many frames, too few, or wrong sizes.
        """
        for output in outputs:
            if not self._waiting or output.shape != self._waiting[0].truth.shape:
                raise ValueError(
                    f"{name} gave a frame too many or of wrong size, {output.shape = }"
                )
            yield self.answered, output, self._waiting.popleft()
            self.answered += 1
        if self._waiting or next(self.lows(), None) is not None:
            raise ValueError(
                f"{name} gave only {self.answered} frames of the clip {self._clip.name}"
            )

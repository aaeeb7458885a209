"""Measure the speed of a job on parts of a few frames, within a few seconds at any size."""

import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import torch

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.scene_budget import SceneBudget
from dscvsr_cli.engine.self_ensemble import ensemble_of
from dscvsr_cli.engine.stream_plan import StreamPlan, work_per_frame
from dscvsr_cli.frames import Frame, numbered
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.make_frames import enlarge
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.runtimes.choose import open_runtime

INT8_SHARE = 0.5
"""Time that int8 takes through OpenVINO, of that of float32 through torch: 0.47 with dscvsr-lite
and 0.55 with dscvsr-fast, on a processor limited to AVX2."""

_FRAMES = 3
_SIDE = 144
"""Rows and columns of the part that is measured: enough to keep a processor busy."""

_SMALL_SIDE = 64
"""The same for the first run, which warms up and says whether the large part is affordable."""

_MOST_SECONDS = 2.0
"""Time that the large part may take, as the small one predicts it."""


def measure_seconds_per_frame(ready: PreparedJob) -> float:
    """Return about how long one frame of a job takes: decoding or network, whichever is slower.

    The reader is used up.
    """
    started = time.monotonic()
    frames = sum(1 for _ in islice(ready.reader, _FRAMES))
    decoding = (time.monotonic() - started) / max(1, frames)
    return max(decoding, guess_seconds_per_frame(ready)) if frames else 0.0


def guess_seconds_per_frame(ready: PreparedJob) -> float:
    """Return about how long the network takes for one frame, measured on noise.

    The reader is left alone. Frames of the video itself may repeat, as in a black lead-in, and
    would then go through the network once; noise that pans differs in every frame.
    """
    part = _part(Size(ready.plan.source.height, ready.plan.source.width), _SIDE)
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand((3, part.height, part.width), generator=generator)
    panned = (torch.roll(noise, columns, dims=-1) for columns in range(_FRAMES))
    return _network_seconds(ready, list(numbered(panned)))


def _network_seconds(ready: PreparedJob, frames: list[Frame]) -> float:
    """Run the network on a part of some frames -> seconds for a whole one.

    The time is scaled to the whole frame and to what windows and tiles do twice. What OpenVINO will
    run is measured in torch: converting the network for the part would take longer than all else
    together. In float32 that is a little slower, and what int8 saves is known well enough.
    """
    ready = replace(ready, network=replace(ready.network, executed=_in_torch(ready)))
    _run(ready, frames[:1], _SMALL_SIDE)
    each, share = _run(ready, frames, _SMALL_SIDE)
    whole = Size(ready.plan.source.height, ready.plan.source.width)
    large = _part(whole, _SIDE)
    expected = each / share * large.height * large.width / (whole.height * whole.width)
    if expected * len(frames) < _MOST_SECONDS:
        each, share = _run(ready, frames, _SIDE)
    work = work_per_frame(ready.network.clip_plan(ready.plan.frames), whole)
    known = INT8_SHARE if ready.network.dtype == torch.int8 else 1.0
    return each / share * work * known


def _in_torch(ready: PreparedJob) -> FrameNetwork:
    if ready.plan.runtime == "torch":
        return ready.network.executed
    network = copy.deepcopy(ready.network.loaded.network)
    dtype = ready.network.dtype
    if dtype == torch.int8:
        dtype = torch.float32
    executed = open_runtime("torch", network.to(dtype=dtype), dtype=dtype)
    return ensemble_of(executed, ready.job.ensemble)


def _run(ready: PreparedJob, frames: list[Frame], side: int) -> tuple[float, float]:
    """Enlarge the middle of some frames -> seconds per frame, and the share of a frame it is."""
    whole = Size(ready.plan.source.height, ready.plan.source.width)
    part = _part(whole, side)
    size = Size(
        max(1, round(ready.target.size.height * part.height / whole.height)),
        max(1, round(ready.target.size.width * part.width / whole.width)),
    )
    smaller = replace(
        ready,
        job=replace(ready.job, compare=None),
        target=replace(ready.target, size=size),
        network=replace(ready.network, scenes=SceneBudget(at_once=1, ahead=len(frames))),
    )
    plan = StreamPlan(window=len(frames), look_ahead=0, step=ready.network.stream_plan.step)
    started = time.monotonic()
    count = sum(1 for _ in enlarge(smaller, _cut(frames, part), plan=plan))
    seconds = time.monotonic() - started
    share = part.height * part.width / (whole.height * whole.width)
    return seconds / max(1, count), share


def _cut(frames: list[Frame], part: Size) -> Iterator[Frame]:
    for frame in frames:
        rows, columns = frame.pixels.shape[-2:]
        top, left = (rows - part.height) // 2, (columns - part.width) // 2
        area = (..., slice(top, top + part.height), slice(left, left + part.width))
        yield Frame(pixels=frame.pixels[area].contiguous(), pts=frame.pts, duration=frame.duration)


def _part(whole: Size, side: int) -> Size:
    return Size(min(whole.height, side), min(whole.width, side))

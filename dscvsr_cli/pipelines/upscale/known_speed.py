"""Known speed: how fast earlier jobs ran on this machine, for an estimate that costs nothing."""

import contextlib
import math
from collections.abc import Callable
from pathlib import Path

import platformdirs

from dscvsr_cli.json_record import Record, read_record
from dscvsr_cli.pipelines.machine import machine
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.pipelines.upscale.progress import WorkMeter
from dscvsr_cli.pipelines.upscale.record_file import change_record

_LEAST_SECONDS = 5.0
"""A shorter job says little about a long one."""

_MOST_ENTRIES = 200

_MOST_STEPS = 2
"""Powers of two between the pixels of two frames whose speeds say something of each other."""


def known_seconds_per_frame(ready: PreparedJob, *, path: Path | None = None) -> float | None:
    """Return the time per frame that earlier jobs like this one took here, or None.

    Args:
        ready: The job; device, weights, dtype, the rounded factor and, roughly, the frame size must
            be the same.
        path: Where speeds are kept; None takes the user's cache folder.
    """
    known, own = _read(path or speed_file()), _size_class(ready)
    for size_class in sorted(range(own - _MOST_STEPS, own + _MOST_STEPS + 1), key=_distance(own)):
        each = known.get(_key(ready, size_class))
        if each is not None:
            return each * _input_pixels(ready)
    return None


def remember_speed(ready: PreparedJob, meter: WorkMeter, *, path: Path | None = None) -> None:
    """Keep the speed of a job that has just run, if it ran long enough.

    A job may have run while the machine was busy, so the geometric mean of the known and the new
    speed is kept. A cache that cannot be written is left as it is: it only serves an estimate.
    """
    rate = meter.frames_per_second
    if rate is None or meter.now().seconds < _LEAST_SECONDS:
        return
    path = path or speed_file()
    key, each = _key(ready, _size_class(ready)), 1 / rate / _input_pixels(ready)

    def with_speed(record: Record) -> Record:
        known = _speeds(record)
        settled = math.sqrt(known.pop(key, each) * each)
        # The one that was noted last comes last: the first to go are those not seen for long.
        return dict([*known.items(), (key, settled)][-_MOST_ENTRIES:])

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        change_record(path, with_speed)


def speed_file() -> Path:
    """Return the file in which speeds are kept, as seconds per frame and input pixel."""
    return platformdirs.user_cache_path("dscvsr", appauthor=False) / "speed.json"


def _read(path: Path) -> dict[str, float]:
    return _speeds(read_record(path))


def _speeds(record: Record) -> dict[str, float]:
    return {name: float(v) for name, v in record.items() if isinstance(v, int | float) and v > 0}


def _input_pixels(ready: PreparedJob) -> int:
    return ready.plan.source.height * ready.plan.source.width


def _size_class(ready: PreparedJob) -> int:
    """Return the nearest power of two to the pixels of a frame.

    The time per pixel falls with their number: most of the time of a small frame is a fixed cost.
    """
    return round(math.log2(_input_pixels(ready)))


def _distance(own: int) -> Callable[[int], int]:
    return lambda size_class: abs(size_class - own)


def _key(ready: PreparedJob, size_class: int) -> str:
    """Return what must be the same for a speed to hold: machine, weights, dtype, factor and size.

    The time per input pixel grows with the factor, so factors count in steps of a half.
    """
    plan = ready.plan
    factor = (ready.target.size.height / plan.source.height) * 2
    parts = [
        machine(ready.network.device),
        plan.weights,
        plan.dtype,
        plan.runtime,
        f"x{round(factor) / 2:g}",
        f"{2**size_class} pixels",
    ]
    if plan.ensemble > 1:
        parts.append(f"ensemble of {plan.ensemble}")
    if plan.steadied:
        parts.append("steadied")
    if plan.scenes_at_once > 1:
        parts.append(f"{plan.scenes_at_once} scenes")
    return " | ".join(parts)

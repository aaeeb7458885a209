"""Known speed: how fast earlier jobs ran on this machine, for an estimate that costs nothing."""

import contextlib
import platform
from pathlib import Path

import platformdirs
import torch

from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.pipelines.upscale.progress import WorkMeter
from dscvsr_cli.pipelines.upscale.record_file import Record, change_record, read_record

_LEAST_SECONDS = 5.0
"""A shorter job says little about a long one."""

_MOST_ENTRIES = 200


def known_seconds_per_frame(
    ready: PreparedJob, *, weights: str | None = None, path: Path | None = None
) -> float | None:
    """Return the time per frame that earlier jobs like this one took here, or None.

    Args:
        ready: The job; devices, weights, dtype and the rounded factor must be the same.
        weights: Name of other weights to look up instead of the job's own.
        path: Where speeds are kept; None takes the user's cache folder.
    """
    each = _read(path or speed_file()).get(_key(ready, weights))
    return None if each is None else each * _input_pixels(ready)


def remember_speed(ready: PreparedJob, meter: WorkMeter, *, path: Path | None = None) -> None:
    """Keep the speed of a job that has just run, if it ran long enough.

    A cache that cannot be written is left as it is: it only serves an estimate.
    """
    rate = meter.frames_per_second
    if rate is None or meter.now().seconds < _LEAST_SECONDS:
        return
    path = path or speed_file()
    key, each = _key(ready), 1 / rate / _input_pixels(ready)

    def with_speed(record: Record) -> Record:
        # The one that was noted last comes last: the first to go are those not seen for long.
        others = {name: value for name, value in record.items() if name != key}
        return dict([*others.items(), (key, each)][-_MOST_ENTRIES:])

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        change_record(path, with_speed)


def speed_file() -> Path:
    """Return the file in which speeds are kept, as seconds per frame and input pixel."""
    return platformdirs.user_cache_path("dscvsr", appauthor=False) / "speed.json"


def _read(path: Path) -> dict[str, float]:
    record = read_record(path)
    return {name: float(v) for name, v in record.items() if isinstance(v, int | float) and v > 0}


def _input_pixels(ready: PreparedJob) -> int:
    return ready.plan.source.height * ready.plan.source.width


def _key(ready: PreparedJob, weights: str | None = None) -> str:
    """Return what must be the same for a speed to hold: machine, weights, dtype and factor.

    The time per input pixel grows with the factor, so factors count in steps of a half.
    """
    plan = ready.plan
    factor = (ready.target.size.height / plan.source.height) * 2
    parts = [
        machine(ready.device),
        weights or plan.weights,
        plan.dtype,
        plan.runtime,
        f"x{round(factor) / 2:g}",
    ]
    if plan.scenes_at_once > 1:
        parts.append(f"{plan.scenes_at_once} scenes")
    return " | ".join(parts)


def machine(device: torch.device) -> str:
    """Return the name of what computes: the graphics card, or the processor and its threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return f"{device.type} of {platform.machine()}"
    return f"{processor_name()}, {torch.get_num_threads()} threads"


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor, as far as the system says it."""
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()

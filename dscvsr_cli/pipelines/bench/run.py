"""Benchmark weights: on clips with a known ground truth, or only for speed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch

from dscvsr_cli.benchmarking.bench_protocol import (
    BenchProtocol,
    Channel,
    default_channel,
    default_degradation,
)
from dscvsr_cli.benchmarking.bench_run import BenchRun
from dscvsr_cli.benchmarking.methods import Method, classical_methods
from dscvsr_cli.benchmarking.peers import Peer, find_peer
from dscvsr_cli.benchmarking.speed import SPEED_SCALES, SpeedReport, SpeedRow, measure_speeds
from dscvsr_cli.datasets.benchmark_sets import KNOWN
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import Degradation
from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.engine.device import DtypeName, choose_device, choose_dtype
from dscvsr_cli.engine.steady import least_step_if
from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.bench.network_method import network_method
from dscvsr_cli.pipelines.machine import machine
from dscvsr_cli.runtimes.choose import Runtime, RuntimeName, runtimes_to_compare
from dscvsr_cli.weights.external.lpips_weights import load_lpips


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchJob:
    """What a person asks to be measured."""

    datasets: tuple[str, ...] = ("vid4",)
    """The name of one known data set, or paths, whose clips are taken together."""
    root: Path | None = None
    """Folder of the known data sets; None reads it from the environment."""
    scales: tuple[float, ...] = (4.0,)
    weights: tuple[str | None, ...] = (None,)
    """Names, files or addresses; None means the default."""
    peers: tuple[tuple[str, Path], ...] = ()
    """Names of other tools, and the folders of the images that they made."""
    degradation: str | None = None
    """None takes the literature's for the data set; so with the channel."""
    channel: Channel | None = None
    crop: int = 0
    frames: int | None = None
    temporal: bool = True
    lpips: bool = False
    still: bool = False
    device: str = "auto"
    dtype: DtypeName = "auto"
    runtime: RuntimeName = "auto"
    """What executes the networks; "auto" times every one for speed, and is torch for quality."""
    ensemble: int = 1
    """Copies of every clip, mirrored in different ways, whose results the networks average."""
    steady: bool | None = None
    """Whether the networks average frames along the motion; None does so if frames go through a
    codec, as `upscale` does."""
    memory_bytes: int | None = None


def prepare_bench(job: BenchJob, *, show_progress: bool = False) -> BenchRun:
    """Find the clips, load the weights, and return the run, ready to start.

    Raises:
        UsageError: Options that cannot work together, or LPIPS without its package.
        DatasetError: The data is missing, or pictures of a peer do not fit it.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing.
    """
    lpips = load_lpips() if job.lpips else None
    clips = _clips(job)
    name = ", ".join(job.datasets)
    degradation = job.degradation or default_degradation(name)
    through_codec = Degradation.parse(degradation).crf is not None
    protocol = BenchProtocol(
        dataset=name.lower() if name.lower() in KNOWN else name,
        degradation=degradation,
        channel=job.channel or default_channel(name),
        crop=job.crop,
        frames=job.frames,
        centre_only=any(clip.measured is not None for clip in clips),
        temporal=job.temporal and all(clip.measured is None for clip in clips),
        lpips=job.lpips,
        still=job.still,
        steadied=through_codec if job.steady is None else job.steady,
        least_step=least_step_if(asked=job.steady),
    )
    device = choose_device(job.device)
    peers = _peers(job, clips)
    runtime: Runtime = "torch" if job.runtime == "auto" else job.runtime
    networks = _networks(
        job,
        device,
        dtypes=(job.dtype,),
        runtimes=(runtime,),
        steady=protocol.steadied,
        least_step=protocol.least_step,
        show_progress=show_progress,
    )
    methods = (*classical_methods(), *networks)
    return BenchRun(
        clips,
        methods,
        protocol=protocol,
        peers=peers,
        scales=job.scales,
        machine=machine(device),
        lpips=lpips,
    )


def bench_speed(
    job: BenchJob,
    *,
    dtypes: Sequence[DtypeName],
    sizes: Sequence[str],
    show_progress: bool = False,
    on_row: Callable[[SpeedRow], None] | None = None,
) -> SpeedReport:
    """Time the weights of a job on synthetic frames, in every requested dtype.

    Raises:
        UsageError: A factor that does not enlarge.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing.
    """
    device = choose_device(job.device)
    return measure_speeds(
        _networks(
            job,
            device,
            dtypes=dtypes,
            runtimes=runtimes_to_compare(job.runtime, device=device, dtype=job.dtype),
            steady=bool(job.steady),
            least_step=least_step_if(asked=job.steady),
            show_progress=show_progress,
        ),
        device=device,
        machine=machine(device),
        sizes=sizes,
        scales=job.scales or SPEED_SCALES,
        on_row=on_row,
    )


def speed_dtypes(name: DtypeName, device: torch.device) -> tuple[DtypeName, ...]:
    """Return the dtypes to time: the named one, or for "auto" all worth a look.

    These are float32 and the dtype that `upscale` would choose; on CUDA, both half-precision ones.
    """
    if name != "auto":
        return (name,)
    if device.type == "cuda":
        return ("float32", "float16", "bfloat16")
    best = choose_dtype("auto", device)
    return ("float32",) if best == torch.float32 else ("float32", "auto")


def _clips(job: BenchJob) -> tuple[Clip, ...]:
    if len(job.datasets) > 1 and any(name.lower() in KNOWN for name in job.datasets):
        raise UsageError(
            "one known data set at a time", hint="run dscvsr bench once for each of them"
        )
    clips = tuple(clip for name in job.datasets for clip in find_clips(name, root=job.root))
    names = [clip.name for clip in clips]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two clips are called {twice}", hint="rename one of them")
    return clips


def _peers(job: BenchJob, clips: Sequence[Clip]) -> list[Peer]:
    names = [name for name, _ in job.peers]
    taken = [method.info.name for method in classical_methods()]
    for name in names:
        if name in taken or names.count(name) > 1:
            raise _same_name(name)
    return [
        find_peer(name, folder, clips, job.scales, frames=job.frames) for name, folder in job.peers
    ]


def _same_name(name: str) -> UsageError:
    return UsageError(
        f"two methods would be called {name}",
        hint="name each weights file once, rename files that share a name, or rename the peer",
    )


def _networks(
    job: BenchJob,
    device: torch.device,
    *,
    dtypes: Iterable[DtypeName],
    runtimes: Sequence[Runtime],
    steady: bool,
    least_step: float,
    show_progress: bool,
) -> list[Method]:
    methods: list[Method] = []
    peers = {name for name, _ in job.peers}
    classical = {method.info.name for method in classical_methods()}
    taken: set[tuple[str, str, str]] = set()
    for spec, dtype, runtime in product(job.weights, dtypes, runtimes):
        method = network_method(
            spec,
            device=device,
            dtype_name=dtype,
            runtime_name=runtime,
            ensemble=job.ensemble,
            steady=steady,
            least_step=least_step,
            memory_bytes=job.memory_bytes,
            show_progress=show_progress,
        )
        info = method.info
        key = (info.name, info.dtype, info.runtime)
        if info.name in peers | classical or key in taken:
            raise _same_name(info.name)
        taken.add(key)
        methods.append(method)
    return methods

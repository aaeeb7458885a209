"""OpenVinoNetwork: the engine's ``FrameNetwork`` through OpenVINO.

OpenVINO fuses layers that torch runs one by one. Each graph is compiled for one frame size when it
is first needed. Only the graphs of the pass at hand keep their working memory.

OpenVINO also runs on Intel's graphics and neural processors; frames come from main memory and go
back there.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor, nn

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.models.rounding import round_to_eight_bits
from dscvsr_cli.runtimes.graphs import Align, Extract, Fuse, Reconstruct, fits_a_graph
from dscvsr_cli.runtimes.openvino_devices import Processor, dtypes_of
from dscvsr_cli.runtimes.openvino_graphs import CompiledGraphs, Graph
from dscvsr_cli.runtimes.shared_twin import shared_twin
from dscvsr_cli.runtimes.stepped_passes import Direction, Neighbour, SteppedPasses
from dscvsr_cli.version import __version__

_GRAPHS_VERSION = 3
"""Version of the graphs in the cache; raise it when ``graphs.py`` gives others."""

_PRECISIONS = {
    torch.float32: "f32",
    torch.bfloat16: "bf16",
    torch.float16: "f16",
    # What is not rounded stays in float32.
    torch.int8: "f32",
}

_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


class OpenVinoNetwork(SteppedPasses):
    """A network whose tensors come and go on the CPU, float32.

    Args:
        network: On the CPU, in float32; it must not change afterwards.
        dtype: What convolutions compute in, one of ``dtypes_of(processor)``. Motion stays in
            float32, but for int8, which wants a calibrated network.
        processor: Where graphs run.
        cache_dir: Where graphs are kept; None takes the user's cache folder.
        threads: Of the processor; 0 takes all.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        *,
        dtype: torch.dtype = torch.float32,
        processor: Processor = "CPU",
        cache_dir: Path | None = None,
        threads: int = 0,
    ) -> None:
        if dtype not in dtypes_of(processor):
            names = [str(one).removeprefix("torch.") for one in (dtype, *dtypes_of(processor))]
            raise UsageError(
                f"OpenVINO does not compute in {names[0]} on the {processor}",
                hint=f"use --dtype {' or '.join(names[1:])}, or --runtime torch",
            )
        if dtype == torch.int8:
            network = _rounding(network)
        import openvino  # noqa: PLC0415  an extra, and slow to load

        self._network = network
        self._precision = _PRECISIONS[dtype]
        self._processor = processor
        self._graphs = CompiledGraphs(
            _identity(network, openvino.__version__, dtype), cache_dir=cache_dir, threads=threads
        )
        self._lock = threading.Lock()
        self._working = ""
        """The pass whose graphs may hold working memory."""

    def is_converted(self, frame: Size) -> bool:
        """Return whether what frames of this size need first is in the cache."""
        picture = torch.empty((1, 3, frame.height, frame.width), device="meta")
        return all(map(self._graphs.holds, self._graphs_of_passes(picture)))

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        """Join both passes into enlarged frames -> ``(1, T, 3, sH, sW)``, not clamped."""
        _check_single(frames)
        source = Size(*frames.shape[-2:])
        length = frames.shape[1]
        made = torch.empty((1, length, 3, size.height, size.width))
        whole = fits_a_graph(source, size)
        name = f"reconstruct-{size.width}x{size.height}"
        for place in range(length):
            picture, features = frames[:, place], (backward[:, place], forward[:, place])
            if whole:
                graph = self._graph(
                    name,
                    lambda: Reconstruct(self._network, source, size),
                    (picture, *features),
                )
                self._run(graph, (picture, *features), made[:, place])
            else:
                fused = torch.empty((1, self._network.config.channels, *frames.shape[-2:]))
                fuse = self._graph("fuse", lambda: Fuse(self._network), features)
                self._run(fuse, features, fused)
                made[:, place] = interpolate(picture, size) + self._network.head(fused, size)
        return made

    def _begin_pass(self, direction: Direction, frames: Tensor) -> Tensor:
        """Convert what both passes need, and give back what the other pass worked in."""
        _check_single(frames)
        self._graphs.convert_all(self._graphs_of_passes(frames[:, 0]))
        with self._lock:
            before, self._working = self._working, direction
        if before not in ("", direction):
            self._graphs.release(before)
        _, length, _, height, width = frames.shape
        return torch.empty((1, length, self._network.config.channels, height, width))

    def _graphs_of_passes(self, frame: Tensor) -> list[Graph]:
        state = frame.new_empty(
            (1, self._network.config.channels, *frame.shape[-2:]), device="meta"
        )
        passes = [
            self._extract(one, frame, state, filled=filled)
            for one in _DIRECTIONS
            for filled in (False, True)
        ]
        return [self._align(frame, state), *passes]

    def _step(
        self,
        direction: Direction,
        frame: Tensor,
        made: Tensor,
        neighbour: Neighbour | None,
        *,
        filled: bool,
    ) -> None:
        aligned = torch.zeros_like(made)
        if neighbour is None:
            state = torch.zeros_like(made)
        else:
            beside, state = neighbour
            self._run(self._align(frame, state), (frame, beside, state), aligned)
        extract = self._extract(direction, frame, state, filled=filled)
        self._run(extract, (frame, state, aligned), made)

    def _align(self, frame: Tensor, state: Tensor) -> Graph:
        return self._graph(
            "align",
            lambda: Align(self._network.motion),
            (frame, frame, state),
            # In 16 bits positions are wrong by pixels, and a neural processor knows nothing else.
            precision="f32",
            processor="CPU" if self._processor == "NPU" else self._processor,
        )

    def _extract(
        self, direction: Direction, frame: Tensor, state: Tensor, *, filled: bool
    ) -> Graph:
        recurrent: RecurrentPass = getattr(self._network, f"{direction}_pass")
        filled = filled and recurrent.filling is not None
        return self._graph(
            f"{direction}{'-filled' if filled else ''}",
            lambda: Extract(recurrent, filled=filled),
            (frame, state, state),
        )

    def _graph(
        self,
        name: str,
        build: Callable[[], nn.Module],
        inputs: Iterable[Tensor],
        *,
        precision: str | None = None,
        processor: Processor | None = None,
    ) -> Graph:
        return Graph(
            name=name,
            build=build,
            shapes=tuple(tuple(part.shape) for part in inputs),
            precision=precision or self._precision,
            processor=processor or self._processor,
        )

    def _run(self, graph: Graph, inputs: Iterable[Tensor], made: Tensor) -> None:
        """Run one graph and write what it gives into ``made``."""
        self._graphs.run(graph, [part.contiguous().numpy() for part in inputs], made.numpy())


def _rounding(network: RecurrentNetwork) -> RecurrentNetwork:
    """Return a network with the same weights, in the same memory, that rounds to eight bits.

    Raises:
        UsageError: It was never calibrated.
    """
    if not network.ranges:
        raise UsageError(
            "these weights were never calibrated for int8",
            hint="run: dscvsr weights calibrate FILE --data CLIPS -o OTHER.safetensors, and give "
            "the other file with -w; or use --dtype float32",
        )
    twin = shared_twin(network)
    try:
        round_to_eight_bits(twin, network.ranges)
    except KeyError as error:
        raise UsageError(
            f"the weights' ranges for int8 lack {error.args[0]}",
            hint="calibrate them again: dscvsr weights calibrate FILE --data CLIPS -o OTHER",
        ) from error
    return twin


def _identity(network: RecurrentNetwork, openvino_version: str, dtype: torch.dtype) -> str:
    """Return a short name of everything that decides the graphs, sizes apart."""
    ranges = sorted(network.ranges.items()) if dtype == torch.int8 else ""
    digest = hashlib.sha256(
        f"{_GRAPHS_VERSION} {__version__} {torch.__version__} {openvino_version} "
        f"{network.config.to_json()} {ranges}".encode()
    )
    for name, values in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _check_single(frames: Tensor) -> None:
    if frames.ndim != 5 or frames.shape[0] != 1:
        raise ValueError(f"expected (1, T, 3, H, W), got {tuple(frames.shape) = }")

"""CompiledGraphs: the network's graphs as OpenVINO runs them, converted and compiled when needed.

Converted graphs and compiled models are kept in a cache folder. Converting runs a graph once in
torch with all its layers' outputs alive, which takes more memory than enlarging; so all graphs of
one frame size are converted before the first is compiled, and the memory is given back.
"""

import logging
import os
import threading
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import nn

from dscvsr_cli.out_of_memory import is_out_of_memory
from dscvsr_cli.runtimes.openvino_devices import Processor
from dscvsr_cli.runtimes.process import return_free_memory

_log = logging.getLogger(__name__)

_MOST_COMPILED = 24
"""Compiled graphs held at once; a layout of tiles has at most four sizes of five graphs."""

_CACHE_BYTES = 2**30


def default_cache_dir() -> Path:
    """Return the folder of converted graphs."""
    return platformdirs.user_cache_path("dscvsr", appauthor=False) / "openvino"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """One graph at one frame size."""

    name: str
    """What it does; graphs of the same name and size are the same."""

    build: Callable[[], nn.Module]
    """Returns the module to convert, on the CPU."""

    shapes: tuple[tuple[int, ...], ...]
    """Shapes of its inputs."""

    precision: str
    """What it computes in: "f32", "bf16" or "f16"."""

    processor: Processor
    """Where it runs."""

    @property
    def key(self) -> str:
        """Name and frame size."""
        height, width = self.shapes[0][-2:]
        return f"{self.name}-{width}x{height}"


class CompiledGraphs:
    """Converts and compiles graphs; several threads may use it.

    Args:
        identity: Names everything but sizes that decides the graphs.
        cache_dir: Where graphs are kept; None takes the user's cache folder.
        threads: Of the processor; 0 takes all.
    """

    def __init__(self, identity: str, *, cache_dir: Path | None, threads: int) -> None:
        import openvino  # noqa: PLC0415  an extra, and slow to load

        self._openvino = openvino
        self._core = openvino.Core()
        self._identity = identity
        self._cache = cache_dir or default_cache_dir()
        self._threads = threads
        self._compiled: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._here = threading.local()
        self._converted: set[str] = set()
        self._on_cpu: set[str] = set()
        self._in_use: Counter[str] = Counter()
        """Threads that run each graph."""

    def convert_all(self, graphs: Iterable[Graph]) -> None:
        """Convert those graphs that the cache does not hold, and give the memory back.

        Raises:
            MemoryError: There is too little.
        """
        with self._lock, memory_errors():
            for graph in [graph for graph in graphs if not self.holds(graph)]:
                self._convert(graph)

    def holds(self, graph: Graph) -> bool:
        """Return whether a graph was converted before, here or in an earlier run."""
        return graph.key in self._converted or self._path(graph).is_file()

    def run(self, graph: Graph, inputs: Iterable[Any], output: Any) -> None:
        """Run a graph on NumPy arrays, and write what it gives into ``output``.

        Raises:
            MemoryError: There is too little.
        """
        tensor = self._openvino.Tensor
        with memory_errors(), self._used(graph) as request:
            # These only point at the memory, which outlives the call.
            for index, array in enumerate(inputs):
                request.set_input_tensor(index, tensor(array, shared_memory=True))
            request.set_output_tensor(0, tensor(output, shared_memory=True))
            request.infer()

    def release(self, prefix: str) -> None:
        """Give back the working memory of the graphs whose names begin so; they stay compiled.

        Only those on the CPU can. Those that another thread runs at the moment keep theirs.
        """
        with self._lock:
            for key, model in self._compiled.items():
                if key.startswith(prefix) and key in self._on_cpu and not self._in_use[key]:
                    model.release_memory()

    @contextmanager
    def _used(self, graph: Graph) -> Iterator[Any]:
        """Return a request of a graph, whose memory stays inside the block."""
        with self._lock:
            self._in_use[graph.key] += 1
        try:
            yield self._request(graph)
        finally:
            with self._lock:
                self._in_use[graph.key] -= 1

    def _request(self, graph: Graph) -> Any:
        """Return this thread's own request, which no other thread runs meanwhile."""
        with self._lock:
            if graph.key not in self._compiled:
                self._compiled[graph.key] = self._compile(graph)
                if len(self._compiled) > _MOST_COMPILED:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(graph.key)
            model = self._compiled[graph.key]
        requests: dict[str, tuple[Any, Any]] = self._here.__dict__.setdefault("requests", {})
        if graph.key not in requests or requests[graph.key][0] is not model:
            for key in [key for key in requests if key not in self._compiled]:
                del requests[key]
            requests[graph.key] = (model, model.create_infer_request())
        return requests[graph.key][1]

    def _compile(self, graph: Graph) -> Any:
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": graph.precision,
            "PERFORMANCE_HINT": "LATENCY",
            "CACHE_DIR": str(self._cache / "compiled"),
        }
        if graph.processor == "CPU":
            settings["ENABLE_CPU_PINNING"] = False
            self._on_cpu.add(graph.key)
            if self._threads:
                settings["INFERENCE_NUM_THREADS"] = self._threads
        return self._core.compile_model(self._model(graph), graph.processor, settings)

    def _path(self, graph: Graph) -> Path:
        return self._cache / f"{self._identity}-{graph.key}.xml"

    def _model(self, graph: Graph) -> Any:
        """Return a graph from the cache, or convert it and keep it there."""
        path = self._path(graph)
        if path.is_file():
            try:
                model = self._core.read_model(path)
            except RuntimeError:
                _log.warning("%s is damaged; the graph is converted again", path)
            else:
                path.touch()
                return model
        return self._convert(graph)

    def _convert(self, graph: Graph) -> Any:
        model = convert(graph.build(), graph.shapes)
        return_free_memory()
        self._converted.add(graph.key)
        try:
            _keep(self._openvino, model, self._path(graph))
        except OSError as error:
            _log.warning("the converted graph cannot be kept in %s: %s", self._cache, error)
        return model


def convert(module: nn.Module, shapes: Iterable[tuple[int, ...]]) -> Any:
    """Return OpenVINO's model of a module, for inputs of exactly these shapes."""
    # Not openvino.convert_model, which reports usage to its makers.
    from openvino.frontend import FrontEndManager  # noqa: PLC0415
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: PLC0415
    from openvino.passes import ConstantFolding, Manager  # noqa: PLC0415

    with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
        # Sizes become constants, which is what is wanted.
        warnings.simplefilter("ignore")
        examples = tuple(torch.zeros(shape) for shape in shapes)
        # Without torch's own check, which traces again and takes three times as long: the tests
        # compare what the graphs give.
        decoder = TorchScriptPythonDecoder(
            module.eval(), example_input=examples, trace_kwargs={"check_trace": False}
        )
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.reshape({index: list(values.shape) for index, values in enumerate(examples)})
    # The limits of rounded tensors must be constants for their layers to become integer ones.
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return model


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn OpenVINO's errors about memory into the kind that the engine shrinks its plan for."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        raise


def _keep(openvino: Any, model: Any, path: Path) -> None:
    """Write a model beside its final name, rename it, and drop the oldest ones beyond the limit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.xml")
    openvino.save_model(model, part, compress_to_fp16=False)
    part.with_suffix(".bin").replace(path.with_suffix(".bin"))
    part.replace(path)
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    by_age = sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
    kept_bytes = 0
    for file in by_age:
        kept_bytes += file.stat().st_size
        if kept_bytes > _CACHE_BYTES:
            file.unlink(missing_ok=True)

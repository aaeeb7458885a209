"""OpenVinoNetwork: the engine's ``FrameNetwork`` on a processor, through OpenVINO.

OpenVINO fuses layers that torch runs one by one. Each graph is compiled for one frame size when it
is first needed; converted graphs and compiled models are kept in a cache folder.
"""

import hashlib
import logging
import os
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor, nn

from dscvsr_cli.engine.frame_network import FrameListener
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.filling import is_filled
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.out_of_memory import is_out_of_memory
from dscvsr_cli.runtimes.graphs import Align, Extract, Fuse, Reconstruct, fits_a_graph
from dscvsr_cli.version import __version__

_log = logging.getLogger(__name__)

_GRAPHS_VERSION = 1
"""Of the graphs in the cache; raise it when ``graphs.py`` gives others."""

_MOST_COMPILED = 24
"""Compiled graphs held at once; a layout of tiles has at most four sizes of five graphs."""

_CACHE_BYTES = 2**30

_PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}


def default_cache_dir() -> Path:
    """Return the folder of converted graphs."""
    return Path(platformdirs.user_cache_dir("dscvsr")) / "openvino"


class OpenVinoNetwork:
    """A network on the processor; takes and gives torch tensors on the CPU, float32.

    Args:
        network: On the CPU, in float32; it must not change afterwards.
        dtype: What convolutions compute in: float32, or bfloat16. Motion stays in float32.
        cache_dir: Where graphs are kept; None takes the user's cache folder.
        threads: Of the processor; 0 takes all.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        *,
        dtype: torch.dtype = torch.float32,
        cache_dir: Path | None = None,
        threads: int = 0,
    ) -> None:
        import openvino  # noqa: PLC0415  an extra, and slow to load

        if dtype not in _PRECISIONS:
            raise UsageError(
                f"OpenVINO does not compute in {str(dtype).removeprefix('torch.')} on processors",
                hint="use --dtype float32 or bfloat16, or --runtime torch",
            )
        self._openvino = openvino
        self._core = openvino.Core()
        self._network = network
        self._precision = _PRECISIONS[dtype]
        self._cache = cache_dir or default_cache_dir()
        self._identity = _identity(network, openvino.__version__)
        self._threads = threads
        self._requests: OrderedDict[str, Any] = OrderedDict()

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        """Run the pass from the last frame to the first -> ``(1, T, C, H, W)``."""
        _check_single(frames)
        made = self._new_features(frames)
        length = frames.shape[1]
        for place in reversed(range(length)):
            last = place == length - 1
            self._step(
                "backward",
                frames[:, place],
                None if last else frames[:, place + 1],
                None if last else made[:, place + 1],
                filled=is_filled(first_index + place),
                made=made[:, place],
            )
            if on_frame:
                on_frame()
        return made

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        """Run the pass from the first frame to the last -> ``(1, T, C, H, W)``."""
        _check_single(frames)
        made = self._new_features(frames)
        state, neighbour = previous_features, previous_frame
        for place in range(frames.shape[1]):
            filled = is_filled(first_index + place)
            self._step(
                "forward", frames[:, place], neighbour, state, filled=filled, made=made[:, place]
            )
            state, neighbour = made[:, place], frames[:, place]
            if on_frame:
                on_frame()
        return made

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
                self._run(
                    name,
                    lambda: Reconstruct(self._network, source, size),
                    (picture, *features),
                    made[:, place],
                )
            else:
                fused = torch.empty((1, self._network.config.channels, *frames.shape[-2:]))
                self._run("fuse", lambda: Fuse(self._network), features, fused)
                made[:, place] = interpolate(picture, size) + self._network.head(fused, size)
        return made

    def _new_features(self, frames: Tensor) -> Tensor:
        _, length, _, height, width = frames.shape
        return torch.empty((1, length, self._network.config.channels, height, width))

    def _step(
        self,
        direction: str,
        frame: Tensor,
        neighbour: Tensor | None,
        state: Tensor | None,
        *,
        filled: bool,
        made: Tensor,
    ) -> None:
        aligned = torch.zeros_like(made)
        if neighbour is None or state is None:
            state = torch.zeros_like(made)
        else:
            self._run(
                "align", lambda: Align(self._network.motion), (frame, neighbour, state), aligned
            )
        recurrent: RecurrentPass = getattr(self._network, f"{direction}_pass")
        filled = filled and recurrent.filling is not None
        name = f"{direction}{'-filled' if filled else ''}"
        self._run(name, lambda: Extract(recurrent, filled=filled), (frame, state, aligned), made)

    def _run(
        self,
        name: str,
        build: Callable[[], nn.Module],
        inputs: tuple[Tensor, ...],
        made: Tensor,
    ) -> None:
        """Run one graph and write what it gives into ``made``."""
        request = self._request(name, build, inputs)
        tensor = self._openvino.Tensor
        # Both kinds only point at the memory, which outlives the call.
        arrays = [part.contiguous().numpy() for part in inputs]
        with _memory_errors():
            for index, array in enumerate(arrays):
                request.set_input_tensor(index, tensor(array, shared_memory=True))
            request.set_output_tensor(0, tensor(made.numpy(), shared_memory=True))
            request.infer()

    def _request(
        self, name: str, build: Callable[[], nn.Module], inputs: tuple[Tensor, ...]
    ) -> Any:
        height, width = inputs[0].shape[-2:]
        key = f"{name}-{width}x{height}"
        if key not in self._requests:
            with _memory_errors():
                model = self._model(key, build, [tuple(part.shape) for part in inputs])
                # Positions lose their meaning in bfloat16.
                precision = "f32" if name == "align" else self._precision
                settings = {
                    "INFERENCE_PRECISION_HINT": precision,
                    "PERFORMANCE_HINT": "LATENCY",
                    "ENABLE_CPU_PINNING": False,
                    "CACHE_DIR": str(self._cache / "compiled"),
                    **({"INFERENCE_NUM_THREADS": self._threads} if self._threads else {}),
                }
                compiled = self._core.compile_model(model, "CPU", settings)
                self._requests[key] = compiled.create_infer_request()
            if len(self._requests) > _MOST_COMPILED:
                self._requests.popitem(last=False)
        self._requests.move_to_end(key)
        return self._requests[key]

    def _model(
        self, key: str, build: Callable[[], nn.Module], shapes: list[tuple[int, ...]]
    ) -> Any:
        """Return a graph from the cache, or convert it and keep it there."""
        path = self._cache / f"{self._identity}-{key}.xml"
        if path.is_file():
            try:
                model = self._core.read_model(path)
            except RuntimeError:
                _log.warning("%s is damaged; the graph is converted again", path)
            else:
                path.touch()
                return model
        model = convert(build(), shapes)
        try:
            _keep(self._openvino, model, path)
        except OSError as error:
            _log.warning("the converted graph cannot be kept in %s: %s", self._cache, error)
        return model


def convert(module: nn.Module, shapes: list[tuple[int, ...]]) -> Any:
    """Return OpenVINO's model of a module, for inputs of exactly these shapes."""
    # Not openvino.convert_model, which reports usage to its makers.
    from openvino.frontend import FrontEndManager  # noqa: PLC0415
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: PLC0415

    with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
        # Sizes become constants, which is what is wanted.
        warnings.simplefilter("ignore")
        examples = tuple(torch.zeros(shape) for shape in shapes)
        decoder = TorchScriptPythonDecoder(module.eval(), example_input=examples)
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.reshape({index: list(shape) for index, shape in enumerate(shapes)})
    return model


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


def _identity(network: RecurrentNetwork, openvino_version: str) -> str:
    """Return a short name of everything that decides the graphs, sizes apart."""
    digest = hashlib.sha256(
        f"{_GRAPHS_VERSION} {__version__} {torch.__version__} {openvino_version} "
        f"{network.config.to_json()}".encode()
    )
    for name, values in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _check_single(frames: Tensor) -> None:
    if frames.ndim != 5 or frames.shape[0] != 1:
        raise ValueError(f"expected (1, T, 3, H, W), got {tuple(frames.shape) = }")


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Turn OpenVINO's errors about memory into the kind that the engine shrinks its plan for."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        raise

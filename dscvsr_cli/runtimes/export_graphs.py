"""Write the network's step graphs as files, with a JSON that says how to run them."""

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import torch
from torch import Tensor, nn

from dscvsr_cli.durable import publish, write_durably
from dscvsr_cli.errors import UsageError
from dscvsr_cli.extras import install_command
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.graphs import Reconstruct, RecurrentStep
from dscvsr_cli.version import __version__

GraphFormat = Literal["onnx", "openvino"]

OPSET = 17
"""16 brings GridSample; DirectML runs no newer one than 19's."""

DESCRIPTION_NAME = "graphs.json"

_SUFFIXES: Final[dict[GraphFormat, str]] = {"onnx": "onnx", "openvino": "xml"}

_HOW_TO_RUN = (
    "Frames are float32 RGB in [0, 1], states float32; compute in float32, for positions need it. "
    "Work scene by scene. The backward pass goes from the last frame to the first, the forward "
    "pass from the first to the last. Each step takes the frame, the frame before it in the "
    "direction of the pass and that frame's state, and gives the new state. At the start of a "
    "pass the state is all zeros, and the frame itself stands for the one before. Frames with an "
    "odd number in their scene, counted from 0, take the filled graph. reconstruct takes the frame "
    "and both states; clamp what it gives to [0, 1]. A long scene can be cut into windows: the "
    "forward state passes on from one to the next, and the backward pass begins a few frames "
    "behind the window."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphsReport:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    format: GraphFormat
    source: Size
    size: Size


def export_graphs(
    network: RecurrentNetwork,
    folder: Path,
    *,
    file_format: GraphFormat,
    source: Size,
    size: Size,
    name: str,
    overwrite: bool = False,
) -> GraphsReport:
    """Write the graphs of ``network`` for frames of ``source``, enlarged to ``size``.

    They are written under another name, and are in place only when all of them are whole; the
    description comes last.

    Args:
        network: On the CPU, in float32, in evaluation mode.
        folder: Made if missing; other files in it stay.
        file_format: "onnx" (opset 17) or "openvino".
        source: Rows and columns of the input.
        size: Rows and columns of the output.
        name: Name of the weights, for the description.
        overwrite: Whether to replace graphs that are in the folder.

    Raises:
        UsageError: Sizes in no simple ratio, a package or the permission to replace is missing, or
            the folder cannot be written.
    """
    modules = _modules(network, source, size)
    files = {graph: f"{graph}.{_SUFFIXES[file_format]}" for graph in modules}
    description = {
        "dscvsr": __version__,
        "weights": name,
        "format": file_format,
        "opset": OPSET if file_format == "onnx" else None,
        "input": asdict(source),
        "output": asdict(size),
        "channels": network.config.channels,
        "graphs": files,
        "how to run": _HOW_TO_RUN,
    }
    text = json.dumps(description, indent=2) + "\n"
    write = _write_onnx if file_format == "onnx" else _write_openvino
    with _published(folder, (*files.values(), DESCRIPTION_NAME), overwrite=overwrite) as stage:
        for graph, module in modules.items():
            inputs, output = _ports(graph, source, channels=network.config.channels)
            write(module.eval(), inputs, output, stage / files[graph])
        write_durably(stage / DESCRIPTION_NAME, text.encode())
    return GraphsReport(
        folder=folder,
        files=(*files.values(), DESCRIPTION_NAME),
        format=file_format,
        source=source,
        size=size,
    )


def _ports(graph: str, source: Size, *, channels: int) -> tuple[dict[str, Tensor], str]:
    """Return examples of a graph's inputs by their names, and the name of its output."""
    frame = torch.zeros(1, 3, source.height, source.width)
    state = torch.zeros(1, channels, source.height, source.width)
    if graph == "reconstruct":
        return {"frame": frame, "backward_state": state, "forward_state": state}, "enlarged"
    return {"frame": frame, "previous_frame": frame, "previous_state": state}, "state"


@contextmanager
def _published(folder: Path, names: Iterable[str], *, overwrite: bool) -> Iterator[Path]:
    """Give a hidden folder to write into; what is in it then takes its place in ``folder``.

    Args:
        folder: Where the files go.
        names: Files that must not be there, unless they may be replaced.
        overwrite: Whether they may.

    Raises:
        UsageError: One of them is there, or the folder cannot be written.
    """
    in_the_way = next((folder / name for name in names if (folder / name).exists()), None)
    if in_the_way is not None and not overwrite:
        raise UsageError(
            f"{in_the_way} already exists", hint="add --overwrite, or choose another folder with -o"
        )
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".graphs.", suffix=".part", dir=folder) as stage:
            yield Path(stage)
            # Whoever is stopped midway leaves no description of graphs that do not belong together.
            (folder / DESCRIPTION_NAME).unlink(missing_ok=True)
            for path in sorted(Path(stage).iterdir(), key=_description_last):
                publish(path, folder / path.name, overwrite=True)
    except OSError as error:
        raise UsageError(
            f"nothing can be written in {folder}: {error.strerror or error}",
            hint="choose another folder with -o, or free some space on the disk",
        ) from error
    finally:
        # Only an empty folder goes: that of an export that failed.
        if is_new:
            with suppress(OSError):
                folder.rmdir()


def _description_last(path: Path) -> bool:
    return path.name == DESCRIPTION_NAME


def _modules(network: RecurrentNetwork, source: Size, size: Size) -> dict[str, nn.Module]:
    # First, because it refuses sizes.
    modules: dict[str, nn.Module] = {"reconstruct": Reconstruct(network, source, size)}
    for direction, recurrent in (
        ("backward", network.backward_pass),
        ("forward", network.forward_pass),
    ):
        for kind, filled in (("", False), ("_filled", True)):
            step = RecurrentStep(network.motion, recurrent, filled=filled)
            modules[f"{direction}{kind}"] = step
    return modules


def _write_onnx(module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path) -> None:
    try:
        import onnx  # noqa: F401, PLC0415  torch needs it, and says so late
    except ImportError as error:
        raise UsageError(
            "writing ONNX files needs the package onnx", hint=f"run: {install_command('onnx')}"
        ) from error
    with torch.no_grad(), warnings.catch_warnings():
        # Sizes become constants, which is what is wanted; and the newer exporter, which the older
        # one recommends, needs one more package and writes newer opsets.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=[output],
            opset_version=OPSET,
            dynamo=False,
        )


def _write_openvino(module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path) -> None:
    try:
        import openvino  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            "writing OpenVINO files needs the package openvino",
            hint=f"run: {install_command('openvino')}",
        ) from error
    from dscvsr_cli.runtimes.openvino_graphs import convert  # noqa: PLC0415

    model = convert(module, [tuple(values.shape) for values in inputs.values()])
    for port, name in zip((*model.inputs, *model.outputs), (*inputs, output), strict=True):
        port.get_tensor().set_names({name})
    openvino.save_model(model, path, compress_to_fp16=False)

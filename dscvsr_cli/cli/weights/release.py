"""``dscvsr weights export``, ``convert`` and ``push``: to a weights file, and on to the Hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import JsonOption, QuietOption
from dscvsr_cli.cli.parsers import parse_dimensions, parse_factor
from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.wording import format_bytes

if TYPE_CHECKING:
    from dscvsr_cli.runtimes.export_graphs import GraphFormat, GraphsReport

ExportFormat = Literal["safetensors", "onnx", "openvino"]


WeightsFileOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The safetensors file to write.")
]

OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]


def export_command(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="RUN|NAME|FILE",
            help="The folder of a training run; for graphs, weights as `upscale -w` takes them.",
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|DIR",
            help="The file to write, or the folder for the graphs.",
        ),
    ],
    file_format: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="safetensors, or graphs of each step for other programs: onnx, openvino.",
        ),
    ] = "safetensors",
    input_size: Annotated[
        Size | None,
        typer.Option(
            "--input",
            parser=parse_dimensions,
            metavar="WxH",
            help="Size of the input frames; graphs need it.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            "-s",
            parser=parse_factor,
            metavar="FACTOR",
            help="Factor to enlarge by; graphs need it.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    half: Annotated[
        bool, typer.Option("--half", help="Store float16: half the size, almost the same frames.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the averaged weights of a run's last checkpoint, or a network as step graphs."""
    terminal = open_terminal(quiet=quiet)
    if file_format != "safetensors":
        if input_size is None or scale is None or half:
            raise UsageError(
                f"--format {file_format} needs --input and --scale, and takes no --half",
                hint="write --input 320x180 --scale 2",
            )
        graphs = _export_graphs(spec, output, file_format, input_size, scale, overwrite=overwrite)
        if as_json:
            terminal.print_json(graphs)
        else:
            terminal.print(f"{output}: {', '.join(graphs.files)} for {graphs.source}")
        return
    if input_size is not None or scale is not None:
        raise UsageError(
            "--input and --scale belong to graphs", hint="add --format onnx or --format openvino"
        )
    from dscvsr_cli.pipelines.train.export_weights import export_run

    check_free(output, overwrite=overwrite)
    report = export_run(Path(spec), output, half=half)
    if as_json:
        terminal.print_json(report)
    else:
        size = format_bytes(report.size_bytes)
        terminal.print(f"{report.weights}: {size}, after {report.iterations} steps")


def _export_graphs(
    spec: str,
    folder: Path,
    file_format: "GraphFormat",
    source: Size,
    scale: float,
    *,
    overwrite: bool,
) -> "GraphsReport":
    import torch

    from dscvsr_cli.runtimes.export_graphs import export_graphs
    from dscvsr_cli.weights.load import load_network

    size = output_size(source, scale=scale)
    loaded = load_network(spec, device=torch.device("cpu"))
    return export_graphs(
        loaded.network,
        folder,
        file_format=file_format,
        source=source,
        size=size,
        name=loaded.name,
        overwrite=overwrite,
    )


def convert_command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="BASICVSR.pth",
            help="Public BasicVSR weights, such as BasicVSR_Vimeo90K_BIx4.pth.",
        ),
    ],
    *,
    output: WeightsFileOption,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Convert public BasicVSR weights to start training a teacher for any factor."""
    check_free(output, overwrite=overwrite)
    from dscvsr_cli.weights.external.basicvsr import convert_basicvsr, read_pickled_weights
    from dscvsr_cli.weights.network_file import save_network

    terminal = open_terminal(quiet=quiet)
    state, config = convert_basicvsr(read_pickled_weights(source))
    record = {
        "converted from": source.name,
        "origin": "BasicVSR (Chan et al., CVPR 2021)",
        "licence": "Apache-2.0",
        "untrained": "refinement and head",
    }
    save_network(state, config, output, record=record)
    terminal.print(
        f"{output}: {config.blocks} blocks of {config.channels} channels; its head is untrained, "
        "so train it first:"
    )
    terminal.print(f"dscvsr train --recipe basicvsr-head --init {output} --data DIR -o RUN")


def check_free(output: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file unasked.

    Raises:
        UsageError: ``output`` exists.
    """
    if output.exists() and not overwrite:
        raise UsageError(
            f"{output} already exists", hint="add --overwrite, or choose another name with -o"
        )


def push_command(
    repo: Annotated[
        str, typer.Argument(metavar="OWNER/REPO", help="Repository on the Hub; created if missing.")
    ],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="[RUN|FILE]", help="The folder of a training run, or a weights file."
        ),
    ] = Path(),
    *,
    licence: Annotated[
        str,
        typer.Option(
            "--licence",
            "--license",
            metavar="SPDX",
            help="Licence of the weights as an SPDX identifier, such as Apache-2.0 or MIT.",
        ),
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Create the repository as private.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the model card and upload nothing.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Upload weights to the Hub, with a model card made from their training record."""
    from dscvsr_cli.weights.model_card import model_card

    terminal = open_terminal(quiet=quiet)
    card = model_card(_weights_of(source), repo=repo, licence=licence)
    if dry_run:
        terminal.print_lines(card.text.rstrip("\n"))
        return
    from dscvsr_cli.weights.hub.upload import push_weights

    report = push_weights(card, repo, private=private, show_progress=not (quiet or as_json))
    if as_json:
        terminal.print_json(report)
    else:
        terminal.print(report.url)
        terminal.print(f"use it with -w {report.address}")


def _weights_of(source: Path) -> Path:
    if not source.is_dir():
        return source
    from dscvsr_cli.pipelines.train.run import WEIGHTS_NAME

    file = source / WEIGHTS_NAME
    if not file.is_file():
        raise WeightsError(
            f"{source} holds no {WEIGHTS_NAME}, which a training run leaves at its end",
            hint=f"run: dscvsr weights export {source} -o FILE, and push the file",
        )
    return file

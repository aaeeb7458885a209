"""``dscvsr weights export``, ``convert`` and ``push``: to a weights file, and on to the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.console import format_bytes, open_terminal
from dscvsr_cli.cli.options import JsonOption, QuietOption
from dscvsr_cli.errors import WeightsError


def export_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training run.")],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The safetensors file to write."),
    ],
    half: Annotated[
        bool, typer.Option("--half", help="Store float16: half the size, almost the same frames.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the averaged weights of a run's last checkpoint, finished or not."""
    from dscvsr_cli.pipelines.train.export import export_run

    terminal = open_terminal(quiet=quiet)
    report = export_run(run, output, half=half)
    if as_json:
        terminal.print_json(report)
    else:
        size = format_bytes(report.size_bytes)
        terminal.print(f"{report.weights}: {size}, after {report.iterations} steps")


def convert_command(
    source: Annotated[
        Path, typer.Argument(metavar="BASICVSR.pth", help="Public BasicVSR weights.")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The safetensors file to write."),
    ],
    quiet: QuietOption = False,
) -> None:
    """Convert public BasicVSR weights to start training a teacher for any factor."""
    from dscvsr_cli.weights.external.basicvsr import convert_basicvsr, read_pickled_weights
    from dscvsr_cli.weights.network_file import save_network

    terminal = open_terminal(quiet=quiet)
    state, config = convert_basicvsr(read_pickled_weights(source))
    record = {
        "converted from": source.name,
        "origin": "BasicVSR (Chan et al., CVPR 2021), weights under Apache-2.0",
        "untrained": "refinement and head",
    }
    save_network(state, config, output, record=record)
    terminal.print(
        f"{output}: {config.blocks} blocks of {config.channels} channels; its head is untrained, "
        f"so train it first:\n"
        f"dscvsr train --recipe basicvsr-head --init {output} --data DIR -o RUN"
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
            help="Licence of the weights: Apache-2.0, MIT.",
        ),
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Create the repository as private.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the model card, then exit.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Upload weights to the Hub, with a model card made from their training record."""
    from dscvsr_cli.weights.model_card import model_card

    terminal = open_terminal(quiet=quiet)
    card = model_card(_weights_of(source), repo=repo, licence=licence)
    if dry_run:
        terminal.print(card.text.rstrip("\n"))
        return
    from dscvsr_cli.weights.hub.upload import push_weights

    report = push_weights(card, repo, private=private, show_progress=not (quiet or as_json))
    if as_json:
        terminal.print_json(report)
    else:
        terminal.print(f"{report.url}\nuse it with -w {report.address}")


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

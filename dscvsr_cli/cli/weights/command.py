"""``dscvsr weights``: list, download, check and publish weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import JsonOption, QuietOption, complete_weights
from dscvsr_cli.cli.weights.calibrate import calibrate_command
from dscvsr_cli.cli.weights.release import convert_command, export_command, push_command
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.weights.catalog import (
    BundledFile,
    DeviceKind,
    WeightsEntry,
    device_kind,
    load_catalog,
)
from dscvsr_cli.weights.locate import locate_weights, present_path
from dscvsr_cli.wording import format_bytes

weights_app = typer.Typer(
    name="weights", help="List, download, check and publish network weights.", no_args_is_help=True
)

NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]", help="A name from `weights list`.", autocompletion=complete_weights
    ),
]
SpecsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME|FILE|OWNER/REPO/FILE]...",
        help="Names from `weights list`, files, or files on the Hub.",
        autocompletion=complete_weights,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsStatus:
    """One entry of the catalog, and whether it is on this machine."""

    name: str
    summary: str
    default_on: tuple[DeviceKind, ...]
    licence: str
    size_bytes: int
    sha256: str
    bundled: bool
    path: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one file is what it should be."""

    name: str
    path: Path | None
    error: str | None


@weights_app.command("list")
def list_command(*, as_json: JsonOption = False) -> None:
    """List the published weights; the defaults, on CPU and GPU, are marked with a star."""
    terminal = open_terminal()
    statuses = [_status(entry) for entry in load_catalog().entries]
    if as_json:
        terminal.print_json(statuses)
        return
    terminal.print_rows([_row(status) for status in statuses])


def _status(entry: WeightsEntry) -> WeightsStatus:
    return WeightsStatus(
        name=entry.name,
        summary=entry.summary,
        default_on=tuple(sorted(entry.default_on)),
        licence=entry.licence,
        size_bytes=entry.size_bytes,
        sha256=entry.sha256,
        bundled=isinstance(entry.source, BundledFile),
        path=present_path(entry),
    )


def _row(status: WeightsStatus) -> tuple[str, ...]:
    if status.bundled:
        place = "bundled" if status.path else "missing"
    else:
        place = "downloaded" if status.path else "on the Hub"
    return (
        ("* " if status.default_on else "  ") + status.name,
        format_bytes(status.size_bytes),
        status.licence,
        place,
        status.summary,
    )


@weights_app.command("path")
def path_command(name: NameArgument = None) -> None:
    """Print the path of weights on this machine, by default those that upscale takes here."""
    catalog = load_catalog()
    entry = catalog.default(_kind_here()) if name is None else catalog.find(name)
    path = present_path(entry)
    if path is None:
        raise WeightsError(
            f"the weights {entry.name} are not on this machine",
            hint=f"run: dscvsr weights pull {entry.name}",
        )
    open_terminal().print(str(path))


def _kind_here() -> DeviceKind:
    from dscvsr_cli.engine.device import choose_device

    return device_kind(choose_device().type)


@weights_app.command("pull")
def pull_command(
    names: SpecsArgument = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Download even what is here already.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Download weights and check their sha256; without a name, all published ones."""
    terminal = open_terminal(quiet=quiet)
    for name in names or load_catalog().names:
        # All are named, so it is of no account which one is the default.
        located = locate_weights(name, kind="cpu", force=force, show_progress=not quiet)
        terminal.print(f"{located.name}: {located.path}")


@weights_app.command("verify")
def verify_weights_command(
    names: SpecsArgument = None, *, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Check the sha256 of weights and load them; without a name, all on this machine."""
    terminal = open_terminal(quiet=quiet)
    verdicts = [_verdict(name) for name in names or _present_names()]
    if as_json:
        terminal.print_json(verdicts)
    else:
        for verdict in verdicts:
            terminal.print(f"{verdict.name}: {verdict.error or 'good'}")
    failed = sum(verdict.error is not None for verdict in verdicts)
    if failed:
        raise WeightsError(
            f"{failed} of {len(verdicts)} weights are missing or damaged",
            hint="fetch them again with dscvsr weights pull NAME --force, or install dscvsr again",
        )


def _present_names() -> list[str]:
    entries = load_catalog().entries
    # A bundled file that is missing is a fault to report; one on the Hub is just not fetched yet.
    return [e.name for e in entries if isinstance(e.source, BundledFile) or present_path(e)]


def _verdict(name: str) -> Verdict:
    import torch

    from dscvsr_cli.weights.load import load_network

    try:
        loaded = load_network(name, device=torch.device("cpu"))
    except WeightsError as error:
        return Verdict(name=name, path=None, error=error.message)
    return Verdict(name=name, path=loaded.path, error=None)


@weights_app.command("describe")
def describe_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A safetensors file of dscvsr.")],
) -> None:
    """Print a file's config, training record, size and sha256 in the form of weights.toml."""
    from dscvsr_cli.weights.describe import describe_file

    open_terminal().print_lines(describe_file(file))


weights_app.command("export")(export_command)
weights_app.command("calibrate")(calibrate_command)
weights_app.command("convert")(convert_command)
weights_app.command("push")(push_command)

"""``dscvsr devices`` and ``dscvsr encoders``: what this machine can compute with and encode."""

from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import Terminal, open_terminal
from dscvsr_cli.cli.options import JsonOption, WeightsOption
from dscvsr_cli.wording import format_bytes

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.device_report import DeviceReport

_FEW = 8
"""Encoders that a line shows of a container; naming the container shows all."""


def devices_command(
    *,
    weights: WeightsOption = None,
    no_measure: Annotated[
        bool, typer.Option("--no-measure", help="List the devices without measuring their speed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List devices with free memory, dtype, runtimes and a measured speed."""
    terminal = open_terminal()

    from dscvsr_cli.pipelines.device_report import REFERENCE, describe_devices

    reports = list(describe_devices(weights, measure=not no_measure))
    if as_json:
        terminal.print_json(reports)
        return
    terminal.print_rows([_row(report) for report in reports])
    measured = reports[0].weights
    if measured is not None:
        terminal.print(
            f"speed: {measured} from {REFERENCE} to twice that size, without reading and encoding"
        )


def _row(report: "DeviceReport") -> tuple[str, ...]:
    if report.problem:
        speed = report.problem
    elif report.frames_per_second is None:
        speed = ""
    else:
        speed = f"{report.frames_per_second:.3g} frames/s"
    return (
        report.device,
        report.name,
        f"{format_bytes(report.free_memory_bytes)} free",
        report.dtype,
        ", ".join(report.runtimes),
        speed,
    )


def encoders_command(
    container: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONTAINER]", help="A container, such as mp4 or mkv, to list all its encoders."
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the video encoders that each container takes here; a star marks its default."""
    terminal = open_terminal()

    from dscvsr_cli.video.write.list_encoders import list_encoders

    found = list_encoders(container)
    if as_json:
        terminal.print_json(found)
        return
    rows = []
    for one in found:
        names = [f"{name} *" if name == one.default else name for name in one.encoders]
        more = len(names) - _FEW
        if container is None and more > 0:
            names = [*names[:_FEW], f"and {more} more"]
        rows.append((one.suffix, ", ".join(names) or f"none: this FFmpeg lacks {one.default}"))
    terminal.print_rows(rows)
    _show_missing(terminal, {name for one in found for name in one.lacking_hardware})


def _show_missing(terminal: Terminal, names: set[str]) -> None:
    if names:
        terminal.print(f"these need hardware that is not here: {', '.join(sorted(names))}")

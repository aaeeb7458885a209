"""``dscvsr train``: train a network from videos and photographs."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import format_bytes, format_duration, open_terminal
from dscvsr_cli.cli.options import DeviceOption, JsonOption, QuietOption
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.training.loop import StepReport

REPORT_EVERY_STEPS = 50
REPORT_EVERY_FILES = 100


def train_command(
    *,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            metavar="PATH",
            help="A folder of videos and photographs, or one video; may be given again.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder of the run: checkpoint, weights."
        ),
    ],
    recipe: Annotated[
        str, typer.Option("--recipe", metavar="NAME|FILE", help="A built-in recipe, or a .toml.")
    ] = "lite",
    max_minutes: Annotated[
        float | None,
        typer.Option("--max-minutes", help="End the schedule after so many minutes."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of weights and samples.")] = None,
    init: Annotated[
        Path | None,
        typer.Option("--init", metavar="FILE", help="Begin with these weights, not fresh ones."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the run's folder.")
    ] = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a network; the run's folder ends with weights that upscale can use."""
    terminal = open_terminal(quiet=quiet or json)
    if resume and (max_minutes, seed, init) != (None, None, None):
        raise UsageError(
            "a resumed run keeps its recipe and its weights",
            hint="leave out --max-minutes, --seed and --init",
        )

    from dataclasses import replace

    from dscvsr_cli.engine.device import choose_device
    from dscvsr_cli.pipelines.train import train
    from dscvsr_cli.training.config import load_recipe

    config = load_recipe(recipe)
    try:
        config = replace(
            config,
            max_minutes=config.max_minutes if max_minutes is None else max_minutes,
            seed=config.seed if seed is None else seed,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    losses: list[float] = []

    def show_step(step: "StepReport") -> None:
        if math.isfinite(step.loss):
            losses.append(step.loss)
        if losses and step.iteration % REPORT_EVERY_STEPS == 0:
            terminal.note(
                f"step {step.iteration}  loss {sum(losses) / len(losses):.5f}  "
                f"rate {step.learning_rate:.2e}  {step.progress:.1%}  "
                f"{step.clips_seen / step.seconds:.2f} clips/s"
            )
            losses.clear()

    def show_reading(done: int, total: int) -> None:
        if done % REPORT_EVERY_FILES == 0 or done == total:
            terminal.note(f"read {done} of {total} files")

    report = train(
        config,
        data,
        output,
        device=choose_device(device),
        resume=resume,
        init=init,
        on_reading=show_reading,
        on_step=show_step,
    )
    if json:
        terminal.print_json(report)
    else:
        terminal.print(
            f"{report.weights}: {report.parameters} parameters, "
            f"{format_bytes(report.weights.stat().st_size)}, {report.iterations} steps, "
            f"{report.clips_seen} clips, {format_duration(report.minutes * 60)}"
        )

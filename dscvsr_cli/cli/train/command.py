"""``dscvsr train``: train a network from videos and photographs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import Terminal, format_bytes, format_duration, open_terminal
from dscvsr_cli.cli.options import DeviceOption, JsonOption, QuietOption
from dscvsr_cli.cli.parsers import parse_size
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.train.dry_run import TrainingPlan
    from dscvsr_cli.pipelines.train.run import TrainReport


def train_command(
    *,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            metavar="PATH",
            help="What to learn from: Vimeo-90K or REDS as unpacked, a folder of clips (videos, "
            "folders of frames) and photographs, or one file; may be given again.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder of the run: checkpoint, weights, log, curves; a dry run needs none.",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            metavar="NAME|FILE",
            help="A built-in recipe (lite, lite-teacher, base, paper, paper-teacher, "
            "basicvsr-head), or a .toml.",
            show_default="lite; with --teacher the one that it fits",
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            "--teacher",
            metavar="FILE",
            help="Learn from this network too: a .safetensors of ours, or a .pth of MetaVSR or "
            "BasicVSR.",
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            "-O",
            metavar="KEY=VALUE",
            help="Set a field of the recipe: -O batch=16, -O network.channels=48, -O sequence=5,7.",
        ),
    ] = None,
    val: Annotated[
        list[Path] | None,
        typer.Option(
            "--val",
            metavar="PATH",
            help="Clips to be measured on, instead of a share held out of --data.",
        ),
    ] = None,
    data_memory: Annotated[
        int | None,
        typer.Option(
            "--data-memory",
            parser=parse_size,
            metavar="SIZE",
            help="Memory for footage, such as 16GB; more footage than that is held in turns.",
            show_default="half of what is free",
        ),
    ] = None,
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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only tell what the run would take, from ten timed steps."),
    ] = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a network; the run's folder ends with weights that upscale can use."""
    terminal = open_terminal(quiet=quiet or json)
    if resume and (max_minutes, seed, init, override, teacher) != (None,) * 5:
        raise UsageError(
            "a resumed run keeps its recipe, its weights and its teacher",
            hint="leave out --max-minutes, --seed, --init, --teacher and -O",
        )
    if output is None and not dry_run:
        raise UsageError("the run needs a folder", hint="give -o DIR, or try --dry-run first")
    if resume and dry_run:
        raise UsageError("a dry run resumes nothing", hint="leave out --resume or --dry-run")

    from dataclasses import replace

    from dscvsr_cli.cli.train.output import TrainDisplay
    from dscvsr_cli.engine.device import choose_device
    from dscvsr_cli.pipelines.train.build_trainer import recipe_for
    from dscvsr_cli.pipelines.train.data import DataReader
    from dscvsr_cli.pipelines.train.dry_run import plan_training
    from dscvsr_cli.pipelines.train.run import TrainEvents, train
    from dscvsr_cli.pipelines.train.torchrun import joined, own_device
    from dscvsr_cli.training.config import load_recipe
    from dscvsr_cli.training.overrides import apply_overrides

    settings = list(override or ())
    settings += [] if max_minutes is None else [f"max_minutes={max_minutes}"]
    settings += [] if seed is None else [f"seed={seed}"]
    start = load_recipe(recipe or recipe_for(teacher))
    if teacher is not None:
        start = replace(start, teacher=str(teacher.absolute()))
    config = apply_overrides(start, settings)
    chosen = choose_device(device)
    with (
        joined(chosen) as parallel,
        TrainDisplay(terminal if parallel.leads else open_terminal(quiet=True)) as display,
    ):
        reader = DataReader(
            places=tuple(data),
            validation=tuple(val or ()),
            memory_bytes=data_memory,
            on_found=display.found,
            on_reading=display.reading,
        )
        if output is None or dry_run:
            plan = plan_training(config, reader, device=chosen)
        else:
            report = train(
                config,
                reader,
                output,
                device=own_device(chosen),
                resume=resume,
                init=init,
                events=TrainEvents(
                    on_start=display.start,
                    on_step=display.step,
                    on_validation=display.validation,
                ),
                parallel=parallel,
            )
    if dry_run:
        _print_plan(terminal, plan, json=json)
    elif report is not None:
        _print_report(terminal, report, json=json)


def _print_report(terminal: Terminal, report: "TrainReport", *, json: bool) -> None:
    if json:
        terminal.print_json(report)
        return
    terminal.print(
        f"{report.weights}: {report.parameters} parameters, "
        f"{format_bytes(report.weights.stat().st_size)}, {report.iterations} steps, "
        f"{report.clips_seen} clips, {format_duration(report.minutes * 60)}"
    )
    if report.scores:
        terminal.print(f"held-out clips: {', '.join(map(str, report.scores))}")
    if report.curves:
        terminal.print(f"{report.log}, {report.curves}")


def _print_plan(terminal: Terminal, plan: "TrainingPlan", *, json: bool) -> None:
    if json:
        terminal.print_json(plan)
        return
    operations = ", ".join(
        f"{count:,.0f} at {scale}" for scale, count in plan.multiply_adds_per_pixel.items()
    )
    peak = "unknown" if plan.peak_bytes is None else f"{format_bytes(plan.peak_bytes)} at most"
    held_out = f", {plan.held_out} clips held out" if plan.held_out else ""
    terminal.print_rows(
        [
            ("footage", f"{plan.footage}{held_out}"),
            ("network", f"{plan.parameters:,} parameters"),
            ("multiply-adds", f"{operations}, per input pixel"),
            ("memory", f"{peak}, of it footage {format_bytes(plan.footage_bytes)}"),
            (
                "speed",
                f"{plan.samples_per_second:.2f} clips/s on {plan.device} in {plan.dtype}, "
                f"{plan.sampling_share:.0%} of the time spent on making clips",
            ),
            ("run", f"{plan.iterations:,} steps, {format_duration(plan.minutes * 60)}"),
        ]
    )
    for note in plan.notes:
        terminal.print(note)

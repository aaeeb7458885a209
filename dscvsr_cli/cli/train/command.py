"""``dscvsr train``: train a network from videos and photographs."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import DeviceOption, JsonOption, QuietOption
from dscvsr_cli.cli.takes_options import takes_options
from dscvsr_cli.cli.train import options as flags
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.cli.train.output import TrainDisplay
    from dscvsr_cli.pipelines.train.data import DataReader, TrainingData
    from dscvsr_cli.training.loop import Trainer
    from dscvsr_cli.training.training_config import TrainingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """The command line of ``dscvsr train``: one field per option, in the order of its help."""

    data: flags.DataOption
    output: flags.RunFolderOption = None
    recipe: flags.RecipeOption = None
    teacher: flags.TeacherOption = None
    override: flags.OverrideOption = None
    val: flags.ValidationOption = None
    data_memory: flags.DataMemoryOption = None
    workers: flags.WorkersOption = None
    max_minutes: flags.MaxMinutesOption = None
    seed: flags.SeedOption = None
    init: flags.InitOption = None
    resume: flags.ResumeOption = False
    dry_run: flags.DryRunOption = False
    device: DeviceOption = "auto"
    json: JsonOption = False
    quiet: QuietOption = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        fixed = (self.max_minutes, self.seed, self.init, self.override, self.teacher)
        if self.resume and fixed != (None,) * len(fixed):
            raise UsageError(
                "a resumed run keeps its recipe, its weights and its teacher",
                hint="leave out --max-minutes, --seed, --init, --teacher and -O",
            )
        if self.output is None and not self.dry_run:
            raise UsageError("the run needs a folder", hint="give -o DIR, or try --dry-run first")
        if self.resume and self.dry_run:
            raise UsageError(
                "--dry-run cannot be combined with --resume", hint="leave out one of them"
            )

    def config(self) -> "TrainingConfig":
        """Return the recipe with everything that the options change.

        Raises:
            UsageError: There is no such recipe, or an option does not fit it.
            WeightsError: The teacher's file is missing, damaged or unknown.
        """
        from dataclasses import replace

        from dscvsr_cli.pipelines.train.build_trainer import recipe_for
        from dscvsr_cli.training.overrides import apply_overrides
        from dscvsr_cli.training.training_config import load_recipe

        settings = list(self.override or ())
        settings += [] if self.max_minutes is None else [f"max_minutes={self.max_minutes}"]
        settings += [] if self.seed is None else [f"seed={self.seed}"]
        start = load_recipe(self.recipe or recipe_for(self.teacher))
        if self.teacher is not None:
            start = replace(start, teacher=str(self.teacher.absolute()))
        return apply_overrides(start, settings)

    def reader(self, display: "TrainDisplay") -> "DataReader":
        """Return the reader of the footage, which shows its progress on ``display``."""
        from dscvsr_cli.pipelines.train.data import DataReader

        return DataReader(
            places=tuple(self.data),
            validation=tuple(self.val or ()),
            memory_bytes=self.data_memory,
            on_found=display.found,
            on_reading=display.reading,
        )


@takes_options(TrainOptions)
def train_command(options: TrainOptions) -> None:
    """Train a network; the run's folder ends with weights that `upscale` can use."""
    if options.dry_run:
        _estimate(options)
    else:
        _train(options)


def _estimate(options: TrainOptions) -> None:
    from dscvsr_cli.cli.train.output import TrainDisplay, show_estimate
    from dscvsr_cli.engine.device import choose_device
    from dscvsr_cli.pipelines.train.training_dry_run import plan_training

    terminal = open_terminal(quiet=options.quiet or options.json)
    config, device = options.config(), choose_device(options.device)
    with TrainDisplay(terminal) as display:
        plan = plan_training(config, options.reader(display), device=device)
    show_estimate(terminal, plan, json=options.json)


def _train(options: TrainOptions) -> None:
    # Loading torch takes seconds, and belongs to --max-minutes too.
    started = time.monotonic()
    from dscvsr_cli.cli.train.interrupt import StopBetweenSteps
    from dscvsr_cli.cli.train.output import TrainDisplay, show_report
    from dscvsr_cli.engine.device import choose_device
    from dscvsr_cli.pipelines.train.run import TrainEvents, train
    from dscvsr_cli.pipelines.train.torchrun import joined, own_device

    if options.output is None:
        raise ValueError("TrainOptions lets only a dry run have no folder")
    terminal = open_terminal(quiet=options.quiet or options.json)
    config, device = options.config(), choose_device(options.device)
    with (
        joined(device) as parallel,
        TrainDisplay(terminal if parallel.leads else open_terminal(quiet=True)) as display,
        StopBetweenSteps(terminal, options.output) as interrupt,
    ):

        def start(trainer: "Trainer", data: "TrainingData") -> None:
            display.start(trainer, data)
            interrupt.arm()

        report = train(
            config,
            options.reader(display),
            options.output,
            device=own_device(device),
            resume=options.resume,
            init=options.init,
            events=TrainEvents(
                on_start=start, on_step=display.step, on_validation=display.validation
            ),
            stop=interrupt.is_asked,
            started=started,
            parallel=parallel,
            workers=options.workers,
        )
    if report is not None:
        show_report(terminal, report, json=options.json)

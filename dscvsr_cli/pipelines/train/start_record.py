"""The start event of a run: written into its log, and read again when the run resumes."""

import logging
from pathlib import Path

import torch

from dscvsr_cli.pipelines.machine import hardware
from dscvsr_cli.pipelines.train.data import TrainingData
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.run_log import Event, RunLog, read_log
from dscvsr_cli.version import __version__
from dscvsr_cli.wording import counted

_log = logging.getLogger(__name__)


def last_start(log: Path) -> Event:
    """Return the last start event of a run; empty if its log is lost."""
    starts = [event for event in read_log(log) if event.get("event") == "start"]
    return starts[-1] if starts else {}


def log_start(log: RunLog, trainer: Trainer, found: TrainingData, *, before: Event) -> None:
    """Log what a run starts with, and warn if that differs from its earlier start.

    Args:
        log: The run's log.
        trainer: The run.
        found: What there is to learn from.
        before: The last line of this kind, or nothing.
    """
    data = {
        "footage": str(found.footage),
        "held_out": found.held_out,
        "data_memory_bytes": found.budget_bytes,
    }
    changed = [name for name in data if name in before and before[name] != data[name]]
    if changed:
        named = ", ".join(f"{name} {before[name]} then, {data[name]} now" for name in changed)
        _log.warning(
            "the run continues with other data than it began with (%s): its weights will differ "
            "from those of an undisturbed run",
            named,
        )
    iteration = trainer.state.iteration
    log.write(
        "start",
        iteration=iteration,
        config=trainer.config.to_values(),
        dtype=trainer.config.dtype,
        **data,
        validation_frames=found.validator.frames if found.validator else 0,
        notes=found.notes,
        **trained_on(trainer.device),
    )
    for item in found.skipped:
        log.write("skipped", iteration=iteration, place=item.place, reason=item.reason)


def trained_on(device: torch.device) -> dict[str, str]:
    """Return the hardware and the versions that a run trains with."""
    threads = counted(torch.get_num_threads(), "thread")
    return {
        "device": f"{device.type}, {hardware(device)}, {threads}",
        "versions": f"dscvsr {__version__}, torch {torch.__version__}",
    }

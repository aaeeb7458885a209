"""Export the averaged weights of a run's last checkpoint, finished or not, to a file."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dscvsr_cli.errors import DatasetError, WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.train.run import CHECKPOINT_NAME, LOG_NAME, training_record
from dscvsr_cli.training.checkpoint import RunState, load_checkpoint
from dscvsr_cli.training.run_log import Event, read_log
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.training.validation import Score
from dscvsr_cli.weights.load import check_fit
from dscvsr_cli.weights.network_file import save_network


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written."""

    weights: Path
    iterations: int
    """Steps that the run had done."""
    size_bytes: int


def export_run(run: Path, target: Path, *, half: bool = False) -> ExportReport:
    """Write the averaged weights of a run's checkpoint, with config and training record.

    Args:
        run: The folder of the run.
        target: The safetensors file to write; an older one is replaced.
        half: Store float16: half the size, and float32 again when it is loaded.

    Raises:
        DatasetError: ``run`` holds no checkpoint, or a broken one.
        WeightsError: The file cannot be written, or float16 cannot hold the weights.
    """
    checkpoint = run / CHECKPOINT_NAME
    if not checkpoint.is_file():
        raise DatasetError(
            f"{run} is not the folder of a training run: it holds no {CHECKPOINT_NAME}",
            hint="give the folder that was dscvsr train's -o",
        )
    values = load_checkpoint(checkpoint)
    try:
        config = TrainingConfig.from_values(values["config"])
        state = RunState(**values["state"])
        weights: dict[str, Tensor] = {name: w.float() for name, w in values["average"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"{checkpoint} is not a checkpoint of this version: {error}",
            hint="export it with the version of dscvsr that trained it",
        ) from error
    check_fit(RecurrentNetwork(config.network), weights, checkpoint)
    if half:
        weights = {name: _halved(name, tensor) for name, tensor in weights.items()}
    save_network(weights, config.network, target, record=_record(run, config, state))
    return ExportReport(
        weights=target, iterations=state.iteration, size_bytes=target.stat().st_size
    )


def _halved(name: str, tensor: Tensor) -> Tensor:
    halved = tensor.half()
    if not bool(torch.isfinite(halved).all()):
        raise WeightsError(
            f"the weights {name} reach {float(tensor.abs().max()):g}, too large for float16",
            hint="export without --half",
        )
    return halved


def _record(run: Path, config: TrainingConfig, state: RunState) -> dict[str, str]:
    """Return how the weights were trained, as far as the checkpoint and the log know it."""
    events = read_log(run / LOG_NAME)
    start = _last(events, "start", state.iteration)
    measured = _last(events, "validation", state.iteration)
    try:
        scores = [Score(**score) for score in measured.get("scores", ())]
        machine: dict[str, str] = {
            key: str(start[key]) for key in ("device", "versions") if key in start
        }
        footage = str(start.get("footage", "unknown"))
    except TypeError:
        # Foreign lines in the log are no reason to refuse the weights.
        scores, machine, footage = [], {}, "unknown"
    return training_record(
        config,
        iterations=state.iteration,
        clips_seen=state.clips_seen,
        seconds=state.seconds,
        footage=footage,
        scores=scores,
        machine=machine,
    )


def _last(events: list[Event], kind: str, iteration: int) -> Event:
    """Return the last line of a kind up to a step; empty if there is none."""
    found = [
        event
        for event in events
        if event.get("event") == kind and event.get("iteration", 0) <= iteration
    ]
    return found[-1] if found else {}

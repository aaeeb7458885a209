"""Runs of the training pipeline for tests."""

from pathlib import Path

import torch

from dscvsr_cli.pipelines.train.data import DataReader
from dscvsr_cli.pipelines.train.run import (
    SILENT,
    TrainEvents,
    TrainReport,
)
from dscvsr_cli.pipelines.train.run import train as train_here_or_along
from dscvsr_cli.training.run_log import read_log
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.weights.network_file import read_network

CPU = torch.device("cpu")


def train(
    config: TrainingConfig,
    data: DataReader,
    run: Path,
    *,
    device: torch.device,
    resume: bool = False,
    init: Path | None = None,
    events: TrainEvents = SILENT,
) -> TrainReport:
    """Train in one process, which always has something to report."""
    report = train_here_or_along(
        config, data, run, device=device, resume=resume, init=init, events=events
    )
    assert report is not None
    return report


def reader(*places: Path) -> DataReader:
    return DataReader(places=places)


def assert_same_weights(one: Path, other: Path) -> None:
    first, second = read_network(one)[0], read_network(other)[0]
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def kinds(log: Path) -> list[str]:
    return [event["event"] for event in read_log(log)]

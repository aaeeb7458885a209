"""Find, split and read the footage of a run; warn about what is left out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dscvsr_cli.datasets.sources import Skipped, Source, find_sources
from dscvsr_cli.datasets.split import split_sources
from dscvsr_cli.engine.memory import free_memory_bytes
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.training.data.clip_pool import Demand
from dscvsr_cli.training.data.load_clips import LoadedFootage, load_footage
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.training.validation import Validator, choose_clips

_log = logging.getLogger(__name__)

DATA_SHARE_OF_MEMORY = 0.5
"""Share of the device's free memory for footage; the rest is for the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReader:
    """Where footage is and how it is read."""

    places: tuple[Path, ...]
    """Files and folders to learn from."""
    validation: tuple[Path, ...] = ()
    """Files and folders to validate on; without any, a share of ``places`` is held out."""
    memory_bytes: int | None = None
    """Memory for footage; None takes ``DATA_SHARE_OF_MEMORY`` of what is free."""
    on_found: Callable[[int], None] | None = None
    """Called with the number of clips and photographs found so far."""
    on_reading: Callable[[int, int], None] | None = None
    """Called with what is read and what there is to read."""

    def budget_bytes(self, device: torch.device) -> int:
        """Return the memory for footage on ``device``."""
        if self.memory_bytes is not None:
            return self.memory_bytes
        return int(DATA_SHARE_OF_MEMORY * free_memory_bytes(device))

    def read(
        self,
        config: TrainingConfig,
        *,
        device: torch.device,
        held_on: torch.device | None = None,
        budget_bytes: int,
        batches_done: int = 0,
        validated: bool = True,
    ) -> "TrainingData":
        """Read everything.

        Args:
            config: Decides what clips must have, and which are held out.
            device: Where to train and validate.
            held_on: Where to hold the footage; None holds it on ``device``.
            budget_bytes: Memory it may take there.
            batches_done: Batches that an interrupted run has drawn.
            validated: Whether to return a validator, if there are held-out clips.

        Raises:
            DatasetError: A place is missing, or nothing there can be used.
        """
        found = find_sources(self.places, on_found=self.on_found)
        sources, held_out = self._part(found.sources, config)
        footage = load_footage(
            sources,
            Demand(frames=max(config.sequence), side=config.reach(config.patch)),
            budget_bytes=budget_bytes,
            device=held_on or device,
            seed=config.seed,
            batches_done=batches_done,
            on_progress=self.on_reading,
        )
        skipped = (*found.skipped, *footage.skipped)
        _warn(skipped, len(found.sources))
        validated = validated and config.validations > 0
        return TrainingData(
            footage=footage,
            budget_bytes=budget_bytes,
            validator=self._validator(held_out, device) if validated else None,
            held_out=0 if self.validation else len(held_out),
            notes=(*found.notes, *_notes(footage)),
            skipped=skipped,
        )

    def _part(
        self, sources: Sequence[Source], config: TrainingConfig
    ) -> tuple[Sequence[Source], Sequence[Source]]:
        """Return the sources to learn from and those to validate on."""
        if self.validation:
            return sources, find_sources(self.validation).sources
        if config.validations:
            return split_sources(sources, config.validation_share)
        return sources, ()

    def _validator(self, sources: Sequence[Source], device: torch.device) -> Validator | None:
        """Return a validator on a few of the sources; None if none were held out.

        Raises:
            DatasetError: Clips were named, and none of them can be used.
        """
        clips = choose_clips(sources)
        if clips:
            return Validator(clips, device=device)
        if self.validation:
            raise DatasetError(
                "no clip to validate on can be read in "
                + ", ".join(str(place) for place in self.validation),
                hint="--val needs a video or a folder of frames, at least 64 pixels on a side",
            )
        return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingData:
    """What was read."""

    footage: LoadedFootage
    budget_bytes: int
    """Memory that the footage was allowed; which clips are held when depends on it."""
    validator: Validator | None
    """None if there is nothing to validate on."""
    held_out: int
    """Clips kept for validation instead of training."""
    notes: tuple[str, ...]
    """Sentences for a person: what a rule left out, what does not fit into memory."""
    skipped: tuple[Skipped, ...]
    """What is of no use, and why."""


def _notes(footage: LoadedFootage) -> tuple[str, ...]:
    if not footage.in_turns:
        return ()
    return (
        f"{footage.held_bytes / 1e9:.1f} of {footage.size_bytes / 1e9:.1f} GB of footage are held "
        "in memory at a time, and change during the run",
    )


def _warn(skipped: Sequence[Skipped], found: int) -> None:
    if skipped:
        more = f"; and {len(skipped) - 1} more, listed in the log" if len(skipped) > 1 else ""
        _log.warning(
            "skipped %d of %d clips and pictures: %s%s", len(skipped), found, skipped[0], more
        )

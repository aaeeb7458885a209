"""Load footage: measure it first, then hold all of it if memory allows, else a part at a time."""

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import torch

from dscvsr_cli.datasets.extent import Extent, measure
from dscvsr_cli.datasets.sources import Skipped, Source
from dscvsr_cli.errors import DatasetError, DscvsrError
from dscvsr_cli.training.data.clip_pool import (
    Demand,
    Footage,
    Part,
    RotatingFootage,
    join,
    try_decode,
)

PART_LENGTHS = 2
"""Frames of a part over those of the longest clip drawn, so that clips begin anywhere in it."""

_MOST_THREADS = 8
"""Threads that decode: more only wait for the disk."""

Progress = Callable[[int, int], None]
"""Called with sources read and sources to read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedFootage:
    """Footage ready to draw from, and what became of the sources."""

    stream: Footage | RotatingFootage
    clips: int
    """Clips of use, held now or not."""
    photos: int
    """Photographs of use, held now or not."""
    size_bytes: int
    """Memory that all of it would take."""
    held_bytes: int
    """Memory that it takes now: less, if not all of it fits."""
    skipped: tuple[Skipped, ...]
    """What is of no use, and why."""

    @property
    def in_turns(self) -> bool:
        """Whether there is more than memory holds."""
        return isinstance(self.stream, RotatingFootage)

    def __enter__(self) -> Self:
        """Draw from it inside the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the thread that decodes, if there is one."""
        if isinstance(self.stream, RotatingFootage):
            self.stream.close()

    def __str__(self) -> str:
        """Say in a few words what there is to learn from."""
        kinds = ((self.clips, "clip"), (self.photos, "photograph"))
        words = [f"{count} {kind}{'s' if count != 1 else ''}" for count, kind in kinds if count]
        return " and ".join(words)


def load_footage(
    sources: Sequence[Source],
    demand: Demand,
    *,
    budget_bytes: int,
    device: torch.device,
    seed: int = 0,
    batches_done: int = 0,
    on_progress: Progress | None = None,
) -> LoadedFootage:
    """Read footage onto ``device``.

    Everything is measured first. If all of it fits into the budget, it is held. If not, clips are
    cut into parts of ``PART_LENGTHS`` times the longest clip drawn, and a random share of the parts
    is held, which moves on during the run (see ``clip_window``). What is too small, too short or
    unreadable is left out and listed.

    Args:
        sources: What to read.
        demand: What a clip or photograph must have.
        budget_bytes: Memory for footage.
        device: Where to hold it.
        seed: Decides which parts are held when.
        batches_done: Batches that an interrupted run has drawn.
        on_progress: Called with the progress.

    Raises:
        DatasetError: Nothing is of use.
    """
    whole, skipped = _measure_all(sources, demand)
    size_bytes = sum(part.size_bytes for part in whole)
    stream: Footage | RotatingFootage
    if size_bytes <= budget_bytes:
        stream = _hold(whole, demand, device, skipped, on_progress)
    else:
        stream = RotatingFootage(
            [piece for part in whole for piece in cut(part, demand)],
            demand,
            budget=budget_bytes,
            seed=seed,
            device=device,
            workers=_threads(),
            batches_done=batches_done,
            on_progress=on_progress,
        )
    useless = {entry.place for entry in skipped}
    useful = [part.source for part in whole if str(part.source.place) not in useless]
    if not useful:
        raise _nothing(demand, skipped)
    return _loaded(stream, useful, size_bytes=size_bytes, skipped=skipped)


def _loaded(
    stream: Footage | RotatingFootage,
    useful: Sequence[Source],
    *,
    size_bytes: int,
    skipped: Sequence[Skipped],
) -> LoadedFootage:
    photos = sum(source.kind == "photo" for source in useful)
    held = stream.current if isinstance(stream, RotatingFootage) else stream
    return LoadedFootage(
        stream=stream,
        clips=len(useful) - photos,
        photos=photos,
        size_bytes=size_bytes,
        held_bytes=held.size_bytes,
        skipped=tuple(skipped),
    )


def cut(part: Part, demand: Demand) -> list[Part]:
    """Cut a whole source into parts of nearly equal length, each with frames enough."""
    length = PART_LENGTHS * demand.frames
    frames = part.count or 1
    pieces = max(1, frames // length)
    edges = [frames * place // pieces for place in range(pieces + 1)]
    return [
        Part(
            source=part.source,
            first=start,
            count=end - start,
            size_bytes=part.size_bytes * (end - start) // frames,
        )
        for start, end in itertools.pairwise(edges)
    ]


def _measure_all(sources: Sequence[Source], demand: Demand) -> tuple[list[Part], list[Skipped]]:
    """Ask every source for its extent; part the useful ones from the others."""
    useful: list[Part] = []
    skipped: list[Skipped] = []
    with ThreadPoolExecutor(_threads()) as executor:
        extents = executor.map(_try_measure, sources)
        for source, extent in zip(sources, extents, strict=True):
            reason = (
                extent
                if isinstance(extent, str)
                else demand.refuse(
                    frames=extent.frames, size=extent.size, photo=source.kind == "photo"
                )
            )
            if isinstance(extent, Extent) and reason is None:
                useful.append(
                    Part(source=source, count=extent.frames, size_bytes=extent.size_bytes)
                )
            else:
                skipped.append(Skipped(place=str(source.place), reason=reason or ""))
    return useful, skipped


def _try_measure(source: Source) -> Extent | str:
    try:
        return measure(source)
    except DscvsrError as error:
        return error.message


def _hold(
    parts: Sequence[Part],
    demand: Demand,
    device: torch.device,
    skipped: list[Skipped],
    on_progress: Progress | None,
) -> Footage:
    """Decode everything, whole and in order, with all cores; add what fails to ``skipped``."""
    decoded = []
    # Of a whole source all frames are taken: how many there are a container may count wrongly.
    whole = [Part(source=part.source, size_bytes=part.size_bytes) for part in parts]
    with ThreadPoolExecutor(_threads()) as executor:
        results = executor.map(lambda part: try_decode(part, demand), whole)
        for number, (part, result) in enumerate(zip(whole, results, strict=True), start=1):
            if isinstance(result, Skipped):
                skipped.append(result)
            else:
                decoded.append((part.source, result.to(device)))
            if on_progress:
                on_progress(number, len(whole))
    return join(decoded)


def _threads() -> int:
    return min(_MOST_THREADS, os.cpu_count() or 1)


def _nothing(demand: Demand, skipped: Sequence[Skipped]) -> DatasetError:
    needs = (
        f"clips need {demand.least_frames} frames, and pictures {demand.side} pixels on each side"
    )
    if not skipped:
        return DatasetError("there is nothing to learn from", hint=f"check --data; {needs}")
    return DatasetError(
        f"nothing to learn from: none of {len(skipped)} clips and photographs can be used; "
        f"{skipped[0]}",
        hint=needs,
    )

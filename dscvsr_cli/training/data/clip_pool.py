"""Footage: clips and photographs as uint8 in the memory of the device that trains."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from dscvsr_cli.datasets.decode import decode
from dscvsr_cli.datasets.sources import Skipped, Source
from dscvsr_cli.errors import DatasetError, DscvsrError
from dscvsr_cli.geometry import Size
from dscvsr_cli.training.data.clip_window import STEPS_PER_CHANGE, ClipWindow

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """What a batch is drawn from."""

    clips: tuple[Tensor, ...]
    """Videos, each ``(T, 3, H, W)`` uint8 RGB, all on one device."""

    photos: tuple[Tensor, ...]
    """Photographs for synthetic camera moves, each ``(3, H, W)`` uint8 RGB."""

    def next(self) -> "Footage":
        """Return what the next batch is drawn from: all of this, always."""
        return self

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return sum(tensor.nbytes for tensor in (*self.clips, *self.photos))

    @property
    def device(self) -> torch.device:
        """The device that holds it."""
        return next((t.device for t in (*self.clips, *self.photos)), torch.device("cpu"))


class FootageStream(Protocol):
    """Anything batches can be drawn from, one call of ``next`` per batch."""

    def next(self) -> Footage:
        """Return what the next batch is drawn from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What footage needs to be of use to a run."""

    frames: int
    """Frames of the longest clip drawn."""

    side: int
    """Rows and columns of the largest crop, in pixels."""

    def refuse(self, *, frames: int, size: Size, photo: bool) -> str | None:
        """Return why something is of no use, or None.

        A clip may be as short as half of what is drawn: it is then played to and fro.
        """
        if min(size.height, size.width) < self.side:
            return f"its {size} pixels are less than {self.side} on a side"
        if not photo and 2 * frames - 1 < self.frames:
            return f"it has {frames} of at least {self.least_frames} frames"
        return None

    @property
    def least_frames(self) -> int:
        """Frames that a clip must have: played to and fro, n frames show 2 n - 1."""
        return self.frames // 2 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of one source, held or dropped as a whole."""

    source: Source
    first: int = 0
    """Place of its first frame in the source."""
    count: int | None = None
    """Frames; None for all that come."""
    size_bytes: int
    """Memory that it takes, as far as is known before it is decoded."""


class RotatingFootage:
    """A share of a data set larger than memory; every ``STEPS_PER_CHANGE`` batches it moves on.

    The part that comes next is decoded in a thread of its own meanwhile. A change waits for it, so
    what a batch is drawn from depends only on the seed and the number of batches.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        demand: Demand,
        *,
        budget: int,
        seed: int,
        device: torch.device,
        workers: int = 1,
        batches_done: int = 0,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Decode what is held after ``batches_done`` batches, with ``workers`` threads.

        Args:
            parts: All there are.
            demand: What they must have.
            budget: Bytes that may be held.
            seed: Decides what is held when.
            device: Where it is held.
            workers: Threads that decode at the start; later there is one.
            batches_done: Batches drawn before.
            on_progress: Called with parts decoded and parts to decode, at the start.

        Raises:
            DatasetError: None of it can be read.
        """
        self._parts, self._demand, self._device = parts, demand, device
        self._rotation = ClipWindow([part.size_bytes for part in parts], budget=budget, seed=seed)
        self._batches = batches_done
        for _ in range(batches_done // STEPS_PER_CHANGE):
            self._rotation.change()
        self._tensors: dict[int, Tensor | None] = {}
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="footage")
        self._coming: tuple[int, Future[Tensor | None]] | None = None
        self._update(workers=workers, on_progress=on_progress)

    def next(self) -> Footage:
        """Return what the next batch is drawn from, moving on if it is time to.

        Raises:
            DatasetError: None of what is held now can be read.
        """
        due = self._batches > 0 and self._batches % STEPS_PER_CHANGE == 0
        if due and not self._rotation.whole:
            self._rotation.change()
            self._update()
        self._batches += 1
        return self.current

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown(cancel_futures=True)

    def _update(
        self, *, workers: int = 1, on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Bring memory in line with the rotation, and begin to decode what comes next."""
        held = self._rotation.held
        self._tensors = {key: self._tensors[key] for key in held if key in self._tensors}
        missing = [key for key in held if key not in self._tensors]
        if self._coming is not None and self._coming[0] in missing:
            key, future = self._coming
            self._tensors[key] = self._place(future.result())
            missing.remove(key)
        decoded = zip(missing, self._decode_all(missing, workers), strict=True)
        for number, (key, tensor) in enumerate(decoded, start=1):
            self._tensors[key] = self._place(tensor)
            if on_progress:
                on_progress(number, len(missing))
        self.current = self._join(held)
        key = self._rotation.coming
        self._coming = (key, self._executor.submit(self._decode, key))

    def _decode(self, key: int) -> Tensor | None:
        decoded = try_decode(self._parts[key], self._demand)
        if isinstance(decoded, Skipped):
            _log.info("left out %s: %s", decoded.place, decoded.reason)
            return None
        return decoded

    def _decode_all(self, keys: Sequence[int], workers: int) -> Iterable[Tensor | None]:
        with ThreadPoolExecutor(workers) as executor:
            yield from executor.map(self._decode, keys)

    def _place(self, tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.to(self._device)

    def _join(self, held: Sequence[int]) -> Footage:
        found = [(self._parts[key].source, self._tensors[key]) for key in held]
        footage = join((source, tensor) for source, tensor in found if tensor is not None)
        if not footage.clips and not footage.photos:
            raise DatasetError(
                f"none of the {len(held)} pieces of footage at hand can be read",
                hint="check the disk and --data; --data-memory decides how many are held at once",
            )
        return footage


def join(decoded: Iterable[tuple[Source, Tensor]]) -> Footage:
    """Sort decoded sources into clips and photographs, each in their order."""
    clips: list[Tensor] = []
    photos: list[Tensor] = []
    for source, tensor in decoded:
        if source.kind == "photo":
            photos.append(tensor[0])
        else:
            clips.append(tensor)
    return Footage(tuple(clips), tuple(photos))


def try_decode(part: Part, demand: Demand) -> Tensor | Skipped:
    """Decode a part -> ``(T, 3, H, W)`` uint8, or why it is of no use."""
    place = str(part.source.place)
    try:
        tensor = decode(part.source, first=part.first, count=part.count)
    except DscvsrError as error:
        return Skipped(place=place, reason=error.message)
    size = Size(*tensor.shape[-2:])
    photo = part.source.kind == "photo"
    reason = demand.refuse(frames=tensor.shape[0], size=size, photo=photo)
    return tensor if reason is None else Skipped(place=place, reason=reason)

"""Transfers: frames to the network's device, and pictures back to main memory.

On CUDA they go through pinned memory, which a card reads and writes on its own, so pictures come
back while the next ones are made. Not yet verified on a card: that the copies really overlap, and
what pinned memory costs a machine that has little.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_log = logging.getLogger(__name__)


def copies_beside(device: torch.device) -> bool:
    """Return whether copies between ``device`` and main memory run beside its work."""
    return device.type == "cuda"


def to_device(pictures: Sequence[Tensor], device: torch.device) -> Tensor:
    """Copy ``(3, H, W)`` pictures to ``device`` -> ``(T, 3, H, W)`` float32."""
    if not copies_beside(device):
        return torch.stack(list(pictures)).to(device, torch.float32)
    shape = (len(pictures), *pictures[0].shape)
    frames = torch.empty(shape, dtype=torch.float32, device=device)
    for place, picture in enumerate(pictures):
        pinned = _new_pinned(picture)
        if pinned is None:
            frames[place].copy_(picture)
        else:
            # torch does not use this memory for anything else until the card has read it.
            frames[place].copy_(pinned.copy_(picture), non_blocking=True)
    return frames


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """Pictures in main memory, or on their way to it."""

    pictures: list[Tensor]
    """``(3, sH, sW)`` each, to be read after ``wait``."""

    _event: torch.cuda.Event | None

    def wait(self) -> None:
        """Return when all are there."""
        if self._event is not None:
            self._event.synchronize()


class Downloads:
    """Copies pictures from ``device`` to main memory, beside its work if that is possible."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.beside = copies_beside(device)
        self._stream: torch.cuda.Stream | None = None

    def begin(self, pictures: Sequence[Tensor]) -> Arrival:
        """Start copying what the work queued so far makes of ``pictures``."""
        if not self.beside:
            return Arrival([picture.to("cpu", copy=True) for picture in pictures], None)
        if self._stream is None:
            self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        copies = []
        with torch.cuda.stream(self._stream):
            for picture in pictures:
                pinned = _new_pinned(picture)
                if pinned is None:
                    copies.append(picture.to("cpu", copy=True))
                    continue
                copies.append(pinned.copy_(picture, non_blocking=True))
                # The picture's memory must not be used again before it is copied.
                picture.record_stream(self._stream)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(self._stream)
        return Arrival(copies, event)


def _new_pinned(like: Tensor) -> Tensor | None:
    """Return pinned memory for a tensor; None if the system gives none."""
    try:
        return torch.empty(like.shape, dtype=like.dtype, pin_memory=True)
    except RuntimeError as error:
        _log.debug("no pinned memory: %s", error)
        return None

"""enlarge_frames(): NumPy arrays in, enlarged arrays out, for people with their own reader."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike

import numpy as np
import numpy.typing as npt
import torch

from dscvsr_cli.engine.device import DtypeName, choose_device, choose_dtype
from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.memory import memory_budget_bytes
from dscvsr_cli.engine.self_ensemble import ensemble_of
from dscvsr_cli.engine.steady import Steadying
from dscvsr_cli.engine.stream import EventListener, upscale_stream
from dscvsr_cli.engine.stream_plan import plan_stream
from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.imaging.quantise import round_levels
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.runtimes.choose import choose_runtime
from dscvsr_cli.typed_values import takes_typed
from dscvsr_cli.weights.load import LoadedNetwork, load_network

FrameArray = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
"""One frame: ``(H, W, 3)`` RGB, uint8 in 0 to 255, or float32 in [0, 1]."""

_LOWEST, _HIGHEST = -1.0, 2.0
"""Limits of float32 pixels: wide enough for resampling overshoot, and far below levels to 255."""


@takes_typed
def enlarge_frames(
    frames: Iterable[FrameArray],
    *,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    weights: str | PathLike[str] | None = None,
    device: str | torch.device = "auto",
    dtype: DtypeName = "auto",
    ensemble: int = 1,
    steady: bool = False,
    memory_bytes: int | None = None,
    on_event: EventListener | None = None,
) -> Iterator[FrameArray]:
    """Enlarge the frames of one video: as many out as in, in the same order.

    The network looks at past and future frames, so give the frames of a video in order and not one
    at a time. Frames are read as they are needed, some dozens ahead, and never all at once. Cuts
    between scenes are found, and the network carries nothing across them. The weights are loaded by
    the call itself; the first frame is read when the first result is asked for.

    Args:
        frames: ``(H, W, 3)`` RGB each, all of one size and type: uint8 in 0 to 255, or float32 in
            [0, 1]. Each is copied when it is read, so a reader may reuse its buffer.
        scale: Factor of both sides, above 1.
        width: Columns of the output; without ``height`` the aspect ratio is kept.
        height: Rows of the output; without ``width`` the aspect ratio is kept.
        weights: A catalog name, the path of a file, or ``OWNER/REPO/FILE[@REVISION]`` on the Hub;
            None takes the default.
        device: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu".
        dtype: Of the network's numbers, not of the frames; "auto" suits the device.
        ensemble: Copies of the frames, mirrored in different ways, whose results are averaged: 1
            to 4.
        steady: Whether frames are averaged along the motion, which takes out what a codec such as
            H.264 changes from frame to frame; it costs detail if none has.
        memory_bytes: Memory that the network may plan with; None measures what is free.
        on_event: Called at scene cuts, and when memory runs out or numbers overflow.

    Yields:
        ``(sH, sW, 3)`` arrays of the type of the input.

    Raises:
        UsageError: From the call: no size, or two; an unknown device. From the loop: a
            size that does not enlarge the frames.
        WeightsError: From the call: the weights are missing or damaged.
        DeviceError: From the call: the device is missing. From the loop: too little memory.
        TypeError: From the call: an argument of another type. From the loop: a frame is no NumPy
            array.
        ValueError: From the call: an unknown dtype, an ensemble of none, or of more than 4. From
            the loop: a frame of another shape, size or type, or float32 pixels that are not finite
            or far outside [0, 1].
    """
    _refuse_name(frames)
    if (scale is None) == (width is None and height is None):
        raise UsageError("give either a factor or a size", hint="scale=2.7, or width or height")
    chosen = choose_device(device)
    found = choose_dtype(dtype, chosen)
    choose_runtime("torch", device=chosen, dtype=found)
    loaded = load_network(weights, device=chosen, dtype=found)
    # torch's stubs leave out this form of to().
    loaded.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def size_for(source: Size) -> Size:
        return output_size(source, scale=scale, width=width, height=height)

    enlarger = _Enlarger(
        loaded=loaded,
        network=ensemble_of(loaded.network, ensemble),
        device=chosen,
        size_for=size_for,
        weights=weights,
        ensemble=ensemble,
        steady=steady,
        memory_bytes=memory_bytes,
        on_event=on_event,
    )
    return enlarger.run(frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Enlarger:
    """A loaded network, waiting for the first frame to say how large its work is."""

    loaded: LoadedNetwork
    network: FrameNetwork
    """The loaded network, or an ensemble of it."""
    device: torch.device
    size_for: Callable[[Size], Size]
    weights: str | PathLike[str] | None
    ensemble: int
    steady: bool
    memory_bytes: int | None
    on_event: EventListener | None

    def run(self, frames: Iterable[FrameArray]) -> Iterator[FrameArray]:
        rest = iter(frames)
        for first in rest:
            # A reader that found nothing gives None, which must not pass for the end.
            _check(first, 0)
            break
        else:
            return
        source = Size(*first.shape[:2])
        size = self.size_for(source)
        dtype = next(self.loaded.network.parameters()).dtype
        cost = network_cost(self.loaded.config, dtype).with_copies(self.ensemble)
        plan = plan_stream(
            source,
            size,
            cost.with_steadying() if self.steady else cost,
            budget_bytes=memory_budget_bytes(self.device, memory_bytes=self.memory_bytes),
        )
        enlarged = upscale_stream(
            _read(first, rest),
            self.network,
            size=size,
            plan=plan,
            device=self.device,
            float32_network=None if dtype == torch.float32 else self._float32_network,
            steadying=Steadying(self.loaded.network.motion) if self.steady else None,
            on_event=self.on_event,
        )
        as_levels = first.dtype == np.uint8
        for frame in enlarged:
            pixels = frame.pixels.permute(1, 2, 0)
            if as_levels:
                yield round_levels(pixels * 255).to(torch.uint8).contiguous().numpy()
            else:
                yield pixels.contiguous().numpy()

    def _float32_network(self) -> FrameNetwork:
        return ensemble_of(load_network(self.weights, device=self.device).network, self.ensemble)


def _refuse_name(frames: object) -> None:
    """Refuse the name of a file, whose letters could pass for frames until the first is read."""
    if isinstance(frames, str):
        raise TypeError(f"frames must be arrays, got {frames!r}; upscale() enlarges a file")


def _read(first: FrameArray, rest: Iterator[FrameArray]) -> Iterator[Frame]:
    """Turn arrays into frames ``(3, H, W)`` float32 whose times are their positions."""
    yield _frame(first, 0)
    for position, array in enumerate(rest, start=1):
        _check(array, position)
        if array.shape != first.shape or array.dtype != first.dtype:
            raise ValueError(
                f"frame {position} is {array.shape} {array.dtype}, and the first frame "
                f"{first.shape} {first.dtype}: all must be alike"
            )
        yield _frame(array, position)


def _frame(array: FrameArray, position: int) -> Frame:
    # Always a copy: torch takes neither negative strides (BGR turned to RGB) nor read-only arrays,
    # and a reader may fill the same buffer again.
    planes = np.array(array.transpose(2, 0, 1), dtype=np.float32, order="C")
    if array.dtype == np.uint8:
        planes /= 255
    return Frame(pixels=torch.from_numpy(planes), pts=position)


def _check(array: FrameArray, position: int) -> None:
    """Refuse what is no RGB frame.

    Raises:
        TypeError: No NumPy array.
        ValueError: Another shape or type, or float32 pixels far outside [0, 1].
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"frame {position}: expected a NumPy array, got {type(array).__name__}")
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ValueError(f"frame {position}: expected (H, W, 3) RGB, got {array.shape = }")
    if array.dtype not in (np.uint8, np.float32):
        raise ValueError(f"frame {position}: expected uint8 or float32, got {array.dtype = }")
    if array.dtype == np.float32:
        lowest, highest = float(array.min()), float(array.max())
        if not (lowest >= _LOWEST and highest <= _HIGHEST):  # also if a pixel is NaN
            raise ValueError(
                f"frame {position}: expected float32 pixels in [0, 1], got {lowest:g} to "
                f"{highest:g}; divide levels by 255, or give them as uint8"
            )

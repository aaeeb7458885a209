"""Methods: the upscalers that are measured, and what is known about each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import Kernel, resize

Upscaler = Callable[[Iterable[Frame], Size], Iterator[Tensor]]
"""Takes frames ``(3, h, w)`` in [0, 1] and yields one ``(3, sH, sW)`` float32 for each, in order.

It should read its frames as it needs them, in the thread that asks it for pictures; those it has
read and not yet answered are held.
"""

CLASSICAL: Mapping[str, Kernel] = MappingProxyType({"bicubic": "bicubic", "lanczos": "lanczos3"})
"""The methods that are always measured, by name, and their kernels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodInfo:
    """What is known about a method before it is measured."""

    name: str
    """What tables call it."""

    parameters: int | None = None
    """Parameters of its network, or None if it has none."""

    device: str = "cpu"
    """Where it runs; empty if that is not known."""

    dtype: str = "float32"
    """dtype of its network; empty if unknown."""

    runtime: str = ""
    """What executes its network; empty if that is not known."""

    sha256: str | None = None
    """Digest of its weights file or its images, which lets a resumed run recognise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """An upscaler that is to be measured."""

    info: MethodInfo
    """What is known about it."""

    upscale: Upscaler
    """The upscaler itself."""

    multiply_adds: Callable[[float], float] | None = None
    """Factor -> multiply-adds per input pixel and frame; None if they are not counted."""

    peak_memory: Callable[[], int] | None = None
    """Returns the peak bytes since the last call of ``reset_memory``; None if unknown."""

    reset_memory: Callable[[], None] | None = None
    """Restarts the count."""

    timed: bool = True
    """Whether its time is that of upscaling; not so if pictures are only read."""


def classical_methods() -> tuple[Method, ...]:
    """Return bicubic and Lanczos, which every report shows beside the others."""
    return tuple(
        Method(info=MethodInfo(name=name), upscale=classical_upscaler(kernel))
        for name, kernel in CLASSICAL.items()
    )


def classical_upscaler(kernel: Kernel) -> Upscaler:
    """Return an upscaler that resizes every frame separately with ``kernel``."""

    def upscale(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        return (resize(frame.pixels, size, kernel=kernel) for frame in frames)

    return upscale

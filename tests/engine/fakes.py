"""Small networks whose whole-clip result can be written down, and clips to feed them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from dscvsr_cli.engine.frame_network import FrameListener, FrameNetwork
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.steady import Steadying
from dscvsr_cli.engine.stream import SceneMarker, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size

CPU = torch.device("cpu")
SMALL = Size(4, 6)


def random_frames(count: int, size: Size = SMALL, *, seed: int = 0) -> list[Frame]:
    """Frames of noise whose pts and durations follow no rule."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand((count, 3, size.height, size.width), generator=generator)
    return [
        Frame(pixels=pixels[i], pts=1000 + 40 * i + i * i % 7, duration=30 + i % 3)
        for i in range(count)
    ]


def still_frames(count: int) -> list[Frame]:
    """One picture again and again, but for what rounding may change, so that none is a repeat."""
    (first,) = random_frames(1)
    return [Frame(pixels=first.pixels * (1.0 - 1e-4 * (i % 2)), pts=i) for i in range(count)]


def cuts_at(positions: Iterable[int]) -> SceneMarker:
    """A marker that finds cuts at known positions."""
    starts = {0, *positions}

    def mark(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
        for position, frame in enumerate(frames):
            yield frame, position in starts

    return mark


def run_with_states(
    frames: Sequence[Frame],
    network: FrameNetwork,
    plan: StreamPlan,
    *,
    steadying: Steadying | None = None,
    cuts: Iterable[int] = (),
    resume: StreamState | None = None,
) -> tuple[list[Frame], list[StreamState]]:
    """Stream the frames through -> what was made, and the states between windows."""
    states: list[StreamState] = []
    made: list[Frame] = []

    def note(state: StreamState) -> None:
        assert state.made == len(made) + (resume.made if resume else 0)
        states.append(state)

    for frame in upscale_stream(
        frames,
        network,
        size=SMALL,
        plan=plan,
        device=CPU,
        steadying=steadying,
        mark_scenes=cuts_at(cuts),
        resume=resume,
        on_boundary=note,
    ):
        made.append(frame)  # noqa: PERF402  note() looks at it meanwhile
    return made, states


def stacked(frames: Sequence[Frame]) -> Tensor:
    """Return the pictures of frames, ``(T, 3, H, W)``."""
    return torch.stack([frame.pixels for frame in frames])


def upscaled(
    frames: Sequence[Frame],
    network: FrameNetwork,
    plan: StreamPlan,
    *,
    cuts: Iterable[int] = (),
    scale: int = 1,
) -> Tensor:
    """Stream the frames through and return the pictures, ``(T, 3, sH, sW)``."""
    height, width = frames[0].pixels.shape[-2:]
    made = upscale_stream(
        frames,
        network,
        size=Size(height * scale, width * scale),
        plan=plan,
        device=CPU,
        mark_scenes=cuts_at(cuts),
    )
    return torch.stack([frame.pixels for frame in made])


def report_all(on_frame: FrameListener | None, frames: Tensor) -> None:
    """Report every frame as finished by a pass."""
    for _ in range(frames.shape[1]):
        if on_frame:
            on_frame()


class NearestNetwork:
    """Enlarges by repeating pixels; its features are the frames themselves."""

    def __init__(self) -> None:
        self.backward_lengths: list[int] = []
        self.forward_lengths: list[int] = []

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        del first_index
        self.backward_lengths.append(frames.shape[1])
        report_all(on_frame, frames)
        return frames

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        if (previous_features is None) != (previous_frame is None):
            raise ValueError("a state and its frame belong together")
        if (first_index == 0) != (previous_frame is None):
            raise ValueError("only a scene's first frame has nothing before it")
        self.forward_lengths.append(frames.shape[1])
        report_all(on_frame, frames)
        return frames

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        if not frames.shape == backward.shape == forward.shape:
            raise ValueError("frames and features of one step belong together")
        picture = functional.interpolate(frames[0], (size.height, size.width), mode="nearest")
        return picture[None]


class SteppedNetwork(ABC):
    """Both passes, frame after frame, by one rule that a subclass gives."""

    @abstractmethod
    def _advance(self, frame: Tensor, state: Tensor | None) -> Tensor:
        """Return the state after a frame ``(B, 3, H, W)``; None stands before the first one."""

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        del first_index
        report_all(on_frame, frames)
        features: list[Tensor] = []
        for frame in reversed(frames.unbind(1)):
            features.append(self._advance(frame, features[-1] if features else None))
        return torch.stack(features[::-1], dim=1)

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        del first_index, previous_frame
        report_all(on_frame, frames)
        features: list[Tensor] = []
        state = previous_features
        for frame in frames.unbind(1):
            state = self._advance(frame, state)
            features.append(state)
        return torch.stack(features, dim=1)


class MovingSumNetwork(SteppedNetwork):
    """Weighs ``reach`` frames of either side: a result that a window can only get if it sees them.

    Features are shift registers of frames, so what is older than the reach is forgotten.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.total = sum(self._weight(j) for j in range(-reach, reach + 1))

    @staticmethod
    def _weight(offset: int) -> float:
        return 1.0 + 0.5 * offset if offset >= 0 else 2.0 - 0.25 * offset

    def whole_clip(self, pixels: Tensor) -> Tensor:
        """``(T, 3, H, W)`` of one scene -> the result, written down directly."""
        out = torch.zeros_like(pixels)
        for t in range(len(pixels)):
            for j in range(-self.reach, self.reach + 1):
                if 0 <= t + j < len(pixels):
                    out[t] += self._weight(j) / self.total * pixels[t + j]
        return out

    def _advance(self, frame: Tensor, state: Tensor | None) -> Tensor:
        if state is None:
            state = frame.repeat(1, self.reach + 1, 1, 1) * 0
        return torch.cat((frame, state[:, : 3 * self.reach]), dim=1)

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        del size
        out = self._weight(0) / self.total * frames
        for j in range(1, self.reach + 1):
            channels = slice(3 * j, 3 * j + 3)
            out = out + self._weight(j) / self.total * backward[:, :, channels]
            out = out + self._weight(-j) / self.total * forward[:, :, channels]
        return out


class ParityNetwork(NearestNetwork):
    """Shows in its pictures which index each pass believed a frame to have."""

    @staticmethod
    def _marks(frames: Tensor, first_index: int) -> Tensor:
        index = torch.arange(first_index, first_index + frames.shape[1]) % 2
        return frames * 0 + index[None, :, None, None, None]

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        report_all(on_frame, frames)
        return self._marks(frames, first_index)

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        del previous_features, previous_frame
        report_all(on_frame, frames)
        return self._marks(frames, first_index)

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        del frames
        return super().reconstruct(0.6 * backward + 0.3 * forward, backward, forward, size=size)


class BoxNetwork(SteppedNetwork, NearestNetwork):
    """Blurs its state by 3x3 at every frame: the picture's edge is felt one pixel further each."""

    def _advance(self, frame: Tensor, state: Tensor | None) -> Tensor:
        mixed = frame if state is None else 0.5 * frame + 0.5 * state
        return functional.avg_pool2d(mixed, 3, stride=1, padding=1)

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        del frames
        return super().reconstruct(0.5 * backward + 0.5 * forward, backward, forward, size=size)


class HungryNetwork(MovingSumNetwork):
    """Runs out of memory when a pass is given more pixels than it can hold."""

    def __init__(self, reach: int, *, most_pixels: int, error: Exception) -> None:
        super().__init__(reach)
        self.most_pixels = most_pixels
        self.error = error
        self.failures = 0

    def _allocate(self, frames: Tensor) -> None:
        if frames.shape[1] * frames.shape[-2] * frames.shape[-1] > self.most_pixels:
            self.failures += 1
            raise self.error

    def backward_features(
        self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
    ) -> Tensor:
        self._allocate(frames)
        return super().backward_features(frames, first_index=first_index, on_frame=on_frame)


class OverflowingNetwork(MovingSumNetwork):
    """Gives NaN wherever a frame holds the value it cannot stand."""

    def __init__(self, reach: int, *, poison: float) -> None:
        super().__init__(reach)
        self.poison = poison

    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        out = super().reconstruct(frames, backward, forward, size=size)
        return torch.where(frames == self.poison, torch.nan, out)


def whole_result(network: MovingSumNetwork, frames: list[Frame], cuts: list[int]) -> Tensor:
    """Return what a network makes of whole scenes, which a stream should equal."""
    borders = [0, *cuts, len(frames)]
    pixels = torch.stack([frame.pixels for frame in frames])
    return torch.cat([network.whole_clip(pixels[start:stop]) for start, stop in pairwise(borders)])

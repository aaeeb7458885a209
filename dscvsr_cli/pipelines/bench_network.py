"""A network as the benchmark's upscaler: streamed just as a video is."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from dscvsr_cli.engine.plan import StreamPlan
from dscvsr_cli.engine.protocol import FrameNetwork
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.bench import Upscaler


def network_upscaler(
    network: FrameNetwork, *, device: torch.device, plan: StreamPlan | None = None
) -> Upscaler:
    """Return an upscaler that sends frames through the engine, scene detection included.

    Args:
        network: In evaluation mode on ``device``, in float32.
        device: Where the network's weights are.
        plan: Sizes of the pieces; the stream makes them smaller where memory runs out.
    """

    def upscale(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        numbered = (Frame(pixels=low, pts=index) for index, low in enumerate(frames))
        stream = upscale_stream(
            numbered, network, size=size, plan=plan or StreamPlan(), device=device
        )
        return (frame.pixels for frame in stream)

    return upscale

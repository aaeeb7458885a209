"""The frames of a prepared job, through its network: one out for each one in."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.scenes import mark_scene_starts
from dscvsr_cli.engine.self_ensemble import ensemble_of
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import (
    BoundaryListener,
    EventListener,
    SceneMarker,
    StreamProgressListener,
    upscale_stream,
)
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.upscale.alpha import enlarge_alpha
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.pipelines.upscale.side_by_side import compared
from dscvsr_cli.weights.load import load_network

FRAMES_AHEAD: Final = 8
"""Most decoded frames that wait for the network, and enlarged frames that wait for the encoder."""


def enlarge(
    ready: PreparedJob,
    frames: Iterable[Frame],
    *,
    plan: StreamPlan | None = None,
    resume: StreamState | None = None,
    finished: Sequence[range] = (),
    mark_scenes: SceneMarker = mark_scene_starts,
    on_boundary: BoundaryListener | None = None,
    on_event: EventListener | None = None,
    on_progress: StreamProgressListener | None = None,
) -> Generator[Frame, None, None]:
    """Send frames through the network: one out for each one in, in order, with their times.

    Frames that are done already, as ``resume`` or ``finished`` say, are not returned again.
    Close the generator if you do not take every frame: threads may be at work.
    """

    def float32_network() -> FrameNetwork:
        network = load_network(ready.job.weights, device=ready.network.device).network
        return ensemble_of(network, ready.job.ensemble)

    def run(frames: Iterable[Frame]) -> Iterator[Frame]:
        return upscale_stream(
            frames,
            ready.network.executed,
            size=ready.target.size,
            plan=plan or ready.network.stream_plan,
            device=ready.network.device,
            float32_network=None if ready.plan.dtype == "float32" else float32_network,
            steadying=ready.network.steadying,
            on_event=on_event,
            resume=resume,
            finished=finished,
            mark_scenes=mark_scenes,
            on_boundary=on_boundary,
            on_progress=on_progress,
            at_once=ready.network.scenes.at_once,
            ahead=ready.network.scenes.ahead,
        )

    def enlarged(frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        return enlarge_alpha(run(frames), ready.target.size)

    if ready.job.compare is None:
        return enlarged(frames)
    return compared(
        frames,
        enlarged,
        size=ready.target.size,
        view=ready.job.compare,
        matrix=ready.reader.info.display_matrix,
        skipped=(range(resume.made if resume else 0), *finished),
    )

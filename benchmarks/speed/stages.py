"""Run one ``dscvsr`` command, and write down where its time goes.

::

    python benchmarks/speed/stages.py stages.json upscale clip.mp4 -s 2 -o out.mp4 --json

Every stage is timed by the clock without the stages inside it, summed over the threads that run
it. Decoder, network and encoder run at the same time, so stages add up to more than the whole.
"""

import functools
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STAGES = {
    "decode": "decoding",
    "colour in": "YUV to float RGB",
    "cuts": "looking for scenes",
    "flow": "flow (OpenVINO: with the warp)",
    "passes": "both passes, flow apart",
    "head": "fusion, head, sum",
    "steady": "steadying, flow apart",
    "compile": "converting and compiling graphs",
    "colour out": "float RGB to YUV",
    "encode": "encoding",
    "wait for frames": "network without a decoded frame",
    "wait for encoder": "network with nowhere to put a frame",
}
"""Names of the stages, and what they are."""

NETWORK = ("flow", "passes", "head")


class StageClock:
    """Adds up the time of stages, each without those inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._here = threading.local()
        self._lock = threading.Lock()

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``work`` with its time counted."""

        @functools.wraps(work)
        def run(*arguments: Any, **more: Any) -> Any:
            return self.count(stage, lambda: work(*arguments, **more))

        return run

    def timed_iterator(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``work``, which gives an iterator, with the time of every item counted."""

        def run(*arguments: Any, **more: Any) -> Iterator[Any]:
            items, end = work(*arguments, **more), object()
            while (item := self.count(stage, lambda: next(items, end))) is not end:
                yield item

        return run

    def count(self, stage: str, work: Callable[[], Any]) -> Any:
        """Run ``work`` and count its time, less what is counted inside it."""
        inside_before = getattr(self._here, "inside", 0.0)
        self._here.inside = 0.0
        started = time.perf_counter()
        try:
            return work()
        finally:
            seconds = time.perf_counter() - started
            with self._lock:
                self.seconds[stage] += seconds - self._here.inside
            self._here.inside = inside_before + seconds


def watch(clock: StageClock) -> None:
    """Let every stage of this process be timed."""
    from dscvsr_cli.engine import background, scene_run, scenes  # noqa: PLC0415
    from dscvsr_cli.models.motion import MotionEstimator  # noqa: PLC0415
    from dscvsr_cli.models.network import RecurrentNetwork  # noqa: PLC0415
    from dscvsr_cli.runtimes.openvino_graphs import CompiledGraphs  # noqa: PLC0415
    from dscvsr_cli.runtimes.openvino_network import OpenVinoNetwork  # noqa: PLC0415
    from dscvsr_cli.video.read import reader  # noqa: PLC0415
    from dscvsr_cli.video.write import encoder  # noqa: PLC0415

    for place, name, stage in (
        (reader, "frame_to_pixels", "colour in"),
        (scenes, "thumbnail", "cuts"),
        (scenes, "change_between", "cuts"),
        (MotionEstimator, "forward", "flow"),
        (RecurrentNetwork, "backward_features", "passes"),
        (RecurrentNetwork, "forward_features", "passes"),
        (RecurrentNetwork, "reconstruct", "head"),
        (scene_run, "steady", "steady"),
        (OpenVinoNetwork, "backward_features", "passes"),
        (OpenVinoNetwork, "forward_features", "passes"),
        (OpenVinoNetwork, "reconstruct", "head"),
        (CompiledGraphs, "convert_all", "compile"),
        (CompiledGraphs, "_request", "compile"),
        (encoder, "stored_picture", "colour out"),
        (encoder.FrameEncoder, "encode", "encode"),
        (encoder.FrameEncoder, "finish", "encode"),
        (background.Prefetch, "__next__", "wait for frames"),
        (background.Drain, "put", "wait for encoder"),
    ):
        setattr(place, name, clock.timed(stage, getattr(place, name)))
    iterate = clock.timed_iterator("decode", reader.VideoReader.__iter__)
    setattr(reader.VideoReader, "__iter__", iterate)  # noqa: B010
    run_graph = OpenVinoNetwork._run

    def run(network: Any, graph: Any, *more: Any) -> Any:
        # The warp cannot be told from the flow here: both are one graph.
        if graph.name == "align":
            return clock.count("flow", lambda: run_graph(network, graph, *more))
        return run_graph(network, graph, *more)

    setattr(OpenVinoNetwork, "_run", run)  # noqa: B010


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    from dscvsr_cli.runtimes.process import tune_process  # noqa: PLC0415

    tune_process()
    clock = StageClock()
    watch(clock)
    from dscvsr_cli.cli.app import main as command  # noqa: PLC0415

    status = command(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(clock.seconds), encoding="utf-8")
    sys.exit(status)


if __name__ == "__main__":
    main()

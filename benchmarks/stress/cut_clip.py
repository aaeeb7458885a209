"""A clip with hard cuts and audio, for scripts that work scene by scene."""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from dscvsr_cli.video.demo_clip import render_demo_clip

RATE = 24


def render_cut_clip(path: Path, scenes: Sequence[int], *, width: int, height: int) -> None:
    """Render scenes of these lengths in frames, each with colours of its own, and a tone."""
    total = sum(scenes)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.mp4"
        render_demo_clip(plain, width=width, height=height, seconds=total / RATE, rate=RATE)
        with av.open(str(plain)) as source, av.open(str(path), "w") as output:
            video = output.add_stream("libx264", rate=RATE, options={"crf": "14"})
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            video.codec_context.time_base = Fraction(1, RATE)
            tone = output.add_stream_from_template(source.streams.audio[0])
            looks = [scene for scene, count in enumerate(scenes) for _ in range(count)]
            for packet in source.demux(source.streams.audio[0]):
                if packet.dts is not None:
                    packet.stream = tone
                    output.mux(packet)
            source.seek(0)
            for index, frame in enumerate(source.decode(video=0)):
                shown = av.VideoFrame.from_ndarray(
                    _look(frame.to_ndarray(format="rgb24"), looks[index]), format="rgb24"
                )
                shown.pts, shown.time_base = index, Fraction(1, RATE)
                output.mux(video.encode(shown))
            output.mux(video.encode(None))


def _look(pixels: npt.NDArray[Any], scene: int) -> npt.NDArray[np.uint8]:
    """Change what a frame looks like, in another way for every scene."""
    turned = np.roll(pixels, scene, axis=2)[:: -1 if scene % 2 else 1, :: -1 if scene % 3 else 1]
    levels = turned // 2 + 30 * (scene % 4)
    return np.ascontiguousarray(255 - levels if scene % 2 else levels, dtype=np.uint8)

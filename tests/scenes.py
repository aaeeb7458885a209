"""A film of several scenes, and a job that makes it scene by scene."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from tests.clips import picture

TIME_BASE = Fraction(1, 12800)
STEP = 512

SCENES = (10, 14, 3, 30, 5, 8)
"""Frames of each scene of the fixture ``film``."""

FRAMES = sum(SCENES)


def film_job(film: Path, target: Path, weights: Path, **settings: Any) -> UpscaleJob:
    """Return a job of many short segments whose frames are the same on every machine."""
    return UpscaleJob(
        source=film,
        target=target,
        scale=2,
        weights=str(weights),
        device="cpu",
        dtype="float32",
        checkpoint_frames=8,
        **settings,
    )


def render_scenes(
    lengths: Sequence[int],
    path: Path,
    *,
    size: int = 32,
    pts: Sequence[int] | None = None,
    keyframes: int = 12,
) -> Path:
    """Render scenes of these lengths, each with colours of its own, and return ``path``.

    Args:
        lengths: Frames of each scene.
        path: What to write.
        size: Rows and columns.
        pts: Times in 1/12800 s; None shows 25 frames a second.
        keyframes: Frames from one keyframe to the next.
    """
    frames = [(scene, index) for scene, count in enumerate(lengths) for index in range(count)]
    options = {"crf": "4", "preset": "ultrafast", "sc_threshold": "0", "bf": "2"}
    rate = {"video_track_timescale": str(TIME_BASE.denominator)}
    with av.open(str(path), "w", options=rate if path.suffix == ".mp4" else {}) as output:
        stream = output.add_stream("libx264", rate=25, options=options)
        stream.width = stream.height = size
        stream.pix_fmt, stream.gop_size = "yuv420p", keyframes
        stream.codec_context.time_base = stream.time_base = TIME_BASE
        for number, (scene, index) in enumerate(frames):
            drawn = picture(index + 40 * scene, size, size) // 3
            drawn[..., scene % 3] += 100 + 20 * (scene % 4)
            drawn[: size // 2 if scene % 2 else size] //= 1 + scene % 2
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(drawn), format="rgb24")
            frame.pts = number * STEP if pts is None else pts[number]
            frame.time_base = TIME_BASE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path

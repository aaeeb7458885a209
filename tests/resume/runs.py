"""Runs that tests interrupt and continue, and what they leave."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from tests.ctrl_c import ctrl_c_at

FRAMES = 60


MEMORY = 8_100_000
"""Bytes that make windows short, so that a short clip has many of them."""


def arguments(job: UpscaleJob, *more: str) -> list[str]:
    """The command line that asks for ``job``."""
    return [
        *["upscale", str(job.source), "-o", str(job.target), "-s", "2", "-w", str(job.weights)],
        *["--device", "cpu", "--dtype", "float32", "--memory", str(MEMORY)],
        *["--encoder-preset", "ultrafast", "--checkpoint", "8", *more],
    ]


def interrupted(job: UpscaleJob, count: int) -> int:
    with pytest.raises(Interrupted) as caught:
        upscale(job, on_frame=ctrl_c_at(count, job.target))
    return caught.value.frames_kept


def pictures(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(frame.pts, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def undisturbed(job: UpscaleJob) -> Path:
    assert job.target is not None
    target = job.target.with_name("undisturbed.mp4")
    upscale(replace(job, target=target))
    return target

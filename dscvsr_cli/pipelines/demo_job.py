"""Demonstrate the program on a clip it renders itself: clip, enlarged clip, comparisons."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.pipelines.compare.job import CompareJob
from dscvsr_cli.pipelines.compare.run import compare
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan, UpscaleReport
from dscvsr_cli.pipelines.upscale.output_place import writable_folder
from dscvsr_cli.pipelines.upscale.plan_batch import refuse_for_all
from dscvsr_cli.pipelines.upscale.progress import JobProgressListener
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.picture_writer import save_png

DEMO_SCALE = 2.7
SHOWN_FRAME = 30
"""The frame of the side-by-side picture: late enough for both passes to have warmed up."""

GAP_PIXELS = 8

MARK_NAME = ".dscvsr-demo"
"""A file that says of a folder that a demonstration wrote the files in it."""

PAGE_EVERY = 3
"""Every third frame is on the page, so that it shows the whole clip and is made in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """The files that the demonstration wrote."""

    clip: Path
    enlarged: Path
    picture: Path
    """One frame twice: bicubic on the left, dscvsr on the right."""
    page: Path
    """Both videos on one page, to look at in a browser."""
    upscaled: UpscaleReport


def demo(
    folder: Path,
    *,
    weights: str | None = None,
    device: str = "auto",
    on_plan: Callable[[UpscalePlan], None] | None = None,
    on_progress: JobProgressListener | None = None,
) -> DemoReport:
    """Render a clip into ``folder``, enlarge it, and show it beside its bicubic version.

    Files of an earlier demonstration are replaced, and no others.

    Args:
        folder: One that is absent or empty, or in which an earlier demonstration wrote.
        weights: A name, a file, or a file on the Hub; None takes the device's default.
        device: Where the network runs.
        on_plan: Called with what will happen, before the first frame.
        on_progress: Called after every step of the network.

    Raises:
        UsageError: The folder holds other files.
        DeviceError: The device is missing.
        VideoError: The folder cannot be written.
        WeightsError: The weights are missing or damaged.
    """
    clip = folder / "clip.mp4"
    job = UpscaleJob(
        source=clip,
        target=folder / f"clip_x{DEMO_SCALE:g}.mp4",
        scale=DEMO_SCALE,
        weights=weights,
        device=device,
        overwrite=True,
        restart=True,
    )
    refuse_for_all(job)
    with writable_folder(folder):
        _claim(folder)
        render_demo_clip(clip)
        return _show(job, upscale(job, on_plan=on_plan, on_progress=on_progress))


def _show(job: UpscaleJob, report: UpscaleReport) -> DemoReport:
    """Compare the clip with what was made of it, in pictures beside both."""
    clip, folder = job.source, job.source.parent
    page = CompareJob(
        first=clip,
        second=report.target,
        target=folder / "compare.html",
        every=PAGE_EVERY,
        overwrite=True,
    )
    return DemoReport(
        clip=clip,
        enlarged=report.target,
        picture=_save_picture(folder / "side-by-side.png", clip, report),
        page=compare(page).target,
        upscaled=report,
    )


def _claim(folder: Path) -> None:
    """Take an empty folder or that of an earlier demo, and mark it as a demo's."""
    mark = folder / MARK_NAME
    try:
        if mark.is_file():
            return
        if any(folder.iterdir()):
            raise UsageError(
                f"{folder} holds files that no demo wrote",
                hint="give a new or an empty folder with -o: a demo replaces what it finds",
            )
        write_durably(mark, b"dscvsr demo may replace files in this folder\n")
    except OSError as error:
        raise OutputVideoError(
            f"nothing can be written in {folder}: {error.strerror or error}",
            hint="choose another folder with -o",
        ) from error


def _save_picture(path: Path, clip: Path, report: UpscaleReport) -> Path:
    bicubic = resize(_frame_of(clip), report.size).clamp(0.0, 1.0)
    save_png(path, side_by_side(bicubic, _frame_of(report.target), report.size))
    return path


def side_by_side(left: Tensor, right: Tensor, size: Size) -> Tensor:
    """Put two ``(3, H, W)`` pictures beside each other, white between -> ``(3, H, 2W + gap)``."""
    gap = torch.ones((3, size.height, GAP_PIXELS))
    return torch.cat((left, gap, right.clamp(0.0, 1.0)), dim=-1)


def _frame_of(path: Path) -> Tensor:
    with VideoReader(path) as reader:
        return next(islice(reader, SHOWN_FRAME, None)).pixels

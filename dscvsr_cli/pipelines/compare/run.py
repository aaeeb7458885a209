"""compare(): two videos in, one page to look at out; the whole story on one screen."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from itertools import chain

from dscvsr_cli.pipelines.compare.films import Film, Films, open_films
from dscvsr_cli.pipelines.compare.job import (
    ComparedFrame,
    CompareJob,
    ComparePlan,
    CompareReport,
)
from dscvsr_cli.pipelines.compare.measure import mean_psnr, psnr_of
from dscvsr_cli.pipelines.compare.moments import Moment, MomentReader
from dscvsr_cli.pipelines.compare.page import PageWriter
from dscvsr_cli.pipelines.compare.plan import check_size, plan_page, still_options
from dscvsr_cli.version import __version__
from dscvsr_cli.video.write.still_bytes import encode_still
from dscvsr_cli.video.write.still_options import StillOptions
from dscvsr_cli.video.write.target_file import PartialFile, check_target

ProgressListener = Callable[[int, int], None]
"""Called with the frames on the page so far, and those in all."""


def compare(
    job: CompareJob,
    *,
    on_plan: Callable[[ComparePlan], None] | None = None,
    on_progress: ProgressListener | None = None,
) -> CompareReport:
    """Write a page that shows two videos of the same frames beside each other.

    Args:
        job: What is asked for.
        on_plan: Called before the page is started.
        on_progress: Called after every frame.

    Raises:
        UsageError: The videos do not fit together, the page would be too large, or its name is
            taken.
        InputVideoError: A video cannot be read.
        OutputVideoError: The page cannot be written, or became larger than allowed.
    """
    for source in filter(None, (job.first, job.second, job.reference)):
        check_target(job.page, source=source, overwrite=job.overwrite)
    with ExitStack() as stack:
        films = open_films(job, stack)
        reader = MomentReader(films, job)
        moments = iter(reader)
        first = next(moments)
        stills = still_options(job, films)
        plan = plan_page(job, films, _encode(first, stills))
        if on_plan is not None:
            on_plan(plan)
        path = stack.enter_context(PartialFile(job.page, overwrite=job.overwrite))
        page = stack.enter_context(PageWriter(path, named=job.page, title=_title(films)))
        frames: list[ComparedFrame] = []
        for moment in chain([first], moments):
            for video, encoded in enumerate(_encode(moment, stills)):
                page.add_picture(video, len(frames), encoded, stills[video])
            frames.append(_measured(moment, films))
            check_size(page.size_bytes, len(frames), job)
            if on_progress is not None:
                on_progress(len(frames), plan.frames)
        page.finish(_film(films, frames, job))
    return CompareReport(
        target=job.page,
        size_bytes=page.size_bytes,
        labels=plan.labels,
        reference=None if films.reference is None else films.reference.label,
        mean_psnr_db=mean_psnr(frame.psnr_db for frame in frames),
        frames=tuple(frames),
        warnings=(*plan.warnings, *reader.warnings),
    )


def _encode(moment: Moment, stills: list[StillOptions]) -> list[bytes]:
    return [
        encode_still(picture, options)
        for picture, options in zip(moment.pictures, stills, strict=True)
    ]


def _measured(moment: Moment, films: Films) -> ComparedFrame:
    measured: tuple[float | None, ...] = ()
    if films.reference is not None:
        measured = psnr_of(moment.pictures, films.all.index(films.reference))
    return ComparedFrame(number=moment.number, seconds=float(moment.seconds), psnr_db=measured)


def _title(films: Films) -> str:
    return f"{films.all[0].label} and {films.all[1].label} - dscvsr compare"


def _film(films: Films, frames: list[ComparedFrame], job: CompareJob) -> dict[str, object]:
    """Return what the scripts of the page need to know."""
    largest = films.largest
    return {
        "version": __version__,
        "width": largest.size.width,
        "height": largest.size.height,
        "sampleAspect": float(largest.sample_aspect),
        "secondsPerFrame": float(job.every / films.all[0].rate),
        "reference": None if films.reference is None else films.all.index(films.reference),
        "videos": [_video(film) for film in films.all],
        "frames": [_frame(frame) for frame in frames],
    }


def _video(film: Film) -> dict[str, object]:
    return {"label": film.label, "width": film.size.width, "height": film.size.height}


def _frame(frame: ComparedFrame) -> dict[str, object]:
    # JSON has no infinity; the scripts know what the word means.
    psnr = ["equal" if value == math.inf else value for value in frame.psnr_db]
    return {"seconds": round(frame.seconds, 6), "psnr": psnr}

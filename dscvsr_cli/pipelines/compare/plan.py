"""Plan a page: how its pictures are stored, how large it gets, and whether it may."""

import math
from fractions import Fraction

from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.pipelines.compare.films import Films
from dscvsr_cli.pipelines.compare.job import CompareJob, ComparePlan
from dscvsr_cli.pipelines.compare.page import empty_page_bytes, picture_bytes
from dscvsr_cli.video.write.still_options import StillOptions


def still_options(job: CompareJob, films: Films) -> list[StillOptions]:
    """Return how the pictures of each video are stored."""
    wanted = StillOptions(format=job.picture_format, quality=job.quality)
    exact = StillOptions(
        format="webp" if job.picture_format == "webp" else "png",
        lossless=job.picture_format == "webp",
    )
    # A small picture is enlarged on the page, which would enlarge every loss with it.
    largest = films.largest.size
    return [wanted if film.size == largest else exact for film in films.all]


def plan_page(job: CompareJob, films: Films, first: list[bytes]) -> ComparePlan:
    """Say what will happen.

    Args:
        job: What is asked for.
        films: The opened videos.
        first: The picture files of the first frame.

    Raises:
        UsageError: The page would be too large.
    """
    frames = _frames_on_page(job, films)
    bytes_per_frame = sum(map(picture_bytes, first))
    size_bytes = empty_page_bytes() + frames * bytes_per_frame
    if size_bytes > job.max_bytes:
        fitting = max(0, job.max_bytes - empty_page_bytes()) // bytes_per_frame
        raise UsageError(
            f"a page of {frames} frames would take about {_megabytes(size_bytes)}, and at most "
            f"{_megabytes(job.max_bytes)} are allowed",
            hint=_how_to_get_less(fitting, job),
        )
    return ComparePlan(
        target=job.page,
        labels=tuple(film.label for film in films.all),
        sizes=tuple(film.size for film in films.all),
        shown_size=films.largest.size,
        frames=frames,
        frames_known=films.frame_count,
        size_bytes=size_bytes,
        warnings=tuple(_warnings(films)),
    )


def check_size(size_bytes: int, frames: int, job: CompareJob) -> None:
    """Refuse to continue with a page that has become too large.

    Args:
        size_bytes: Its size so far.
        frames: The frames on it.
        job: What is asked for.

    Raises:
        OutputVideoError: It is larger than allowed.
    """
    if size_bytes > job.max_bytes:
        raise OutputVideoError(
            f"the page has grown beyond {_megabytes(job.max_bytes)} with frame {frames}, because "
            "later frames take more than the first one",
            hint=_how_to_get_less(frames - 1, job),
        )


def _frames_on_page(job: CompareJob, films: Films) -> int:
    if films.frame_count is None:
        return job.frames
    first = films.all[0]
    passed = max(Fraction(0), job.start - first.span.start)
    left = films.frame_count - math.floor(passed * first.rate)
    return max(1, min(job.frames, -(-left // job.every)))


def _warnings(films: Films) -> list[str]:
    warnings = list(films.parts)
    if films.differing_counts:
        counts = ", ".join(
            f"{label} has {count}" for label, count in films.differing_counts.items()
        )
        warnings.append(f"the videos do not have the same number of frames: {counts}")
    if any(film.info.colour.is_hdr for film in films.all):
        warnings.append("HDR video looks pale on the page, which shows it without tone mapping")
    return warnings


def _how_to_get_less(frames: int, job: CompareJob) -> str:
    fewer = f"--frames {frames}, " if frames > 0 else ""
    smaller = "--picture-format webp" if job.picture_format == "png" else "a lower --quality"
    return f"try {fewer}{smaller} or a higher --max-size"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.3g} MB"

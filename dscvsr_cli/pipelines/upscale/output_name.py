"""Names of outputs that the person leaves open: beside the input, or its own name in a folder."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.video.containers import (
    PICTURE_ENCODERS,
    can_write_picture,
    container_of,
    names_container,
    names_picture,
)
from dscvsr_cli.video.read.image_sequence import VIDEO_SUFFIXES, still_suffix
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.write.target_file import resolve_destination

FALLBACK_SUFFIX: Final = ".mkv"
"""Suffix of a video if the input's own container cannot be written."""

_FALLBACK_PICTURE: Final = ".png"

_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]*")


def default_target(job: UpscaleJob) -> Path:
    """Return the name beside the source: ``clip_x2.7.mp4``, ``clip_1920x1080_preview.mp4``.

    An image sequence gets a folder, with the same names in it, and a picture becomes a picture,
    unless the job names a container.

    Raises:
        UsageError: A pipe has no name to derive one from.
    """
    if job.scale is not None:
        mark = f"x{job.scale:g}"
    elif job.width and job.height:
        mark = f"{job.width}x{job.height}"
    else:
        mark = f"{job.width}w" if job.width else f"{job.height}p"
    if job.compare is not None:
        mark += f"_{job.compare}"
    if job.preview_seconds is not None:
        mark += "_preview"
    kind = source_kind(job.source)
    if kind == "sequence":
        return _default_sequence(job.source, mark, job.container)
    if kind == "pipe":
        raise UsageError(
            "a pipe has no name to derive an output's from", hint="say where to write with -o"
        )
    named = job.source.with_name(f"{job.source.stem}_{mark}{job.source.suffix}")
    return _writable_name(named, job)


def place_job(job: UpscaleJob, output: Path | None, *, is_folder: bool = False) -> UpscaleJob:
    """Give a single job its target; in a folder it keeps its name, as one of many would.

    Args:
        job: A job for one video.
        output: A file, or a folder; None writes beside the input.
        is_folder: Whether ``output`` is a folder even if there is none yet; it is made.

    Raises:
        UsageError: A pipe into a folder: it has no name to keep.
    """
    if output is not None:
        resolve_destination(output)
    if output is None or not (is_folder or output.is_dir()):
        return replace(job, target=output)
    if source_kind(job.source) == "sequence" and job.container is None:
        # The folder that is named is the one that holds the pictures.
        return replace(job, target=output, makes_folder=True)
    return job_for(job.source, name_in_folder(job.source), output, job)


def check_output_of_many(inputs: Sequence[Path], output: Path | None) -> None:
    """Refuse an output that cannot be, or is hardly meant as, the folder for several files.

    Args:
        inputs: Files, folders of videos, and image sequences.
        output: What ``-o`` names; None writes beside the inputs.

    Raises:
        UsageError: It exists and is not a folder, it is named like a file, or it is given as one of
            the inputs.
    """
    if output is None:
        _refuse_output_among(inputs)
        return
    if resolve_destination(output).is_pipe or (output.exists() and not output.is_dir()):
        raise UsageError(
            f"{output} is not a folder, and there are several inputs", hint="give a folder with -o"
        )
    if not output.exists() and _is_file_name(output):
        raise UsageError(
            f"{output} is the name of one file, and there are several inputs or a folder of them",
            hint=f"give a folder: -o {output.with_suffix('')}/; or one input alone",
        )


def _refuse_output_among(inputs: Sequence[Path]) -> None:
    if len(inputs) != 2:
        return
    source, target = inputs
    if source.exists() and not target.exists() and _is_file_name(target) and target.parent.is_dir():
        raise UsageError(
            f"{target} does not exist; as an output it needs -o",
            hint=f"write: dscvsr upscale {source} -o {target}",
        )


def _is_file_name(path: Path) -> bool:
    return names_container(path) or names_picture(path)


def job_for(source: Path, relative: Path, output: Path | None, job: UpscaleJob) -> UpscaleJob:
    """Return a job for one input of many, with its target.

    Args:
        source: The video, picture or image sequence.
        relative: Its name below the output folder, from ``name_in_folder`` or a search.
        output: The output folder; None writes beside the source.
        job: All other settings.

    Raises:
        UsageError: A pipe, which has no name to keep.
    """
    job = replace(job, source=source, target=None, makes_folder=output is not None)
    if output is None:
        return replace(job, target=default_target(job))
    kind = source_kind(source)
    if kind == "pipe":
        raise UsageError(
            f"{output} is a folder, and a pipe has no name to keep in it",
            hint="give the pipe alone, and the name of a file with -o",
        )
    target = output / relative
    if kind == "file":
        target = _writable_name(target, job)
    elif job.container is not None:
        folder = target if source.is_dir() else target.parent
        return replace(job, target=folder.with_name(f"{folder.name}.{job.container}"))
    elif not source.is_dir():
        target = _writable_pattern(target)
    return replace(job, target=_unlike_input(target, job))


def name_in_folder(source: Path) -> Path:
    """Return the name that an input keeps in an output folder; a pattern keeps its folder's."""
    if source_kind(source) != "sequence":
        return Path(source.name)
    if source.is_dir():
        return Path(source.resolve().name)
    return Path(source.parent.resolve().name) / source.name


def _unlike_input(target: Path, job: UpscaleJob) -> Path:
    """Return a target, or another name if the output folder is the input's own."""
    if job.source.exists():
        is_input = target.exists() and target.samefile(job.source)
        return target.with_name(default_target(job).name) if is_input else target
    # A pattern: its pictures must not go among those of the source.
    folder = target.parent
    if folder.exists() and job.source.parent.exists() and folder.samefile(job.source.parent):
        folder = folder.with_name(default_target(job).parent.name)
    return folder / target.name


def _writable_name(path: Path, job: UpscaleJob) -> Path:
    """Return a name with the suffix of the job's container, or its own if that can be written.

    A still picture stays one, whatever its name.
    """
    suffix = FALLBACK_SUFFIX if job.container is None else f".{job.container}"
    if job.container is None:
        kind = still_suffix(job.source)
        if kind is None:
            with contextlib.suppress(UsageError):
                container_of(path)
                return path
        elif can_write_picture(path):
            return path
        else:
            suffix = kind if can_write_picture(Path(f"out{kind}")) else _FALLBACK_PICTURE
    # "clip_x1.5" has no suffix, although a dot is in it.
    known = _SUFFIX.fullmatch(path.suffix) or path.suffix.lower() in VIDEO_SUFFIXES
    return path.with_suffix(suffix) if known else path.with_name(f"{path.name}{suffix}")


def _default_sequence(source: Path, mark: str, container: str | None) -> Path:
    folder = (source if source.is_dir() else source.parent).resolve()
    if container is not None:
        return folder.with_name(f"{folder.name}_{mark}.{container}")
    named = folder.with_name(f"{folder.name}_{mark}")
    return named if source.is_dir() else _writable_pattern(named / source.name)


def _writable_pattern(pattern: Path) -> Path:
    """Return a pattern of pictures that can be written."""
    writable = pattern.suffix.lower() in PICTURE_ENCODERS
    return pattern if writable else pattern.with_suffix(_FALLBACK_PICTURE)

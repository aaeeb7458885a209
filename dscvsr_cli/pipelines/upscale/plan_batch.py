"""Plan many files: one job for every video in a list of files and folders."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.errors import InputVideoError, UsageError, refusals_about
from dscvsr_cli.geometry import check_one_target
from dscvsr_cli.own_outputs import made_from_each_other
from dscvsr_cli.pipelines.upscale.find_videos import find_videos_and_pictures
from dscvsr_cli.pipelines.upscale.finished import output_identity
from dscvsr_cli.pipelines.upscale.job import SIZE_OPTIONS, UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import (
    check_output_of_many,
    job_for,
    name_in_folder,
)
from dscvsr_cli.video.encoder_names import encoder_called
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.image_sequence import (
    is_picture_name,
    is_picture_pattern,
    is_sequence,
)
from dscvsr_cli.video.write.encoder_options import offered_formats
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.locate import locate_weights
from dscvsr_cli.wording import counted

_log: Final = logging.getLogger(__name__)


def plan_batch(inputs: Sequence[Path], output: Path | None, job: UpscaleJob) -> list[UpscaleJob]:
    """Return one job for every video in files and folders, in the order given.

    Folders are searched recursively. With an ``output`` folder, files keep their names and their
    place in the folder tree, unless that is the input itself; without one, every output is beside
    its input. What earlier runs made of videos in a folder, or of other inputs, is left out; by
    itself it is an input like any other.

    Args:
        inputs: Files, folders of videos, and image sequences.
        output: A folder, created if it is missing; None writes beside the inputs.
        job: All other settings; its source and target are ignored.

    Raises:
        UsageError: The output is no folder or is named like a file, an output is given as an input,
            two videos would get the same name, an input is a pipe, or all are pictures, which could
            be one video or many.
        InputVideoError: A folder holds no video.
    """
    _refuse_pictures(inputs)
    found = [pair for path in inputs for pair in _videos(path, output)]
    check_output_of_many(inputs, output)
    jobs = [job_for(source, relative, output, job) for source, relative in found]
    if output is None:
        made, named = {one.target for one in jobs}, set(inputs)
        jobs = [one for one in jobs if one.source in named or one.source not in made]
    jobs = list(_without_own_outputs(jobs))
    _spare_inputs(jobs)
    targets = [one.target for one in jobs if one.target is not None]
    names = Counter(target.resolve() for target in targets)
    twice = [target for target in targets if names[target.resolve()] > 1]
    if twice:
        raise UsageError(
            f"several inputs would be written to {twice[0]}",
            hint="give them in separate runs, or the folder that holds both",
        )
    return jobs


def refuse_for_all(job: UpscaleJob, *, runs_here: bool = True) -> None:
    """Refuse what would be wrong with every file, before the first one is touched.

    Args:
        job: The settings of all files.
        runs_here: Whether the network runs on this machine, whose device and weights count then.

    Raises:
        UsageError: No size, or two kinds of size; no such encoder or pixel format.
        WeightsError: The weights cannot be found.
        DeviceError: The device is missing.
    """
    with refusals_about(*SIZE_OPTIONS):
        check_one_target(scale=job.scale, width=job.width, height=job.height)
    if job.encoder is not None:
        offered_formats(encoder_called(job.encoder))
    if job.pixel_format is not None:
        with refusals_about("pix-fmt"):
            plain_format(job.pixel_format)
    if runs_here:
        with refusals_about("device"):
            kind = device_kind(choose_device(job.device).type)
        with refusals_about("weights"):
            locate_weights(job.weights, kind=kind)


def _refuse_pictures(inputs: Sequence[Path]) -> None:
    """Refuse several pictures, which a shell makes of ``frames/*.png``.

    Raises:
        UsageError: All inputs are pictures.
    """
    if len(inputs) < 2 or not all(map(_is_picture, inputs)):
        return
    folders = {path.parent for path in inputs}
    for_one = "put the frames of one video into a folder and give that"
    if len(folders) == 1:
        folder = folders.pop()
        for_one = f"for the frames of one video give their folder: dscvsr upscale {folder} ..."
    raise UsageError(
        f"{len(inputs)} pictures, {inputs[0]} and others, could be one video or many",
        hint=f"{for_one}; for pictures of their own call dscvsr once for each",
    )


def _without_own_outputs(jobs: Sequence[UpscaleJob]) -> Iterator[UpscaleJob]:
    """Leave out what an earlier run made from another input, as ``*.mp4`` finds the second time."""
    made = made_from_each_other([job.source for job in jobs], output_identity)
    for job in jobs:
        original = made.get(job.source)
        if original is None:
            yield job
        else:
            _log.warning(
                "%s was made from %s, which is given too, and is left out; give it by itself to "
                "enlarge it again",
                job.source,
                original,
            )


def _spare_inputs(jobs: Sequence[UpscaleJob]) -> None:
    """Refuse to replace an input of one job by the output of another.

    Raises:
        UsageError: That is what would happen.
    """
    sources = {job.source.resolve(): job.source for job in jobs}
    for job in jobs:
        other = None if job.target is None else sources.get(job.target.resolve())
        if other is not None and job.overwrite:
            raise UsageError(
                f"{other} is an input, and {job.source} would be written over it",
                hint="write elsewhere with -o, or leave out --overwrite",
            )


def _is_picture(path: Path) -> bool:
    return is_picture_name(path) and not is_picture_pattern(path)


def _videos(path: Path, output: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield every video of an input with its name below the output folder."""
    try:
        if not path.is_dir() or is_sequence(path):
            yield path, name_in_folder(path)
            return
        entries, pictures = find_videos_and_pictures(path, output)
    except OSError as error:
        raise InputVideoError(
            f"{path} cannot be searched: {error.strerror or error}",
            hint="check that it is there, and its permissions",
        ) from error
    if not entries:
        raise InputVideoError(
            f"{path} holds no video",
            hint="give a folder of videos, or of pictures; name what dscvsr itself made there",
        )
    if pictures:
        _log.warning(
            "%s: %s beside the videos (%s ...) will not be enlarged; give a picture by its own "
            "name, or, for the frames of one video, a folder of nothing but pictures",
            path,
            counted(len(pictures), "picture"),
            pictures[0].relative_to(path),
        )
    for entry in entries:
        yield entry, entry.relative_to(path)

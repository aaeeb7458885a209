"""The place of an output: its folder is made, and nothing that must stay is in the way."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.made_folder import made_folder
from dscvsr_cli.pipelines.resume.phase import is_published
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import Target
from dscvsr_cli.video.write.may_write import check_folder
from dscvsr_cli.video.write.partial_pictures import check_sequence
from dscvsr_cli.video.write.picture_names import folder_above, pictures_read
from dscvsr_cli.video.write.target_file import check_target


@contextmanager
def folder_for(job: UpscaleJob) -> Iterator[None]:
    """Make the folder that a job is to make, for a block that writes; what stays empty goes again.

    Raises:
        OutputVideoError: It cannot be made.
    """
    if job.target is None or not job.makes_folder:
        yield
        return
    with writable_folder(folder_above(job.target)):
        yield


@contextmanager
def writable_folder(folder: Path) -> Iterator[None]:
    """Make a folder for a block that writes in it, as ``made_folder`` does.

    Raises:
        OutputVideoError: It cannot be made.
    """
    check_folder(folder)
    with ExitStack() as stack:
        try:
            stack.enter_context(made_folder(folder))
        except OSError as error:
            raise OutputVideoError(
                f"the folder {folder} cannot be made: {error.strerror or error}",
                hint="choose another one with -o",
            ) from error
        yield


def check_place(job: UpscaleJob, target: Target) -> None:
    """Refuse a target that cannot or must not be written.

    Raises:
        UsageError: It exists (without ``overwrite``), or is the input or a part of it.
        OutputVideoError: Its folder does not exist.
    """
    if target.names is not None and not target.names.is_single:
        check_sequence(
            target.names,
            overwrite=job.overwrite,
            inputs=pictures_read(target.picture.source, job.reading),
            makes_folder=job.makes_folder,
        )
    elif target.destination.is_pipe:
        return
    elif not (job.resume and is_published(target.destination.file)):
        check_target(
            target.path,
            source=job.source,
            overwrite=job.overwrite,
            makes_folder=job.makes_folder,
        )

"""Join the segments of a finished work folder, and give the file its name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dscvsr_cli.own_outputs import file_identity
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.pipelines.resume.work_folder import JOINED, WorkFolder
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.segments.join import join_segments
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.target_file import Naming, PartialFile


def publish_joined(
    folder: WorkFolder,
    manifest: Manifest,
    spec: OutputSpec,
    *,
    target: Path,
    overwrite: bool,
    check_input: Callable[[], None],
    naming: Naming,
) -> Manifest:
    """Make the file of a target out of its segments and the streams that are copied.

    Args:
        folder: Where the segments are.
        manifest: What they are; every frame is in one of them.
        spec: What the file holds.
        target: Its name.
        overwrite: Whether to replace a file of that name.
        check_input: Raises if the input is not what it was when the run started.
        naming: Gives the block inside which the file takes its name.

    Returns:
        The manifest as the folder has it now, with the joined file and the packets lost.

    Raises:
        OutputVideoError: Writing failed, or the name is taken.
        InputVideoError: The input changed since the run started.
    """
    joined = folder.path / JOINED
    # The segments are what is worth keeping; half a copy of them would only fill the disk.
    with PartialFile(target, overwrite=overwrite, path=joined, naming=naming):
        lost = join_segments(
            folder.path, manifest.segments, joined, spec, shift=manifest.shift, target=target
        )
        # Audio and subtitles were read from the input only now.
        check_input()
        with reported(target):
            done = replace(manifest, joined=file_identity(joined), lost_packets=lost)
            folder.commit(done)
    return done

"""PipeTarget: standard output, a named pipe or a device, written to as it is and never replaced."""

from pathlib import Path
from typing import Final

from dscvsr_cli.video.write.target_file import is_special_file

STANDARD_OUTPUT: Final = Path("-")
"""The name that stands for what is piped out."""

PIPE_FORMATS: Final = ("y4m", "matroska", "mpegts", "nut")
"""Containers that can be written without ever going back."""


def is_pipe_target(target: Path) -> bool:
    """Say whether what is written to a name is gone at once."""
    return target == STANDARD_OUTPUT or is_special_file(target)


class PipeTarget:
    """Stands where a ``PartialFile`` would, for a target without a hidden name.

    Args:
        target: ``-``, or the name of something that is neither file nor folder.
    """

    def __init__(self, target: Path) -> None:
        self.path = target

    def create(self) -> None:
        """Do nothing: what is written to is there already."""

    def publish(self) -> None:
        """Do nothing: what was written is gone."""

    def discard(self) -> None:
        """Do nothing: what was written cannot be taken back."""


def output_url(path: Path) -> str:
    """Return what libav is to open for a path; names such as "a:b.mp4" are no protocols."""
    return "pipe:1" if path == STANDARD_OUTPUT else f"file:{path}"

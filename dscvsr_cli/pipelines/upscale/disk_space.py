"""Disk space: roughly how much an output needs, and whether there is enough."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import Target, writes_in_one_go
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.expected_frames import expected_frames
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.expected_size import expected_size
from dscvsr_cli.wording import format_bytes

_STATE_BYTES_PER_PIXEL = 64 * 4
"""Bytes per input pixel, at most, of the state that the network continues from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskNeed:
    """The space that an output needs, and the space that is free."""

    folder: Path
    output_bytes: int | None
    """The finished file; None if the input does not say its length."""
    work_bytes: int | None
    """The segments beside it until they are joined, and the network's state; 0 for an output that
    is written in one go."""
    free_bytes: int
    least_share: float
    """Share of the estimate below which the output certainly does not fit."""
    in_one_go: bool = False
    """Whether there are no segments, so that an interrupted job starts over."""

    @property
    def needed_bytes(self) -> int | None:
        """Bytes for the output and the segments together."""
        if self.output_bytes is None or self.work_bytes is None:
            return None
        return self.output_bytes + self.work_bytes

    @property
    def is_near(self) -> bool:
        """Whether the free space may be too little."""
        return self.needed_bytes is not None and self.free_bytes < self.needed_bytes

    @property
    def is_hopeless(self) -> bool:
        """Whether the free space is certainly too little."""
        needed = self.needed_bytes
        return needed is not None and self.free_bytes < needed * self.least_share


def estimate_disk(
    source: VideoInfo,
    folder: Path,
    *,
    frames: int | None,
    size: Size,
    options: EncodeOptions,
    in_one_go: bool = False,
) -> DiskNeed:
    """Estimate the space that an output needs, and look up what is free.

    Args:
        source: The probed input.
        folder: Where the output goes.
        frames: How many there will be, or None.
        size: Size of the frames.
        options: How they are encoded.
        in_one_go: Whether there are no segments, which take their space a second time.
    """
    expected = expected_size(frames or 0, size, options)
    picture = None if frames is None else expected.size_bytes
    state = 2 * source.height * source.width * _STATE_BYTES_PER_PIXEL
    work = None if picture is None else picture + state
    return DiskNeed(
        folder=folder,
        output_bytes=picture,
        work_bytes=0 if in_one_go else work,
        free_bytes=shutil.disk_usage(folder).free,
        least_share=expected.least_share,
        in_one_go=in_one_go,
    )


def expected_disk(job: UpscaleJob, source: VideoInfo, target: Target) -> DiskNeed | None:
    """Estimate what the output of a job will take, if that is a file on a disk."""
    if target.destination.is_pipe:
        return None
    folder = target.destination.file.absolute().parent
    while not folder.exists():
        folder = folder.parent
    return estimate_disk(
        source,
        folder,
        frames=expected_frames(source, job.reading.span),
        size=target.canvas,
        options=target.options,
        in_one_go=source.kind == "pipe" or writes_in_one_go(target),
    )


def check_disk(need: DiskNeed | None) -> None:
    """Refuse a disk on which an output cannot fit.

    Raises:
        OutputVideoError: There is far too little room.
    """
    if need is not None and need.is_hopeless:
        parts = "" if need.in_one_go else "for the segments and the joined file, "
        raise OutputVideoError(
            f"about {format_bytes(need.needed_bytes or 0)} are needed in {need.folder}, {parts}and "
            f"{format_bytes(need.free_bytes or 0)} are free",
            hint="free some space, or write elsewhere with -o",
            may_pass=True,
        )


def disk_warning(need: DiskNeed | None) -> str | None:
    """Return what to say about a disk that may turn out too small, or None."""
    if need is None or not need.is_near:
        return None
    then = (
        "such an output cannot be resumed"
        if need.in_one_go
        else "if it does, --resume continues later"
    )
    return (
        f"the disk may fill up: about {format_bytes(need.needed_bytes or 0)} are needed in "
        f"{need.folder}, and {format_bytes(need.free_bytes or 0)} are free ({then})"
    )

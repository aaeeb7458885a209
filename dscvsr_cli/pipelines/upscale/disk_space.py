"""Disk space: roughly how much an output needs, and whether there is enough."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import Target
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.write.encoder_options import EncodeOptions

_BITS_PER_PIXEL = {
    "ffv1": 7.0,
    "prores_ks": 4.0,
    "dnxhd": 4.0,
    "mjpeg": 3.0,
    "gif": 4.0,
    "libx264": 0.35,
    "libx265": 0.2,
    "libsvtav1": 0.15,
    "libaom-av1": 0.15,
    "libvpx-vp9": 0.2,
}
"""Ordinary footage at the default quality; real films need a third to three times as much."""
_USUAL_BITS = 0.35
_LOSSLESS_BITS = 7.0
_USUAL_QUALITY = 18
_QUALITY_OF_HALF = 6
"""Steps of constant quality that halve a file."""

_STATE_BYTES_PER_PIXEL = 64 * 4
"""Bytes per input pixel, at most, of the state that the network continues from."""

_CLEARLY_TOO_LITTLE = 1 / 4
"""Share of the estimate below which even footage that packs well does not fit."""
_CLEARLY_TOO_LITTLE_IF_EXACT = 1 / 64
"""The same where every frame is stored exactly: drawings and screens then take next to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskNeed:
    """The space that an output needs, and the space that is free."""

    folder: Path
    output_bytes: int | None
    """The finished file; None where the input does not say its length."""
    work_bytes: int | None
    """The segments beside it until they are joined, and the network's state."""
    free_bytes: int
    least_share: float = _CLEARLY_TOO_LITTLE
    """Share of the estimate below which the output certainly does not fit."""

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
    source: VideoInfo, folder: Path, *, frames: int | None, size: Size, options: EncodeOptions
) -> DiskNeed:
    """Estimate the space that an output needs, and look up what is free.

    Args:
        source: The probed input.
        folder: Where the output goes.
        frames: How many there will be, or None.
        size: Size of the frames.
        options: How they are encoded.
    """
    free = shutil.disk_usage(folder).free
    if frames is None:
        return DiskNeed(folder=folder, output_bytes=None, work_bytes=None, free_bytes=free)
    picture = picture_bytes(frames, size, options)
    state = 2 * source.height * source.width * _STATE_BYTES_PER_PIXEL
    return DiskNeed(
        folder=folder,
        output_bytes=picture,
        work_bytes=picture + state,
        free_bytes=free,
        least_share=_CLEARLY_TOO_LITTLE_IF_EXACT if options.lossless else _CLEARLY_TOO_LITTLE,
    )


def expected_disk(job: UpscaleJob, source: VideoInfo, target: Target) -> DiskNeed | None:
    """Estimate what the output of a job will take, where that is a file on a disk."""
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
    )


def expected_frames(source: VideoInfo, span: TimeSpan) -> int | None:
    """Return about how many frames a span of a video holds, or None where that is unknown."""
    total = source.frame_count
    if total is None and source.duration_seconds and source.frame_rate:
        total = math.ceil(source.duration_seconds * source.frame_rate)
    if span.is_whole or not source.frame_rate:
        return total
    before = math.floor(span.start * source.frame_rate)
    in_span = None if span.end is None else math.ceil((span.end - span.start) * source.frame_rate)
    left = None if total is None else max(0, total - before)
    return min((count for count in (left, in_span) if count is not None), default=None)


def picture_bytes(frames: int, size: Size, options: EncodeOptions) -> int:
    """Return roughly how many bytes encoded frames take."""
    bits = _BITS_PER_PIXEL.get(options.encoder, _USUAL_BITS)
    if options.lossless:
        bits = _LOSSLESS_BITS
    elif options.crf is not None:
        bits *= 2 ** ((_USUAL_QUALITY - options.crf) / _QUALITY_OF_HALF)
    return math.ceil(frames * size.height * size.width * bits / 8)


def check_disk(need: DiskNeed | None) -> None:
    """Refuse a disk on which an output cannot fit.

    Raises:
        OutputVideoError: There is far too little room.
    """
    if need is not None and need.is_hopeless:
        raise OutputVideoError(
            f"about {_gigabytes(need.needed_bytes)} are needed in {need.folder}, for the segments "
            f"and the joined file, and {_gigabytes(need.free_bytes)} are free",
            hint="free some space, or write elsewhere with -o",
            may_pass=True,
        )


def disk_warning(need: DiskNeed | None) -> str | None:
    """Return what to say about a disk that may turn out too small, or None."""
    if need is None or not need.is_near:
        return None
    return (
        f"the disk may fill up: about {_gigabytes(need.needed_bytes)} are needed in {need.folder}, "
        f"and {_gigabytes(need.free_bytes)} are free (should it happen, --resume goes on later)"
    )


def _gigabytes(size_bytes: int | None) -> str:
    return f"{(size_bytes or 0) / 1e9:.3g} GB"

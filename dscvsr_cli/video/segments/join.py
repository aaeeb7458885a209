"""Join: segments muxed into one file, beside all else that the source holds."""

from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

from dscvsr_cli.durable import sync_file
from dscvsr_cli.errors import DamagedWorkError
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.segments.packet_file import read_packets, read_times
from dscvsr_cli.video.segments.segment import Segment, header_digest
from dscvsr_cli.video.timestamps import decode_times, last_decoding
from dscvsr_cli.video.write.muxer import Assembly, OutputSpec


def rehearse(path: Path, spec: OutputSpec, *, target: Path) -> str:
    """Open an output of this kind and throw it away: what cannot work fails before the work.

    Args:
        path: A file that may be written and is removed.
        spec: What it will hold.
        target: The name to use in errors.

    Returns:
        The digest of the encoder's parameter sets.

    Raises:
        UsageError: The encoder refuses the settings, or the container the encoder.
        OutputVideoError: The muxer refuses a stream, or the folder cannot be written.
    """
    try:
        with closing(Assembly(path, spec)) as assembly, reported(target):
            assembly.open()
            return header_digest(assembly.encoder.extradata)
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def join_segments(
    folder: Path,
    segments: Sequence[Segment],
    path: Path,
    spec: OutputSpec,
    *,
    shift: int,
    target: Path,
) -> int:
    """Write one file from segments, without encoding anything again.

    Args:
        folder: Where the segments are.
        segments: In order.
        path: The file to write, which is on the disk at the end.
        spec: What it will hold; the segments were encoded from the same spec.
        shift: Ticks of the output's clock by which the streams beside the frames move.
        target: The name to use in errors.

    Returns:
        How many packets of streams encoded again are lost because they cannot be decoded.

    Raises:
        DamagedWorkError: A segment is damaged.
        OutputVideoError: Writing failed.
        UsageError: The container refuses the encoder.
    """
    files = [folder / segment.name for segment in segments]
    shown, durations = _presentation(files)
    times = decode_times(shown)
    last_duration: int | None = None
    if times and spec.picture.container.length_is_decoding:
        times[-1], last_duration = last_decoding(times, shown, durations)
    with closing(Assembly(path, spec)) as assembly, reported(target):
        assembly.open()
        check_header(header_digest(assembly.encoder.extradata), segments)
        assembly.shift(shift)
        packets = chain.from_iterable(map(read_packets, files))
        for number, (dts, packet) in enumerate(zip(times, packets, strict=True), 1):
            written = packet.to_packet(dts=dts, time_base=spec.picture.timing.time_base)
            if number == len(times) and last_duration is not None:
                written.duration = last_duration
            assembly.mux(written)
        assembly.finish()
        sync_file(path)
        return assembly.lost_packets


def _presentation(files: Sequence[Path]) -> tuple[list[int], list[int]]:
    """Return the time and the duration of every frame, in decoding order."""
    frames = [frame for file in files for frame in read_times(file)]
    return [pts for pts, _ in frames], [duration for _, duration in frames]


def check_header(header: str, segments: Sequence[Segment]) -> None:
    """Check that segments fit under one header.

    Args:
        header: Digest of the parameter sets that the file will have.
        segments: To be joined under it.

    Raises:
        DamagedWorkError: Some were encoded with other parameter sets.
    """
    # With those of another encoder the frames would decode to rubbish, or not at all.
    if any(segment.header != header for segment in segments):
        raise DamagedWorkError("the finished segments come from another release of the encoder")

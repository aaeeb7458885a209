"""Measure how many bits encoders take for enlarged frames, beside what the program expects.

::

    python benchmarks/studies/encoded_sizes.py FOOTAGE/*.mp4
    python benchmarks/studies/encoded_sizes.py FOOTAGE/*.mp4 --encoder prores --encoder utvideo

The first frames of each clip are enlarged twice by a network, as 4:2:0 with 8 bits, and then
written with every encoder that ``dscvsr_cli/video/write/expected_size.py`` has a figure for, at
the program's own settings. Encoders that keep every frame exactly are given as a share of the bits
of the pixel format that the program chose for them, the others in bits per pixel; both are means
over the clips, with the least and the most. Without clips one is rendered.
"""

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import av

from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import PICTURE_ENCODERS, container_of, picture_container
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.info import USUAL_RATE
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.expected_size import expected_size
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from dscvsr_cli.video.write.picture_writer import StillEncoder
from dscvsr_cli.video.write.target_file import resolve_destination
from dscvsr_cli.video.write.writer import VideoWriter

LOSSY = (
    *("prores_ks", "prores", "prores_aw", "dnxhd", "mjpeg", "libx264", "libx264rgb", "libx265"),
    *("libsvtav1", "libaom-av1", "libvpx-vp9", "mpeg4", "mpeg2video", "mpeg1video"),
)
EXACT = (*("bmp", "tiff", "gif", "qtrle", "huffyuv", "utvideo", "png", "ffv1", "libwebp"),)
EXACT_IF_ASKED = ("libvpx-vp9", "libx264", "libx265", "libsvtav1", "libx264rgb")

SUFFIXES = {
    "gif": ".gif",
    "huffyuv": ".avi",
    "utvideo": ".avi",
    **dict.fromkeys(("qtrle", "prores_ks", "prores", "prores_aw", "dnxhd"), ".mov"),
}
"""Containers of encoders that .mkv does not hold, or that are usual elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one encoder took for one clip."""

    bits: float
    """For each pixel."""
    expected_bits: float
    raw_bits: int
    """Of a pixel in the format that was encoded."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path, help="videos (default: a rendered clip)")
    parser.add_argument(
        "-w", "--weights", help="as for dscvsr upscale (default: the default weights)"
    )
    parser.add_argument(
        "--frames", type=int, default=24, help="frames of each clip (default: %(default)s)"
    )
    parser.add_argument("--encoder", action="append", help="only this one; may be repeated")
    given = parser.parse_args()
    # SVT-AV1 writes to the terminal by itself; 1 lets only its errors through.
    os.environ.setdefault("SVT_LOG", "1")
    found: dict[tuple[str, bool], list[Measured]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip in given.clips or [_rendered(folder)]:
            enlarged = _enlarge(clip, folder, frames=given.frames, weights=given.weights)
            for options in _all_options():
                if given.encoder and options.encoder not in given.encoder:
                    continue
                try:
                    one = measure(enlarged, options, folder)
                except DscvsrError as error:
                    print(f"{clip.name}: {options.encoder}: {error.message}")
                else:
                    found[options.encoder, options.lossless].append(one)
            enlarged.unlink()
    print_table(found)


def _all_options() -> Iterator[EncodeOptions]:
    for encoder in (*LOSSY, *EXACT):
        yield EncodeOptions(encoder=encoder)
    for encoder in EXACT_IF_ASKED:
        yield EncodeOptions(encoder=encoder, lossless=True)


def _rendered(folder: Path) -> Path:
    path = folder / "rendered.mp4"
    render_demo_clip(path, width=320, height=180, seconds=2.0)
    return path


def _enlarge(clip: Path, folder: Path, *, frames: int, weights: str | None) -> Path:
    """Enlarge the first frames of a clip twice, and keep them exactly."""
    with VideoReader(clip) as reader:
        rate = reader.info.frame_rate or USUAL_RATE
    target = folder / "enlarged.nut"
    upscale(
        UpscaleJob(
            source=clip,
            target=target,
            scale=2,
            weights=weights,
            reading=ReadOptions(span=TimeSpan(end=frames / rate), deinterlace=True),
            encoder="ffv1",
            pixel_format="yuv420p",
            # Only the frames count: nut cannot hold an aspect ratio, for example.
            streams=StreamChoices(
                audio=False, subtitles=False, other_videos=False, drop_unsupported=True
            ),
            overwrite=True,
        )
    )
    return target


def measure(clip: Path, options: EncodeOptions, folder: Path) -> Measured:
    """Encode every frame of a clip.

    Raises:
        DscvsrError: The encoder takes no such frames.
    """
    with VideoReader(clip) as reader:
        source = reader.info
        container = _container(options)
        picture = settle_picture(
            source,
            container,
            height=source.height,
            width=source.width,
            options=options,
            # MPEG-1 and MPEG-2 know a few rates and no other clock.
            timing=OutputTiming.constant(source, source.frame_rate or USUAL_RATE),
        )
        encode = _picture_bytes if container.is_pictures else _video_bytes
        count, size_bytes = encode(reader, picture, folder)
    size = Size(source.height, source.width)
    chosen = EncodeOptions(
        encoder=options.encoder, lossless=options.lossless, pixel_format=picture.pixel_format
    )
    pixels = count * size.height * size.width
    stored = av.video.format.VideoFormat(picture.pixel_format)
    is_packed = options.encoder != "bmp"
    return Measured(
        bits=8 * size_bytes / pixels,
        expected_bits=8 * expected_size(count, size, chosen).size_bytes / pixels,
        raw_bits=stored.bits_per_pixel if is_packed else stored.padded_bits_per_pixel,
    )


def _container(options: EncodeOptions) -> Container:
    if options.encoder in EXACT:
        for suffix, encoder in PICTURE_ENCODERS.items():
            if encoder == options.encoder:
                return picture_container(suffix)
    return container_of(Path(f"out{SUFFIXES.get(options.encoder, '.mkv')}"))


def _picture_bytes(frames: Iterable[Frame], picture: PictureSpec, _: Path) -> tuple[int, int]:
    encoder = StillEncoder(picture)
    sizes = [len(encoder.encode(frame)) for frame in frames]
    return len(sizes), sum(sizes)


def _video_bytes(frames: Iterable[Frame], picture: PictureSpec, folder: Path) -> tuple[int, int]:
    target = folder / f"encoded{picture.container.suffix}"
    spec = OutputSpec(picture=picture, others=None)
    with VideoWriter(resolve_destination(target), spec, overwrite=True) as writer:
        for frame in frames:
            writer.write(frame)
    with av.open(f"file:{target}") as container:
        return writer.frames_written, sum(packet.size for packet in container.demux(video=0))


def print_table(found: dict[tuple[str, bool], list[Measured]]) -> None:
    print(f"{'encoder':24} {'clips':>5} {'measured':>9} {'least':>7} {'most':>7} {'expected':>9}")
    for (encoder, lossless), each in found.items():
        is_exact = lossless or encoder in EXACT

        units = [one.raw_bits if is_exact else 1 for one in each]
        measured = [one.bits / unit for one, unit in zip(each, units, strict=True)]
        expected = [one.expected_bits / unit for one, unit in zip(each, units, strict=True)]
        name = f"{encoder}{' --lossless' * lossless}"
        kind = "of raw" if is_exact else "bits"
        print(
            f"{name:24} {len(each):5} {fmean(measured):9.2f} {min(measured):7.2f} "
            f"{max(measured):7.2f} {fmean(expected):9.2f} {kind}"
        )


if __name__ == "__main__":
    main()

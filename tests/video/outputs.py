"""Writers opened in one call, and clips sent through reader and writer as they are."""

from fractions import Fraction
from pathlib import Path

from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import CONTAINERS, container_of
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices, plan_passthrough
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.picture_spec import settle_picture
from dscvsr_cli.video.write.target_file import resolve_destination
from dscvsr_cli.video.write.writer import VideoWriter

FAST = EncodeOptions(preset="ultrafast", threads=1)


def container_named(name: str) -> Container:
    """Return the container of an FFmpeg muxer name ("matroska")."""
    return next(container for container in CONTAINERS if container.name == name)


def open_writer(
    target: Path,
    *,
    source: VideoInfo,
    height: int,
    width: int,
    options: EncodeOptions | None = None,
    overwrite: bool = False,
    copy_streams: bool = True,
    choices: StreamChoices | None = None,
    rate: Fraction | None = None,
) -> VideoWriter:
    """Return a writer for a file that goes by its suffix; with a ``rate`` frames are counted."""
    container = container_of(target)
    picture = settle_picture(
        source,
        container,
        height=height,
        width=width,
        options=options or EncodeOptions(),
        timing=None if rate is None else OutputTiming.constant(source, rate),
    )
    others = plan_passthrough(source, container, choices) if copy_streams else None
    spec = OutputSpec(picture=picture, others=others)
    return VideoWriter(resolve_destination(target), spec, overwrite=overwrite)


def copy_clip(
    source: Path,
    target: Path,
    *,
    choices: StreamChoices | None = None,
    options: EncodeOptions = FAST,
) -> None:
    """Decode every picture, encode it again at its own size, and bring the rest over."""
    with (
        VideoReader(source) as reader,
        open_writer(
            target,
            source=reader.info,
            height=reader.info.height,
            width=reader.info.width,
            options=options,
            choices=choices,
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame)

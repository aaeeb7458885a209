"""Clips sent through reader and writer as they are, for the tests of outputs."""

from pathlib import Path

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.writer import VideoWriter

FAST = EncodeOptions(preset="ultrafast", threads=1)


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
        VideoWriter(
            target,
            source=reader.info,
            height=reader.info.height,
            width=reader.info.width,
            options=options,
            choices=choices,
        ) as writer,
    ):
        for frame in reader:
            writer.write(Frame(pixels=frame.pixels, pts=frame.pts, alpha=frame.alpha))

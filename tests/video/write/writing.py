"""Files that tests write with a ``VideoWriter``."""

from collections.abc import Sequence
from pathlib import Path

import torch

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.writer import VideoWriter
from tests.video.outputs import open_writer

FAST = EncodeOptions(preset="ultrafast", crf=10, threads=1)


def enlarge(
    source: Path, target: Path, *, options: EncodeOptions = FAST, overwrite: bool = False
) -> VideoWriter:
    """Copy a clip at twice its size, nearest neighbour; odd sides stay odd in 4:4:4."""
    with (
        VideoReader(source) as reader,
        open_writer(
            target,
            source=reader.info,
            height=2 * reader.info.height,
            width=2 * reader.info.width,
            options=options,
            overwrite=overwrite,
        ) as writer,
    ):
        for frame in reader:
            pixels = frame.pixels.repeat_interleave(2, 1).repeat_interleave(2, 2)
            writer.write(Frame(pixels=pixels, pts=frame.pts, duration=frame.duration))
    return writer


def grey_frames(pts: Sequence[int], *, height: int = 48, width: int = 64) -> list[Frame]:
    return [Frame(pixels=torch.full((3, height, width), 0.5), pts=value) for value in pts]


def write_grey(
    target: Path,
    source: VideoInfo,
    pts: Sequence[int],
    *,
    options: EncodeOptions = FAST,
    overwrite: bool = False,
) -> VideoWriter:
    with open_writer(
        target, source=source, height=48, width=64, options=options, overwrite=overwrite
    ) as writer:
        for frame in grey_frames(pts):
            writer.write(frame)
    return writer

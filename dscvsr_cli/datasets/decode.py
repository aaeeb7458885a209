"""Sources as tensors: the frames of a clip, or a photograph, in 8 bits."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from dscvsr_cli.datasets.sources import Source
from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan


def decode(source: Source, *, first: int = 0, count: int | None = None) -> Tensor:
    """Read frames of a source -> ``(T, 3, H, W)`` uint8 RGB, on the CPU.

    In a video of variable frame rate ``first`` is a place in time, counted in mean frames.

    Args:
        source: A clip; a photograph counts as a clip of one frame.
        first: The frame to begin with.
        count: Frames at most; None reads to the end.

    Raises:
        DscvsrError: Something cannot be read, there is no such frame, or sizes differ.
    """
    stop = None if count is None else first + count
    if source.kind == "video":
        frames = _video_frames(source.paths[0], first, stop)
    else:
        frames = (_to_bytes(read_picture(path)) for path in source.paths[first:stop])
    found = list(frames)
    if not found:
        raise InputVideoError(f"{source.place} has no frame {first}", hint="it may be cut short")
    for number, frame in enumerate(found, start=first):
        if frame.shape != found[0].shape:
            raise InputVideoError(
                f"frame {number} of {source.place} is {frame.shape[-1]}x{frame.shape[-2]}, "
                f"and the ones before it are {found[0].shape[-1]}x{found[0].shape[-2]}",
                hint="all frames of a clip must have one size",
            )
    return torch.stack(found)


def _video_frames(path: Path, first: int, stop: int | None) -> Iterator[Tensor]:
    rate = probe(path).frame_rate if first else None
    options = None
    if rate is not None:
        # Half a frame early: a start between two frames is safe from rounding, and of a long
        # video only what is wanted is decoded.
        options = ReadOptions(span=TimeSpan(start=(first - Fraction(1, 2)) / rate))
        stop = None if stop is None else stop - first
        first = 0
    with VideoReader(path, options) as reader:
        for frame in itertools.islice(reader, first, stop):
            yield _to_bytes(frame.pixels)


def _to_bytes(pixels: Tensor) -> Tensor:
    return (pixels * 255.0).round_().clamp_(0, 255).to(torch.uint8)

"""Blocks of audio samples: the silence before one, and one without its first samples.

Samples are looked at interleaved, in one plane: PyAV reads beyond the planes of a frame that keeps
each of eight or more channels in its own, which ends the process.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler


def silence_before(frame: AudioFrame, start: int) -> Iterator[AudioFrame]:
    """Yield silent blocks of the same kind, each a second at most, from a sample to the block's.

    Args:
        frame: Its pts counts samples.
        start: Number of the first silent sample.
    """
    end = frame.pts or 0
    if start >= end:
        return
    dtype = _interleaved(frame).to_ndarray().dtype
    # Unsigned samples are silent in the middle of their range.
    level = 128 if frame.format.name.startswith("u8") else 0
    while start < end:
        samples = min(frame.sample_rate, end - start)
        quiet = np.full((1, samples * frame.layout.nb_channels), level, dtype=dtype)
        block = _from_interleaved(quiet, frame)
        block.pts, block.time_base = start, Fraction(1, frame.sample_rate)
        start += samples
        yield block


def without_first(frame: AudioFrame, count: int) -> AudioFrame:
    """Return a block without its first samples; at least one must be left. It has no pts."""
    samples = _interleaved(frame).to_ndarray()
    return _from_interleaved(samples[:, count * frame.layout.nb_channels :].copy(), frame)


def _interleaved(frame: AudioFrame) -> AudioFrame:
    if not frame.format.is_planar:
        return frame
    return _in_format(frame, frame.format.name.removesuffix("p"))


def _from_interleaved(samples: np.ndarray, like: AudioFrame) -> AudioFrame:
    name = like.format.name
    packed = name.removesuffix("p") if like.format.is_planar else name
    block = AudioFrame.from_ndarray(samples, format=packed, layout=like.layout.name)
    block.sample_rate = like.sample_rate
    return _in_format(block, name)


def _in_format(frame: AudioFrame, name: str) -> AudioFrame:
    if frame.format.name == name:
        return frame
    (converted,) = AudioResampler(name, frame.layout, frame.sample_rate).resample(frame)
    return converted

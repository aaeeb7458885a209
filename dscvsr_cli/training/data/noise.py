"""Disturbances of low-resolution clips: noise that only neighbouring frames can undo, and codecs.

Noise is a curriculum, not a goal. From clean frames a fresh network first learns to enlarge single
pictures, and then hardly finds out that it has a memory. On still, noisy scenes a network trained
that way gained 0.3 dB from its neighbours in two hundred steps, a fresh one 2 dB
(docs/notes/training.md). So a run may begin with noise, which fades.
"""

import torch
from torch import Tensor

from dscvsr_cli.video.codec_roundtrip import CodecName, compress


def add_noise(low: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise, fresh for every frame, and round to 8 bits again.

    Args:
        low: ``(T, 3, H, W)`` in [0, 1].
        deviation: Its standard deviation, in 8-bit steps.
        generator: On the CPU; draws the noise.
    """
    noise = torch.randn(low.shape, generator=generator).to(low.device)
    return (low * 255.0 + deviation * noise).round().clamp(0, 255).div(255.0)


def compress_clip(low: Tensor, crf: int, codec: CodecName) -> Tensor:
    """Send a clip ``(T, 3, H, W)`` in [0, 1] through a codec and back, at about H.264's ``crf``.

    Raises:
        OutputVideoError: This build of FFmpeg cannot encode it.
    """
    frames = compress(low.cpu(), crf=crf, codec=codec)
    return torch.stack([frame.pixels for frame in frames]).to(low.device)


def noise_level(done: float, *, peak: float, until: float) -> float:
    """Return the largest deviation at ``done`` of the run: from ``peak`` straight down to zero."""
    return peak * max(0.0, 1.0 - done / until) if until > 0 else 0.0

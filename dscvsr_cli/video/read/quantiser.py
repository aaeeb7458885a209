"""How coarsely a codec has rounded a frame, as far as its decoder says.

A decoder that is asked hands out what a frame was encoded with. FFmpeg's decoders of H.264, of VP9
and of the codecs of MPEG before H.264 do so; those of HEVC, AV1 and VP8 do not
(``stated_quantiser``).
"""

from collections.abc import Iterable, Iterator
from typing import Final, cast

import av
import numpy as np
import numpy.typing as npt
from av.buffer import Buffer
from av.sidedata.encparams import VideoEncParams, VideoEncParamsType
from av.video.codeccontext import VideoCodecContext

from dscvsr_cli.video.read.quantiser_steps import h264_step, mpeg_step, vp9_step
from dscvsr_cli.video.read.side_data import encoding_parameters

_ASKED: Final = frozenset(
    {
        *("flv1", "h263", "h263i", "h263p", "h264", "mpeg1video", "mpeg2video", "mpeg4"),
        *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "rv10", "rv20", "vp9", "wmv1", "wmv2"),
    }
)
"""FFmpeg's names of codecs whose decoders answer."""

SteppedFrame = tuple[av.VideoFrame, float | None]
"""A decoded frame with its quantiser step, if that is known."""


def ask_for_quantisers(decoder: VideoCodecContext) -> None:
    """Let a decoder that is not open yet say how coarsely its frames were rounded, if it can.

    Its threads then share one frame. Decoders that work on several at once give a frame out before
    another thread has written down all of it, so the answers would differ from run to run.
    """
    if decoder.codec.canonical_name in _ASKED:
        decoder.options = {**decoder.options, "export_side_data": "venc_params"}
        decoder.thread_type = "SLICE"


def with_steps(
    frames: Iterable[av.VideoFrame], codec: str, usual: float | None = None
) -> Iterator[SteppedFrame]:
    """Yield decoded frames with their quantiser steps; one without takes that of the one before.

    Decoders of MPEG say nothing of the last frame.

    Args:
        frames: In the order shown, by a decoder that was asked or not.
        codec: FFmpeg's name of theirs. Side data of PNG, for one, must not be looked at.
        usual: The step of frames before the first that has one, if it is known.
    """
    step = usual
    for frame in frames:
        stated = quantiser_step(frame) if codec in _ASKED else None
        step = step if stated is None else stated
        yield frame, step


def quantiser_step(frame: av.VideoFrame) -> float | None:
    """Return the mean step that a frame's coefficients were rounded to, as ``Frame`` has it.

    Returns:
        0.6 (nothing is lost) to 224; None if the decoder was not asked, or does not say.
    """
    parameters = encoding_parameters(frame)
    if parameters is None:
        return None
    if parameters.codec_type == VideoEncParamsType.VP9:
        return vp9_step(parameters.qp)
    if not parameters.nb_blocks:
        return None
    mean = parameters.qp + float(_block_differences(parameters).mean())
    if parameters.codec_type == VideoEncParamsType.H264:
        # The parameter counts in levels of the frame's own depth.
        return h264_step(mean) / 2.0 ** (frame.format.components[0].bits - 8)
    return mpeg_step(mean)


def _block_differences(parameters: VideoEncParams) -> npt.NDArray[np.int32]:
    """Return how far the quantiser of each block is from the frame's -> ``(N,)``.

    ``VideoEncParams.qp_map`` refuses frames of two fields, which have blocks of their own.
    """
    # AVVideoBlockParams is five integers: left, top, width, height, and the difference.
    block = np.dtype(
        {
            "names": ["difference"],
            "formats": [np.int32],
            "offsets": [16],
            "itemsize": parameters.block_size,
        }
    )
    blocks = np.frombuffer(
        bytes(cast("Buffer", parameters)), block, parameters.nb_blocks, parameters.blocks_offset
    )
    return blocks["difference"]

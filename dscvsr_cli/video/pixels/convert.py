"""Decoded frames to float RGB and back: range, matrix, bit depth and chroma, exactly.

The planes become RGB by our own arithmetic and not by libswscale, whose fixed-point tables
truncate. Measured against the formulas of the standards, its results are darker by half an 8-bit
code value on average, and by a whole one at worst, even in float formats. Here the error is that of
float32.
"""

from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
import torch
from av.video.reformatter import VideoReformatter
from torch import Tensor

from dscvsr_cli.video.pixels.chroma import downsample_chroma, upsample_chroma
from dscvsr_cli.video.pixels.colour import ColourInfo, rgb_to_yuv_matrix
from dscvsr_cli.video.pixels.formats import PlainFormat, plain_format

_GBR_TO_RGB: Final = (2, 0, 1)
_RGB_TO_GBR: Final = (1, 2, 0)


def frame_to_pixels(frame: av.VideoFrame, colour: ColourInfo) -> Tensor:
    """Turn a decoded frame into ``(3, H, W)`` float32 RGB.

    [0, 1] spans black to white. What the file stores beyond that (the headroom of limited range,
    colours outside RGB) is a little outside and not clipped. For alpha see
    ``frame_to_alpha``.
    """
    plain = plain_format(frame.format.name)
    frame = _repack(frame, plain.name, full_range=colour.full_range)
    height, width = frame.height, frame.width
    if plain.family == "grey":
        luma = _read_plane(frame, 0, plain, height, width)
        black, span = _luma_range(plain, full=colour.full_range)
        return luma.sub_(black).div_(span).expand(3, -1, -1).contiguous()
    if plain.family == "rgb":
        planes = [_read_plane(frame, index, plain, height, width) for index in _GBR_TO_RGB]
        return torch.stack(planes).div_(2**plain.bits - 1)
    rows, columns = chroma_size(plain, height, width)
    chroma = torch.stack([_read_plane(frame, index, plain, rows, columns) for index in (1, 2)])
    yuv = torch.empty(3, height, width)
    yuv[0] = _read_plane(frame, 0, plain, height, width)
    yuv[1:] = upsample_chroma(
        chroma,
        pixel_format=plain,
        siting=colour.siting,
        row_siting=colour.row_siting,
        height=height,
        width=width,
    )
    return _yuv_codes_to_rgb(yuv, plain, colour)


def frame_to_alpha(frame: av.VideoFrame) -> Tensor | None:
    """Return the alpha of a decoded frame as ``(1, H, W)`` float32 in [0, 1], or None.

    None says that the frame's pixel format has no alpha.
    """
    name = "rgba" if frame.format.has_palette else frame.format.name
    plain = plain_format(name)
    if not plain.alpha:
        return None
    frame = _repack(_repack(frame, name, full_range=True), plain.name, full_range=True)
    # Alpha spans all codes, whatever the range of the colours beside it.
    plane = _read_plane(frame, 3, plain, frame.height, frame.width)
    return plane.div_(2**plain.bits - 1).unsqueeze(0)


def _yuv_codes_to_rgb(yuv: Tensor, plain: PlainFormat, colour: ColourInfo) -> Tensor:
    offset, scale = _code_ranges(plain, full=colour.full_range)
    to_rgb = torch.linalg.inv(rgb_to_yuv_matrix(colour.matrix)) / scale
    bias = -(to_rgb @ offset)
    # One pass over the pixels: range and matrix are folded into a single affine map.
    flat = torch.addmm(bias.float().unsqueeze(1), to_rgb.float(), yuv.flatten(1))
    return flat.view_as(yuv)


def is_opaque(frame: av.VideoFrame) -> bool:
    """Return whether every pixel of a decoded frame is opaque."""
    alpha = frame_to_alpha(frame)
    return alpha is None or bool((alpha == 1).all())


def pixels_to_frame(
    pixels: Tensor, *, pixel_format: str, colour: ColourInfo, alpha: Tensor | None = None
) -> av.VideoFrame:
    """Turn ``(3, H, W)`` RGB into a frame, rounded to the nearest code.

    [0, 1] spans black to white. What is outside is stored as far as the format has codes for it:
    limited range has some below black and above white, RGB and full range have none.

    ``alpha`` is ``(1, H, W)`` in [0, 1]; without it formats with alpha are opaque, and
    formats without leave it out.

    ``pixels`` may be on any device and of any floating dtype; the arithmetic runs where they
    are, in float32, and only the finished codes are moved.
    """
    plain = plain_format(pixel_format)
    _, height, width = pixels.shape
    rgb = pixels.detach().to(torch.float32)
    frame = av.VideoFrame(width, height, plain.name)
    if plain.family == "rgb":
        codes = rgb * (2**plain.bits - 1)
        planes = [codes[index] for index in _RGB_TO_GBR]
    else:
        planes = _rgb_to_yuv_codes(rgb, plain, colour)
    for index, plane in enumerate(planes):
        _write_plane(frame, index, plane, plain)
    if plain.alpha:
        alpha_plane = torch.ones(height, width) if alpha is None else alpha[0].detach().float()
        _write_plane(frame, 3, alpha_plane * (2**plain.bits - 1), plain)
    return _repack(frame, pixel_format, full_range=colour.full_range)


def _rgb_to_yuv_codes(rgb: Tensor, plain: PlainFormat, colour: ColourInfo) -> list[Tensor]:
    offset, scale = _code_ranges(plain, full=colour.full_range)
    to_codes = (rgb_to_yuv_matrix(colour.matrix) * scale.unsqueeze(1)).float().to(rgb.device)
    bias = offset.float().to(rgb.device).unsqueeze(1)
    if plain.family == "grey":
        luma = torch.addmm(bias[:1], to_codes[:1], rgb.flatten(1))
        return [luma.view(rgb.shape[1:])]
    yuv = torch.addmm(bias, to_codes, rgb.flatten(1)).view_as(rgb)
    chroma = downsample_chroma(
        yuv[1:], pixel_format=plain, siting=colour.siting, row_siting=colour.row_siting
    )
    return [yuv[0], chroma[0], chroma[1]]


def chroma_size(plain: PlainFormat, height: int, width: int) -> tuple[int, int]:
    """Return rows and columns of a chroma plane; an odd side keeps its last half sample."""
    return -(-height >> plain.row_shift), -(-width >> plain.column_shift)


def _luma_range(plain: PlainFormat, *, full: bool) -> tuple[float, float]:
    """Return the code of black and the codes from black to white."""
    if full:
        return 0.0, 2.0**plain.bits - 1.0
    unit = 2.0 ** (plain.bits - 8)
    return 16.0 * unit, 219.0 * unit


def _code_ranges(plain: PlainFormat, *, full: bool) -> tuple[Tensor, Tensor]:
    """Return ``(3,)`` float64 offsets and spans: ``code = offset + span * value``."""
    black, luma_span = _luma_range(plain, full=full)
    chroma_span = luma_span if full else 224.0 * 2.0 ** (plain.bits - 8)
    middle = 2.0 ** (plain.bits - 1)
    offset = torch.tensor([black, middle, middle], dtype=torch.float64)
    return offset, torch.tensor([luma_span, chroma_span, chroma_span], dtype=torch.float64)


def _component_words(frame: av.VideoFrame, index: int, plain: PlainFormat) -> npt.NDArray[Any]:
    """View one component as ``(rows, columns and more)``; lines are padded at their end."""
    paired = plain.paired_chroma and index > 0
    plane = frame.planes[1 if paired else index]
    dtype: np.dtype[Any] = np.dtype(
        "u1" if plain.bits == 8 else ">u2" if plain.big_endian else "<u2"
    )
    words = np.frombuffer(memoryview(plane), dtype=dtype)
    lines = words.reshape(-1, plane.line_size // dtype.itemsize)
    return lines[:, index - 1 :: 2] if paired else lines


def _read_plane(
    frame: av.VideoFrame, index: int, plain: PlainFormat, rows: int, columns: int
) -> Tensor:
    words = _component_words(frame, index, plain)[:rows, :columns]
    values = torch.from_numpy(words.astype(np.float32))
    return values.div_(2**plain.padding_bits) if plain.padding_bits else values


def _write_plane(frame: av.VideoFrame, index: int, codes: Tensor, plain: PlainFormat) -> None:
    rows, columns = codes.shape
    rounded = codes.round().clamp_(0, 2**plain.bits - 1).mul_(2**plain.padding_bits)
    integers = rounded.to(torch.uint8 if plain.bits == 8 else torch.int32).cpu().numpy()
    _component_words(frame, index, plain)[:rows, :columns] = integers


def _repack(frame: av.VideoFrame, pixel_format: str, *, full_range: bool) -> av.VideoFrame:
    if frame.format.name == pixel_format:
        return frame
    # The same range on both sides: swscale then moves samples and converts nothing. With PyAV's
    # own choice, bilinear, it is careless about some pairs of formats.
    code_range = "JPEG" if full_range else "MPEG"
    return VideoReformatter().reformat(
        frame,
        format=pixel_format,
        interpolation="BICUBIC",
        src_color_range=code_range,
        dst_color_range=code_range,
    )

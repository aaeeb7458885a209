"""What is said to the libraries behind encoders in their own words, past FFmpeg's options."""

from fractions import Fraction
from typing import Final

from dscvsr_cli.geometry import Size
from dscvsr_cli.video.info import HdrMetadata

FRAME_PACKING: Final = {
    "checkerboard_lr": 0,
    "col_interleaved_lr": 1,
    "row_interleaved_lr": 2,
    "left_right": 3,
    "top_bottom": 4,
    "block_lr": 5,
}
"""How H.264 counts the ways in which two views share a frame; only the left one can be first."""

_WIDEST_WITHOUT_CUTREE: Final = 48
"""Columns up to which libx265's ``cutree`` writes past its own memory.

Its assembly handles four blocks of 16 columns at a time in memory for one row of them.
"""

_LEAST_SIDE_IN_PARALLEL: Final = 64
"""Rows and columns from which libsvtav1 may share its work out.

Smaller frames have no part for some of its threads: it writes past its own memory, or hangs.
"""


def private_parameters(
    encoder: str, hdr: HdrMetadata | None, stereo: str | None, *, steady: bool
) -> tuple[tuple[str, str], ...]:
    """Return the options that take words of the encoder's library, such as ``x265-params``.

    Args:
        encoder: FFmpeg's name of the encoder.
        hdr: Static HDR metadata to write.
        stereo: How two views share a frame, as ``VideoInfo.stereo`` says.
        steady: Whether all frames last equally long.
    """
    parameters = _hdr_parameters(encoder, hdr) if hdr is not None else []
    if encoder == "libx264" and stereo in FRAME_PACKING:
        parameters.append(f"frame-packing={FRAME_PACKING[stereo]}")
    if encoder == "libx264" and steady:
        # Otherwise the stream names the clock's rate, 12800 say, as that of its frames.
        parameters.append("force-cfr=1")
    if encoder == "libx265":
        # libx265 writes to the terminal on its own, past every log level of FFmpeg.
        return (("x265-params", ":".join(["log-level=error", *parameters])),)
    names = {"libsvtav1": "svtav1-params", "libx264": "x264-params"}
    return ((names[encoder], ":".join(parameters)),) if parameters and encoder in names else ()


def safety_parameters(encoder: str, size: Size | None) -> tuple[tuple[str, str], ...]:
    """Return options without which small frames would end the process, whatever a person wants.

    Args:
        encoder: FFmpeg's name of the encoder.
        size: Size of the frames; None if they are large.
    """
    if size is None:
        return ()
    if encoder == "libx265" and size.width <= _WIDEST_WITHOUT_CUTREE:
        return (("x265-params", "cutree=0"),)
    if encoder == "libsvtav1" and min(size.height, size.width) < _LEAST_SIDE_IN_PARALLEL:
        return (("svtav1-params", "lp=1"),)
    return ()


def _hdr_parameters(encoder: str, hdr: HdrMetadata) -> list[str]:
    """Return mastering display and light levels the way the encoder's own library spells them."""
    light = ",".join(str(level) for level in hdr.content_light or ())
    display = ""
    if hdr.primaries and hdr.luminance is not None:
        red, green, blue, white = hdr.primaries
        # AV1 takes chromaticities as they are; the x26x family counts in steps of 0.00002 and
        # luminance in steps of 0.0001 cd/m2.
        is_av1 = encoder == "libsvtav1"
        step, luminance_step = (1, 1) if is_av1 else (50000, 10000)
        pairs = {"G": green, "B": blue, "R": red, "WP": white}
        least, greatest = (value * luminance_step for value in hdr.luminance)
        pairs["L"] = (greatest, least)
        display = "".join(
            f"{name}({_number(x * (1 if name == 'L' else step), is_av1)},"
            f"{_number(y * (1 if name == 'L' else step), is_av1)})"
            for name, (x, y) in pairs.items()
        )
    names = {
        "libx264": ("mastering-display", "cll"),
        "libx265": ("master-display", "max-cll"),
        "libsvtav1": ("mastering-display", "content-light"),
    }
    if encoder not in names:
        return []
    values = zip(names[encoder], (display, light), strict=True)
    return [f"{name}={value}" for name, value in values if value]


def _number(value: Fraction, decimal: bool) -> str:  # noqa: FBT001
    return f"{float(value):.5f}" if decimal else str(round(value))

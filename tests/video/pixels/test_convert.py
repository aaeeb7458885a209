"""Colours against the formulas of the standards, written down here a second time."""

from dataclasses import replace

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.pixels.colour import ColourInfo, Matrix, RowSiting, resolve_colour
from dscvsr_cli.video.pixels.convert import frame_to_pixels, pixels_to_frame
from dscvsr_cli.video.pixels.formats import plain_format
from tests.helpers import CODE_8_BIT, assert_frames_close

PLAIN_FORMATS = (
    "yuv420p",
    "yuv422p",
    "yuv444p",
    "yuv440p",
    "yuv411p",
    "yuv410p",
    "yuva420p",
    "yuvj420p",
    "yuv420p10le",
    "yuv422p12le",
    "yuv444p16le",
    "gray",
    "gray10le",
    "gbrp",
    "gbrp12le",
    "gbrap",
    "nv12",
    "nv24",
    "p010le",
    "p216le",
    "yuv420p10be",
    "gbrp12be",
)


def colour_of(matrix: Matrix, *, full_range: bool = False, siting: str = "left") -> ColourInfo:
    return ColourInfo(
        matrix=matrix, full_range=full_range, siting="centre" if siting == "centre" else "left"
    )


def flat(red: float, green: float, blue: float, *, height: int = 4, width: int = 4) -> torch.Tensor:
    return torch.tensor([red, green, blue]).view(3, 1, 1).expand(3, height, width)


def codes(frame: av.VideoFrame, index: int, *, bits: int = 8) -> npt.NDArray[np.integer]:
    plane = frame.planes[index]
    words = np.frombuffer(bytes(plane), dtype="u1" if bits == 8 else "<u2")
    return words.reshape(plane.height, -1)[:, : plane.width]


# The code values of pure colours as the recommendations' own arithmetic gives them.
KNOWN_CODES = [
    ("bt709", False, 8, (1.0, 0.0, 0.0), (63, 102, 240)),
    ("bt709", False, 8, (0.0, 1.0, 0.0), (173, 42, 26)),
    ("bt709", False, 8, (0.0, 0.0, 1.0), (32, 240, 118)),
    ("bt601", False, 8, (1.0, 0.0, 0.0), (81, 90, 240)),
    ("bt601", False, 8, (0.0, 1.0, 0.0), (145, 54, 34)),
    ("bt601", False, 8, (0.0, 0.0, 1.0), (41, 240, 110)),
    ("bt601", True, 8, (1.0, 0.0, 0.0), (76, 85, 255)),
    ("bt709", False, 10, (1.0, 1.0, 1.0), (940, 512, 512)),
    ("bt709", False, 10, (0.0, 0.0, 0.0), (64, 512, 512)),
    ("bt709", False, 8, (0.5, 0.5, 0.5), (126, 128, 128)),
    ("bt709", True, 8, (1.0, 1.0, 1.0), (255, 128, 128)),
    ("bt2020", False, 10, (1.0, 0.0, 0.0), (294, 387, 960)),
    ("bt2020", False, 12, (1.0, 1.0, 1.0), (3760, 2048, 2048)),
]


@pytest.mark.parametrize(("matrix", "full_range", "bits", "rgb", "expected"), KNOWN_CODES)
def test_a_known_colour_is_stored_as_the_standard_says(
    matrix: Matrix,
    full_range: bool,
    bits: int,
    rgb: tuple[float, float, float],
    expected: tuple[int, int, int],
) -> None:
    name = "yuv444p" if bits == 8 else f"yuv444p{bits}le"
    frame = pixels_to_frame(
        flat(*rgb), pixel_format=name, colour=colour_of(matrix, full_range=full_range)
    )
    assert tuple(int(codes(frame, index, bits=bits)[0, 0]) for index in range(3)) == expected


@pytest.mark.parametrize(("matrix", "full_range", "bits", "rgb", "stored"), KNOWN_CODES)
def test_known_codes_are_read_as_the_colour_they_stand_for(
    matrix: Matrix,
    full_range: bool,
    bits: int,
    rgb: tuple[float, float, float],
    stored: tuple[int, int, int],
) -> None:
    name = "yuv444p" if bits == 8 else f"yuv444p{bits}le"
    frame = av.VideoFrame(4, 4, name)
    for plane, code in zip(frame.planes, stored, strict=True):
        words = np.full(plane.buffer_size // (1 if bits == 8 else 2), code)
        plane.update(words.astype("u1" if bits == 8 else "<u2").tobytes())
    pixels = frame_to_pixels(frame, colour_of(matrix, full_range=full_range))
    # Each stored code is rounded by up to half, and blue moves by 1.9 of a chroma code.
    assert_frames_close(pixels, flat(*rgb), tolerance=1.5 / 2 ** (bits - 8) * CODE_8_BIT)


@given(
    matrix=st.sampled_from(["bt601", "bt709", "bt2020", "smpte240m", "fcc", "ycgco"]),
    full_range=st.booleans(),
    seed=st.integers(0, 2**16),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
@settings(deadline=None, max_examples=60)
def test_sixteen_bits_give_every_colour_back(
    matrix: Matrix, full_range: bool, seed: int, size: tuple[int, int]
) -> None:
    pixels = torch.rand(3, *size, generator=torch.Generator().manual_seed(seed))
    colour = colour_of(matrix, full_range=full_range)
    frame = pixels_to_frame(pixels, pixel_format="yuv444p16le", colour=colour)
    assert_frames_close(frame_to_pixels(frame, colour), pixels, tolerance=4 / 65535)


@pytest.mark.parametrize("name", PLAIN_FORMATS)
def test_a_flat_colour_survives_every_plain_format(name: str) -> None:
    plain = plain_format(name)
    colour = resolve_colour(pixel_format=plain, height=6, width=10)
    grey = plain.family == "grey"
    pixels = flat(0.4, 0.4, 0.4, height=6, width=10) if grey else flat(0.8, 0.3, 0.55, height=6)
    back = frame_to_pixels(pixels_to_frame(pixels, pixel_format=name, colour=colour), colour)
    assert_frames_close(back, pixels, tolerance="yuv" if plain.bits == 8 else 2 / 1023)


@pytest.mark.parametrize("name", PLAIN_FORMATS)
@given(height=st.integers(1, 7), width=st.integers(1, 7))
@settings(deadline=None, max_examples=12)
def test_odd_sizes_keep_their_size(name: str, height: int, width: int) -> None:
    colour = resolve_colour(pixel_format=plain_format(name), height=height, width=width)
    frame = pixels_to_frame(torch.rand(3, height, width), pixel_format=name, colour=colour)
    assert frame_to_pixels(frame, colour).shape == (3, height, width)


@pytest.mark.parametrize(
    ("packed", "planar"),
    [
        ("rgb24", "gbrp"),
        ("bgr0", "gbrp"),
        ("rgba", "gbrp"),
        ("rgb48le", "gbrp16le"),
        ("rgb48be", "gbrp16le"),
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("yuv420p10be", "yuv420p10le"),
    ],
)
@given(size=st.tuples(st.integers(1, 20), st.integers(1, 20)), seed=st.integers(0, 999))
@settings(deadline=None, max_examples=25)
def test_a_packed_format_holds_the_same_colours_as_its_planar_twin(
    packed: str, planar: str, size: tuple[int, int], seed: int
) -> None:
    colour = resolve_colour(pixel_format=plain_format(planar), height=size[0], width=size[1])
    pixels = torch.rand(3, *size, generator=torch.Generator().manual_seed(seed))
    twins = [
        frame_to_pixels(pixels_to_frame(pixels, pixel_format=name, colour=colour), colour)
        for name in (packed, planar)
    ]
    assert_frames_close(twins[0], twins[1], tolerance="float")


@pytest.mark.parametrize("name", ["nv12", "p010le"])
def test_libswscale_finds_paired_chroma_where_it_was_put(name: str) -> None:
    planar = "yuv420p" if name == "nv12" else "yuv420p10le"
    colour = colour_of("bt709")
    pixels = torch.rand(3, 16, 32, generator=torch.Generator().manual_seed(3))
    theirs = pixels_to_frame(pixels, pixel_format=planar, colour=colour).reformat(format=name)
    ours = pixels_to_frame(pixels, pixel_format=name, colour=colour)
    for mine, other in zip(ours.planes, theirs.planes, strict=True):
        columns = 64 if mine.line_size == other.line_size and name == "p010le" else 32
        rows = [bytes(plane) for plane in (mine, other)]
        for row in range(mine.height):
            start = row * mine.line_size
            assert rows[0][start : start + columns] == rows[1][start : start + columns]


def test_codes_beyond_white_and_black_are_not_clipped_on_reading() -> None:
    frame = av.VideoFrame(4, 4, "yuv444p")
    for plane, code in zip(frame.planes, (255, 128, 128), strict=True):
        plane.update(bytes([code]) * plane.buffer_size)
    white = frame_to_pixels(frame, colour_of("bt709"))
    assert_frames_close(white, torch.full((3, 4, 4), (255 - 16) / 219), tolerance="float")
    frame.planes[0].update(bytes([1]) * frame.planes[0].buffer_size)
    assert float(frame_to_pixels(frame, colour_of("bt709")).max()) < 0.0


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("name", ["yuv444p", "gray", "gbrp"])
def test_values_outside_the_codes_are_clamped_on_writing(name: str, full_range: bool) -> None:
    colour = colour_of("bt709", full_range=full_range)
    for value, expected in ((7.0, 255), (-7.0, 0)):
        frame = pixels_to_frame(flat(value, value, value), pixel_format=name, colour=colour)
        assert codes(frame, 0).max() == codes(frame, 0).min() == expected


@pytest.mark.parametrize("code", [0, 1, 15, 236, 254, 255])
def test_footroom_and_headroom_come_back_exactly(code: int) -> None:
    colour = colour_of("bt709")
    frame = av.VideoFrame(4, 4, "yuv444p")
    for plane, value in zip(frame.planes, (code, 120, 140), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    pixels = frame_to_pixels(frame, colour)
    back = pixels_to_frame(pixels, pixel_format="yuv444p", colour=colour)
    assert [int(codes(back, index)[0, 0]) for index in range(3)] == [code, 120, 140]
    # RGB has no such codes.
    rgb = pixels_to_frame(pixels, pixel_format="gbrp", colour=colour)
    assert {int(codes(rgb, index)[0, 0]) for index in range(3)} & {0, 255}


def test_libswscale_agrees_within_its_own_error() -> None:
    colour = colour_of("bt709")
    pixels = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(2)) * 0.6 + 0.2
    frame = pixels_to_frame(pixels, pixel_format="yuv444p", colour=colour)
    theirs = frame.reformat(
        format="rgb24",
        src_colorspace="ITU709",
        dst_colorspace="ITU709",
        src_color_range="MPEG",
        dst_color_range="JPEG",
    ).to_ndarray()
    ours = frame_to_pixels(frame, colour).permute(1, 2, 0) * 255
    assert float((ours - torch.from_numpy(theirs)).abs().max()) <= 1.5


@pytest.mark.parametrize("siting", ["left", "centre"])
@pytest.mark.parametrize("name", ["yuv420p16le", "yuv422p16le"])
def test_a_ramp_of_colour_stays_where_it_was(siting: str, name: str) -> None:
    columns = torch.linspace(0.3, 0.7, 32).expand(16, 32)
    pixels = torch.stack([columns, columns.flip(1), columns])
    colour = colour_of("bt709", siting=siting)
    back = frame_to_pixels(pixels_to_frame(pixels, pixel_format=name, colour=colour), colour)
    # Near the border the ramp ends, which no interpolation can know.
    assert_frames_close(back[:, :, 4:-4], pixels[:, :, 4:-4], tolerance=1e-4)


@pytest.mark.parametrize("rows", ["top", "centre", "bottom"])
@pytest.mark.parametrize("height", [32, 33])
def test_a_ramp_down_the_rows_stays_where_it_was(rows: RowSiting, height: int) -> None:
    lines = torch.linspace(0.3, 0.7, height)[:, None].expand(height, 16)
    pixels = torch.stack([lines, lines.flip(0), lines])
    colour = replace(colour_of("bt709"), row_siting=rows)
    frame = pixels_to_frame(pixels, pixel_format="yuv420p16le", colour=colour)
    back = frame_to_pixels(frame, colour)
    assert_frames_close(back[:, 4:-4], pixels[:, 4:-4], tolerance=1e-4)
    if rows != "centre":
        wrong = frame_to_pixels(frame, colour_of("bt709"))
        assert float((wrong - pixels)[:, 4:-4].abs().max()) > 1e-3


def test_confusing_the_siting_moves_the_colour() -> None:
    columns = torch.linspace(0.3, 0.7, 32).expand(16, 32)
    pixels = torch.stack([columns, columns.flip(1), columns])
    frame = pixels_to_frame(pixels, pixel_format="yuv420p16le", colour=colour_of("bt709"))
    wrong = frame_to_pixels(frame, colour_of("bt709", siting="centre"))
    assert float((wrong - pixels)[:, :, 4:-4].abs().max()) > 1e-3


def test_half_precision_pixels_are_taken() -> None:
    colour = colour_of("bt709")
    frame = pixels_to_frame(flat(0.5, 0.5, 0.5).half(), pixel_format="yuv420p", colour=colour)
    assert codes(frame, 0)[0, 0] == 126

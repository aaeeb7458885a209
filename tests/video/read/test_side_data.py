"""What pictures carry beside their planes."""

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import pytest
from av.sidedata.sidedata import Type as SideDataType

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.display_matrix import quarter_turns, rotation_degrees
from dscvsr_cli.video.read.side_data import display_matrix, dynamic_hdr, hdr_metadata
from tests.clips import Clip, picture, render
from tests.stills import encoded
from tests.video.read.test_exif_orientation import exif, jpeg
from tests.video.read.test_image_sequence import write_picture


def carrying(*kinds: str) -> av.VideoFrame:
    """Stand in for a frame that carries side data of these kinds."""
    entries = [SimpleNamespace(type=SimpleNamespace(name=kind)) for kind in kinds]
    pixels = SimpleNamespace(name="yuv420p")
    return cast("av.VideoFrame", SimpleNamespace(side_data=entries, format=pixels))


def test_each_kind_of_dynamic_metadata_is_named_once() -> None:
    frames = [
        carrying("SEI_UNREGISTERED"),
        carrying("DOVI_RPU_BUFFER", "DOVI_METADATA"),
        carrying("DYNAMIC_HDR_PLUS", "DOVI_METADATA"),
    ]
    assert dynamic_hdr(frames) == ("Dolby Vision", "HDR10+")
    assert dynamic_hdr([carrying("CONTENT_LIGHT_LEVEL"), carrying()]) == ()


def test_side_data_beside_a_kind_that_pyav_does_not_know_is_read(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    whole = encoded("yuvj420p", "mjpeg")
    path.write_bytes(jpeg(exif(6)) + whole[2:])
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    with pytest.raises(ValueError, match="is not a valid Type"):
        list(frame.side_data)
    assert rotation_degrees(display_matrix(frame)) == -90
    assert dynamic_hdr([frame]) == ()
    assert hdr_metadata(frame) is None


def test_a_real_picture_with_side_data_of_a_new_kind_is_read(tmp_path: Path) -> None:
    # TIFF pictures carry EXIF, which PyAV does not know.
    write_picture(tmp_path / "a.tif", picture(0, 24, 32))
    with av.open(str(tmp_path / "a.tif")) as container:
        frame = next(container.decode(video=0))
    assert display_matrix(frame) is None
    assert hdr_metadata(frame) is None


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_quarter_turn_reads_as_what_it_is(degrees: int) -> None:
    assert rotation_degrees(quarter_turns(degrees)) == degrees


@pytest.mark.parametrize("matrix", [(0,) * 9, (1 << 16, 0, 0, 1 << 16, 0, 0, 0, 0, 1 << 30)])
def test_a_matrix_that_leaves_nothing_of_the_frame_turns_nothing(
    matrix: tuple[int, ...], tmp_path: Path, weights: Path
) -> None:
    source = render(Clip(width=64, height=48), tmp_path)
    plain, written = (struct.pack(">9i", *one) for one in (quarter_turns(0), matrix))
    head, track = source.read_bytes().rsplit(plain, 1)
    source.write_bytes(head + written + track)
    with av.open(str(source)) as container:
        frame = next(container.decode(video=0))
    assert SideDataType.DISPLAYMATRIX in frame.side_data
    assert display_matrix(frame) is None
    # The frames are turned before they are stored in ts, which has no place for a matrix.
    made = tmp_path / "out.ts"
    assert main(["upscale", str(source), "-o", str(made), "-s", "2", "-w", str(weights)]) == 0
    with av.open(str(made)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (128, 96)

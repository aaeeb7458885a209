"""What pictures carry beside their planes."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import pytest

from dscvsr_cli.video.display_matrix import quarter_turns, rotation_degrees
from dscvsr_cli.video.read.side_data import display_matrix, dynamic_hdr, hdr_metadata
from tests.clips import picture
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

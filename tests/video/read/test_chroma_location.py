"""Where chroma sits is read from the bitstream, so that colours stay on their edges."""

from dataclasses import replace
from pathlib import Path

import av
import av.logging
import pytest

from dscvsr_cli.video.read.chroma_location import chroma_location
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render

LOCATIONS = [
    ("left", "centre"),
    ("centre", "centre"),
    ("left", "top"),
    ("centre", "top"),
    ("left", "bottom"),
    ("centre", "bottom"),
]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_every_location_of_h264_and_hevc_is_read(encoder: str, number: int, tmp_path: Path) -> None:
    name = encoder.removeprefix("lib")
    options = ((f"{name}-params", f"log-level=error:chromaloc={number}"), ("preset", "ultrafast"))
    if name == "x264":
        options = (("x264-params", f"chromaloc={number}"), ("preset", "ultrafast"))
    clip = Clip(width=96, height=64, encoder=encoder, options=options)
    for suffix in (".mp4", ".ts") if number == 2 else (".mp4",):
        colour = probe(render(replace(clip, suffix=suffix), tmp_path)).colour
        assert (colour.siting, colour.row_siting) == LOCATIONS[number]


def test_a_stream_that_says_nothing_has_the_usual_place(tmp_path: Path) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    before = av.logging.get_level()
    assert chroma_location(source, 0) == ("left", "centre")
    assert av.logging.get_level() == before


def test_damage_leaves_the_usual_place(tmp_path: Path) -> None:
    source = render(Clip(suffix=".h264", pts=(0, 512, 1024)), tmp_path)
    content = bytearray(source.read_bytes())
    content[5:25] = bytes(range(20))
    source.write_bytes(content)
    assert chroma_location(source, 0) == ("left", "centre")

"""Where chroma sits is read from the bitstream, so that colours stay on their edges."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
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


OTHERS = {
    "mpeg1video": (Clip(suffix=".mpg", encoder="mpeg1video"), ("centre", "centre")),
    "mpeg2video": (Clip(suffix=".mpg", encoder="mpeg2video"), ("left", "centre")),
    "mjpeg": (Clip(suffix=".avi", encoder="mjpeg", pixel_format="yuvj420p"), ("centre", "centre")),
    "mpeg4": (Clip(encoder="mpeg4"), ("left", "centre")),
    "vp9": (Clip(suffix=".webm", encoder="libvpx-vp9"), ("left", "centre")),
    "ffv1": (Clip(suffix=".mkv", encoder="ffv1"), ("left", "centre")),
    "gif": (Clip(suffix=".gif", encoder="gif", pixel_format="rgb8"), ("left", "centre")),
}


@pytest.mark.parametrize("codec", OTHERS)
def test_other_codecs_have_theirs(codec: str, tmp_path: Path) -> None:
    clip, location = OTHERS[codec]
    clip = replace(clip, time_base=Fraction(1, 25), pts=(0, 1, 2), options=())
    colour = probe(render(clip, tmp_path)).colour
    assert (colour.siting, colour.row_siting) == location


@pytest.mark.parametrize(("number", "rows"), [(1, "centre"), (2, "top")])
def test_every_location_of_av1_is_read(number: int, rows: str, tmp_path: Path) -> None:
    options = (("svtav1-params", f"chroma-sample-position={number}"), ("preset", "12"))
    colour = probe(render(Clip(encoder="libsvtav1", options=options), tmp_path)).colour
    assert (colour.siting, colour.row_siting) == ("left", rows)


def test_what_matroska_says_of_a_stream_that_says_nothing_holds(tmp_path: Path) -> None:
    clip = Clip(suffix=".mkv", encoder="libvpx-vp9", options=(), colour_tags=(1, 1, 1, 1))
    source = render(clip, tmp_path)
    content = source.read_bytes()
    # Transfer and primaries become the sitings across and down, of the same length.
    for tag, siting in (
        (b"\x55\xba\x81\x01", b"\x55\xb7\x81\x01"),
        (b"\x55\xbb\x81\x01", b"\x55\xb8\x81\x01"),
    ):
        assert content.count(tag) == 1
        content = content.replace(tag, siting)
    source.write_bytes(content)
    colour = probe(source).colour
    assert (colour.siting, colour.row_siting) == ("left", "top")


def test_many_files_are_probed_at_once_and_libav_stays_silent(tmp_path: Path) -> None:
    # A level that is left behind sends every message of a decoder's threads through Python, and a
    # decoder that is closed meanwhile waits for ever.
    source = render(Clip(suffix=".ts", pts=tuple(range(0, 24 * 512, 512))), tmp_path)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(probe, [source] * 24))
    finally:
        sys.setswitchinterval(interval)
    assert av.logging.get_level() is None


def test_damage_leaves_the_usual_place(tmp_path: Path) -> None:
    source = render(Clip(suffix=".h264", pts=(0, 512, 1024)), tmp_path)
    content = bytearray(source.read_bytes())
    content[5:25] = bytes(range(20))
    source.write_bytes(content)
    with av.open(str(source)) as container:
        assert chroma_location(container.streams.video[0], source) == ("left", "centre")

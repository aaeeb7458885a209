"""Colour tags that only the container holds count where the frames say nothing."""

from pathlib import Path

import av
import pytest

from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render
from tests.video.outputs import copy_clip

HDR = (9, 1, 9, 16)
"""Matrix, range, primaries and transfer of BT.2020 with PQ."""

QUIET = (("x265-params", "log-level=none"),)


def tagged_outside(clip: Clip, folder: Path, tags: tuple[int, int, int, int]) -> Path:
    """Render a clip and copy it into a container that says more of its colours than the codec."""
    plain, target = render(clip, folder), folder / f"tagged{clip.suffix}"
    with av.open(str(plain)) as old, av.open(str(target), "w") as new:
        twin = new.add_stream_from_template(old.streams.video[0], opaque=True)
        context = twin.codec_context
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = tags
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = twin
                new.mux(packet)
    return target


def tags_of(path: Path) -> tuple[int, int, int, int]:
    colour = probe(path).colour
    return colour.matrix_tag, colour.range_tag, colour.primaries_tag, colour.transfer_tag


@pytest.mark.parametrize(
    "clip",
    [
        Clip(encoder="libx265", pixel_format="yuv420p10le", options=QUIET),
        Clip(suffix=".mov", encoder="prores_ks", pixel_format="yuv422p10le", options=()),
        Clip(suffix=".mp4", encoder="libvpx-vp9", options=()),
    ],
    ids=lambda clip: clip.encoder,
)
def test_hdr_that_only_the_container_tells_of_stays_hdr(clip: Clip, tmp_path: Path) -> None:
    source = tagged_outside(clip, tmp_path, HDR)
    assert tags_of(source) == HDR
    assert probe(source).colour.is_hdr
    copy_clip(source, tmp_path / "out.mkv")
    assert tags_of(tmp_path / "out.mkv") == HDR


def test_what_the_frames_say_comes_first(tmp_path: Path) -> None:
    clip = Clip(encoder="libx265", options=QUIET, colour_tags=(1, 1, 1, 1))
    assert tags_of(tagged_outside(clip, tmp_path, HDR)) == (1, 1, 1, 1)

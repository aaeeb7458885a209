"""Crops that only the container knows, and crops of the codec."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.video.info import Crop
from dscvsr_cli.video.read.container_crop import container_crop
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import CLIPS, Clip, render, render_kind

TRACKS = b"\x16\x54\xae\x6b"
SIZE_BYTES = 1
NESTED = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


def add_clean_aperture(path: Path, numbers: tuple[int, ...]) -> None:
    """Insert a ``clap`` box into the picture's sample entry; the index lies behind the pictures."""
    content = bytearray(path.read_bytes())
    box = struct.pack(">I4s8i", 40, b"clap", *numbers)
    position, places = 0, []
    for kind in NESTED:
        position = content.index(kind, position)
        places.append(position - 4)
    (size,) = struct.unpack_from(">I", content, places[-1])
    content[places[-1] + size : places[-1] + size] = box
    for place in places:
        (size,) = struct.unpack_from(">I", content, place)
        struct.pack_into(">I", content, place, size + len(box))
    path.write_bytes(bytes(content))


def add_pixel_crop(path: Path, **edges: int) -> None:
    """Write crops into a Matroska file, over the padding that its muxer leaves before tracks."""
    identifiers = {"bottom": 0x54AA, "top": 0x54BB, "left": 0x54CC, "right": 0x54DD}
    added = b"".join(
        identifiers[edge].to_bytes(2, "big") + b"\x81" + bytes([value])
        for edge, value in edges.items()
    )
    content = bytearray(path.read_bytes())
    # The first mention is in the list of contents; a checksum may come before the first track.
    tracks = content.index(TRACKS, content.index(TRACKS) + 4)
    track = tracks + 4 + 2 + 6
    assert content[track] == 0xAE
    video = content.index(b"\xb0\x81\x40\xba\x81\x30") - SIZE_BYTES - 1
    assert content[video] == 0xE0
    grown = {}
    for place, identifier_bytes in ((tracks, 4), (track, 1), (video, 1)):
        start = place + identifier_bytes
        length = 9 - content[start].bit_length()
        value = int.from_bytes(content[start : start + length], "big") & ((1 << 7 * length) - 1)
        grown[start] = (length, value + len(added))
    for start, (length, value) in grown.items():
        marked = value | 1 << 7 * length
        content[start : start + length] = marked.to_bytes(length, "big")
    start = video + 1
    content[start + grown[start][0] : start + grown[start][0]] = added
    # What the muxer wrote about positions no longer holds, and readers do without it.
    seek_head = content.index(b"\x11\x4d\x9b\x74")
    content[seek_head : seek_head + 4] = b"\x11\x4d\x9b\x75"
    path.write_bytes(bytes(content))


def pictures(path: Path) -> list[torch.Tensor]:
    with VideoReader(path) as reader:
        return [frame.pixels for frame in reader]


def test_a_clean_aperture_cuts_the_picture(tmp_path: Path) -> None:
    path = render_kind("constant", tmp_path)  # 64x48
    whole = pictures(path)
    # 56x40, its centre two pixels right of and one above the middle.
    add_clean_aperture(path, (56, 1, 40, 1, 2, 1, -1, 1))
    info = probe(path)
    assert (info.width, info.height) == (56, 40)
    assert info.crop == Crop(top=3, bottom=5, left=6, right=2)
    for cut, full in zip(pictures(path), whole, strict=True):
        assert torch.equal(cut, full[:, 3:43, 6:62])


def test_half_a_pixel_of_a_clean_aperture_is_kept(tmp_path: Path) -> None:
    path = render_kind("constant", tmp_path)
    add_clean_aperture(path, (57, 1, 48, 1, 0, 1, 0, 1))
    assert probe(path).crop == Crop(left=3, right=3)


@pytest.mark.parametrize(
    "numbers",
    [
        (64, 1, 48, 1, 0, 1, 0, 1),
        (0, 1, 0, 1, 0, 1, 0, 1),
        (99, 1, 99, 1, 0, 1, 0, 1),
        (56, 0, 40, 0, 0, 0, 0, 0),
        (56, 1, 40, 1, 50, 1, 0, 1),
    ],
)
def test_an_aperture_that_cuts_nothing_or_cannot_be_is_none(
    numbers: tuple[int, ...], tmp_path: Path
) -> None:
    path = render_kind("constant", tmp_path)
    add_clean_aperture(path, numbers)
    info = probe(path)
    assert info.crop is None
    assert (info.width, info.height) == (64, 48)


def test_a_pixel_crop_of_matroska_cuts_the_picture(tmp_path: Path) -> None:
    clip = Clip(suffix=".mkv", time_base=Fraction(1, 1000), pts=tuple(range(0, 320, 40)))
    path = render(clip, tmp_path)
    whole = pictures(path)
    add_pixel_crop(path, top=4, bottom=2, left=1, right=3)
    info = probe(path)
    assert info.crop == Crop(top=4, bottom=2, left=1, right=3)
    assert (info.width, info.height) == (60, 42)
    for cut, full in zip(pictures(path), whole, strict=True):
        assert torch.equal(cut, full[:, 4:46, 1:61])


@pytest.mark.parametrize("kind", ["constant", "subtitles", "sound", "turned"])
def test_a_file_without_a_crop_has_none(kind: str, tmp_path: Path) -> None:
    assert probe(render_kind(kind, tmp_path)).crop is None


@pytest.mark.parametrize(("width", "height"), [(50, 38), (65, 49), (1, 1)])
def test_a_crop_of_the_codec_is_the_size_that_comes(
    width: int, height: int, tmp_path: Path
) -> None:
    clip = Clip(width=width, height=height, pixel_format="yuv444p", pts=(0, 512))
    path = render(clip, tmp_path)
    with av.open(str(path)) as container:
        next(container.decode(video=0))
        assert container.streams.video[0].codec_context.coded_width > width
    info = probe(path)
    assert (info.width, info.height, info.crop) == (width, height, None)
    assert {tuple(one.shape) for one in pictures(path)} == {(3, height, width)}


@given(content=st.binary(max_size=300), container=st.sampled_from(["mov,mp4", "matroska,webm"]))
def test_no_content_is_too_strange_to_be_looked_at(
    content: bytes, container: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "strange"
    heads = {"mov,mp4": b"", "matroska,webm": b"\x18\x53\x80\x67\x01" + b"\xff" * 7}
    path.write_bytes(heads[container] + content)
    assert container_crop(path, container, stream_index=0, height=48, width=64) is None


@given(start=st.integers(0, 3000), flips=st.binary(min_size=1, max_size=8))
def test_damage_in_the_index_never_stops_the_look(
    start: int, flips: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    sound = folder / "sound_clip.mp4"
    if not sound.exists():
        render(CLIPS["sound"], folder, name="sound_clip")
    content = bytearray(sound.read_bytes())
    begin = content.index(b"moov") + start % (len(content) - content.index(b"moov"))
    for index, flip in enumerate(flips):
        if begin + index < len(content):
            content[begin + index] ^= flip
    path = folder / "strange.mp4"
    path.write_bytes(bytes(content))
    crop = container_crop(path, "mov,mp4", stream_index=0, height=48, width=64)
    assert crop is None or min(crop.size(48, 64)) > 0

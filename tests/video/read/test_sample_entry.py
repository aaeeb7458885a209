"""What only the header of an mp4 says of its frames is seen, and named before any work."""

import struct
from pathlib import Path

import pytest

from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, render
from tests.commands import upscale_with

PQ_TAGS = (9, 1, 9, 16)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def dolby_vision(profile: int, compatibility: int) -> bytes:
    level, rpu, base = 5, 1 << 2, 1
    told = struct.pack(">BBHB", 1, 0, profile << 9 | level << 3 | rpu | base, compatibility << 4)
    return box(b"dvcC", told + bytes(19))


def with_box(extra: bytes, folder: Path, colour_tags: tuple[int, int, int, int]) -> Path:
    """Render a clip and add a box to what describes its video."""
    path = render(Clip(pts=(0, 512), colour_tags=colour_tags), folder)
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"avc1")
    end = entry - 4 + int.from_bytes(content[entry - 4 : entry], "big")
    content[end:end] = extra
    for kind in (b"avc1", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        place = content.rfind(kind, 0, entry + 4) - 4
        size = int.from_bytes(content[place : place + 4], "big") + len(extra)
        content[place : place + 4] = size.to_bytes(4, "big")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("record", "tags", "looks_wrong"),
    [
        ((5, 0), PQ_TAGS, True),
        ((5, 0), (2, 0, 2, 2), True),
        ((8, 1), PQ_TAGS, False),
        ((7, 6), PQ_TAGS, False),
    ],
)
def test_dolby_vision_is_known_by_the_header_alone(
    record: tuple[int, int],
    tags: tuple[int, int, int, int],
    *,
    looks_wrong: bool,
    weights: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = with_box(dolby_vision(*record), tmp_path, tags)
    target = tmp_path / "out.mkv"

    assert upscale_with(weights, source, "-o", target) == 0

    told = capfd.readouterr().err
    assert "Dolby Vision metadata will be lost" in told
    assert ("colours will look wrong" in told) is looks_wrong
    assert [one.subject for one in compare_files(source, target, content=False).lost] == [
        "Dolby Vision"
    ]


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        (
            box(b"amve", struct.pack(">IHH", 100000, 15635, 16450)),
            "the ambient viewing environment",
        ),
        (box(b"colr", b"prof" + bytes(200)), "the ICC profile of the colours"),
    ],
)
def test_what_no_encoder_can_store_of_a_video_is_named(
    extra: bytes, name: str, tmp_path: Path
) -> None:
    (found,) = probe(with_box(extra, tmp_path, (2, 0, 2, 2))).picture_extras
    assert name in found

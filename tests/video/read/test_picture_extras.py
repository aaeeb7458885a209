"""Captions, projections and 3D arrangements in frames are seen, and named before any work."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.verify.compare_files import compare_files
from dscvsr_cli.video.write.captions import caption_unit, with_captions
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.weights.network_file import save_network
from tests.clips import Clip, render
from tests.networks import SMALLEST
from tests.video.outputs import copy_clip, open_writer

CAPTIONS = "closed captions (CEA-608/708)"
SAYS_HI = bytes([0xFC, 0xC8, 0x49])
PADDING = bytes([0xFC, 0x80, 0x80])


def captioned(folder: Path, groups: Iterable[bytes]) -> Path:
    """Render raw H.264 with a caption of one group, as A/53 has it, before every frame."""
    clip = Clip(suffix=".h264", pts=tuple(range(0, 10 * 512, 512)))
    plain = render(clip, folder)
    slices = plain.read_bytes().split(b"\x00\x00\x01")
    texts = iter(groups)
    units = []
    for unit in slices[1:]:
        if unit[0] & 0x1F in (1, 5):
            user_data = b"\xb5\x00\x31GA94\x03\x41\xff" + next(texts) + b"\xff"
            units.append(b"\x06\x04" + bytes([len(user_data)]) + user_data + b"\x80")
        units.append(unit.rstrip(b"\x00"))
    path = folder / "captioned.h264"
    path.write_bytes(b"".join(b"\x00\x00\x00\x01" + unit for unit in units))
    return path


def captions_in(path: Path) -> list[bytes]:
    with VideoReader(path) as reader:
        return [frame.captions for frame in reader]


@pytest.mark.parametrize(
    ("target", "encoder"),
    [("out.mp4", "libx264"), ("out.ts", "libx264"), ("out.mkv", "libx265")],
)
def test_captions_stay_with_their_frames(target: str, encoder: str, tmp_path: Path) -> None:
    texts = [bytes([0xFC, 0x80 | index, 0]) for index in range(1, 11)]
    source = captioned(tmp_path, texts)
    assert captions_in(source) == texts
    options = EncodeOptions(encoder=encoder, preset="medium", threads=1)
    with (
        VideoReader(source) as reader,
        open_writer(
            tmp_path / target, source=reader.info, height=96, width=128, options=options
        ) as writer,
    ):
        for frame in reader:
            writer.write(replace(frame, pixels=resize(frame.pixels, Size(96, 128))))
    # The encoder reorders frames; each still has its own.
    assert captions_in(tmp_path / target) == texts
    lost = [one.subject for one in compare_files(source, tmp_path / target).lost]
    assert CAPTIONS not in lost


def test_captions_that_a_codec_cannot_hold_are_named_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = captioned(tmp_path, [SAYS_HI] * 10)
    assert probe(source).picture_extras == (CAPTIONS,)
    weights = tmp_path / "smallest.safetensors"
    save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, weights, record={})
    command = ["upscale", str(source), "-s", "2", "-w", str(weights)]
    assert main([*command, "-o", str(tmp_path / "out.mkv"), "--encoder", "ffv1"]) == 0
    assert f"{CAPTIONS} will be lost" in capsys.readouterr().err
    lost = [one.subject for one in compare_files(source, tmp_path / "out.mkv").lost]
    assert CAPTIONS in lost
    assert main([*command, "-o", str(tmp_path / "out.mp4")]) == 0
    assert CAPTIONS not in capsys.readouterr().err
    assert captions_in(tmp_path / "out.mp4") == [SAYS_HI] * 10


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_zeros_in_captions_never_look_like_a_start_code(codec: str) -> None:
    unit = caption_unit(bytes(93), codec)
    assert b"\x00\x00\x01" not in unit
    assert b"\x00\x00\x00" not in unit


def test_a_frame_without_start_codes_is_left_alone() -> None:
    frame = b"\x00\x00\x00\x05\x65abcd"
    assert with_captions(frame, SAYS_HI, "h264") == frame


def test_empty_captions_are_nothing_to_lose(tmp_path: Path) -> None:
    assert probe(captioned(tmp_path, [PADDING] * 10)).picture_extras == ()


def test_captions_that_begin_late_are_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = captioned(tmp_path, [PADDING] * 8 + [SAYS_HI] * 2)
    assert probe(source).picture_extras == ()
    copy_clip(source, tmp_path / "out.mkv", options=EncodeOptions(encoder="ffv1"))
    assert [one.getMessage() for one in caplog.records if CAPTIONS in one.getMessage()] == [
        f"a later frame has {CAPTIONS}, which will be lost"
    ]


def packed(folder: Path) -> Path:
    options = (("crf", "10"), ("x264-params", "frame-packing=3"))
    return render(Clip(pts=(0, 512), options=options), folder)


@pytest.mark.parametrize(
    ("target", "encoder", "kept"),
    [
        ("out.mp4", "libx264", True),
        ("out.ts", "libx264", True),
        ("out.mkv", "ffv1", True),
        ("out.webm", "libvpx-vp9", True),
        ("out.mp4", "libvpx-vp9", False),
    ],
)
def test_a_3d_arrangement_is_kept_or_named_before_work(
    target: str, encoder: str, kept: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = packed(tmp_path)
    assert probe(source).picture_extras == ("the arrangement of a 3D picture",)
    assert probe(source).stereo == "left_right"
    weights = tmp_path / "smallest.safetensors"
    save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, weights, record={})
    output = tmp_path / target
    command = ["upscale", str(source), "-s", "2", "-w", str(weights), "-o", str(output)]
    assert main([*command, "--encoder", encoder]) == 0
    named = "the arrangement of a 3D picture will be lost" in capsys.readouterr().err
    assert named == (not kept)
    assert probe(output).stereo == ("left_right" if kept else None)
    lost = [one.subject for one in compare_files(source, output, content=False).lost]
    assert ("the arrangement of a 3D picture" in lost) == (not kept)

"""Frames that vanish from a damaged file are counted; honest gaps are not taken for damage."""

import logging
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.read.missing_frames import KeptBack
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, render

FRAMES = 60
MS = Fraction(1, 1000)
STEADY = tuple(range(0, FRAMES * 40, 40))
X264 = (("crf", "10"), ("g", "10"))
VP9 = (("b", "0"), ("crf", "20"), ("cpu-used", "5"), ("g", "10"))
CLIPS = {
    "h264": Clip(suffix=".mkv", time_base=MS, pts=STEADY, options=X264, sound_seconds=2.4),
    "mpeg4": Clip(
        suffix=".mkv",
        encoder="mpeg4",
        time_base=MS,
        pts=STEADY,
        options=(("g", "10"), ("b", "2000000")),
    ),
    "vp9": Clip(suffix=".webm", encoder="libvpx-vp9", time_base=MS, pts=STEADY, options=VP9),
}


def block_places(path: Path) -> list[int]:
    """Where the data of the frames begin in a file."""
    with av.open(str(path)) as container:
        found = [one.pos for one in container.demux(video=0) if one.size]
    return [place for place in found if place is not None]


def overwrite(path: Path, place: int, count: int) -> Path:
    content = bytearray(path.read_bytes())
    content[place : place + count] = bytes(count)
    path.write_bytes(bytes(content))
    return path


def read(path: Path, options: ReadOptions | None = None) -> tuple[int, int]:
    """Decode a file -> frames, and frames that were reported to be damaged or missing."""
    with VideoReader(path, options) as reader:
        return sum(1 for _ in reader), reader.damaged_frames


@pytest.mark.parametrize("kind", list(CLIPS))
@pytest.mark.parametrize("spot", [20, 45])
def test_frames_that_a_container_skips_are_counted(
    kind: str, spot: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = render(CLIPS[kind], tmp_path)
    assert read(path) == (FRAMES, 0)
    # The head of one block: what follows it in the cluster cannot be found any more.
    overwrite(path, block_places(path)[spot] - 8, 40)

    with caplog.at_level(logging.WARNING):
        frames, reported = read(path)

    assert 0 < frames < FRAMES
    # Reordered frames next to the gap, and those without their references, blur the number.
    assert abs(reported - (FRAMES - frames)) <= 3
    assert "cannot be read" in caplog.text
    with pytest.raises(InputVideoError, match="damaged or missing"):
        read(path, ReadOptions(strict=True))


def test_a_matroska_file_that_is_cut_short_says_how_many_frames_are_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = render(CLIPS["vp9"], tmp_path)
    path.write_bytes(path.read_bytes()[: block_places(path)[40] + 9])
    frames, reported = read(path)
    assert frames in (40, 41)
    assert abs(reported - (FRAMES - frames)) <= 1
    assert "the end of the file cannot be read" in caplog.text


def test_frames_lost_with_packets_of_a_transport_stream_are_counted(tmp_path: Path) -> None:
    clip = Clip(
        suffix=".ts",
        time_base=Fraction(1, 90000),
        pts=tuple(range(0, FRAMES * 3600, 3600)),
        options=X264,
    )
    path = render(clip, tmp_path)
    content = path.read_bytes()
    cut = len(content) // 188 // 2 * 188
    path.write_bytes(content[:cut] + content[cut + 15 * 188 :])
    frames, reported = read(path)
    assert frames < FRAMES
    assert 0 < reported <= 2 * (FRAMES - frames)


@pytest.mark.parametrize("damaged", [(), (0,), (1,), (0, 1), (2,)])
def test_gaps_are_counted_before_and_after_the_clock_steps_back(
    damaged: tuple[int, ...], tmp_path: Path
) -> None:
    clip = Clip(
        suffix=".ts",
        time_base=Fraction(1, 90000),
        pts=tuple(range(0, FRAMES * 3600, 3600)),
        options=X264,
    )
    whole = render(clip, tmp_path).read_bytes()
    cut = len(whole) // 188 // 2 * 188
    holed = whole[:cut] + whole[cut + 15 * 188 :]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(holed if part in damaged else whole for part in range(3)))

    frames, told = read(joined)

    alone = tmp_path / "alone.ts"
    alone.write_bytes(holed)
    frames_alone, told_alone = read(alone)
    assert told_alone > 0
    assert frames == 3 * FRAMES - len(damaged) * (FRAMES - frames_alone)
    assert told == len(damaged) * told_alone


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".mp4"])
def test_pauses_and_uneven_times_are_no_damage(suffix: str, tmp_path: Path) -> None:
    # A screen recording: nothing for long, then some frames at once.
    unit = {".mkv": MS, ".ts": Fraction(1, 90000), ".mp4": MS}[suffix]
    steps = [20, 40, 40, 4000, 17, 16, 17, 250, 2000, 40, 8000, 33, 33, 40] * 3
    ticks = int(MS / unit)
    pts = tuple(sum(steps[: index + 1]) * ticks for index in range(len(steps)))
    clip = Clip(
        suffix=suffix,
        time_base=unit,
        pts=pts,
        options=(("crf", "10"), ("g", "10"), ("bf", "3"), ("b_strategy", "0")),
        sound_seconds=2.0,
        subtitles=("one", "two") if suffix == ".mkv" else (),
    )
    assert read(render(clip, tmp_path)) == (len(pts), 0)


@pytest.mark.parametrize("threads", [1, 16])
def test_frames_that_a_decoder_keeps_back_after_damage_are_counted(
    threads: int, tmp_path: Path
) -> None:
    clip = Clip(
        pts=tuple(range(0, FRAMES * 512, 512)),
        options=(("crf", "10"), ("g", "10"), ("bf", "2"), ("b_strategy", "0")),
    )
    path = render(clip, tmp_path)
    overwrite(path, block_places(path)[31], 400)
    reported: list[int] = []
    with open_input(path) as container:
        decoding = Decoding(
            container, path, threads=threads, on_damage=lambda *damage: reported.append(damage[2])
        )
        frames = sum(1 for _ in decoding)
    assert sum(reported) >= FRAMES - frames > 0


def shown(pts: int) -> av.VideoFrame:
    frame = av.VideoFrame(16, 16, "gray")
    frame.pts = pts
    return frame


def packet_at(pts: int) -> "av.Packet[Any]":
    packet: av.Packet[Any] = av.Packet(b"x")
    packet.pts = pts
    return packet


def test_packets_without_a_frame_of_their_own_are_known_from_before_the_damage() -> None:
    reported: list[int] = []
    kept = KeptBack("vp9", on_damage=lambda *damage: reported.append(damage[2]))
    for pts in range(0, 60, 2):
        # Two fields make a frame, or one of two frames is hidden.
        kept.sent(packet_at(pts))
        kept.sent(packet_at(pts + 1))
        kept.came(shown(pts))
        if pts == 50:
            kept.suspect()
    kept.end()
    assert reported == []


def test_frames_before_a_first_keyframe_that_others_would_explain_are_no_damage() -> None:
    reported: list[int] = []
    kept = KeptBack("hevc", on_damage=lambda *damage: reported.append(damage[2]))
    # An open group: leading frames come after the keyframe, and cannot be decoded.
    for pts in (20, 16, 17, 18, 19):
        kept.sent(packet_at(pts))
        if pts == 20:
            kept.came(shown(20))
    for pts in range(21, 80):
        kept.sent(packet_at(pts))
        if pts not in (40, 41):
            kept.came(shown(pts))
    kept.end()
    # Of later ones none goes unnoticed.
    assert sum(reported) == 2


def test_verify_says_what_the_source_has_lost(tmp_path: Path) -> None:
    path = render(CLIPS["mpeg4"], tmp_path)
    twin = tmp_path / "twin.mkv"
    overwrite(path, block_places(path)[20] - 8, 40)
    twin.write_bytes(path.read_bytes())
    found = {one.subject: one for one in compare_files(path, twin, content=False).findings}
    assert "of the source are damaged or missing" in found["frames"].message
    assert found["frames"].level == "changed"


def numbered(kept: KeptBack, number: int | None) -> None:
    """Send a packet without a time, or take the frame of the packet with a number."""
    if number is None:
        packet: av.Packet[Any] = av.Packet(b"x")
        kept.sent(packet)
    else:
        kept.came(shown(number))


def test_frames_of_packets_without_times_are_known_by_their_numbers() -> None:
    reported: list[tuple[str, int | None, int]] = []
    kept = KeptBack("h264", on_damage=lambda *damage: reported.append(damage), numbered=True)
    for number in range(60):
        numbered(kept, None)
        if number not in (20, 21):
            numbered(kept, number)
    kept.end()
    # A number is no time.
    assert [(pts, frames) for _, pts, frames in reported] == [(None, 2)]


def test_frames_that_lead_up_to_the_first_keyframe_are_no_damage_without_times_either() -> None:
    reported: list[int] = []
    kept = KeptBack("hevc", on_damage=lambda *damage: reported.append(damage[2]), numbered=True)
    for number in range(60):
        numbered(kept, None)
        if number not in (1, 2, 3):
            numbered(kept, number)
    kept.end()
    assert reported == []


def test_a_raw_stream_keeps_its_frames_without_times(tmp_path: Path) -> None:
    clip = Clip(suffix=".h264", options=(("crf", "10"), ("bf", "2"), ("b_strategy", "0")))
    path = render(clip, tmp_path)
    with open_input(path) as container:
        decoding = Decoding(container, path)
        assert [frame.pts for frame in decoding] == [None] * 8

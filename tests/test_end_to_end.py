"""The main job, as a person does it: the real command, the bundled weights, real files."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.own_outputs import RECORD_NAME
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import CLIPS, Clip, render, render_kind
from tests.helpers import assert_times_close, decoded_seconds, packet_payloads

MATROSKA_UNIT = Fraction(1, 1000)
"""What Matroska rounds times to; MP4 keeps them exactly."""


def upscale(*arguments: str | Path) -> int:
    return main(["upscale", *map(str, arguments), "--encoder-preset", "ultrafast"])


@pytest.mark.parametrize("kind", sorted(CLIPS))
def test_every_frame_time_and_track_of_a_clip_comes_back(kind: str, tmp_path: Path) -> None:
    source = render_kind(kind, tmp_path)
    target = tmp_path / f"out{source.suffix}"

    assert upscale(source, "-s", "2.7", "-o", target) == 0

    before, after = probe(source), probe(target)
    even = "420" in before.pixel_format
    for side, side_before in ((after.width, before.width), (after.height, before.height)):
        assert abs(side - 2.7 * side_before) <= (1 if even else 0.5)
        assert side % 2 == 0 or not even
    assert_times_close(
        decoded_seconds(target),
        decoded_seconds(source),
        seconds=MATROSKA_UNIT * (source.suffix == ".mkv"),
    )
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")
    assert packet_payloads(target, "subtitle") == packet_payloads(source, "subtitle")
    assert after.bit_depth == before.bit_depth
    assert after.rotation == before.rotation
    assert after.sample_aspect_ratio == before.sample_aspect_ratio
    for tag in ("matrix_tag", "range_tag", "primaries_tag", "transfer_tag"):
        wanted = getattr(before.colour, tag)
        assert getattr(after.colour, tag) == wanted, tag


def test_the_picture_is_the_source_enlarged(tmp_path: Path) -> None:
    source = render_kind("bt601", tmp_path)
    target = tmp_path / "out.mp4"

    assert upscale(source, "-s", "2.7", "-o", target, "--crf", "4") == 0

    with VideoReader(source) as small, VideoReader(target) as large:
        for before, after in zip(small, large, strict=True):
            size = Size(*after.pixels.shape[-2:])
            bicubic = resize(before.pixels, size).clamp(0, 1)
            likeness = float(psnr(bicubic * 255, after.pixels.clamp(0, 1) * 255).min())
            assert likeness > 30.0


def test_without_an_output_the_file_is_named_beside_the_input(tmp_path: Path) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path, name="ünï & ' clip")

    assert upscale(source, "-s", "1.5") == 0
    assert upscale(source, "--width", "100") == 0
    assert upscale(source, "--size", "100x80") == 0

    made = {path.name for path in tmp_path.iterdir()} - {source.name, RECORD_NAME}
    stem = "ünï & ' clip"
    assert made == {f"{stem}_x1.5.mp4", f"{stem}_100w.mp4", f"{stem}_100x80.mp4"}
    assert probe(tmp_path / f"{stem}_100x80.mp4").width == 100


def test_a_stream_without_a_known_length_comes_back_whole(tmp_path: Path) -> None:
    source = render(Clip(suffix=".h264", pts=tuple(range(0, 7 * 512, 512))), tmp_path)
    assert probe(source).frame_count is None
    target = tmp_path / "out.mkv"

    assert upscale(source, "-s", "2", "-o", target) == 0

    assert len(decoded_seconds(target)) == 7


def test_an_existing_output_is_refused_and_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")

    assert upscale(source, "-s", "2", "-o", target) == 2
    assert target.read_bytes() == b"precious"
    assert "--overwrite" in capfd.readouterr().err

    assert upscale(source, "-s", "2", "-o", target, "--overwrite") == 0
    assert probe(target).width == 128


def test_the_input_is_never_its_own_output(tmp_path: Path) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    content = source.read_bytes()
    link = tmp_path / "link.mp4"
    link.symlink_to(source)

    for target in (source, link):
        assert upscale(source, "-s", "2", "-o", target, "--overwrite") == 2
    assert source.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-s", "1"), "above 1"),
        (("-s", "0"), "above 1"),
        (("-s", "-2"), "above 1"),
        (("-s", "nan"), "above 1"),
        (("-s", "inf"), "above 1"),
        (("-s", "900"), "no side may exceed"),
        (("--width", "32"), "does not enlarge"),
        (("--size", "0x10"), "size"),
        (("--size", "big"), "size"),
        ((), "factor or a size"),
        (("-s", "2", "--height", "100"), "factor or a size, not both: -s 2 and --height 100"),
        (("-s", "4k"), "--height 2160"),
        (("-s", "2.7.1"), "270%"),
        (("--width", "1080p"), "--height 1080"),
        (("--memory", "4"), "4GB"),
        (("-s", "2", "--encoder", "nonsense"), "nonsense"),
        (("-s", "2", "--pix-fmt", "nonsense"), "nonsense"),
        (("-s", "2", "--device", "toaster"), "toaster"),
        (("-s", "2", "--memory", "lots"), "lots"),
        (("-s", "2", "-o", "out.xyz"), "out.xyz"),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    source = render(Clip(pts=(0, 512)), tmp_path)

    assert upscale(source, *arguments) == 2

    error = capfd.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "text"])
def test_a_file_that_is_no_video_is_refused(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "clip.mp4"
    if kind == "folder":
        source.mkdir()
    elif kind != "missing":
        source.write_text("" if kind == "empty" else "not a video at all\n" * 99)

    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 3

    error = capfd.readouterr().err
    assert "clip.mp4" in error
    assert "hint:" in error
    assert not (tmp_path / "out.mp4").exists()


def test_missing_weights_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)

    assert upscale(source, "-s", "2", "--weights", str(tmp_path / "none.safetensors")) == 4

    assert "none.safetensors" in capfd.readouterr().err


def test_what_the_container_holds_in_another_form_is_said_at_the_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("subtitles", tmp_path)

    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0

    output = capfd.readouterr()
    assert "subtitle stream 2 (subrip) will be converted to mov_text" in output.err
    assert "64x48" in output.out.splitlines()[0]
    assert "128x96" in output.out.splitlines()[0]
    assert "8 frames in = 8 frames out" in output.out.splitlines()[-1]


def test_json_is_one_object_per_line_and_quiet_is_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(pts=(0, 512, 1024)), tmp_path)

    assert upscale(source, "-s", "2", "--json") == 0
    printed = capfd.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert printed.err == ""
    assert [line["type"] for line in lines if line["type"] != "progress"] == ["plan", "report"]
    assert any(line["type"] == "progress" for line in lines)
    assert lines[0]["frames"] == 3
    report = lines[-1]["report"]
    assert (report["frames_in"], report["frames_out"]) == (3, 3)
    assert report["size"] == {"height": 96, "width": 128}

    assert upscale(source, "-s", "2", "--quiet", "--overwrite") == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("-s", "2x"), (128, 96)),
        (("-s", "x1.5"), (96, 72)),
        (("-s", "150%"), (96, 72)),
        (("-s", "1,5"), (96, 72)),
        (("--height", "96p"), (128, 96)),
        (("--width", "96px"), (96, 72)),
    ],
)
def test_factors_and_sides_are_understood_as_people_write_them(
    arguments: tuple[str, ...],
    size: tuple[int, int],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    assert upscale(source, *arguments, "--dry-run", "--json") == 0
    made = json.loads(capfd.readouterr().out)["report"]["plan"]["size"]
    assert (made["width"], made["height"]) == size

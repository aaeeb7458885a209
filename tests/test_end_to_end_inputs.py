"""Every kind of input through the real command: what goes in, and what is refused how."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render, render_kind
from tests.helpers import decoded_pts, decoded_seconds
from tests.networks import save_smallest
from tests.video.pixels.test_alpha import render_clear
from tests.video.read.lossy_clips import cut, places
from tests.video.read.test_image_sequence import write_picture, write_pictures
from tests.video.read.test_interlacing import render_fields
from tests.video.read.test_open_input import piped, render_y4m


def upscale(*arguments: str | Path) -> int:
    return main(["upscale", *map(str, arguments)])


def test_a_pattern_of_pictures_becomes_a_video(tmp_path: Path) -> None:
    write_pictures(tmp_path / "frames", "%05d.png", range(3, 9))
    target = tmp_path / "out.mkv"

    pattern = tmp_path / "frames" / "%05d.png"
    assert upscale(pattern, "-s", "2", "--fps", "24000/1001", "-o", target) == 0

    assert len(decoded_seconds(target)) == 6
    info = probe(target)
    assert (info.width, info.height) == (64, 48)
    assert info.frame_rate == Fraction(24000, 1001)


def test_a_folder_of_pictures_is_one_video_with_a_name_beside_it(tmp_path: Path) -> None:
    write_pictures(tmp_path / "my frames", "%d.png", range(3))

    assert upscale(tmp_path / "my frames", "-s", "2", "-o", tmp_path / "out.mp4") == 0

    assert decoded_seconds(tmp_path / "out.mp4") == [Fraction(index, 25) for index in range(3)]


def test_y4m_comes_through_a_pipe(tmp_path: Path) -> None:
    source = render_y4m(tmp_path)
    target = tmp_path / "out.mp4"

    with piped(source, tmp_path) as pipe:
        assert upscale(pipe, "-s", "2", "-o", target) == 0

    assert decoded_seconds(target) == decoded_seconds(source)


def test_an_mp4_that_only_a_file_can_be_is_said_to_be_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(width=320, height=240, pts=tuple(range(0, 20 * 512, 512))), tmp_path)
    content = source.read_bytes()
    # More than is kept of a pipe, between the beginning and the index.
    padding = (8 + 2_000_000).to_bytes(4, "big") + b"free" + bytes(2_000_000)
    begin = int.from_bytes(content[:4], "big")
    source.write_bytes(content[:begin] + padding + content[begin:])
    with piped(source, tmp_path) as pipe:
        assert upscale(pipe, "-s", "2", "-o", tmp_path / "out.mkv") == 3
    said = capfd.readouterr().err
    assert "an mp4 or mov whose index comes last" in said
    assert "give the file itself" in said


def test_sound_in_a_pipe_is_said_to_be_lost(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(suffix=".mkv", sound_seconds=0.32), tmp_path)
    with piped(source, tmp_path) as pipe:
        assert upscale(pipe, "-s", "2", "-o", tmp_path / "out.mp4") == 0

    assert "audio stream 1 will be lost" in capfd.readouterr().err
    assert probe(tmp_path / "out.mp4").other_streams == ()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("out.webm", ()),
        ("out.mkv", ("--encoder", "ffv1")),
        ("out.mov", ("--encoder", "prores_ks")),
    ],
)
def test_alpha_is_enlarged_with_the_picture(
    name: str, options: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_clear(tmp_path / "clip.webm", "libvpx-vp9", "yuva420p", count=3)
    target = tmp_path / name

    assert upscale(source, "-s", "1.5", "-o", target, *options) == 0

    assert "transparency" not in capfd.readouterr().err
    with VideoReader(source) as small, VideoReader(target) as large:
        for before, after in zip(small, large, strict=True):
            assert before.alpha is not None
            assert after.alpha is not None
            wanted = resize(before.alpha, Size(72, 96)).clamp(0, 1)
            assert float((after.alpha - wanted).abs().mean()) < 0.01


def test_clear_pictures_become_a_clear_video_by_default(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    drawn = np.full((48, 64, 4), 255, dtype=np.uint8)
    drawn[:, :32, 3] = 0
    for index in range(2):
        write_picture(folder / f"{index}.png", drawn, "rgba")

    for name in ("out.webm", "out.mkv", "out.mov"):
        assert upscale(folder, "-s", "1.5", "-o", tmp_path / name) == 0
        with VideoReader(tmp_path / name) as reader:
            for frame in reader:
                assert frame.alpha is not None
                assert float(frame.alpha[..., :40].max()) < 0.1
                assert float(frame.alpha[..., 56:].min()) > 0.9


def test_alpha_that_the_output_cannot_hold_is_reported_with_the_fix(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_clear(tmp_path / "clip.webm", "libvpx-vp9", "yuva420p", count=1)

    assert upscale(source, "-s", "1.5", "-o", tmp_path / "out.mp4") == 0

    error = capfd.readouterr().err
    assert "transparency will be lost" in error
    assert "-o out.webm" in error


def test_interlaced_video_is_refused_until_somebody_says_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_fields(tmp_path / "clip.mp4")
    target = tmp_path / "out.mp4"

    assert upscale(source, "-s", "2", "-o", target) == 2
    error = capfd.readouterr().err
    assert "is interlaced" in error
    assert "--deinterlace" in error
    assert "--field-order progressive" in error
    assert not target.exists()

    for options in (("--deinterlace",), ("--field-order", "progressive")):
        assert upscale(source, "-s", "2", "-o", target, "--overwrite", *options) == 0
        assert decoded_seconds(target) == decoded_seconds(source)
    assert not probe(target).interlaced


def test_wide_pixels_become_more_columns(tmp_path: Path) -> None:
    source = render_kind("anamorphic", tmp_path)  # 64x48, pixels of 64:45
    target = tmp_path / "out.mp4"

    assert upscale(source, "-s", "2", "--square-pixels", "-o", target) == 0

    info = probe(target)
    assert (info.width, info.height) == (182, 96)
    assert info.sample_aspect_ratio == 1


@pytest.mark.parametrize(
    ("options", "size", "aspect"),
    [
        (("--width", "182"), (182, 96), 1),
        (("--height", "96"), (182, 96), 1),
        (("--size", "182x96"), (182, 96), 1),
        (("--size", "160x90"), (160, 90), Fraction(16, 15)),
        (("--size", "160x90", "--square-pixels"), (160, 90), 1),
    ],
)
def test_a_size_is_the_one_people_see_and_never_stretches_unasked(
    options: tuple[str, ...], size: tuple[int, int], aspect: Fraction, tmp_path: Path
) -> None:
    source = render_kind("anamorphic", tmp_path)  # 64x48, pixels of 64:45
    target = tmp_path / "out.mp4"

    assert upscale(source, *options, "-o", target) == 0

    info = probe(target)
    assert (info.width, info.height, info.sample_aspect_ratio) == (*size, aspect)


def spoiled(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    for index in range(int(len(content) * 0.4), int(len(content) * 0.5)):
        content[index] ^= 0xA5
    path.write_bytes(bytes(content))
    return path


def test_a_damaged_video_is_enlarged_as_far_as_it_goes_unless_strict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(
        suffix=".mkv",
        encoder="mpeg4",
        pts=tuple(range(0, 40 * 512, 512)),
        options=(("g", "5"), ("b", "2000000")),
    )
    source = spoiled(render(clip, tmp_path))

    assert upscale(source, "-s", "1.5", "-o", tmp_path / "out.mkv") == 0
    output = capfd.readouterr()
    assert "damaged frame" in output.err
    assert " damaged" in output.out.splitlines()[-1]

    assert upscale(source, "-s", "1.5", "-o", tmp_path / "strict.mkv", "--strict") == 3
    error = capfd.readouterr().err
    assert "is damaged" in error
    assert "--strict" in error
    assert not (tmp_path / "strict.mkv").exists()


def test_frames_that_vanish_from_a_damaged_file_are_in_the_report(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(
        suffix=".mkv", time_base=Fraction(1, 1000), pts=tuple(range(0, 1600, 40)), sound_seconds=1.6
    )
    source = spoiled(render(clip, tmp_path))

    weights = save_smallest(tmp_path / "smallest.safetensors")
    assert upscale(source, "-s", "1.5", "-o", tmp_path / "out.mkv", "-w", weights, "--json") == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    report = lines[-1]["report"]
    assert report["frames_in"] == report["frames_out"] < 40
    assert abs(report["damaged_frames"] - (40 - report["frames_in"])) <= 3
    warnings = [line["message"] for line in lines if line.get("kind") == "warning"]
    assert any("cannot be read" in warning for warning in warnings)


def test_a_video_that_ends_early_is_reported_and_refused_where_strict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(suffix=".avi", encoder="mpeg4", time_base=Fraction(1, 25), pts=tuple(range(20)))
    source = render(clip, tmp_path)
    # At the border of two frames, where nothing but the header of the file tells.
    cut(source, places(source)[12] - 8)

    weights = save_smallest(tmp_path / "smallest.safetensors")
    options = ("-s", "1.5", "-w", weights)
    assert upscale(source, *options, "-o", tmp_path / "out.mkv", "--json") == 0
    report = json.loads(capfd.readouterr().out.splitlines()[-1])["report"]
    assert 0 < report["frames_out"] < 20
    assert report["damaged_frames"] == 20 - report["frames_out"]

    assert upscale(source, *options, "-o", tmp_path / "strict.mkv", "--strict") == 3
    assert "the end of the file cannot be read" in capfd.readouterr().err
    assert not (tmp_path / "strict.mkv").exists()


def zero_bytes(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def words(path: Path) -> Path:
    path.write_text("not a video at all\n" * 99)
    return path


def sound_alone(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((2, 1024), dtype=np.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = 48000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def headers_alone(path: Path) -> Path:
    content = render(Clip(suffix=".mkv"), path.parent, name="whole").read_bytes()
    path.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75") + 12])
    return path


def without_index(path: Path) -> Path:
    content = render(Clip(), path.parent, name="whole").read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])
    return path


def huge_header(path: Path) -> Path:
    path.write_bytes(b"YUV4MPEG2 W99999999 H99999999 F25:1 Ip C420mpeg2\nFRAME\n" + bytes(999))
    return path


def folder_without_pictures(path: Path) -> Path:
    path.mkdir()
    (path / "notes.txt").write_text("nothing here")
    return path


def unreadable(path: Path) -> Path:
    path.symlink_to("/proc/self/mem")
    return path


def gap(path: Path) -> Path:
    write_pictures(path, "%03d.png", range(2))
    (path / "001.png").rename(path / "005.png")
    return path


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (zero_bytes, "is empty"),
        (words, "is not a video"),
        (sound_alone, "holds no video"),
        (headers_alone, "no frame of"),
        (without_index, "is not a video"),
        (huge_header, "is not a video"),
        (folder_without_pictures, "folder"),
        (unreadable, "cannot be read"),
        (gap, "picture number 1 is missing"),
    ],
)
def test_what_cannot_be_enlarged_is_refused_by_name_with_advice(
    make: Callable[[Path], Path],
    told: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = make(tmp_path / "the clip.mp4")

    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mkv") == 3

    error = capfd.readouterr().err
    assert told in error
    assert "the clip.mp4" in error
    assert "hint:" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("single frame", tmp_path)
    source.chmod(0)
    assert upscale(source, "-s", "2") == 3
    assert "permissions" in capfd.readouterr().err


def test_a_video_of_one_pixel_is_enlarged(tmp_path: Path) -> None:
    source = render(Clip(width=1, height=1, pixel_format="yuv444p", pts=(0, 512)), tmp_path)
    assert upscale(source, "-s", "4", "-o", tmp_path / "out.mp4") == 0
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (4, 4)


def test_a_picture_wider_than_any_encoder_takes_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "wide.y4m"
    source.write_bytes(
        b"YUV4MPEG2 W16384 H2 F25:1 Ip C420mpeg2\nFRAME\n" + bytes(16384 * 2 * 3 // 2)
    )
    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mkv") == 2
    assert "no side may exceed" in capfd.readouterr().err


def test_a_header_of_a_million_frames_per_second_keeps_its_times(tmp_path: Path) -> None:
    source = tmp_path / "fast.y4m"
    header, _, rest = render_y4m(tmp_path).read_bytes().partition(b"\n")
    source.write_bytes(header.replace(b"F24000:1001", b"F1000000:1") + b"\n" + rest)
    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0
    assert decoded_seconds(tmp_path / "out.mp4") == [Fraction(i, 10**6) for i in range(5)]


NAMES = [
    "ünï 测试 & ' \".mp4",
    "-leading.mp4",
    "--overwrite.mp4",
    "100%d.mp4",
    "%05d.mp4",
    "a:b.mp4",
    "new\nline.mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name_will_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    render_kind("single frame", tmp_path).rename(tmp_path / name)
    arguments = ["-s", "2", "-o", f"x{name}", "--", name]
    assert upscale(*arguments) == 0
    assert probe(tmp_path / f"x{name}").width == 128


def test_a_name_that_is_no_utf_8_will_do(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    source = render_kind("single frame", tmp_path).rename(tmp_path / name)
    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0
    assert len(decoded_pts(tmp_path / "out.mp4")) == 1


def test_options_that_do_not_fit_the_input_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("single frame", tmp_path)
    assert upscale(source, "-s", "2", "--fps", "30") == 2
    assert "not an image sequence" in capfd.readouterr().err
    assert upscale(source, "-s", "2", "--fps", "fast") == 2
    assert upscale(source, "-s", "2", "--deinterlace", "--field-order", "progressive") == 2
    assert upscale(source, "-s", "2", "--field-order", "sideways") == 2


def test_hdr_is_reported_where_it_is_lost_or_new_to_the_network(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(pixel_format="yuv420p10le", colour_tags=(9, 1, 9, 16), pts=(0, 512))
    source = render(clip, tmp_path)
    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0
    assert "HDR (PQ)" in capfd.readouterr().err
    colour = probe(tmp_path / "out.mp4").colour
    assert (colour.matrix_tag, colour.primaries_tag, colour.transfer_tag) == (9, 9, 16)


@pytest.mark.parametrize("transfer", [16, 18])
def test_pq_and_hlg_come_through_without_clipping(transfer: int, tmp_path: Path) -> None:
    clip = Clip(
        pixel_format="yuv420p10le",
        colour_tags=(9, 1, 9, transfer),
        pts=(0, 512, 1024),
        options=(("crf", "4"), ("preset", "ultrafast")),
    )
    source = render(clip, tmp_path)
    assert upscale(source, "-s", "2", "-o", tmp_path / "out.mp4", "--crf", "4") == 0
    with VideoReader(source) as small, VideoReader(tmp_path / "out.mp4") as large:
        for before, after in zip(small, large, strict=True):
            for extreme in (torch.amax, torch.amin):
                wanted = extreme(before.pixels, dim=(1, 2))
                assert (extreme(after.pixels, dim=(1, 2)) - wanted).abs().max() < 0.05


@pytest.mark.slow
def test_standard_input_goes_to_standard_output(tmp_path: Path) -> None:
    source = render_y4m(tmp_path)
    command = [sys.executable, "-m", "dscvsr_cli", "upscale", "-", "-s", "2", "-o", "-"]
    with source.open("rb") as stdin:
        ran = subprocess.run(command, stdin=stdin, capture_output=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    target = tmp_path / "out.y4m"
    target.write_bytes(ran.stdout)
    assert decoded_seconds(target) == decoded_seconds(source)
    assert probe(target).width == 128

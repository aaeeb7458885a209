"""Every kind of input goes through the real command, or is refused with what to do next."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render, render_kind
from tests.commands import run_upscale
from tests.helpers import decoded_pts, decoded_seconds
from tests.video.pixels.test_alpha import render_clear
from tests.video.read.test_image_sequence import write_picture, write_pictures
from tests.video.read.test_interlacing import render_fields
from tests.video.read.test_open_input import piped, render_y4m


def test_a_pattern_of_pictures_becomes_a_video(tmp_path: Path) -> None:
    write_pictures(tmp_path / "frames", "%05d.png", range(3, 9))
    target = tmp_path / "out.mkv"

    pattern = tmp_path / "frames" / "%05d.png"
    assert run_upscale(pattern, "-s", "2", "--fps", "24000/1001", "-o", target) == 0

    assert len(decoded_seconds(target)) == 6
    info = probe(target)
    assert (info.width, info.height) == (64, 48)
    assert info.frame_rate == Fraction(24000, 1001)


def test_a_folder_of_pictures_is_one_video_with_a_name_beside_it(tmp_path: Path) -> None:
    write_pictures(tmp_path / "my frames", "%d.png", range(3))

    assert run_upscale(tmp_path / "my frames", "-s", "2", "-o", tmp_path / "out.mp4") == 0

    assert decoded_seconds(tmp_path / "out.mp4") == [Fraction(index, 25) for index in range(3)]


def test_y4m_comes_through_a_pipe(tmp_path: Path) -> None:
    source = render_y4m(tmp_path)
    target = tmp_path / "out.mp4"

    with piped(source, tmp_path) as pipe:
        assert run_upscale(pipe, "-s", "2", "-o", target) == 0

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
        assert run_upscale(pipe, "-s", "2", "-o", tmp_path / "out.mkv") == 3
    said = capfd.readouterr().err
    assert "an mp4 or mov whose index comes last" in said
    assert "give the file itself" in said


def test_sound_in_a_pipe_is_said_to_be_lost(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(suffix=".mkv", sound_seconds=0.32), tmp_path)
    with piped(source, tmp_path) as pipe:
        assert run_upscale(pipe, "-s", "2", "-o", tmp_path / "out.mp4") == 0

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

    assert run_upscale(source, "-s", "1.5", "-o", target, *options) == 0

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
        assert run_upscale(folder, "-s", "1.5", "-o", tmp_path / name) == 0
        with VideoReader(tmp_path / name) as reader:
            for frame in reader:
                assert frame.alpha is not None
                assert float(frame.alpha[..., :40].max()) < 0.1
                assert float(frame.alpha[..., 56:].min()) > 0.9


def test_alpha_that_the_output_cannot_hold_is_reported_with_the_fix(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_clear(tmp_path / "clip.webm", "libvpx-vp9", "yuva420p", count=1)

    assert run_upscale(source, "-s", "1.5", "-o", tmp_path / "out.mp4") == 0

    error = capfd.readouterr().err
    assert "transparency will be lost" in error
    assert "-o out.webm" in error


def test_interlaced_video_is_refused_until_somebody_says_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_fields(tmp_path / "clip.mp4")
    target = tmp_path / "out.mp4"

    assert run_upscale(source, "-s", "2", "-o", target) == 2
    error = capfd.readouterr().err
    assert "is interlaced" in error
    assert "--deinterlace" in error
    assert "--field-order progressive" in error
    assert not target.exists()

    for options in (("--deinterlace",), ("--field-order", "progressive")):
        assert run_upscale(source, "-s", "2", "-o", target, "--overwrite", *options) == 0
        assert decoded_seconds(target) == decoded_seconds(source)
    assert not probe(target).interlaced


def test_wide_pixels_become_more_columns(tmp_path: Path) -> None:
    source = render_kind("anamorphic", tmp_path)  # 64x48, pixels of 64:45
    target = tmp_path / "out.mp4"

    assert run_upscale(source, "-s", "2", "--square-pixels", "-o", target) == 0

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

    assert run_upscale(source, *options, "-o", target) == 0

    info = probe(target)
    assert (info.width, info.height, info.sample_aspect_ratio) == (*size, aspect)


def test_a_video_of_one_pixel_is_enlarged(tmp_path: Path) -> None:
    source = render(Clip(width=1, height=1, pixel_format="yuv444p", pts=(0, 512)), tmp_path)
    assert run_upscale(source, "-s", "4", "-o", tmp_path / "out.mp4") == 0
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (4, 4)


def test_a_header_of_a_million_frames_per_second_keeps_its_times(tmp_path: Path) -> None:
    source = tmp_path / "fast.y4m"
    header, _, rest = render_y4m(tmp_path).read_bytes().partition(b"\n")
    source.write_bytes(header.replace(b"F24000:1001", b"F1000000:1") + b"\n" + rest)
    assert run_upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0
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
    assert run_upscale(*arguments) == 0
    assert probe(tmp_path / f"x{name}").width == 128


def test_a_name_that_is_no_utf_8_will_do(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    source = render_kind("single frame", tmp_path).rename(tmp_path / name)
    assert run_upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0
    assert len(decoded_pts(tmp_path / "out.mp4")) == 1


def test_hdr_is_reported_where_it_is_lost_or_new_to_the_network(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(pixel_format="yuv420p10le", colour_tags=(9, 1, 9, 16), pts=(0, 512))
    source = render(clip, tmp_path)
    assert run_upscale(source, "-s", "2", "-o", tmp_path / "out.mp4") == 0
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
    assert run_upscale(source, "-s", "2", "-o", tmp_path / "out.mp4", "--crf", "4") == 0
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

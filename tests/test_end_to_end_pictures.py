"""Still pictures, through the real command: one picture in is one picture out."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.video.read.further_pictures import further_pictures
from dscvsr_cli.video.read.picture_reader import decode_picture, read_picture
from dscvsr_cli.video.read.probe import probe
from tests.clips import render_kind
from tests.stills import encoded, names_in, photo, upscale_still


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


@pytest.mark.parametrize(
    ("name", "pixel_format", "made"),
    [
        ("photo.png", "rgb24", "photo_x2.png"),
        ("photo.jpg", "yuvj420p", "photo_x2.jpg"),
        ("photo.JPG", "yuvj420p", "photo_x2.JPG"),
        # Pictures of kinds that are read and not written.
        ("photo.ppm", "rgb24", "photo_x2.png"),
    ],
)
def test_a_picture_becomes_a_picture_beside_it(
    name: str, pixel_format: str, made: str, weights: Path, tmp_path: Path
) -> None:
    source = tmp_path / name
    encoder = {".jpg": "mjpeg", ".ppm": "ppm"}.get(source.suffix.lower(), "png")
    source.write_bytes(encoded(pixel_format, encoder))
    assert upscale_still(weights, source) == 0
    assert names_in(tmp_path) == {name, made}
    before, after = read_picture(source), read_picture(tmp_path / made)
    assert after.shape == (3, 80, 96)
    assert (resize(after, Size(40, 48)) - before).abs().mean() < 0.02


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"])
def test_a_picture_is_written_as_the_kind_that_its_name_says(
    suffix: str, weights: Path, tmp_path: Path
) -> None:
    source, target = photo(tmp_path), tmp_path / f"big{suffix}"
    if suffix == ".webp" and "libwebp" not in av.codecs_available:
        pytest.skip("this build of FFmpeg writes no WebP")
    assert upscale_still(weights, source, "-o", target) == 0
    made = probe(target)
    assert (made.width, made.height, made.is_still) == (96, 80, True)
    assert (resize(read_picture(target), Size(40, 48)) - read_picture(source)).abs().mean() < 0.02


@pytest.mark.parametrize("pixel_format", ["gray", "gray16be", "rgb48be", "rgba", "rgba64be"])
def test_depth_grey_and_alpha_of_a_picture_are_kept(
    pixel_format: str, weights: Path, tmp_path: Path
) -> None:
    assert upscale_still(weights, photo(tmp_path, pixel_format=pixel_format)) == 0
    assert decode_picture(tmp_path / "photo_x2.png").format.name == pixel_format


def test_the_loss_of_transparency_names_the_picture_that_keeps_it(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (
        upscale_still(weights, photo(tmp_path, pixel_format="rgba"), "-o", tmp_path / "a.jpg") == 0
    )
    said = capfd.readouterr().err
    assert "transparency will be lost: mjpeg yuv444p in pictures has none" in said
    assert "-o out.png keeps it" in said


def test_the_loss_of_depth_names_the_picture_that_keeps_it(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path, pixel_format="rgb48be")
    assert upscale_still(weights, source, "-o", tmp_path / "a.jpg") == 0
    said = capfd.readouterr().err
    assert "16 bits will become 8" in said
    assert "-o out.png keeps them" in said


def test_a_picture_may_become_a_video_where_that_is_asked_for(
    weights: Path, tmp_path: Path
) -> None:
    source = photo(tmp_path)
    assert upscale_still(weights, source, "-o", tmp_path / "out.mkv") == 0
    assert upscale_still(weights, source, "--container", "mp4") == 0
    assert names_in(tmp_path) == {"photo.png", "out.mkv", "photo_x2.mp4"}


def test_what_exists_is_not_replaced_and_the_input_never_is(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, taken = photo(tmp_path), tmp_path / "taken 1.png"
    photo(tmp_path, "taken 2.png")
    before = source.read_bytes()
    taken.write_bytes(b"precious")
    assert upscale_still(weights, source, "-o", taken) == 2
    assert "already exists" in capfd.readouterr().err
    assert taken.read_bytes() == b"precious"
    assert upscale_still(weights, source, "-o", taken, "--overwrite") == 0
    assert "older" not in capfd.readouterr().err
    assert read_picture(taken).shape == (3, 80, 96)
    assert upscale_still(weights, source, "-o", source, "--overwrite") == 2
    assert "is the input itself" in capfd.readouterr().err
    assert source.read_bytes() == before
    assert upscale_still(weights, source, "-o", tmp_path / "missing" / "big.png") == 3
    assert not (tmp_path / "missing").exists()


def test_a_video_is_not_written_as_one_picture(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("constant", tmp_path)
    assert upscale_still(weights, source, "-o", tmp_path / "out.png") == 2
    said = capfd.readouterr().err
    assert "out.png is one picture" in said
    assert "-o frames/%05d.png" in said
    assert not (tmp_path / "out.png").exists()


def test_a_video_of_one_frame_may_be_written_as_a_picture(weights: Path, tmp_path: Path) -> None:
    source = render_kind("single frame", tmp_path)
    assert upscale_still(weights, source, "-o", tmp_path / "out.png") == 0
    assert read_picture(tmp_path / "out.png").shape == (3, 96, 128)


def test_a_png_that_moves_is_a_video(weights: Path, tmp_path: Path) -> None:
    source = tmp_path / "moving.png"
    with av.open(str(source), "w", format="apng") as output:
        stream = output.add_stream("apng", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 40, "rgb24"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((40, 48, 3), 80 * number, np.uint8), "rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert upscale_still(weights, source, "-o", tmp_path / "out.png") == 2
    assert upscale_still(weights, source) == 0
    assert names_in(tmp_path) == {"moving.png", "moving_x2.mkv"}
    assert probe(tmp_path / "moving_x2.mkv").frame_rate == 25


@pytest.mark.parametrize("name", ["photo", "IMG.2024", "photo.bak", "photo.mp4"])
@pytest.mark.parametrize(
    ("encoder", "pixel_format", "suffix"),
    [
        ("mjpeg", "yuvj420p", ".jpg"),
        ("png", "rgb24", ".png"),
        ("tiff", "rgb24", ".tif"),
        ("bmp", "bgr24", ".bmp"),
    ],
)
def test_the_content_says_that_a_file_is_a_picture(
    name: str, encoder: str, pixel_format: str, suffix: str, tmp_path: Path
) -> None:
    source = tmp_path / name
    source.write_bytes(encoded(pixel_format, encoder))
    kept = name if name == "IMG.2024" else "photo"
    made = f"IMG_x2.2024{suffix}" if name == "IMG.2024" else f"{kept}_x2{suffix}"
    assert default_target(UpscaleJob(source=source, scale=2)) == tmp_path / made


def test_a_picture_without_a_suffix_becomes_a_picture(weights: Path, tmp_path: Path) -> None:
    source = tmp_path / "photo"
    source.write_bytes(encoded("yuvj420p", "mjpeg"))
    (tmp_path / "out").mkdir()
    assert upscale_still(weights, source) == 0
    assert upscale_still(weights, source, "-o", tmp_path / "out") == 0
    assert names_in(tmp_path) == {"photo", "photo_x2.jpg", "out"}
    assert names_in(tmp_path / "out") == {"photo.jpg"}


def test_a_video_that_is_named_like_a_picture_stays_a_video(tmp_path: Path) -> None:
    video = render_kind("constant", tmp_path).rename(tmp_path / "clip")
    row = tmp_path / "row.mjpeg"
    row.write_bytes(encoded("yuvj420p", "mjpeg", frames=2))
    moving = tmp_path / "anim.avif"
    moving.write_bytes(b"\0\0\0\x20ftypavis" + bytes(20))
    named = ((video, "clip_x2.mkv"), (row, "row_x2.mkv"), (moving, "anim_x2.mkv"))
    for source, made in named:
        assert default_target(UpscaleJob(source=source, scale=2)).name == made


def pages(*kinds: int) -> bytes:
    """Return a TIFF file of grey pages of 48x40; kind 1 is a smaller copy of another one."""
    made = b"II*\0" + struct.pack("<I", 8)
    for number, kind in enumerate(kinds, start=1):
        tags = {254: kind, 256: 48, 257: 40, 258: 8, 259: 1, 262: 1, 277: 1, 278: 40, 279: 1920}
        pixels = len(made) + 2 + 12 * (len(tags) + 1) + 4
        tags |= {273: pixels}
        made += struct.pack("<H", len(tags))
        made += b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
        made += struct.pack("<I", pixels + 1920 if number < len(kinds) else 0)
        made += bytes([40 * number]) * 1920
    return made


@pytest.mark.parametrize(("kinds", "others"), [((0,), 0), ((0, 1), 0), ((0, 0, 0), 2)])
def test_pages_that_are_left_out_are_reported(
    kinds: tuple[int, ...],
    others: int,
    weights: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = tmp_path / "scan.tiff"
    source.write_bytes(pages(*kinds))
    assert probe(source).further_pictures == others
    assert upscale_still(weights, source) == 0
    said = capfd.readouterr().err
    assert (f"does not read the other {others} " in said) == bool(others)
    assert names_in(tmp_path) == {"scan.tiff", "scan_x2.tiff"}


@pytest.mark.parametrize(
    ("kinds", "others"), [((0x20030000, 0x10001), 0), ((0x20020002, 0x20002, 0), 1)]
)
def test_views_that_are_left_out_are_counted(
    kinds: tuple[int, ...], others: int, tmp_path: Path
) -> None:
    entries = b"".join(struct.pack(">IIIHH", kind, 0, 0, 0, 0) for kind in kinds)
    index = b"MM\0*" + struct.pack(">IHHHII", 8, 1, 0xB002, 7, len(entries), 26) + bytes(4)
    part = b"MPF\0" + index + entries
    picture_file = encoded("yuvj420p", "mjpeg")
    source = tmp_path / "views.jpg"
    source.write_bytes(
        picture_file[:2] + b"\xff\xe2" + struct.pack(">H", len(part) + 2) + part + picture_file[2:]
    )
    assert probe(source).further_pictures == others
    for end in range(2, 60):
        source.write_bytes(source.read_bytes()[:2] + (b"\xff\xe2\x00\x40" + part)[:end])
        assert further_pictures(source) == 0

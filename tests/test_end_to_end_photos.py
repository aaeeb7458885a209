"""Photos keep what cameras write into them: which way is up, and what the colours mean."""

import base64
import gc
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from av.video.codeccontext import VideoCodecContext

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.pipelines.compare.films import Film
from dscvsr_cli.video.read.icc_profile import read_icc_profile
from dscvsr_cli.video.read.picture_reader import decode_picture, read_picture
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.icc_profile import with_profile
from tests.stills import encoded, photo, upscale_still

CMYK_JPEG = (
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwBQNzxGPDJQRkFGWlVQX3jIgnhubnj1r7mRyP////////////////////////"
    "///////////////////////////8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAAD/8QA"
    "FBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwCiiigAAAD/2Q=="
)
"""16x16 of one grey, by Pillow."""


QUARTER_TURN = 6
"""The orientation in Exif data of a camera that was held upright."""


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


def exif(orientation: int) -> bytes:
    """Return a segment of Exif data for a JPEG file."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    content = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def test_a_photo_that_a_camera_turned_comes_out_upright(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path, "photo.jpg", "yuvj420p")
    plain = source.read_bytes()
    source.write_bytes(plain[:2] + exif(QUARTER_TURN) + plain[2:])
    assert probe(source).rotation == -90

    assert upscale_still(weights, source) == 0

    assert "rotation" not in capfd.readouterr().err
    made = read_picture(tmp_path / "photo_x2.jpg")
    assert made.shape == (3, 96, 80)
    shown = torch.rot90(read_picture(source), -1, dims=(-2, -1))
    assert (resize(made, Size(48, 40)) - shown).abs().mean() < 0.02
    assert main(["verify", str(source), str(tmp_path / "photo_x2.jpg")]) == 0
    # A size means what people see.
    size = ("--size", "80x96", "-w", str(weights), "--device", "cpu", "--overwrite")
    assert main(["upscale", str(source), "-o", str(tmp_path / "photo_x2.jpg"), *size]) == 0
    assert read_picture(tmp_path / "photo_x2.jpg").shape == (3, 96, 80)


@pytest.mark.parametrize("orientation", [2, 4, 5, 7])
def test_a_photo_that_is_stored_mirrored_comes_out_as_people_see_it(
    orientation: int, weights: Path, tmp_path: Path
) -> None:
    source = photo(tmp_path, "photo.jpg", "yuvj420p")
    plain = source.read_bytes()
    source.write_bytes(plain[:2] + exif(orientation) + plain[2:])
    stored = read_picture(source)
    shown = {
        2: stored.flip(-1),
        4: stored.flip(-2),
        5: stored.transpose(-2, -1),
        7: stored.flip(-2, -1).transpose(-2, -1),
    }[orientation]

    assert upscale_still(weights, source) == 0

    made = tmp_path / "photo_x2.jpg"
    size = Size(*shown.shape[-2:])
    assert (resize(read_picture(made), size) - shown).abs().mean() < 0.02
    assert main(["verify", str(source), str(made)]) == 0
    with VideoReader(source) as reader:
        compared = Film(label="photo", info=reader.info, reader=reader).pixels(next(iter(reader)))
    assert (compared - shown).abs().max() < 0.01


def test_pictures_that_are_turned_in_different_ways_are_not_taken_for_one_video(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = encoded("yuvj420p", "mjpeg")
    (tmp_path / "album").mkdir()
    for number, orientation in ((1, 1), (2, QUARTER_TURN)):
        turned = plain[:2] + exif(orientation) + plain[2:]
        (tmp_path / "album" / f"{number}.jpg").write_bytes(turned)

    assert upscale_still(weights, tmp_path / "album") == InputVideoError.exit_code

    assert "2.jpg turns it differently from the first picture" in capfd.readouterr().err
    assert not list(tmp_path.glob("album_x2/*.jpg"))


def profile(space: bytes = b"RGB ", length: int = 70_000) -> bytes:
    """Return what has the header of an ICC profile; as long as one that JPEG must split."""
    header = bytes(16) + space + b"XYZ " + bytes(12) + b"acsp"
    return header + bytes(number % 251 for number in range(length - len(header)))


@pytest.mark.parametrize("made", ["big.png", "big.jpg"])
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_the_icc_profile_of_a_photo_is_kept(
    name: str, made: str, weights: Path, tmp_path: Path
) -> None:
    source = photo(tmp_path, name, "rgb24" if name.endswith("png") else "yuvj420p")
    plain = with_profile(source.read_bytes(), profile())
    # As every photo has, beside which PyAV shows no profile.
    source.write_bytes(plain if name.endswith("png") else plain[:2] + exif(1) + plain[2:])
    assert upscale_still(weights, source, "-o", tmp_path / made) == 0
    assert read_icc_profile(tmp_path / made) == profile()
    # PyAV frees the name of a profile twice, which would end the program here.
    gc.collect()


def test_an_icc_profile_that_cannot_be_kept_is_named(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path)
    bare = source.read_bytes()
    for space, target in ((b"RGB ", "out.tiff"), (b"RGB ", "out.mkv"), (b"CMYK", "out.png")):
        source.write_bytes(with_profile(bare, profile(space)))
        assert upscale_still(weights, source, "-o", tmp_path / target) == 0
        assert "the ICC profile of the colours will be lost" in capfd.readouterr().err
        assert read_icc_profile(tmp_path / target) == b""


def test_colour_tags_are_kept_in_png_and_named_where_they_are_lost(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path)
    frame = decode_picture(source)
    frame.color_primaries, frame.color_trc, frame.pts = 12, 13, 0
    context = av.CodecContext.create("png", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 48, 40, "rgb24"
    context.time_base = Fraction(1, 25)
    source.write_bytes(b"".join(map(bytes, [*context.encode(frame), *context.encode(None)])))
    assert probe(source).colour.primaries_tag == 12

    assert upscale_still(weights, source) == 0

    assert "colours" not in capfd.readouterr().err
    kept = probe(tmp_path / "photo_x2.png").colour
    assert (kept.primaries_tag, kept.transfer_tag) == (12, 13)
    assert upscale_still(weights, source, "-o", tmp_path / "big.jpg") == 0
    said = capfd.readouterr().err
    assert "the colour tags (primaries 12 and transfer 13 of H.273)" in said
    assert "-o out.png" in said


@pytest.mark.parametrize("name", ["print.jpg", "prints/1.jpg"])
def test_a_jpeg_for_print_has_no_transparency_to_lose(
    name: str, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / name
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(base64.b64decode(CMYK_JPEG))
    given = source if source.parent == tmp_path else source.parent
    assert upscale_still(weights, given) == 0
    assert "transparen" not in capfd.readouterr().err

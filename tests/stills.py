"""Still pictures for tests, and the command that enlarges them."""

from fractions import Fraction
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext

from tests.clips import picture
from tests.commands import run_upscale


def upscale_still(weights: Path, *arguments: str | Path) -> int:
    """Enlarge pictures twice, on the processor -> the exit code."""
    return run_upscale(*arguments, "-s", "2", "-w", weights, "--device", "cpu")


def encoded(pixel_format: str = "rgb24", encoder: str = "png", frames: int = 1) -> bytes:
    """Return a picture of 48x40 as the content of a file."""
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 48, 40, pixel_format
    context.time_base = Fraction(1, 25)
    drawn = av.VideoFrame.from_ndarray(picture(0, 40, 48), "rgb24").reformat(format=pixel_format)
    drawn.pts = 0
    packets = [*context.encode(drawn), *context.encode(None)]
    return b"".join(map(bytes, packets)) * frames


def photo(folder: Path, name: str = "photo.png", pixel_format: str = "rgb24") -> Path:
    """Write a picture of 48x40 -> its path."""
    path = folder / name
    encoder = {".jpg": "mjpeg", ".ppm": "ppm"}.get(path.suffix, "png")
    path.write_bytes(encoded(pixel_format, encoder))
    return path


def names_in(folder: Path) -> set[str]:
    """Return the names in a folder that are not hidden."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}

"""What verify says of transparency: only what can be seen through counts."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.cli.app import main
from tests.clips import picture


def animation(path: Path, *, hole: bool) -> Path:
    """Write three frames with an alpha channel, bright where they may be transparent."""
    with av.open(str(path), "w", format="apng") as output:
        stream = output.add_stream("apng", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgba"
        for number in range(3):
            pixels = np.dstack([picture(number, 48, 64), np.full((48, 64), 255, np.uint8)])
            pixels[8:40, 8:40] = (255, 255, 0, 0 if hole else 255)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("hole", "suffix", "code", "said"),
    [
        (True, ".gif", 0, "kept"),
        (True, ".mp4", 1, "missing"),
        (False, ".gif", 0, "nothing of the source is transparent"),
        (False, ".mp4", 0, "nothing of the source is transparent"),
    ],
)
def test_only_what_can_be_seen_through_is_lost(
    tmp_path: Path,
    plain_weights: Path,
    capfd: pytest.CaptureFixture[str],
    *,
    hole: bool,
    suffix: str,
    code: int,
    said: str,
) -> None:
    source, made = animation(tmp_path / "a.apng", hole=hole), tmp_path / f"out{suffix}"
    options = ["-s", "2", "-w", str(plain_weights)]
    options += ["--pix-fmt", "yuv444p"] if suffix == ".mp4" else []
    assert main(["upscale", str(source), "-o", str(made), *options]) == 0
    capfd.readouterr()
    assert main(["verify", str(source), str(made)]) == code, capfd.readouterr().out
    (line,) = (one for one in capfd.readouterr().out.splitlines() if "transparency" in one)
    assert said in line

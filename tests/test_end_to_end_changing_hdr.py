"""Joined recordings whose static HDR metadata change: an output takes those of the first frame."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from tests.clips import picture

_MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)"
FRAMES = 3


def part(path: Path, *, number: int, brightest: int) -> bytes:
    """Write three frames of HDR10 that follow those of the parts before -> their packets."""
    options = {
        "preset": "ultrafast",
        "x265-params": "log-level=none:repeat-headers=1:bframes=0:hdr10=1:colorprim=bt2020:"
        "transfer=smpte2084:colormatrix=bt2020nc:"
        f"master-display={_MASTERING}L({brightest}0000,50):max-cll={brightest},400",
    }
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx265", rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        stream.codec_context.time_base = Fraction(1, 90000)
        for index in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(index, 64, 64), format="rgb24")
            frame.pts, frame.time_base = (number * FRAMES + index) * 3600, Fraction(1, 90000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize(("brightest", "code"), [((1000, 4000), 1), ((1000, 1000), 0)])
def test_metadata_that_change_are_said_to_be_lost(
    tmp_path: Path,
    plain_weights: Path,
    capfd: pytest.CaptureFixture[str],
    brightest: tuple[int, int],
    code: int,
) -> None:
    source, made = tmp_path / "joined.ts", tmp_path / "out.mkv"
    parts = [
        part(tmp_path / f"{number}.ts", number=number, brightest=nits)
        for number, nits in enumerate(brightest)
    ]
    source.write_bytes(b"".join(parts))
    options = ["-s", "2", "-w", str(plain_weights), "--encoder-preset", "ultrafast"]
    assert main(["upscale", str(source), "-o", str(made), *options]) == 0
    warned = "a later frame has HDR metadata other than the first frame's" in capfd.readouterr().err
    assert main(["verify", "--fast", str(source), str(made)]) == code, capfd.readouterr().out
    found = "HDR metadata other than the first frame's" in capfd.readouterr().out
    assert (warned, found) == (code == 1, code == 1)

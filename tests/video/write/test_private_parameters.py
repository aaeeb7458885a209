"""What encoders' own libraries are told, and that small frames do not end the process."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from dscvsr_cli.geometry import Size
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.encoder_words import encoder_options
from tests.clips import Clip, render
from tests.helpers import decoded_pts
from tests.networks import save_smallest

FRAMES: Final = 24
CALL_MAIN: Final = """
import sys
from dscvsr_cli.cli.app import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("encoder", "width", "height"), [("libx265", 24, 24), ("libsvtav1", 8, 50)]
)
def test_frames_too_small_for_an_encoder_s_threads_or_blocks_are_encoded(
    encoder: str, width: int, height: int, tmp_path: Path
) -> None:
    pts = tuple(range(0, FRAMES * 512, 512))
    source = render(Clip(width=width, height=height, pts=pts), tmp_path)
    weights = save_smallest(tmp_path / "smallest.safetensors")
    target = tmp_path / "out.mkv"

    # Apart from the tests: libx265 ended the process here, and libsvtav1 never came back.
    subprocess.run(
        [
            *[sys.executable, "-c", CALL_MAIN, "upscale", str(source), "-o", str(target)],
            *["-s", "2", "-w", str(weights), "--encoder", encoder],
            *["--device", "cpu", "--dtype", "float32"],
        ],
        check=True,
        timeout=60,
        capture_output=True,
    )

    assert len(decoded_pts(target)) == FRAMES
    assert (probe(target).width, probe(target).height) == (2 * width, 2 * height)


@pytest.mark.parametrize(
    ("encoder", "name", "said", "safe"),
    [
        ("libx265", "x265-params", "cutree=1", "cutree=0"),
        ("libsvtav1", "svtav1-params", "lp=4", "lp=1"),
    ],
)
def test_what_keeps_the_process_alive_wins_over_what_a_person_says(
    encoder: str, name: str, said: str, safe: str
) -> None:
    options = EncodeOptions(encoder=encoder, extra=((name, said),))
    small = encoder_options(options, hdr=None, size=Size(48, 48))[name]
    assert small.split(":")[-2:] == [said, safe]
    large = encoder_options(options, hdr=None, size=Size(480, 640))[name]
    assert large.split(":")[-1] == said

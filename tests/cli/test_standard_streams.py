"""Tests of closed standard streams, as services and "2>&-" leave them."""

import subprocess
import sys
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from tests.clips import Clip, render

# As the program does it, and then as a library would: it opens a file, and another one writes to
# the terminal.
_PROGRAM = """
import os, sys
from dscvsr_cli.cli.app import program
sys.argv = ["dscvsr", "--version"]
code = program()
video = os.open(os.environ["VIDEO"], os.O_RDWR | os.O_CREAT)
for number in (1, 2):
    os.write(number, b"Svt[info]")
os.write(video, b"frames")
os.closerange(0, 3)
os._exit(code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">&- 2>&-"])
def test_what_goes_to_a_closed_stream_never_ends_up_in_a_file(tmp_path: Path, closed: str) -> None:
    video = tmp_path / "video"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, _PROGRAM],
        env={"VIDEO": str(video), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert video.read_bytes() == b"frames"


@pytest.mark.parametrize("options", [(), ("--format", "matroska")])
def test_a_video_for_a_closed_standard_output_is_refused(
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    options: tuple[str, ...],
) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    monkeypatch.setattr("sys.stdout", None)
    assert main(["upscale", str(source), "-o", "-", "-s", "2", "-w", str(weights), *options]) == 3
    assert "standard output is closed" in capfd.readouterr().err

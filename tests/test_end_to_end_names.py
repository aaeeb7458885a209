"""Names that are not UTF-8 are names: nothing trips over printing them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import Clip, render

SHORT = Clip(width=32, height=32, pts=(0, 512, 1024))


def dscvsr(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    # What Python does by itself in a locale such as en_US.UTF-8.
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    # Where earlier jobs are known, a line about other weights may be said.
    environment["XDG_CACHE_HOME"] = str(folder / "cache")
    command = [sys.executable, "-m", "dscvsr_cli", *arguments]
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)


@pytest.fixture
def cafe(tmp_path: Path) -> str:
    name = os.fsdecode(b"caf\xe9.mp4")
    try:
        (tmp_path / name).write_bytes(render(SHORT, tmp_path, name="plain").read_bytes())
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    return name


def test_a_single_file_is_enlarged(cafe: str, tmp_path: Path) -> None:
    done = dscvsr(tmp_path, "upscale", cafe, "-s", "2", "--encoder-preset", "ultrafast")

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"3 frames in = 3 frames out" in done.stdout
    made = os.fsdecode(b"caf\xe9_x2.mp4")
    assert (tmp_path / made).is_file()
    assert dscvsr(tmp_path, "verify", cafe, made).returncode == 0


def test_a_batch_and_its_errors_are_printed(cafe: str, tmp_path: Path) -> None:
    bad = os.fsdecode(b"b\xe4d.mp4")
    (tmp_path / bad).write_text("no video")
    out = os.fsdecode(b"\xff")

    done = dscvsr(
        tmp_path, "upscale", bad, cafe, "-s", "2", "--encoder-preset", "ultrafast", "-o", out
    )

    assert done.returncode == 1
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"1 done, 0 skipped, 1 failed" in done.stdout
    assert (tmp_path / out / cafe).is_file()


def test_a_report_in_json_gives_the_name_back(cafe: str, tmp_path: Path) -> None:
    done = dscvsr(tmp_path, "upscale", cafe, "-s", "2", "--dry-run", "--json", "-o", "out.mp4")

    assert json.loads(done.stdout.splitlines()[-1])["source"] == cafe

"""Files and folders that this user may not look at, in every place where a name can stand."""

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from tests.clips import Clip, render

_OVERRIDES = {1, 2}
"""Numbers of Linux's privileges to write, read and search wherever one likes."""


@pytest.fixture
def no_privileges() -> Iterator[None]:
    """Let permissions hold for root too, who runs tests in containers."""
    if sys.platform == "win32" or os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    before = (ctypes.c_uint32 * 6)()
    if libc.capget(header, before) != 0:
        pytest.skip("this system does not tell root's privileges")
    lowered = type(before)(*before)
    lowered[0] &= ~sum(1 << number for number in _OVERRIDES)
    assert libc.capset(header, lowered) == 0
    yield
    assert libc.capset(header, before) == 0


@pytest.fixture
def barred(tmp_path: Path, no_privileges: None) -> Iterator[Path]:  # noqa: ARG001
    """A folder that holds a clip and that its owner may not enter."""
    folder = tmp_path / "barred"
    folder.mkdir()
    render(Clip(pts=(0, 512)), folder)
    folder.chmod(0o600)
    yield folder
    folder.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are other ones there")
@pytest.mark.parametrize(
    "command",
    [
        "upscale barred/clip.mp4 -s 2 -o out.mp4",
        "upscale barred -s 2 -o out",
        "upscale clip.mp4 -s 2 -o barred/out.mp4",
        "upscale clip.mp4 -s 2 -w barred/weights.safetensors -o out.mp4",
        "weights describe barred/weights.safetensors",
        "verify clip.mp4 barred/clip.mp4",
        "compare clip.mp4 clip.mp4 -o barred/below/page.html",
        "watch barred -s 2 --once -o out",
    ],
)
def test_what_may_not_be_looked_at_is_an_error_and_no_bug(
    tmp_path: Path,
    barred: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: str,
) -> None:
    render(Clip(pts=(0, 512)), tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PermissionError):
        (barred / "clip.mp4").stat()
    code = main(command.split())
    said = capfd.readouterr().err
    assert code in {2, 3}, said
    assert "ermission denied" in said
    assert "\nhint: " in said

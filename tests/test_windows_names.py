"""Names that Windows takes for something else are recognised, on any system."""

import sys
from pathlib import Path, PureWindowsPath

import pytest

from dscvsr_cli.windows_names import name_problem, windows_problem


@pytest.mark.parametrize(
    "path",
    [
        r"C:\videos\clip_x2.7.mp4",
        r"\\server\share\clip.mkv",
        r"\\?\C:\videos\clip.mkv",
        r"C:\videos\..\a.mp4",
        r"C:\.clip.mp4.dscvsr\segment-00000.packets.part",
        r"C:\console.mp4",
        r"C:\com10.mp4",
        r"C:\äöü 日本.mp4",
        r"out\clip.mp4",
    ],
)
def test_ordinary_names_are_fine(path: str) -> None:
    assert windows_problem(PureWindowsPath(path), longest=259) == ""


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (r"C:\con.mp4", "'con.mp4' for a device"),
        (r"C:\AUX", "for a device"),
        (r"C:\nul .mkv", "for a device"),
        (r"C:\com1.tar.gz", "for a device"),
        (r"C:\lpt9\clip.mp4", "'lpt9' for a device"),
        ("C:\\COM\u00b9.mp4", "for a device"),
        (r"C:\a:b.mp4", "does not allow ':'"),
        (r"C:\what?.mp4", "does not allow '?'"),
        ("C:\\tab\there.mp4", "does not allow"),
        (r"C:\out.", "drops the last character"),
        (r"C:\out \clip.mp4", "drops the last character"),
    ],
)
def test_others_are_named(path: str, problem: str) -> None:
    assert problem in windows_problem(PureWindowsPath(path), longest=None)


def test_long_paths_need_a_setting_or_a_prefix() -> None:
    path = PureWindowsPath("C:\\" + "\\".join(["folder"] * 40) + "\\clip.mp4")
    assert "characters" in windows_problem(path, longest=259)
    assert windows_problem(path, longest=None) == ""
    assert windows_problem(PureWindowsPath(f"\\\\?\\{path}"), longest=259) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="for the others")
def test_other_systems_take_any_name() -> None:
    assert name_problem(Path("con.mp4"), below=1000) == ""

r"""Names that Windows refuses, or takes for something other than a file.

Windows drops dots and spaces at the end of a name, opens a device for ``con.mp4``, and writes
``a:b.mp4`` into a hidden stream of a file called ``a``. None of this is an error there, and the
output would be lost. Paths of 260 characters and more need a setting, or ``\\?\`` before them.
"""

import re
import sys
from pathlib import Path, PureWindowsPath
from typing import Final

_DEVICES: Final = re.compile(
    # A superscript digit counts as the digit.
    r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]",
    re.IGNORECASE,
)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f]')

_LONGEST_PATH: Final = 259
"""Characters of a path without ``\\\\?\\`` if long paths are switched off."""


def name_problem(path: Path, *, below: int = 0) -> str:
    """Say why this system would not write a file of this name, or return an empty string.

    Only Windows has such names; elsewhere the answer is always empty.

    Args:
        path: A file or a folder to write, as the person gave it.
        below: Characters that names of our own add to the path, beside it and below it.
    """
    if sys.platform == "win32":
        allowed = None if _are_long_paths_enabled() else _LONGEST_PATH - below
        return windows_problem(PureWindowsPath(path.absolute()), longest=allowed)
    return ""


def windows_problem(path: PureWindowsPath, *, longest: int | None) -> str:
    """Say why Windows would not write a file of this name, or return an empty string.

    Args:
        path: An absolute path.
        longest: Most characters of a path without a prefix; None if any number will do.
    """
    is_raw = str(path).startswith("\\\\?\\")
    if longest is not None and not is_raw and len(str(path)) > longest:
        return f"its path has {len(str(path))} characters, and Windows takes {longest} here"
    for name in path.parts[1:] if path.anchor else path.parts:
        if name == "..":
            continue
        forbidden = _FORBIDDEN.search(name)
        if forbidden:
            return f"Windows does not allow {forbidden[0]!r} in {name!r}"
        if is_raw:
            # Behind this prefix no name is altered, and none is a device.
            continue
        if _DEVICES.fullmatch(name.partition(".")[0].rstrip(" ")):
            return f"Windows takes {name!r} for a device"
        if name[-1] in " .":
            return f"Windows drops the last character of {name!r}"
    return ""


def _are_long_paths_enabled() -> bool:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  only there

        try:
            return bool(ctypes.WinDLL("ntdll").RtlAreLongPathsEnabled())
        except (AttributeError, OSError):
            # Before Windows 10 of 2016.
            return False
    return True

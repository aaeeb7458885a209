"""Failure log: the tracebacks of unforeseen errors, kept where a person can find and send them."""

import os
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import platformdirs

from dscvsr_cli.version import __version__


def log_failure(source: Path, error: Exception) -> Path | None:
    """Append the traceback of an unforeseen error to this process's log file.

    Args:
        source: The input that was being worked on.
        error: What was raised.

    Returns:
        The log file, or None if none can be written.
    """
    moment = time.strftime("%Y-%m-%d %H:%M:%S")
    trace = "".join(traceback.format_exception(error))
    text = f"{moment} dscvsr {__version__}: {source}\n{trace}\n"
    name = f"failures-{time.strftime('%Y%m%d')}-{os.getpid()}.log"
    for folder in (platformdirs.user_log_path("dscvsr", appauthor=False), _temporary_folder()):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            return path
    return None


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / "dscvsr"

"""The log of a run: one JSON object per line, appended to whenever the run resumes."""

import json
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dscvsr_cli.errors import UsageError

_log = logging.getLogger(__name__)

Event = dict[str, Any]
"""A line: "event" says of what kind it is, "iteration" after how many steps."""


class RunLog:
    """Writes the log; every line is whole on disk before the next one begins.

    The kinds of lines: "start" (recipe, data, device; again whenever the run continues), "skipped"
    (an item of the data that is of no use), "steps" (means over some steps), "validation" and
    "end". Numbers that are not finite are written as null.
    """

    def __init__(self, path: Path) -> None:
        """Open the log, to be used as a context manager.

        Raises:
            UsageError: The file cannot be written.
        """
        self._path = path
        try:
            torn = _ends_in_a_line(path)
            # Unbuffered, so that what a full disk did not take is not tried again at the end.
            self._file = path.open("ab", buffering=0)
            if torn:
                # A run that was killed in the middle of a line: that line is lost, the next is not.
                self._file.write(b"\n")
        except OSError as error:
            raise UsageError(
                f"cannot write the log {path}: {error.strerror or error}", hint="choose another -o"
            ) from error

    def __enter__(self) -> Self:
        """Return the open log."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def write(self, event: str, /, **values: object) -> None:
        """Append a line. A full disk ends no run: from then on the log is short, with a warning."""
        line = json.dumps({"event": event, **_plain(values)}, allow_nan=False, ensure_ascii=False)
        try:
            self._file.write(f"{line}\n".encode())
        except OSError as error:
            _log.warning("cannot write the log %s: %s", self._path, error.strerror or error)


def _ends_in_a_line(path: Path) -> bool:
    """Return whether a file's last line was started and not ended."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def read_log(path: Path) -> list[Event]:
    """Return the lines that count: what a resumed run did over again stands there once.

    Lines that are no JSON objects (cut short when a run was killed) are passed over. A missing file
    is an empty log.
    """
    events: list[Event] = []
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return events
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict):
            continue
        if event.get("event") == "start":
            # The run resumed from here: what came after was lost with its weights.
            begin = event.get("iteration", 0)
            events = [e for e in events if e.get("iteration", 0) <= begin]
        events.append(event)
    return events


def _plain(value: object) -> Any:
    """Return ``value`` in JSON's own types."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case os.PathLike():
            return os.fspath(value)
        case _:
            return str(value)

"""OutputStream: stdout and stderr as they are, but losing them never ends the work.

The one door to the terminal: text from files (titles, tags, names) passes ``printable`` on its way.
"""

import contextlib
import os
import re
import sys
from typing import Literal, TextIO

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What a terminal obeys instead of showing it: control codes, line breaks, and marks that turn text
around.

Halves of characters are there too: they stand for bytes of names that are not UTF-8.
"""


def printable(text: str) -> str:
    r"""Return text as a terminal can show it in one line: "\n" for a line break in a name.

    What begins the terminal's own commands becomes "\x1b".
    """
    return _UNPRINTABLE.sub(_spelt_out, text)


def _spelt_out(match: re.Match[str]) -> str:
    if match[0] == "\n":
        return r"\n"
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        # How Python carries a byte of a file name that is not UTF-8.
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class OutputStream:
    """stdout or stderr, looked up at every use, for rich to write to.

    What cannot be written, since the reader of a pipe has left or the disk is full, is dropped from
    then on, and the program continues: its exit code says how the work went.

    Args:
        name: Which of the two.
    """

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self._name = name
        self._lost = False

    @property
    def encoding(self) -> str:
        """Its encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """Return its number.

        Raises:
            OSError: It has none.
        """
        if self._stream is None:
            raise OSError(f"{self._name} is closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        if self._stream is not None and not self._lost:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(text.encode(self.encoding, "replace").decode(self.encoding))
            except (OSError, ValueError):
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Send on what was written, or drop it."""
        if self._stream is not None and not self._lost:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._lose()

    @property
    def _stream(self) -> TextIO | None:
        stream: TextIO | None = getattr(sys, self._name)
        # While a bar is shown, rich puts itself in their place; that would lead back here.
        return getattr(stream, "rich_proxied_file", stream)

    def _lose(self) -> None:
        self._lost = True
        # Otherwise Python complains while it ends that what it still holds cannot be written.
        with contextlib.suppress(OSError, ValueError):
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, self.fileno())
            os.close(sink)

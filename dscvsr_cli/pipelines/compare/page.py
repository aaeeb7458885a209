"""PageWriter: one HTML file with every picture, style and script inside, written as it comes."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.write.still_options import StillOptions

_SCRIPTS: Final = ("enlarge.js", "pictures.js", "stage.js", "measures.js", "controls.js")
"""In the order in which they build on each other."""


class PageWriter:
    """Writes the page. Use it as a context manager, and ``finish`` the page before the block ends.

    Args:
        path: The file to write to.
        named: The name that it will have, for errors.
        title: Title of the page.
    """

    def __init__(self, path: Path, *, named: Path, title: str) -> None:
        self._named = named
        self._title = title
        self._file: BinaryIO = path.open("wb")
        self.size_bytes = 0

    def __enter__(self) -> Self:
        self._write(_head().replace("<!-- title -->", escape(self._title)))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Closing flushes, which fails once more on a full disk; the handle is closed all the same.
        with suppress(OSError):
            self._file.close()

    def add_picture(self, video: int, frame: int, encoded: bytes, options: StillOptions) -> None:
        """Add a picture file.

        Args:
            video: Position of its video, from 0 on.
            frame: Position of its frame on the page, from 0 on.
            encoded: The content of the picture file.
            options: How it was stored.

        Raises:
            OutputVideoError: The disk is full.
        """
        text = base64.b64encode(encoded).decode("ascii")
        # Browsers leave a script of an unknown type alone, as text.
        self._write(
            f'<script type="{options.media_type};base64" id="picture-{video}-{frame}">'
            f"{text}</script>\n"
        )

    def finish(self, film: Mapping[str, object]) -> None:
        """Add what the scripts need to know, which makes the page whole.

        Args:
            film: Whatever ``controls.js`` reads from it, as JSON knows it.

        Raises:
            OutputVideoError: The disk is full.
        """
        facts = json.dumps(film, allow_nan=False)
        # A name with "</script>" in it must not end the script.
        facts = facts.replace("<", "\\u003c")
        self._write(
            f'<script type="application/json" id="film">{facts}</script>\n'
            f"<script>\n'use strict';\n{_scripts()}</script>\n</body>\n</html>\n"
        )
        with self._errors_reported():
            self._file.flush()

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        with self._errors_reported():
            self._file.write(data)
        self.size_bytes += len(data)

    @contextmanager
    def _errors_reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputVideoError(
                f"{self._named} could not be written: {error.strerror or error}",
                hint="check the space on the disk",
            ) from error


def empty_page_bytes() -> int:
    """Return the size of a page without pictures."""
    return len((_head() + _scripts()).encode())


def picture_bytes(encoded: bytes) -> int:
    """Return how much a picture adds to a page."""
    return -(-len(encoded) // 3) * 4 + 80


@cache
def _head() -> str:
    return _part("page.html").replace("<!-- style -->", f"<style>\n{_part('style.css')}</style>")


@cache
def _scripts() -> str:
    return "\n".join(map(_part, _SCRIPTS))


def _part(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")

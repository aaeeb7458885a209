"""PageWriter: one HTML file with every picture, style and script inside, written as it comes."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from types import TracebackType
from typing import BinaryIO, Final, Self

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.write.still_options import StillOptions
from dscvsr_cli.video.write.target_file import PartialFile

_SCRIPTS: Final = ("enlarge.js", "pictures.js", "stage.js", "measures.js", "controls.js")
"""In the order in which they build on each other."""


class PageWriter:
    """Writes the page under a hidden name; ``publish`` gives it its own.

    Args:
        part: The file, which is created.
        title: Title of the page.

    Raises:
        OutputVideoError: The folder cannot be written to.
    """

    def __init__(self, part: PartialFile, *, title: str) -> None:
        self._part = part
        part.create()
        self._file: BinaryIO = part.path.open("wb")
        self.size_bytes = 0
        self._write(_head().replace("<!-- title -->", escape(title)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if exc_type is not None:
            self._part.discard()

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

    def publish(self, film: Mapping[str, object]) -> None:
        """Add what the scripts need to know, and give the page its name.

        Args:
            film: Whatever ``controls.js`` reads from it, as JSON knows it.

        Raises:
            OutputVideoError: The disk is full, or another file took the name meanwhile.
        """
        facts = json.dumps(film, allow_nan=False)
        # A name with "</script>" in it must not end the script.
        facts = facts.replace("<", "\\u003c")
        self._write(
            f'<script type="application/json" id="film">{facts}</script>\n'
            f"<script>\n'use strict';\n{_scripts()}</script>\n</body>\n</html>\n"
        )
        self._file.close()
        self._part.publish()

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            self._file.write(data)
        except OSError as error:
            raise OutputVideoError(
                f"{self._part.target} could not be written: {error.strerror or error}",
                hint="check the space on the disk",
            ) from error
        self.size_bytes += len(data)


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

"""PartialOutput: what an output is written into, under a hidden name, until it is whole."""

import secrets
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Final

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.ffmpeg_errors import way_out

KEPT_NAME_LENGTH: Final = 40
"""Characters of a name that a hidden name repeats, well below any system's limit."""


def hidden_name(name: str) -> str:
    """Return a name that no two writers share, for what is to be called ``name`` in the end."""
    return f".{name[:KEPT_NAME_LENGTH]}.{secrets.token_hex(4)}.part"


class PartialOutput(ABC):
    """What an output is written into, until it is whole.

    Use it as a context manager, which gives the path to write to. The output takes its name when
    the block ends, and everything in it must be written and closed by then. When an exception
    leaves the block, Ctrl-C included, or the name cannot be taken, nothing is left.

    Every kind says in four methods what its part of that is; nobody else calls the last three.

    Args:
        named: The name that the output will have, as the person gave it.
        path: Where to write.
    """

    def __init__(self, named: Path, path: Path) -> None:
        self.named = named
        self.path = path

    def __enter__(self) -> Path:
        """Create what is written to.

        Raises:
            OutputVideoError: Nothing can be written there.
        """
        try:
            self._create()
        except OSError as error:
            raise OutputVideoError(
                f"nothing can be written in {self.path.parent}: {error.strerror}",
                hint=way_out(error, otherwise="write elsewhere with -o"),
            ) from error
        except BaseException:
            self._discard()
            raise
        return self.path

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the output its name, or remove it.

        Raises:
            OutputVideoError: Another file took the name meanwhile, or the system refuses.
        """
        try:
            if exc_type is None:
                self._publish()
        finally:
            self._discard()

    @abstractmethod
    def check(self, source: Path, /) -> None:
        """Refuse a name that cannot or must not be taken.

        Args:
            source: The input, which must not be replaced.

        Raises:
            UsageError: It exists and may not be replaced, or is the source itself.
            OutputVideoError: Nothing can be written there.
        """

    @abstractmethod
    def _create(self) -> None:
        """Create what is written to; raises ``OSError`` where that cannot be."""

    @abstractmethod
    def _publish(self) -> None:
        """Give what is whole its name; raises ``OutputVideoError`` where that cannot be."""

    @abstractmethod
    def _discard(self) -> None:
        """Remove what has no name yet, whether or not there is anything."""

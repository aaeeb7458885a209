"""HubFile: the address of one file on the Hugging Face Hub, and how a person writes it."""

import re
from dataclasses import dataclass
from typing import Self

MOVING_REVISION = "main"
"""The branch meant where an address names no revision; it may point elsewhere tomorrow."""

_ADDRESS = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>[^@\\]+?)(?:@(?P<revision>[^@\s]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """The address of one file on the Hub."""

    repo: str
    """OWNER/NAME of a model repository."""

    file: str
    """Path within the repository, with forward slashes."""

    revision: str = MOVING_REVISION
    """Commit, tag or branch; a commit of 40 hex digits never changes what is fetched."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read ``OWNER/REPO/FILE[@REVISION]``, or return None where ``text`` is not of that form.

        FILE may be in folders. Nothing that starts like a path on this machine (``/``, ``./``,
        ``../``, ``~``) is taken for an address.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None or text.startswith((".", "~")):
            return None
        if any(part in {"", ".", ".."} for part in match["file"].split("/")):
            return None
        return cls(
            repo=match["repo"], file=match["file"], revision=match["revision"] or MOVING_REVISION
        )

    def __str__(self) -> str:
        """Write the address as ``parse`` reads it."""
        return f"{self.repo}/{self.file}@{self.revision}"

"""PacketRecord: one packet in a form that can be compared with another file's."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class PacketRecord:
    """One packet: when it is shown, and a digest of what it carries."""

    seconds: Fraction | None
    """Presentation time, or None if the file gives none."""

    duration_seconds: Fraction

    digest: bytes
    """Digest of the payload without the wrapping that a container adds."""


def new_digest() -> "hashlib.blake2b":
    """Return what a payload is fed to, to get its digest."""
    return hashlib.blake2b(digest_size=12)

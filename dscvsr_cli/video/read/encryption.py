"""Encryption: files whose packets only the player that they were sold for can read."""

from pathlib import Path
from typing import Any

from av.packet import Packet

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.open_input import input_name


def is_encrypted(packet: "Packet[Any]") -> bool:
    """Return whether the content of a packet is encrypted."""
    return packet.has_sidedata("encryption_info")


def refuse_encrypted(packet: "Packet[Any]", path: Path) -> None:
    """Refuse a packet that a decoder would turn into noise, or take for damage.

    Raises:
        InputVideoError: It is encrypted.
    """
    if is_encrypted(packet):
        raise InputVideoError(
            f"{input_name(path)} is encrypted (DRM)",
            hint="only the player that it was sold for can show it; give a copy without protection",
        )

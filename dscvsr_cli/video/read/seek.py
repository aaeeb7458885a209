"""Seeking: a file opened so that decoding begins no later than a time, with exact timestamps."""

from contextlib import ExitStack
from fractions import Fraction
from typing import Final

import av
from av.container import InputContainer

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.read.main_stream import main_video_stream
from dscvsr_cli.video.read.missing_frames import DamageListener
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.packets import packets_of

_INDEXED: Final = frozenset({"mp4", "matroska", "nut", "flv", "avi"})
"""Containers with an index of keyframes. In others libav guesses where to go, and after that may
give every frame the time of its neighbour; their packets are read from the first one."""


def has_index(info: VideoInfo) -> bool:
    """Return whether a file can be trusted to begin at a keyframe before any time."""
    return not _INDEXED.isdisjoint(info.container.split(",")) and not info.jumps.changes


class FileOpener:
    """Opens one file for decoding, as often as it takes.

    Args:
        info: The probed file.
        stack: Holds what is open.
        on_damage: Called for every packet or frame that is damaged.
        quantisers: Whether frames say how coarsely they were rounded.
    """

    def __init__(
        self,
        info: VideoInfo,
        stack: ExitStack,
        *,
        on_damage: DamageListener,
        quantisers: bool = False,
    ) -> None:
        self._info = info
        self._stack = stack
        self._on_damage = on_damage
        self._quantisers = quantisers

    def from_beginning(self, *, first_packet: int = 0) -> Decoding:
        """Open the file at its first packet, or a later one.

        Raises:
            InputVideoError: It cannot be read any more.
        """
        self._stack.close()
        path = self._info.path
        container = self._stack.enter_context(
            open_input(path, allow_playlist=self._info.is_playlist)
        )
        return Decoding(
            container,
            path,
            on_damage=self._on_damage,
            first_packet=first_packet,
            jumps=self._info.jumps,
            delay=self._info.decoder_delay,
            stream_index=self._info.stream_index,
            quantisers=self._quantisers,
        )

    def from_keyframe(self, seconds: Fraction) -> Decoding:
        """Open the file at a keyframe at or before a time on its clock, or at its beginning.

        Raises:
            InputVideoError: It cannot be read any more.
        """
        if has_index(self._info):
            decoding = self.from_beginning()
            found = decoding.seek(seconds)
        else:
            with open_input(self._info.path, allow_playlist=self._info.is_playlist) as container:
                keyframe = _last_keyframe(container, self._info, seconds)
            decoding = self.from_beginning(first_packet=keyframe)
            found = True
        if found and self._begins_by(decoding, seconds):
            return decoding
        return self.from_beginning()

    def _begins_by(self, decoding: Decoding, seconds: Fraction) -> bool:
        # Only a frame with a time of its own proves that no wanted one was missed.
        first = next(iter(decoding.look(1)), None)
        if first is None or first.pts is None:
            return False
        return first.pts * self._info.time_base <= seconds


def _last_keyframe(container: InputContainer, info: VideoInfo, seconds: Fraction) -> int:
    """Return which packet is the last keyframe at or before a time; 0 if in doubt.

    Reads the packets up to there and decodes none.
    """
    stream = main_video_stream(container, info.path, info.stream_index)
    unit = stream.time_base or Fraction(1)
    found = 0
    try:
        for number, packet in enumerate(packets_of(container, [stream], info.jumps)):
            if packet.dts is not None and packet.dts * unit > seconds:
                break
            if packet.is_keyframe and packet.pts is not None and packet.pts * unit <= seconds:
                found = number
    except av.FFmpegError:
        # The reader will meet the same damage, and report it.
        return found
    return found

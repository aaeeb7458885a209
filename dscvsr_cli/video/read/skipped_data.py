"""Notice frames that were never read, although nothing raised an error.

Where data is damaged, libav continues at the next place in the container that makes sense. The
times then show a gap, and the file holds something there that cannot be read, or a packet is marked
as incomplete. A gap alone means nothing; recordings of screens have many. At the end, what came is
compared with what the container lists.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dscvsr_cli.video.read.medium import refuse_failing_medium
from dscvsr_cli.video.read.missing_frames import DamageListener
from dscvsr_cli.video.read.stated_end import ReadToEnd, frames_not_read
from dscvsr_cli.video.read.walks.walk import Walk, walk_of

_STATES_LENGTH: Final = frozenset({"matroska", "flv", "asf"})
"""FFmpeg's names of containers whose length in seconds is written in their header. That of others
was measured on what is there."""

_LATE_TIMES: Final = frozenset({"ogg"})
"""Those where only the end of a page has a time, so that a gap may show after the next page."""

_MOST_UNSTATED: Final = 100_000
"""Frames that may be missing in a gap if the length of the video is not known. A longer gap is a
time that is damaged itself."""


def _careful(walk: Walk, path: Path) -> Walk:
    """Return a walk that finds nothing wrong with a file that is gone.

    Whoever watches the input says that it was removed; a drive that fails is refused here.
    """

    def is_unbroken(before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
        try:
            return walk(before, after)
        except FileNotFoundError:
            return True
        except OSError as error:
            refuse_failing_medium(error, str(path), path, place=0, largest_packet=0)
            raise

    return is_unbroken


class SkippedData:
    """Finds what was skipped between the packets of a video, and at its end.

    Args:
        container: What is read.
        stream: Its video.
        path: Its name; a pipe is not looked into.
        first_packet: How many packets of the video come before the first one noted.
        carried_on: Numbers of packets before which the clock jumps, where a gap means nothing.
        on_damage: Called with what is missing.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        path: Path,
        *,
        first_packet: int,
        carried_on: frozenset[int],
        on_damage: DamageListener,
    ) -> None:
        self._from_start = first_packet == 0
        self._packets: int | None = first_packet
        self._container = container
        self._stream = stream
        self._path = path
        names = set(container.format.name.split(","))
        self._is_matroska = "matroska" in names
        self._states_length = not names.isdisjoint(_STATES_LENGTH)
        self._is_late = not names.isdisjoint(_LATE_TIMES)
        walk = walk_of(container, stream, path)
        self._walk = None if walk is None else _careful(walk, path)
        self._carried_on = carried_on
        self._on_damage = on_damage
        self._last: Packet[Any] | None = None
        self._first: Packet[Any] | None = None
        """The first packet whose place in the file is known."""
        self._placed: Packet[Any] | None = None
        """The last packet whose place in the file is known."""
        self._earlier: Packet[Any] | None = None
        """The last one that is elsewhere than ``_placed``."""
        self._clocked: Packet[Any] | None = None
        """The last packet with a time."""
        self._untimed = 0
        """Packets without one that have come since."""
        self._doubted = 0
        """Frames that a gap suggests, until a packet comes whose place is known."""
        self._reported = 0
        self._usual = 0
        """Least ticks from one packet to the next so far; 0 before the second."""
        self._latest = 0
        """Latest time of a packet so far."""

    def restart(self) -> None:
        """Begin again somewhere else in the file."""
        self._from_start = False
        self._packets = None
        self._last = self._first = self._placed = self._earlier = self._clocked = None
        self._untimed = 0
        self._usual = self._doubted = 0

    def note(self, packet: "Packet[Any]") -> bool:
        """Take the next packet; return whether something is missing before it."""
        last, self._last = self._last, packet
        missing = self._missing(last, packet) if last is not None or self._from_start else 0
        if packet.dts is not None:
            self._clocked, self._untimed = packet, 0
        else:
            self._untimed += 1
        if packet.pos is not None:
            if self._placed is not None and self._placed.pos != packet.pos:
                self._earlier = self._placed
            self._placed = packet
            self._first = self._first or packet
        if self._packets is not None:
            self._packets += 1
        if packet.pts is not None:
            self._latest = max(self._latest, packet.pts)
        if missing > 0:
            self._reported += missing
            # The packet may be behind the part that is read, and what is missing in it.
            usual = self._usual or packet.duration or 0
            first = None if packet.pts is None else packet.pts - missing * usual
            self._on_damage("data before a frame cannot be read", first, missing)
        return missing > 0 or packet.is_corrupt

    def end(self, trouble: str | None = None) -> None:
        """Look at what should have come after the last packet.

        Args:
            trouble: Why reading has stopped, if that was an error.
        """
        last = self._last
        if last is None:
            if trouble is not None:
                self._on_damage(trouble, None, 1)
            return
        usual = max(self._usual, last.duration or 0, 1)
        read = ReadToEnd(
            container=self._container,
            stream=self._stream,
            path=self._path,
            last=last,
            packets=self._packets,
            end=self._latest + usual,
            usual=usual,
        )
        missing = max(self._not_read(read), self._left_late(read)) - self._reported
        if missing <= 0 and (trouble is not None or not self._has_end(last)):
            missing = max(1, self._left(usual) if self._states_length else 1)
        if missing > 0:
            why = "the end of the file cannot be read" if trouble is None else trouble
            self._on_damage(why, None if trouble else self._latest + usual, missing)

    @staticmethod
    def _not_read(read: ReadToEnd) -> int:
        with suppress(FileNotFoundError):  # see _careful
            return frames_not_read(read)
        return 0

    def _has_end(self, last: "Packet[Any]") -> bool:
        if self._walk is None or self._placed is None:
            return not last.is_corrupt
        return self._walk(self._placed, None)

    def _left_late(self, read: ReadToEnd) -> int:
        """Return how many frames are missing if times run on across what cannot be read.

        Only the time at the end of the last page shows then that they are behind.
        """
        if not self._is_late or not self._stream.duration or self._first is None:
            return 0
        start = self._stream.start_time or 0
        left = round((start + self._stream.duration - read.end) / read.usual)
        if left <= 0 or self._walk is None or self._walk(self._first, None):
            return 0
        return left

    def _left(self, usual: int) -> int:
        """Return how many frames the file is longer than what was read, by its stated length."""
        unit, length = self._stream.time_base, self._container.duration
        if unit is None or not length:
            return 0
        return round((length / av.time_base / float(unit) - self._latest) / usual) - 1

    def _missing(self, last: "Packet[Any] | None", packet: "Packet[Any]") -> int:
        """Return how many frames are missing between two packets, or before the first one."""
        skipped = round(self._steps(last, packet)) - 1 - self._untimed if last is not None else 0
        if skipped > self._most():
            skipped = 1
        if self._is_matroska and self._walk is not None:
            # Frames that are shown in another order can be missing without a gap, and the number
            # missing at the beginning is unknown.
            return 0 if self._walk(last, packet) else max(1, skipped)
        if last is None:
            return 0
        if self._packets in self._carried_on:
            self._doubted = 0
            return 0
        if packet.is_corrupt or last.is_corrupt:
            return skipped
        self._doubted += max(0, skipped)
        if packet.pos is None or not self._doubted:
            return 0
        doubted, self._doubted = self._doubted, 0
        since = self._earlier if self._is_late and self._earlier is not None else self._placed
        is_whole = self._walk is None or self._walk(since, packet)
        return 0 if is_whole else doubted

    def _most(self) -> int:
        unit, length = self._stream.time_base, self._container.duration
        if unit is None or not length or not self._usual:
            return _MOST_UNSTATED
        return max(1, int(length / av.time_base / float(unit) / self._usual))

    def _steps(self, last: "Packet[Any]", packet: "Packet[Any]") -> float:
        """Return the distance between two packets as a multiple of the usual one."""
        usual = max(self._usual, last.duration or 0)
        clocked = self._clocked
        step = 0
        if clocked is not None and clocked.dts is not None and packet.dts is not None:
            step = packet.dts - clocked.dts
        if step > 0 and not self._untimed:
            self._usual = min(self._usual or step, step)
        if self._is_matroska and packet.pts is not None and 2 * step <= 3 * usual:
            # It has no decoding times. Those that libav makes up for frames that are shown in
            # another order may run on across a gap.
            step = packet.pts - self._latest
        return step / usual if usual > 0 else 1

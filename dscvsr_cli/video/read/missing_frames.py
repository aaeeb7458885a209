"""Notice frames that are missing although nothing raised an error.

Two things lose them. Where data is damaged, a container is read on at the next place that makes
sense: the times show a gap, and in the file lies something that cannot be read, or a packet is
marked as incomplete. A gap alone means nothing; recordings of screens have many. And a decoder may
keep back frames of packets that it took: such a packet counts where frames of later times come out
and its own never does. For codecs with hidden frames, and for fields, it counts only until two
keyframes after damage.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.read.matroska_walk import is_unbroken

DamageListener = Callable[[str, int | None, int], None]
"""Called with what is wrong, the timestamp that it concerns where that is known, and the number of
frames that are damaged or missing."""

_KEYFRAMES_TO_RECOVER: Final = 2
"""Keyframes after damage from which a decoder gives every frame again, open groups included."""

_ONE_FRAME_EACH: Final = frozenset({"h264", "hevc", "av1"})
"""Codecs whose packets each hold a frame that is shown; libav may drop one without an error."""

_MOST_LATE: Final = 16
"""Frames that may come before one of an earlier time, as H.264 allows."""


class SkippedData:
    """Finds what was skipped between the packets of a video, where their times have a gap.

    Args:
        container: What is read.
        stream: Its video.
        path: Its name; a pipe is not looked into.
        from_start: Whether the first packet noted is the first of the file.
        is_carried_on: Whether times were moved across jumps of the clock, which leave gaps.
        tell: Called with what is missing.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: Stream,
        path: Path,
        *,
        from_start: bool,
        is_carried_on: bool,
        tell: DamageListener,
    ) -> None:
        self._from_start = from_start
        self._container = container
        self._stream = stream
        self._path = path
        self._is_matroska = "matroska" in container.format.name and path.is_file()
        self._is_carried_on = is_carried_on
        self._tell = tell
        self._last: Packet[Any] | None = None
        self._usual = 0
        """Least ticks from one packet to the next so far; 0 before the second."""
        self._latest = 0
        """Latest time of a packet so far."""

    def restart(self) -> None:
        """Begin again somewhere else in the file."""
        self._from_start = False
        self._last = None
        self._usual = 0

    def note(self, packet: "Packet[Any]") -> bool:
        """Take the next packet; return whether something is missing before it."""
        last, self._last = self._last, packet
        missing = self._missing(last, packet) if last is not None or self._from_start else 0
        if packet.pts is not None:
            self._latest = max(self._latest, packet.pts)
        if missing > 0:
            self._tell("data before a frame cannot be read", packet.pts, missing)
        return missing > 0 or packet.is_corrupt

    def end(self) -> None:
        """Look at what lies behind the last packet."""
        last = self._last
        if last is None or not self._is_matroska or is_unbroken(self._path, last, None):
            return
        usual = max(self._usual, last.duration or 0, 1)
        unit, length = self._stream.time_base, self._container.duration
        missing = 1
        if unit is not None and length:
            end = length / av.time_base / float(unit)
            missing = round((end - self._latest) / usual) - 1
        if missing > 0:
            self._tell("the end of the file cannot be read", self._latest, missing)

    def _missing(self, last: "Packet[Any] | None", packet: "Packet[Any]") -> int:
        """Return how many frames are missing between two packets, or before the first one."""
        skipped = round(self._steps(last, packet)) - 1 if last is not None else 0
        if self._is_matroska:
            # Of frames that are shown in another order, some can be missing without a gap; and how
            # many are missing at the beginning nobody knows.
            return 0 if is_unbroken(self._path, last, packet) else max(1, skipped)
        is_marked = packet.is_corrupt or (last is not None and last.is_corrupt)
        return skipped if is_marked and not self._is_carried_on else 0

    def _steps(self, last: "Packet[Any]", packet: "Packet[Any]") -> float:
        """Return how many times the usual distance lies between two packets."""
        usual = max(self._usual, last.duration or 0)
        step = 0 if last.dts is None or packet.dts is None else packet.dts - last.dts
        if step > 0:
            self._usual = min(self._usual or step, step)
        if self._is_matroska and packet.pts is not None and 2 * step <= 3 * usual:
            # It has no decoding times. Those that libav makes up for frames that are shown in
            # another order may run on across a gap.
            step = packet.pts - self._latest
        return step / usual if usual > 0 else 1


class KeptBack:
    """Counts frames that a decoder never gives although it got their packets.

    Args:
        codec: FFmpeg's name of the codec.
        tell: Called with how many are missing.
    """

    def __init__(self, codec: str, *, tell: DamageListener) -> None:
        # Others have packets without a frame of their own: hidden frames, frames left as they are.
        self._one_each = codec in _ONE_FRAME_EACH
        self._proves = True
        self._tell = tell
        self.restart()

    def restart(self) -> None:
        """Begin again somewhere else in the file."""
        self._waiting: dict[int, bool] = {}
        """Times of packets whose frames are to come, and whether that was in doubt."""
        self._overdue: dict[int, tuple[bool, int]] = {}
        """Times of those that a later frame has overtaken, and how many frames had come by then."""
        self._keyframes_left = 0
        self._told = 0
        self._came = 0
        self._first: int | None = None

    def suspect(self, *, told: int = 0) -> None:
        """Take note of damage, and how many frames have been told to be missing."""
        self._waiting = dict.fromkeys(self._waiting, True)
        self._keyframes_left = _KEYFRAMES_TO_RECOVER
        self._told += told

    def sent(self, packet: "Packet[Any]") -> None:
        """Take note of a packet that the decoder gets."""
        if packet.is_keyframe and self._keyframes_left:
            self._keyframes_left -= 1
        if packet.pts is not None and not packet.is_discard:
            self._waiting[packet.pts] = self._keyframes_left > 0

    def came(self, frame: av.VideoFrame) -> None:
        """Take note of a frame that the decoder gave."""
        if frame.pts is None:
            return
        if frame.interlaced_frame:
            # Each of two fields may have a packet.
            self._one_each = False
        self._waiting.pop(frame.pts, None)
        self._overdue.pop(frame.pts, None)
        late = {pts: doubt for pts, doubt in self._waiting.items() if pts < frame.pts}
        for pts, doubt in late.items():
            del self._waiting[pts]
            # What is shown before the first frame needs others, which are not in the file.
            if self._first is not None and pts > self._first:
                self._overdue[pts] = doubt, self._came
        self._came += 1
        if self._first is None:
            self._first = frame.pts
        lost = [pts for pts, (_, seen) in self._overdue.items() if self._came - seen > _MOST_LATE]
        self._report(lost)
        if not self._keyframes_left and not any(self._waiting.values()) and not self._overdue:
            self._told = 0

    def end(self) -> None:
        """Count what has not come when the decoder has ended."""
        first = self._first
        if first is not None:
            self._overdue |= {
                pts: (doubt, 0) for pts, doubt in self._waiting.items() if pts > first
            }
            self._report(list(self._overdue))
        self._waiting = {}

    def _report(self, lost: list[int]) -> None:
        doubts = [self._overdue.pop(pts)[0] for pts in lost]
        missing = len(doubts) if self._one_each else sum(doubts)
        if not self._one_each and not all(doubts):
            # It has packets without frames where nothing is damaged, so they prove nothing.
            self._proves = False
        known = min(missing, self._told)
        self._told -= known
        if missing > known and self._proves:
            self._tell("the decoder gave nothing", max(lost), missing - known)

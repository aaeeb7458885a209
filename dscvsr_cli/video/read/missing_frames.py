"""Notice frames that a decoder keeps back without an error, although it took their packets.

Such a packet counts if frames of later times come out and its own never does. For codecs with
hidden frames, and for fields, it counts only until two keyframes after damage.
"""

from collections.abc import Callable
from typing import Any, Final

import av
from av.packet import Packet

DamageListener = Callable[[str, int | None, int], None]
"""Called with what is wrong, the timestamp of the first frame that it concerns if that is known,
and the number of frames that are damaged or missing from there on."""

_KEYFRAMES_TO_RECOVER: Final = 2
"""Keyframes after damage from which a decoder gives every frame again, open groups included."""

_ONE_FRAME_EACH: Final = frozenset({"h264", "hevc", "av1"})
"""Codecs whose packets each hold a frame that is shown; libav may drop one without an error."""

_MOST_LATE: Final = 16
"""Frames that may come before one of an earlier time, as H.264 allows."""


class KeptBack:
    """Counts frames that a decoder never gives although it got their packets.

    Args:
        codec: FFmpeg's name of the codec.
        on_damage: Called with how many are missing.
        numbered: Whether packets have no presentation times of their own, so each gets a number
            instead, which identifies its frame.
    """

    def __init__(self, codec: str, *, on_damage: DamageListener, numbered: bool = False) -> None:
        self._numbered = numbered
        self._sent = 0
        # Others have packets without a frame of their own: hidden frames, frames left as they are.
        self._one_each = codec in _ONE_FRAME_EACH
        self._proves = True
        self._on_damage = on_damage
        self.restart()

    def restart(self) -> None:
        """Begin again somewhere else in the file."""
        self._waiting: dict[int, bool] = {}
        """Times (or numbers) of packets whose frames are to come, and whether that was in doubt."""
        self._overdue: dict[int, tuple[bool, int]] = {}
        """Times of those that a later frame has overtaken, and how many frames had come by then."""
        self._keyframes_left = 0
        self._reported = 0
        self._came = 0
        self._first: int | None = None
        self._second: int | None = None
        """Least number of a packet whose frame came, beside the first."""

    def suspect(self, *, reported: int = 0) -> None:
        """Take note of damage, and of the missing frames that were reported with it."""
        self._waiting = dict.fromkeys(self._waiting, True)
        self._keyframes_left = _KEYFRAMES_TO_RECOVER
        self._reported += reported

    def sent(self, packet: "Packet[Any]") -> None:
        """Take note of a packet that the decoder gets."""
        if packet.is_keyframe and self._keyframes_left:
            self._keyframes_left -= 1
        key = packet.pts
        if self._numbered:
            key = packet.pts = self._sent
            self._sent += 1
        if key is not None and not packet.is_discard:
            self._waiting[key] = self._keyframes_left > 0

    def came(self, frame: av.VideoFrame) -> None:
        """Take note of a frame that the decoder gave; one that is known by a number loses it."""
        key = frame.pts
        if self._numbered:
            frame.pts = None
        if key is None:
            return
        if frame.interlaced_frame:
            # Each of two fields may have a packet.
            self._one_each = False
        self._waiting.pop(key, None)
        self._overdue.pop(key, None)
        late = {one: doubt for one, doubt in self._waiting.items() if one < key}
        for one, doubt in late.items():
            del self._waiting[one]
            # What is shown before the first frame needs others, which are not in the file.
            if self._first is not None and one > self._first:
                self._overdue[one] = doubt, self._came
        self._came += 1
        if self._first is None:
            self._first = key
        elif key > self._first:
            self._second = min(key, self._second or key)
        lost = [key for key, (_, seen) in self._overdue.items() if self._came - seen > _MOST_LATE]
        self._report(lost)
        if not self._keyframes_left and not any(self._waiting.values()) and not self._overdue:
            self._reported = 0

    def end(self) -> None:
        """Count what has not come when the decoder has ended."""
        first = self._first
        if first is not None:
            self._overdue |= {
                key: (doubt, 0) for key, doubt in self._waiting.items() if key > first
            }
            self._report(list(self._overdue))
        self._waiting = {}

    def _is_leading(self, key: int) -> bool:
        """Return whether a packet right behind the first may hold a frame that is shown before it.

        Such frames need others, which are not in the file; times would distinguish them from lost
        ones.
        """
        if not self._numbered or self._first is None or self._second is None:
            return False
        return key < self._second and key - self._first <= _MOST_LATE

    def _report(self, lost: list[int]) -> None:
        doubts = {key: self._overdue.pop(key)[0] for key in lost}
        doubts = {key: doubt for key, doubt in doubts.items() if not self._is_leading(key)}
        missing = len(doubts) if self._one_each else sum(doubts.values())
        if not self._one_each and not all(doubts.values()):
            # It has packets without frames if nothing is damaged, so they prove nothing.
            self._proves = False
        known = min(missing, self._reported)
        self._reported -= known
        if missing > known and self._proves:
            pts = None if self._numbered else min(doubts)
            self._on_damage("the decoder gave nothing", pts, missing - known)

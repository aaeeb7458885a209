"""Decoding: the frames of one open container, with a look ahead at the first ones."""

import errno
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.out_of_memory import too_little_memory
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import ClockJumps
from dscvsr_cli.video.read.colour_tags import StatedColour
from dscvsr_cli.video.read.encryption import refuse_encrypted
from dscvsr_cli.video.read.main_stream import codec_name, main_video_stream, picture_decoder
from dscvsr_cli.video.read.missing_frames import DamageListener, KeptBack
from dscvsr_cli.video.read.packets import packets_of
from dscvsr_cli.video.read.quantiser import ask_for_quantisers
from dscvsr_cli.video.read.skipped_data import SkippedData

_NO_ROOM: Final = frozenset({errno.EAGAIN, errno.ENOMEM})
"""What a decoder says that finds no memory, for itself or for its threads."""


_NO_TIMESTAMPS: Final = 0x0080
"""libav's AVFMT_NOTIMESTAMPS."""


class Decoding:
    """Every frame of a container's main stream, in the order shown, once.

    The loop repeats what ``look`` shows, so a pipe is probed and read in one go.

    Args:
        container: Freshly opened.
        path: Its name, for messages.
        threads: Threads of the decoder; 0 takes as many as are useful.
        on_damage: Called if a packet or frame is damaged, or frames are missing.
        first_packet: How many packets of the video stream are skipped at the beginning.
        jumps: Where the clock of the file steps back.
        stream_index: Which stream to decode; None takes the first video.
        quantisers: Whether frames say how coarsely they were rounded, where the codec's decoder can
            tell, which then works on one frame at a time.
        delay: ``delay`` of a decoding that began at the first packet, if this one does not.

    Raises:
        InputVideoError: The container holds no video that can be decoded here.
    """

    def __init__(
        self,
        container: InputContainer,
        path: Path,
        *,
        threads: int = 0,
        on_damage: DamageListener | None = None,
        first_packet: int = 0,
        jumps: ClockJumps | None = None,
        delay: int | None = None,
        stream_index: int | None = None,
        quantisers: bool = False,
    ) -> None:
        self.container = container
        self._path = path
        self.stream = main_video_stream(container, path, stream_index)
        self.container_colour = StatedColour.of(self.stream.codec_context)
        """What the container says of the colours; the frames may say nothing, or otherwise."""
        self._decoder = picture_decoder(self.stream)
        self._decoder.thread_count = threads
        self._decoder.thread_type = "AUTO"
        if quantisers:
            ask_for_quantisers(self._decoder)
        self._on_damage = on_damage
        self._first_packet = first_packet
        self._jumps = jumps
        self._order = _DisplayOrder(self.stream, delay)
        self._numbered = has_slots(self.stream) or _has_no_times(self.stream)
        self._kept_back = KeptBack(
            codec_name(self.stream), on_damage=self._report, numbered=self._numbered
        )
        self._skipped = SkippedData(
            container,
            self.stream,
            path,
            first_packet=first_packet,
            carried_on=frozenset() if jumps is None else jumps.places(self.stream.index),
            on_damage=self._report,
        )
        self.first_aspect = self.aspect = self._decoder.sample_aspect_ratio or Fraction(1)
        """Sample aspect ratios of the file's first frame, and of the frame given out last."""
        self._seen: deque[tuple[av.VideoFrame, Fraction]] = deque()
        self._frames = self._decode()

    @property
    def delay(self) -> int | None:
        """Ticks between a packet and the frame shown at its time, if the container has no pts.

        None before the first frame, and if the container has presentation times.
        """
        return self._order.delay

    def look(self, count: int) -> list[av.VideoFrame]:
        """Return the first frames, at most ``count``; the loop still begins with them."""
        while len(self._seen) < count and (found := next(self._frames, None)) is not None:
            self._seen.append(found)
        return [frame for frame, _ in self._seen][:count]

    def __iter__(self) -> Iterator[av.VideoFrame]:
        while self._seen:
            frame, self.aspect = self._seen.popleft()
            yield frame
        for frame, self.aspect in self._frames:  # noqa: B020  its own for every frame
            yield frame

    def seek(self, seconds: Fraction) -> bool:
        """Go to the keyframe at or before a time on the file's clock; False if that fails.

        The caller must check the time of the first frame that comes: files with a poor index
        go elsewhere without saying so.
        """
        if self.stream.time_base is None:
            return False
        try:
            self.container.seek(seconds // self.stream.time_base, stream=self.stream)
        except (av.FFmpegError, OSError, OverflowError):
            return False
        self._decoder.flush_buffers()
        self._order.restart()
        self._kept_back.restart()
        self._skipped.restart()
        self._seen.clear()
        self._first_packet = 0
        self._frames = self._decode()
        return True

    def _decode(self) -> Iterator[tuple[av.VideoFrame, Fraction]]:
        aspect = self.first_aspect
        packets = packets_of(self.container, [self.stream], self._jumps, skipped=self._first_packet)
        size: tuple[int, int] | None = None
        drained = False
        while not drained:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError) as error:
                # The container itself is cut or damaged here: nothing more can be read, but the
                # decoder still holds frames.
                self._skipped.end(f"reading stopped: {describe_error(error)}")
                self._kept_back.suspect()
                packet = None
            # demux() ends with an empty packet that drains the decoder; without it (an error) we
            # drain by hand. Forgetting this loses the last frames of every file with B-frames.
            drained = packet is None or (packet.size == 0 and packet.dts is None)
            if packet is not None and not packet.size and not drained:
                # An empty packet, as Theora has them, shows the frame before for longer. Decoders
                # would take it for the end, or for damage.
                continue
            if packet is not None:
                refuse_encrypted(packet, self._path)
                self._note(packet, drained=drained)
            try:
                decoded = self._decoder.decode(None if drained else packet)
            except av.EOFError:
                break
            except av.FFmpegError as error:
                if error.errno in _NO_ROOM:
                    raise too_little_memory() from error
                pts = None if packet is None or self._numbered else packet.pts
                self._report(describe_error(error), pts)
                self._kept_back.suspect(reported=1)
                continue
            for frame in decoded:
                self._kept_back.came(frame)
                self._order.stamp(frame)
                if frame.is_corrupt:
                    self._report("decoded with errors", frame.pts)
                    self._kept_back.suspect()
                if frame.key_frame or (frame.width, frame.height) != size:
                    # PyAV does not show a frame's own; a new one begins with a keyframe.
                    aspect = self._decoder.sample_aspect_ratio or Fraction(1)
                    size = frame.width, frame.height
                yield frame, aspect
        self._kept_back.end()

    def _note(self, packet: "Packet[Any]", *, drained: bool) -> None:
        """Take note of a packet before it is decoded."""
        self._order.note(packet)
        if drained:
            self._skipped.end()
            return
        if self._skipped.note(packet):
            self._kept_back.suspect()
        self._kept_back.sent(packet)

    def _report(self, trouble: str, pts: int | None, frames: int = 1) -> None:
        if self._on_damage is not None:
            self._on_damage(trouble, pts, frames)


class _DisplayOrder:
    """Gives the frames of an AVI file the times at which they are shown.

    AVI has no presentation times, and those that libav makes up for packets are in decoding order.
    Its slots are regular: a frame is shown in the slot of the packet that pushed it out of the
    decoder, less the decoder's delay, so that the first frame is shown in the first slot.
    """

    def __init__(self, stream: Stream, delay: int | None) -> None:
        self.delay = delay
        self._applies = has_slots(stream)
        self._first: int | None = None
        self._last: int | None = None

    def restart(self) -> None:
        """Begin again somewhere else in the file."""
        self._last = None

    def note(self, packet: "Packet[Any]") -> None:
        """Take note of a packet before it is decoded."""
        if self._first is None:
            self._first = packet.dts

    def stamp(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the next frame with the time at which it is shown."""
        if not self._applies:
            return frame
        if self.delay is None and frame.dts is not None and self._first is not None:
            self.delay = max(0, frame.dts - self._first)
        if frame.dts is not None:
            frame.pts = frame.dts - (self.delay or 0)
        elif self._last is not None:
            # The last frames come out of the decoder without another packet.
            frame.pts = self._last + max(1, frame.duration or 0)
        self._last = frame.pts
        return frame


def has_slots(stream: Stream) -> bool:
    """Return whether the packets of a stream have regular slots and no presentation times."""
    return stream.container.format.name == "avi"


def _has_no_times(stream: Stream) -> bool:
    """Return whether packets have no times at all: raw streams whose frames are shown reordered."""
    is_raw = bool(stream.container.format.flags & _NO_TIMESTAMPS)
    return is_raw and codec_name(stream) in ("h264", "hevc")

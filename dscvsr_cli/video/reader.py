"""VideoReader: a video file as an iterator of Frame."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels import frame_to_pixels
from dscvsr_cli.video.probe import describe_error, main_video_stream, open_input, probe

_log: Final = logging.getLogger(__name__)

_ASSUMED_RATE: Final = Fraction(25)
"""Frames per second where nothing in the file tells; FFmpeg assumes the same."""


class VideoReader:
    """Decode every picture of a file, in the order shown, once.

    Use it as a context manager and iterate over it; a second loop starts from the beginning.

    Timestamps are the source's own. Where a picture has none (raw streams, some AVI files) it gets
    its decoding time if that moves forward, and else the previous timestamp plus the previous
    duration. Timestamps that repeat or step back are passed on as they are: ``VideoWriter`` puts
    them in order, since only it knows what its container can hold.

    A picture that cannot be decoded is left out, counted in ``damaged_frames`` and logged; pictures
    that decode with errors are kept, counted and logged as well.

    Raises:
        InputVideoError: From the constructor where ``probe`` complains; from the loop where not a
            single picture comes out.
    """

    def __init__(self, path: Path) -> None:
        self.info: VideoInfo = probe(path)
        self.frames_read = 0
        self.damaged_frames = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; iterating again opens it anew."""
        self._stack.close()

    def __iter__(self) -> Iterator[Frame]:
        self.close()
        self.frames_read = self.damaged_frames = 0
        container = self._stack.enter_context(open_input(self.info.path))
        stream = main_video_stream(container, self.info.path)
        stream.thread_type = "AUTO"
        clock = _Clock(self.info)
        for decoded in self._decode(container, stream):
            pts, duration = clock.stamp(decoded)
            pixels = frame_to_pixels(decoded, self.info.colour)
            self.frames_read += 1
            yield Frame(pixels=pixels, pts=pts, duration=duration)
        if self.frames_read == 0:
            raise InputVideoError(
                f"no picture of {self.info.path} could be decoded",
                hint="the file is damaged or cut short; try another copy",
            )

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        packets = container.demux(stream)
        drained = False
        while not drained:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                # The container itself is cut or damaged here: nothing more can be read, but the
                # decoder still holds pictures.
                self._note_damage(f"reading stopped: {describe_error(error)}")
                packet = None
            # demux() ends with an empty packet that drains the decoder; without it (an error) we
            # drain by hand. Forgetting this loses the last pictures of every file with B-frames.
            drained = packet is None or (packet.size == 0 and packet.dts is None)
            try:
                decoded = stream.decode(None if drained else packet)
            except av.EOFError:
                return
            except av.FFmpegError as error:
                self._note_damage(describe_error(error))
                continue
            for frame in decoded:
                if frame.is_corrupt:
                    self._note_damage("decoded with errors")
                yield from self._same_size(frame)

    def _same_size(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        if (frame.height, frame.width) == (self.info.height, self.info.width):
            yield frame
            return
        # Broadcast recordings and web streams may change their size midway. An encoder cannot, so
        # such pictures are brought to the first one's size and none is lost.
        _log.warning(
            "%s: the picture changes to %dx%d; scaled back to %dx%d",
            self.info.path,
            frame.width,
            frame.height,
            self.info.width,
            self.info.height,
        )
        resized = frame.reformat(
            width=self.info.width,
            height=self.info.height,
            format=self.info.pixel_format,
            interpolation="BICUBIC",
        )
        resized.pts, resized.dts = frame.pts, frame.dts
        yield resized

    def _note_damage(self, trouble: str) -> None:
        self.damaged_frames += 1
        _log.warning("%s: damaged picture (%s); going on", self.info.path, trouble)


class _Clock:
    """Give every decoded picture a timestamp and a duration, in the stream's unit."""

    def __init__(self, info: VideoInfo) -> None:
        rate = info.frame_rate or _ASSUMED_RATE
        self._usual_duration = max(1, round(1 / (rate * info.time_base)))
        self._next: int | None = None
        self._last: int | None = None

    def stamp(self, frame: av.VideoFrame) -> tuple[int, int]:
        # Older releases of PyAV do not show a frame's duration.
        duration = int(getattr(frame, "duration", 0) or 0)
        if duration == 1 and self._usual_duration > 1:
            # FLV and some Matroska files claim one tick of their millisecond clock per picture.
            duration = 0
        pts = frame.pts
        if pts is None and frame.dts is not None and (self._last is None or frame.dts > self._last):
            pts = frame.dts
        if pts is None:
            pts = self._next if self._next is not None else 0
        self._last = pts
        self._next = pts + (duration or self._usual_duration)
        return pts, duration

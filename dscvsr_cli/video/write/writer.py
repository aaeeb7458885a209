"""VideoWriter: encode frames and mux them with everything else the source holds, in one go."""

from types import TracebackType
from typing import Self

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.timestamps import Timeline, span_shift
from dscvsr_cli.video.write.encoder import FrameEncoder
from dscvsr_cli.video.write.muxer import Assembly, OutputSpec
from dscvsr_cli.video.write.target_file import Destination, Naming, unrecorded


class VideoWriter:
    """Write frames, and copy the source's other streams beside them, into one new file.

    Use it as a context manager. Entering checks and opens everything, so that what cannot work
    fails before any frame is computed. The file appears under its name only when the block ends
    without an exception; otherwise, Ctrl-C included, nothing is left and an existing file stays.

    Timestamps are written in the source's own time base and come back unchanged from MP4 and MOV.
    Matroska and WebM count milliseconds, so there they are rounded to the nearest one, as by every
    other tool. MPEG-TS counts 90000ths of a second and knows no negative times: where reordered
    frames would need some, all streams move together by the same few frames. Times that cannot
    stand are moved as ``Timeline`` says.

    Args:
        destination: Where to write.
        spec: What the file will hold; with a span its times start at zero.
        overwrite: Whether an existing file may be replaced.
        naming: Gives the block inside which the file takes its name.
    """

    def __init__(
        self,
        destination: Destination,
        spec: OutputSpec,
        *,
        overwrite: bool = False,
        naming: Naming = unrecorded,
    ) -> None:
        picture = spec.picture
        self.frames_written = 0
        self._target = destination.path
        self._spec = picture
        self._partial = destination.partial(overwrite=overwrite, naming=naming)
        self._assembly = Assembly(self._partial.path, spec)
        self._timeline = Timeline(
            name=picture.source.path,
            shift=span_shift(picture.source, spec.span, picture.timing.time_base),
        )
        self._encoder: FrameEncoder | None = None

    @property
    def moved_timestamps(self) -> int:
        """Frames whose time was not after their predecessor's."""
        return self._timeline.moved

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        return self._assembly.lost_packets

    def __enter__(self) -> Self:
        """Create the hidden file, open the encoder and write the header.

        Raises:
            UsageError: The target exists or is not a file, or the encoder does not fit.
            OutputVideoError: The folder cannot be written, or the muxer refuses.
        """
        self._partial.check(self._spec.source.path)
        self._partial.create()
        try:
            with reported(self._target):
                self._assembly.open()
            self._encoder = FrameEncoder(self._assembly.encoder, self._spec, self._timeline)
        except BaseException:
            self._abandon()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise
        self._partial.publish()

    def write(self, frame: Frame) -> None:
        """Encode one frame of the promised size; its pixels may be on any device.

        Raises:
            OutputVideoError: Encoding or writing failed, a full disk for example.
        """
        with reported(self._target):
            packets = self._opened.encode(frame)
            if self.frames_written == 0:
                self._assembly.shift(self._timeline.shift)
            for packet in packets:
                self._assembly.mux(packet)
        self.frames_written += 1

    @property
    def _opened(self) -> FrameEncoder:
        if self._encoder is None:
            raise ValueError("the writer is used outside its with block")
        return self._encoder

    def _finish(self) -> None:
        with reported(self._target):
            for packet in self._opened.finish():
                if self.frames_written <= 2:
                    # libx265 takes decoding times from memory it never filled when a clip is
                    # shorter than its reordering delay. Two frames are never reordered.
                    packet.dts = packet.pts
                self._assembly.mux(packet)
            self._assembly.finish()
        self._encoder = None

    def _abandon(self) -> None:
        self._encoder = None
        self._assembly.abandon()
        self._partial.discard()

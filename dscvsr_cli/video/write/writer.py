"""VideoWriter: encode frames and mux them with everything else the source holds, in one go."""

from pathlib import Path
from types import TracebackType
from typing import Self

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import Container, container_of
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices, plan_passthrough
from dscvsr_cli.video.span import WHOLE, TimeSpan
from dscvsr_cli.video.timestamps import Timeline, span_shift
from dscvsr_cli.video.write.encoder import FrameEncoder, settle_picture
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.muxer import Assembly, OutputSpec
from dscvsr_cli.video.write.target_file import PartialFile, PipeTarget, check_target, is_pipe_target


class VideoWriter:
    """Write frames, and copy the source's other streams beside them, into one new file.

    Use it as a context manager. Entering checks and opens everything, so that what cannot work
    fails before any frame is computed. The file appears under its name only when the block ends
    without an exception; otherwise, Ctrl-C included, nothing is left and an existing file stays.

    Timestamps are written in the source's own time base and come back unchanged from MP4 and MOV.
    Matroska and WebM count milliseconds, so there they are rounded to the nearest one, as by every
    other tool. MPEG-TS counts 90000ths of a second and knows no negative times: where reordered
    pictures would need some, all streams move together by the same few frames. Times that cannot
    stand are moved as ``Timeline`` says.

    Args:
        target: The file to write, or ``-``, or a named pipe.
        source: The probed input: times, colours, tags and other streams are taken from it.
        height: Rows of the frames to come.
        width: Columns of the frames to come.
        options: How to encode.
        overwrite: Whether an existing target may be replaced.
        copy_streams: Whether sound, subtitles and the rest go along.
        choices: What of them, and how; None copies all that fits.
        container: What to write; None goes by the suffix of the target.
        span: The part of the source that the frames are of; the output starts at zero.
    """

    def __init__(
        self,
        target: Path,
        *,
        source: VideoInfo,
        height: int,
        width: int,
        options: EncodeOptions | None = None,
        overwrite: bool = False,
        copy_streams: bool = True,
        choices: StreamChoices | None = None,
        container: Container | None = None,
        span: TimeSpan = WHOLE,
    ) -> None:
        self.target = target
        self.frames_written = 0
        self._source = source
        self._overwrite = overwrite
        spec = settle_picture(
            source,
            container or container_of(target),
            height=height,
            width=width,
            options=options or EncodeOptions(),
        )
        self.pixel_format: str = spec.pixel_format
        self._spec = spec
        self._partial = (
            PipeTarget(target)
            if is_pipe_target(target)
            else PartialFile(target, overwrite=overwrite)
        )
        others = plan_passthrough(source, spec.container.name, choices) if copy_streams else None
        output = OutputSpec(picture=spec, others=others, span=span)
        self._assembly = Assembly(self._partial.path, output)
        self._timeline = Timeline(name=source.path, shift=span_shift(source, span))
        self._encoder: FrameEncoder | None = None

    @property
    def moved_timestamps(self) -> int:
        """Pictures whose time did not lie after their predecessor's."""
        return self._timeline.moved

    def __enter__(self) -> Self:
        """Create the hidden file, open the encoder and write the header.

        Raises:
            UsageError: The target exists or is no file, or the encoder does not fit.
            OutputVideoError: The folder cannot be written, or the muxer refuses.
        """
        if not is_pipe_target(self.target):
            check_target(self.target, source=self._source.path, overwrite=self._overwrite)
        self._partial.create()
        try:
            with reported(self.target):
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
        """Encode one frame of the promised size; its pixels may lie on any device.

        Raises:
            OutputVideoError: Encoding or writing failed, a full disk for example.
        """
        with reported(self.target):
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
        with reported(self.target):
            for packet in self._opened.finish():
                if self.frames_written <= 2:
                    # libx265 takes decoding times from memory it never filled when a clip is
                    # shorter than its reordering delay. Two pictures are never reordered.
                    packet.dts = packet.pts
                self._assembly.mux(packet)
            self._assembly.finish()
        self._encoder = None

    def _abandon(self) -> None:
        self._encoder = None
        self._assembly.abandon()
        self._partial.discard()

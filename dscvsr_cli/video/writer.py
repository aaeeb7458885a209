"""VideoWriter: encode frames and mux them with everything else the source holds."""

import errno
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.colour import output_colour
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.encoders import EncodeOptions, encoder_options, output_pixel_format
from dscvsr_cli.video.formats import plain_format, required_multiple
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough import StreamCopier, copy_stream_tags, plan_passthrough
from dscvsr_cli.video.pixels import pixels_to_frame
from dscvsr_cli.video.probe import codec_name, describe_error
from dscvsr_cli.video.publish import PartialFile, check_target
from dscvsr_cli.video.rotation import DisplayMatrix, scale_display_matrix

_log: Final = logging.getLogger(__name__)

_ASSUMED_RATE: Final = Fraction(25)
_LARGEST_TIMESCALE: Final = 2**31 - 1
_FRAME_DURATION_FLAG: Final = 1 << 8
"""libav's AV_CODEC_FLAG_FRAME_DURATION."""


class VideoWriter:
    """Write frames, and copy the source's other streams beside them, into one new file.

    Use it as a context manager. Entering checks and opens everything, so that what cannot work
    fails before any frame is computed. The file appears under its name only when the block ends
    without an exception; otherwise, Ctrl-C included, nothing is left and an existing file stays.

    Timestamps are written in the source's own time base and come back unchanged from MP4 and MOV.
    Matroska and WebM count milliseconds, so there they are rounded to the nearest one, as by every
    other tool. MPEG-TS counts 90000ths of a second and knows no negative times: where reordered
    pictures would need some, all streams move together by the same few frames.

    A picture that starts before time zero, which players do not show, is moved to start there, and
    everything else with it. A timestamp that does not lie after its predecessor (encoders refuse
    it) is moved to one unit after it, counted in ``moved_timestamps`` and logged; no frame is
    dropped.

    Args:
        target: The file to write; its suffix chooses the container.
        source: The probed input: times, colours, tags and other streams are taken from it.
        height: Rows of the frames to come.
        width: Columns of the frames to come.
        options: How to encode.
        overwrite: Whether an existing target may be replaced.
        copy_streams: Whether sound, subtitles and the rest are copied.
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
    ) -> None:
        self.target = target
        self.frames_written = 0
        self.moved_timestamps = 0
        self._source = source
        self._height = height
        self._width = width
        self._options = options or EncodeOptions()
        self._overwrite = overwrite
        self._copies = copy_streams
        self._container = container_of(target)
        self.pixel_format: str = output_pixel_format(source, self._options)
        plain = plain_format(self.pixel_format)
        self._colour = output_colour(source.colour, pixel_format=plain, height=height, width=width)
        rows, columns = required_multiple(self.pixel_format)
        if height % rows or width % columns:
            raise UsageError(
                f"{self.pixel_format} pictures need sides that are multiples of "
                f"{columns}x{rows}, got {width}x{height}",
                hint="choose an even size, or --pix-fmt yuv444p",
            )
        self._plan = plan_passthrough(source, self._container.name)
        self._partial = PartialFile(target, overwrite=overwrite)
        self._copier = StreamCopier(source, self._plan)
        self._output: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last_pts: int | None = None
        self._shift = 0

    def __enter__(self) -> Self:
        """Create the hidden file, open the encoder and write the header.

        Raises:
            UsageError: The target exists or is no file, or the encoder does not fit.
            OutputVideoError: The folder cannot be written, or the muxer refuses.
        """
        check_target(self.target, source=self._source.path, overwrite=self._overwrite)
        self._partial.create()
        try:
            self._open()
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
        if frame.pixels.shape != (3, self._height, self._width):
            raise ValueError(
                f"expected (3, {self._height}, {self._width}), got {tuple(frame.pixels.shape) = }"
            )
        picture = pixels_to_frame(frame.pixels, pixel_format=self.pixel_format, colour=self._colour)
        picture.pts = self._in_order(frame.pts)
        # Both the frame and the encoder must name their unit; otherwise the encoder takes frame
        # numbers and the picture runs hundreds of times too slowly.
        picture.time_base = self._source.time_base
        if frame.duration and hasattr(picture, "duration"):
            picture.duration = frame.duration
        output, stream = self._opened
        with self._reported():
            self._mux(output, stream.encode(picture))
        self.frames_written += 1

    @property
    def _opened(self) -> tuple[OutputContainer, VideoStream]:
        if self._output is None or self._stream is None:
            raise ValueError("the writer is used outside its with block")
        return self._output, self._stream

    def _in_order(self, pts: int) -> int:
        if self._last_pts is None and pts < 0:
            self._shift = -pts
            self._copier.shift_seconds = self._shift * self._source.time_base
            _log.warning("%s: starts before time zero; moved to start there", self._source.path)
        pts += self._shift
        if self._last_pts is not None and pts <= self._last_pts:
            if self.moved_timestamps == 0:
                _log.warning("%s: timestamps repeat or step back", self._source.path)
            self.moved_timestamps += 1
            pts = self._last_pts + 1
        self._last_pts = pts
        return pts

    def _mux(self, output: OutputContainer, packets: "list[Packet[VideoStream]]") -> None:
        for packet in packets:
            if packet.dts is not None and packet.time_base:
                self._copier.copy_until(output, packet.dts * packet.time_base)
            output.mux_one(packet)

    def _finish(self) -> None:
        output, stream = self._opened
        with self._reported():
            # The encoder holds back as many frames as it looks ahead; None brings them out.
            packets = stream.encode(None)
            if self.frames_written <= 2:
                # libx265 takes decoding times from memory it never filled when a clip is shorter
                # than its reordering delay. Two pictures are never reordered.
                for packet in packets:
                    packet.dts = packet.pts
            self._mux(output, packets)
            self._copier.copy_until(output, None)
            # The trailer holds the index of an MP4 file: closing can fail on a full disk.
            output.close()
        self._output = self._stream = None
        self._copier.close()

    def _abandon(self) -> None:
        if self._output is not None:
            # Whatever happens to the trailer of a file that is thrown away is of no interest.
            with suppress(av.FFmpegError, OSError, ValueError):
                self._output.close()
        self._output = self._stream = None
        self._copier.close()
        self._partial.discard()

    def _open(self) -> None:
        with self._reported():
            self._output = output = av.open(
                f"file:{self._partial.path}",
                "w",
                format=self._container.name,
            )
            if self._copies:
                self._copier.open()
            planned = {stream.index: stream for stream in self._plan.copied} if self._copies else {}
            for index in sorted([*planned, self._source.stream_index]):
                if index in planned:
                    self._copier.add_stream(output, planned[index])
                else:
                    self._stream = self._add_picture(output)
            if self._copies:
                self._copier.copy_container_tags(output)
                copy_stream_tags(self._copier.picture_template(), self._opened[1])
                self._copier.start()
            output.container_options.update(self._muxer_options())
            output.start_encoding()

    def _add_picture(self, output: OutputContainer) -> VideoStream:
        rate = self._source.frame_rate or _ASSUMED_RATE
        encoder = self._options.encoder
        try:
            stream = output.add_stream(encoder, rate=rate)
        except ValueError as error:
            raise UsageError(
                f"{self._container.suffix[1:]} files cannot hold what {encoder} makes",
                hint="write to .mkv, or choose another --encoder",
            ) from error
        if not isinstance(stream, VideoStream):
            raise UsageError(f"{encoder} does not encode video")
        stream.codec_context.options = encoder_options(self._options, hdr=self._source.hdr)
        self._configure(stream)
        self._open_encoder(stream)
        return stream

    def _configure(self, stream: VideoStream) -> None:
        context = stream.codec_context
        context.width, context.height = self._width, self._height
        context.pix_fmt = self.pixel_format
        context.time_base = self._source.time_base
        stream.time_base = self._source.time_base
        context.thread_count = self._options.threads
        context.thread_type = "AUTO"
        context.flags |= _FRAME_DURATION_FLAG
        context.colorspace = self._colour.matrix_tag
        context.color_range = self._colour.range_tag
        context.color_primaries = self._colour.primaries_tag
        context.color_trc = self._colour.transfer_tag
        if self._source.sample_aspect_ratio is not None:
            context.sample_aspect_ratio = self._source.sample_aspect_ratio
        if self._container.name in ("mp4", "mov") and codec_name(stream) in ("hevc", "libx265"):
            # Apple's players open HEVC under this name alone.
            context.codec_tag = "hvc1"
        if self._source.display_matrix is not None:
            self._keep_rotation(stream, self._source.display_matrix)

    def _keep_rotation(self, stream: VideoStream, matrix: DisplayMatrix) -> None:
        if self._container.name == "mpegts":
            _log.warning("ts files cannot hold a rotation; the picture will lie on its side")
        elif hasattr(stream, "set_display_matrix"):
            source = Size(self._source.height, self._source.width)
            target = Size(self._height, self._width)
            stream.set_display_matrix(scale_display_matrix(matrix, source=source, target=target))
        else:
            _log.warning("this release of PyAV cannot keep the rotation; pip install --upgrade av")

    def _open_encoder(self, stream: VideoStream) -> None:
        encoder = self._options.encoder
        try:
            stream.codec_context.open()
        except (av.FFmpegError, ValueError) as error:
            raise UsageError(
                f"{encoder} refuses {self._width}x{self._height} {self.pixel_format} "
                f"({describe_error(error)})",
                hint="check --crf, --preset and --pix-fmt, or try --encoder libx264",
            ) from error
        # What the encoder does not know is handed back.
        if self._options.preset is not None and "preset" in stream.codec_context.options:
            raise UsageError(f"{encoder} has no presets", hint="leave the preset out")

    def _muxer_options(self) -> dict[str, str]:
        name = self._container.name
        if name == "mpegts":
            # Without it the muxer adds 1.4 seconds to every timestamp.
            return {"mpegts_copyts": "1"}
        if name not in ("mp4", "mov"):
            # Sound often starts a little below zero, with samples that only warm up its decoder.
            # Matroska has a field for that, so there is no need to move every stream for it.
            return {"avoid_negative_ts": "disabled"}
        unit = self._source.time_base.denominator
        # One clock serves all picture tracks; late starts of any track are stored in the clock of
        # the whole file. Common multiples keep both exact, where the usual clocks would round.
        picture = math.lcm(unit, *self._copier.picture_clock_rates())
        movie = math.lcm(picture, *self._copier.clock_rates())
        options = {"video_track_timescale": picture, "movie_timescale": movie}
        return {key: str(rate) for key, rate in options.items() if rate <= _LARGEST_TIMESCALE}

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
            raise OutputVideoError(
                f"{self.target} could not be written: {describe_error(error)}",
                hint="free some space on the disk, or write elsewhere with -o"
                if full
                else "try an output ending in .mkv, or another --encoder",
            ) from error

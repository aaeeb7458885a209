"""Assembly: one output file put together from encoded frames and everything beside them."""

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.display_matrix import DisplayMatrix, scale_display_matrix
from dscvsr_cli.video.passthrough.passthrough_plan import PassthroughPlan
from dscvsr_cli.video.passthrough.stream_copier import StreamCopier
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.span import WHOLE, TimeSpan
from dscvsr_cli.video.write.encoder import open_stream_encoder
from dscvsr_cli.video.write.encoder_options import hardware_device
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.target_file import output_url

_LARGEST_TIMESCALE: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """All that one output file will hold, decided once."""

    picture: PictureSpec

    others: PassthroughPlan | None
    """What is kept beside the frames; None leaves everything else out, tags included."""

    span: TimeSpan = WHOLE
    """The part of the source that is kept."""


class Assembly:
    """A file that is being muxed: encoded frames come in, everything else is copied beside them.

    libav's errors pass through; callers report them with the name the file will get.

    Args:
        path: Where to write; the name says nothing about the container.
        spec: What the file will hold.
    """

    def __init__(self, path: Path, spec: OutputSpec) -> None:
        self._path = path
        self._spec = spec.picture
        # A pipe cannot be opened again, and pictures in a folder have nothing beside them.
        self._others = spec.others if spec.picture.source.kind == "file" else None
        self._copier = StreamCopier(
            spec.picture.source,
            spec.others or PassthroughPlan(),
            spec.picture.container,
            span=spec.span,
        )
        self._output: OutputContainer | None = None
        self._stream: VideoStream | None = None

    @property
    def encoder(self) -> VideoCodecContext:
        """The opened encoder of the video stream."""
        return self._opened[1].codec_context

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        return self._copier.lost_packets

    def open(self) -> None:
        """Open the source and the encoder, add all streams and write the header.

        Raises:
            UsageError: The encoder does not fit the container or refuses the settings.
            av.FFmpegError: The muxer refuses a stream.
        """
        source = self._spec.source
        self._output = output = av.open(
            output_url(self._path), "w", format=self._spec.container.name
        )
        if self._others is not None:
            self._copier.open()
        planned = {stream.index: stream for stream in self._others.streams} if self._others else {}
        for index in sorted([*planned, source.stream_index]):
            if index in planned:
                self._copier.add_stream(output, planned[index])
            else:
                self._stream = self._add_picture(output)
        if self._others is not None:
            self._copier.copy_container_tags(output)
            self._copier.copy_picture_tags(self._opened[1])
            self._copier.start()
        stereo = self._spec.source.stereo
        if stereo is not None and self._spec.container.stores_stereo:
            self._opened[1].metadata["stereo_mode"] = stereo
        output.container_options.update(self._muxer_options())
        output.start_encoding()

    def shift(self, units: int) -> None:
        """Move everything that is copied by a number of ticks of the output's clock.

        Call it before the first packet.
        """
        self._copier.shift_seconds = units * self._spec.timing.time_base

    def mux(self, packet: "Packet[VideoStream]") -> None:
        """Write one packet of the frames, after everything that is to be decoded before it."""
        output, stream = self._opened
        packet.stream = stream
        if packet.dts is not None and packet.time_base:
            self._copier.copy_until(output, packet.dts * packet.time_base)
        output.mux_one(packet)

    def finish(self) -> None:
        """Write what is left of the copied streams, and the trailer."""
        output, _ = self._opened
        self._copier.copy_until(output, None)
        # The trailer holds the index of an MP4 file: closing can fail on a full disk.
        output.close()
        self._output = self._stream = None
        self._copier.close()

    def close(self) -> None:
        """Close whatever is open; an unfinished file stays as it is, to be thrown away."""
        if self._output is not None:
            # Whatever happens to the trailer of a file that is thrown away is of no interest.
            with suppress(av.FFmpegError, OSError, ValueError):
                self._output.close()
        self._output = self._stream = None
        self._copier.close()

    @property
    def _opened(self) -> tuple[OutputContainer, VideoStream]:
        if self._output is None or self._stream is None:
            raise ValueError("the output is used before it is opened or after it is closed")
        return self._output, self._stream

    def _add_picture(self, output: OutputContainer) -> VideoStream:
        encoder, container = self._spec.options.encoder, self._spec.container
        try:
            stream = output.add_stream(
                encoder, rate=self._spec.rate, hwaccel=hardware_device(encoder)
            )
        except ValueError as error:
            raise UsageError(
                f"{container.label} files cannot hold what {encoder} makes",
                hint="write to .mkv, or choose another --encoder",
                unfit="encoder",
            ) from error
        if not isinstance(stream, VideoStream):
            raise UsageError(
                f"{encoder} does not encode video", hint="`dscvsr encoders` lists those that do"
            )
        if container.hevc_tag and codec_name(stream) == "hevc":
            stream.codec_context.codec_tag = container.hevc_tag
        matrix = self._spec.source.display_matrix
        if matrix is not None and self._spec.turn is None and container.rotation:
            self._keep_rotation(stream, matrix)
        open_stream_encoder(stream, self._spec)
        return stream

    def _keep_rotation(self, stream: VideoStream, matrix: DisplayMatrix) -> None:
        source = Size(self._spec.source.height, self._spec.source.width)
        target = Size(self._spec.height, self._spec.width)
        stream.set_display_matrix(scale_display_matrix(matrix, source=source, target=target))

    def _muxer_options(self) -> dict[str, str]:
        options = dict(self._spec.container.muxer_options)
        if self._spec.container.free_clocks:
            options |= self._clocks()
        if (
            self._spec.container.phone_tags
            and self._others is not None
            and self._copier.needs_any_key()
        ):
            options["movflags"] = "use_metadata_tags"
        return options

    def _clocks(self) -> dict[str, str]:
        # One clock serves all video tracks; late starts of any track are stored in the clock of
        # the whole file. Common multiples keep both exact, where the usual clocks would round.
        unit = self._spec.timing.time_base.denominator
        picture = math.lcm(unit, *self._copier.picture_clock_rates())
        movie = math.lcm(picture, *self._copier.clock_rates())
        rates = {"video_track_timescale": picture, "movie_timescale": movie}
        return {key: str(rate) for key, rate in rates.items() if rate <= _LARGEST_TIMESCALE}

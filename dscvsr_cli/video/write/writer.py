"""VideoWriter: encode frames and mux them with everything else the source holds, in one go."""

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.timestamps import Timeline, span_shift
from dscvsr_cli.video.write.encoder import FrameEncoder
from dscvsr_cli.video.write.frame_writer import FrameWriter
from dscvsr_cli.video.write.muxer import Assembly, OutputSpec
from dscvsr_cli.video.write.target_file import Destination, Naming, unrecorded


class VideoWriter(FrameWriter):
    """Write frames, and copy the source's other streams beside them, into one new file.

    Timestamps are written in the source's own time base and come back unchanged from MP4 and MOV.
    Matroska and WebM count milliseconds, so there they are rounded to the nearest one, as by every
    other tool. MPEG-TS counts 90000ths of a second and knows no negative times. If reordered frames
    would need some, all streams move together by the same few frames. Times that cannot stand are
    moved as ``Timeline`` says.

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
        super().__init__(destination.partial(overwrite=overwrite, naming=naming), picture)
        self._assembly = Assembly(self._partial.path, spec)
        self._timeline = Timeline(
            name=picture.source.path,
            shift=span_shift(picture.source, spec.span, picture.timing.time_base),
        )
        self._encoder: FrameEncoder

    @property
    def moved_timestamps(self) -> int:
        """Frames whose time was not after their predecessor's."""
        return self._timeline.moved

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        return self._assembly.lost_packets

    def _open(self) -> None:
        self._assembly.open()
        self._encoder = FrameEncoder(self._assembly.encoder, self._picture, self._timeline)

    def _write(self, frame: Frame) -> None:
        packets = self._encoder.encode(frame)
        if self.frames_written == 0:
            self._assembly.shift(self._timeline.shift)
        for packet in packets:
            self._assembly.mux(packet)

    def _finish(self) -> None:
        for packet in self._encoder.finish():
            if self.frames_written <= 2:
                # libx265 takes decoding times from memory it never filled when a clip is
                # shorter than its reordering delay. Two frames are never reordered.
                packet.dts = packet.pts
            self._assembly.mux(packet)
        self._assembly.finish()

    def _close(self) -> None:
        self._assembly.close()

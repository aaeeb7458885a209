"""SequenceWriter: every frame as a picture of its own, in a folder."""

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.write.frame_writer import FrameWriter
from dscvsr_cli.video.write.partial_pictures import PartialPictures
from dscvsr_cli.video.write.picture_names import PictureNames
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.picture_writer import StillEncoder
from dscvsr_cli.video.write.target_file import Naming, unrecorded


class SequenceWriter(FrameWriter):
    """Write every frame as a picture; other streams and times have no place there.

    Args:
        names: Where the pictures go.
        spec: What every picture is.
        overwrite: Whether pictures of the same names may be replaced.
        naming: Gives the block inside which the pictures, or the only one, take their names.

    Raises:
        UsageError: The encoder does not know an option.
    """

    def __init__(
        self,
        names: PictureNames,
        spec: PictureSpec,
        *,
        overwrite: bool = False,
        naming: Naming = unrecorded,
    ) -> None:
        super().__init__(PartialPictures(names, overwrite=overwrite, naming=naming), spec)
        self._names = names
        self._encoder = StillEncoder(spec)

    def _open(self) -> None:
        """Do nothing: every picture is a file of its own."""

    def _write(self, frame: Frame) -> None:
        if self._names.is_single and self.frames_written:
            raise OutputVideoError(
                f"{self._names.folder / self._names.name(0)} is one picture, and more frames came",
                hint="-o frames/%05d.png writes every frame as a picture",
            )
        name = self._names.name(self.frames_written)
        with reported(self._names.folder / name):
            encoded = self._encoder.encode(self._picture.as_stored(frame))
            (self._partial.path / name).write_bytes(encoded)

    def _finish(self) -> None:
        """Do nothing: every picture is whole."""

    def _close(self) -> None:
        """Do nothing: nothing is open."""

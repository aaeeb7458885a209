"""ReadOptions: how an input is read."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from dscvsr_cli.errors import UsageError
from dscvsr_cli.typed_values import take_fields
from dscvsr_cli.video.span import WHOLE, TimeSpan

FieldOrder = Literal["auto", "top", "bottom", "progressive"]


_HIGHEST_RATE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read an input; the defaults take it as it is."""

    rate: Fraction | None = None
    """Frames per second of an image sequence; None takes 25."""

    start_number: int | None = None
    """Number of the first picture of a pattern such as ``%05d.png``; None takes the lowest."""

    span: TimeSpan = WHOLE
    """The part to read."""

    deinterlace: bool = False
    """Whether each frame of two fields becomes one whole frame."""

    field_order: FieldOrder = "auto"
    """Which field comes first, or that there are none, if the file is silent or wrong."""

    video_stream: int | None = None
    """Position of the video among the streams of a file; None takes the first one."""

    strict: bool = False
    """Whether the first damaged frame is an error."""

    allow_playlist: bool = False
    """Whether a list of other files may be opened, and those files too; only local ones."""

    def __post_init__(self) -> None:
        """Make numbers exact, and refuse what cannot work."""
        take_fields(self)
        if self.rate is not None and not 0 < self.rate <= _HIGHEST_RATE:
            raise UsageError(
                f"the rate must be above 0 and at most {_HIGHEST_RATE}, got {float(self.rate):g}",
                hint="write --fps 25 or --fps 24000/1001",
            ).about("fps")
        if self.start_number is not None and self.start_number < 0:
            raise UsageError(
                f"pictures are numbered from 0 on, got {self.start_number}",
                hint="leave out --start-number to begin with the lowest",
            ).about("start-number")
        if self.deinterlace and self.field_order == "progressive":
            raise UsageError(
                "a progressive video has no fields to deinterlace",
                hint="leave out --deinterlace, or --field-order progressive",
            ).about("deinterlace", "field-order")

    def refuse_those_of_sequences(self, name: str) -> None:
        """Refuse what only image sequences need.

        Args:
            name: What to call the file or pipe that is read.

        Raises:
            UsageError: A rate or a number of the first picture is given.
        """
        given = {"fps": self.rate, "start-number": self.start_number}
        for option, value in given.items():
            if value is not None:
                raise UsageError(
                    f"{name} is not an image sequence, and has its own times and numbers",
                    hint="--fps and --start-number are for pictures such as frames/%05d.png",
                    unfit=option,
                )

"""StillOptions: how one picture is stored; free of torch and PyAV, for the command line."""

from dataclasses import dataclass
from typing import Literal

from dscvsr_cli.errors import UsageError

StillFormat = Literal["webp", "jpeg", "png"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StillOptions:
    """How a picture is stored."""

    format: StillFormat = "png"

    quality: int = 90
    """1 to 100, higher is better; PNG has none."""

    lossless: bool = False
    """Whether the 8-bit pixels must come back exactly: PNG always, WebP on demand, JPEG never."""

    def __post_init__(self) -> None:
        """Refuse what no encoder does."""
        if not 1 <= self.quality <= 100:
            raise UsageError(
                f"the quality must be a number from 1 to 100, got {self.quality}",
                hint="90 is hard to tell from the original; --picture-format png loses nothing",
            )
        if self.lossless and self.format == "jpeg":
            raise ValueError("JPEG is never lossless")

    @property
    def media_type(self) -> str:
        """The name browsers know the format by."""
        return f"image/{self.format}"

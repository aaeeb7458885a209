"""The colour tags of a stream: those of its frames, or else of its container."""

from dataclasses import dataclass
from typing import Self

import av
from av.video.codeccontext import VideoCodecContext

from dscvsr_cli.video.pixels.colour import RANGE_UNSPECIFIED, UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedColour:
    """Code points of H.273 as one place of a file states them, each unspecified where it does not.

    A decoder puts the tags of the codec's own headers in the place of the container's, even if
    those headers say nothing. Keep what the container says before the first packet is decoded.
    """

    matrix: int
    range: int
    primaries: int
    transfer: int

    @classmethod
    def of(cls, place: av.VideoFrame | VideoCodecContext) -> Self:
        """Return what a frame or a decoder states at this moment."""
        return cls(
            matrix=int(place.colorspace),
            range=int(place.color_range),
            primaries=int(place.color_primaries),
            transfer=int(place.color_trc),
        )

    def or_else(self, other: Self) -> Self:
        """Return these tags, and those of ``other`` if they say nothing."""

        def first(tag: int, fallback: int, unspecified: int) -> int:
            return fallback if tag == unspecified else tag

        return type(self)(
            matrix=first(self.matrix, other.matrix, UNSPECIFIED),
            range=first(self.range, other.range, RANGE_UNSPECIFIED),
            primaries=first(self.primaries, other.primaries, UNSPECIFIED),
            transfer=first(self.transfer, other.transfer, UNSPECIFIED),
        )

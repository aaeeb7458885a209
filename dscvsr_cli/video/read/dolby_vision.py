"""What a container says of the Dolby Vision of its video, before any frame is decoded.

PyAV has no name for it, so it is taken from the description of the file that libav prints.
"""

import re
from dataclasses import dataclass
from typing import Final

from av.container import InputContainer

from dscvsr_cli.video.read.libav_log import described_format

_OWN_COLOURS: Final = frozenset({5, 10})
"""Profiles whose pictures are in colours of Dolby Vision's own unless the header says what else."""

_RECORD: Final = re.compile(
    r"DOVI configuration record:.* profile: (?P<profile>\d+),.* compatibility id: (?P<other>\d+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DolbyVision:
    """The Dolby Vision configuration of a stream."""

    profile: int
    """Which kind it is."""

    compatibility: int
    """As what other players can show the pictures: 1 for HDR10, 4 for HLG ... and 0 for nothing."""

    @property
    def has_own_colours(self) -> bool:
        """Return whether the pictures look wrong to whoever does not know Dolby Vision."""
        return self.profile in _OWN_COLOURS and self.compatibility == 0


def dolby_vision_of(container: InputContainer, stream_index: int) -> DolbyVision | None:
    """Return what a container says of the Dolby Vision of one stream, or None.

    Args:
        container: The opened file.
        stream_index: Place of the stream among all of the file.
    """
    is_own = False
    for line in described_format(container).splitlines():
        if "Stream #0:" in line:
            is_own = re.search(rf"Stream #0:{stream_index}\b", line) is not None
        elif is_own and (record := _RECORD.search(line)) is not None:
            return DolbyVision(profile=int(record["profile"]), compatibility=int(record["other"]))
    return None

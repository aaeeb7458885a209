"""Headings that the options of a command stand under in its help."""

from typing import Final

SIZE: Final = "Size"
READING: Final = "Reading the input"
PART: Final = "Part of the video"
ENCODING: Final = "Encoding"
STREAMS: Final = "Sound, subtitles and the rest"
NETWORK: Final = "Network"
LONG_JOBS: Final = "Long jobs"

"""Channel layouts: which speaker each channel is for, and what to take if one does not fit."""

from typing import Final

from av.audio.layout import AudioLayout

_USUAL: Final = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
"""What FFmpeg takes one channel, two channels, and so on for, if a file does not say."""

_FALLBACKS: Final = (
    *(("7.1", 8), ("6.1", 7), ("5.1", 6), ("5.0", 5), ("quad", 4), ("4.0", 4)),
    *(("3.0", 3), ("stereo", 2), ("mono", 1)),
)
"""Layouts to fall back to, with their numbers of channels; most channels first."""

_AT_THE_BACK: Final = {"5.0(side)": "5.0", "5.1(side)": "5.1"}
"""Layouts whose two speakers at the sides are the same to players as two at the back."""


def stated_layout(layout: AudioLayout) -> str:
    """Return the name of a layout; of one that does not say which speakers are meant, the usual.

    WAV, Matroska and MXF files often give only the number of channels of PCM.
    """
    channels = layout.nb_channels
    unsaid = layout.name == f"{channels} channels"
    return _USUAL[channels - 1] if unsaid and channels <= len(_USUAL) else layout.name


def layouts_to_try(layout: str, encoder: str) -> list[str]:
    """Return which layouts to ask an encoder for, the best one first.

    Args:
        layout: Name of the layout of the source.
        encoder: FFmpeg's name of the encoder.
    """
    channels = AudioLayout(layout).nb_channels
    twin = _AT_THE_BACK.get(layout, layout)
    # AAC has a number for each usual layout. Others are spelt out in a form that browsers and many
    # players refuse.
    first = [twin, layout] if encoder == "aac" else [layout, twin]
    return list(dict.fromkeys([*first, *(name for name, count in _FALLBACKS if count <= channels)]))


def sound_alike(layout: str, other: str) -> bool:
    """Return whether two layouts differ in nothing but the name of the speakers behind."""
    return _AT_THE_BACK.get(layout, layout) == _AT_THE_BACK.get(other, other)

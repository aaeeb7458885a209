"""Which encoder a name stands for, since FFmpeg takes the name of a codec as well."""

from typing import Final

import av

BARE_FRAMES: Final = "wrapped_avframe"
"""What FFmpeg calls the encoder of frames as they are, which y4m files hold."""


def encoder_called(name: str) -> str:
    """Return the encoder that a name stands for: an encoder's own, or a codec's ("hevc").

    What is known of encoders (quality, losslessness, depth, bit rate) is known by their own names.
    Any other name is returned as it is; the code that looks the encoder up refuses it.
    """
    try:
        return av.Codec(name, "w").name
    except ValueError:
        return name


def shown_encoder(name: str) -> str:
    """Return what people call an encoder."""
    return "y4m" if name == BARE_FRAMES else name

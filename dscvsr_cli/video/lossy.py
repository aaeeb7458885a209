"""Lossy codecs that predict frames from others: what they change differs from frame to frame."""

import av


def varies_between_frames(codec: str) -> bool:
    """Return whether a codec loses something, and something else in every frame.

    H.264, VP9 or MPEG-2 do. PNG, FFV1 and GIF lose nothing, or the same everywhere, and codecs for
    editing, such as ProRes, spend the same on every frame. How much an encoder was set to lose, if
    anything, is not known from its codec; some frames say so (``Frame.quantiser_step``).

    Args:
        codec: FFmpeg's name of the codec ("h264"); of one that it does not know nothing is assumed.
    """
    try:
        facts = av.codec.Codec(codec, "r")
    except ValueError:
        return False
    return facts.lossy and not facts.intra_only

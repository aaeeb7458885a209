"""What codecs lose: nothing, the same everywhere, or something else in every frame."""

import av


def varies_between_frames(codec: str) -> bool:
    """Return whether a codec loses something, and something else in every frame.

    H.264, VP9 or MPEG-2 do. PNG, FFV1 and GIF lose nothing, or the same everywhere, and codecs for
    editing, such as ProRes, spend the same on every frame. How much an encoder was set to lose, if
    anything, is not known from its codec; some frames say so (``Frame.quantiser_step``).

    Args:
        codec: FFmpeg's name of the codec ("h264"); of one that it does not know nothing is assumed.
    """
    facts = _facts(codec)
    return facts is not None and facts.lossy and not facts.intra_only


def loses_nothing(codec: str) -> bool:
    """Return whether a codec keeps every frame as it was, whatever it is set to.

    FFV1, PNG and raw frames do. GIF does too, but of pictures with few colours.

    Args:
        codec: FFmpeg's name of the codec ("ffv1"); of one that it does not know nothing is assumed.
    """
    facts = _facts(codec)
    return facts is not None and facts.lossless and not facts.lossy and codec != "gif"


def _facts(codec: str) -> av.codec.Codec | None:
    try:
        return av.codec.Codec(codec, "r")
    except ValueError:
        return None

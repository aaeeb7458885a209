"""Decoding times of pictures whose presentation times are known; arithmetic only."""

from collections.abc import Sequence


def reorder_depth(shown: Sequence[int]) -> int:
    """Return by how many places a picture is decoded later than it would be shown, at most.

    Args:
        shown: Presentation times in decoding order.
    """
    order = sorted(range(len(shown)), key=lambda index: shown[index])
    return max((index - rank for rank, index in enumerate(order)), default=0)


def decode_times(shown: Sequence[int]) -> list[int]:
    """Return a decoding time for every picture: rising, and never after it is shown.

    Each picture is decoded when the one ``depth`` places before it is shown; the first ones lead in
    by as much as the picture ``depth`` places after the first follows it. An encoder that reorders
    by that depth gives the same times.

    Args:
        shown: Presentation times, all different, in decoding order.
    """
    depth = reorder_depth(shown)
    rising = sorted(shown)
    if depth == 0:
        return rising
    lead = rising[depth] - rising[0]
    return [time - lead for time in rising[:depth]] + rising[:-depth]

"""How often an output is made safe, in frames: from sizes alone, so that every run does the same.

A segment costs a keyframe and, after an accident, on average half of its work. Half a minute or so
of work is a fair price; how long frames take is not measured, for then no two runs would agree.
"""

from dscvsr_cli.geometry import Size

_PIXELS_OF_WORK = {"cpu": 150_000_000}
_PIXELS_OF_WORK_ON_A_GPU = 2_500_000_000
_LEAST_FRAMES = 48
_MOST_FRAMES = 2400


def checkpoint_frames(size: Size, device_type: str) -> int:
    """Return the least number of frames of a segment.

    Args:
        size: Of the output.
        device_type: "cpu", "cuda" or "mps".
    """
    pixels = _PIXELS_OF_WORK.get(device_type, _PIXELS_OF_WORK_ON_A_GPU)
    frames = pixels // (size.height * size.width)
    return max(_LEAST_FRAMES, min(_MOST_FRAMES, frames))

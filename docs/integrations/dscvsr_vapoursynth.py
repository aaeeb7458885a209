"""Enlarge a VapourSynth clip with dscvsr: put this file beside your script and import it.

::

    import vapoursynth as vs
    from dscvsr_vapoursynth import enlarge

    clip = vs.core.ffms2.Source("clip.mkv")
    clip = vs.core.resize.Bicubic(clip, format=vs.RGBS, matrix_in_s="709")
    clip = enlarge(clip, scale=2)
    clip = vs.core.resize.Bicubic(clip, format=vs.YUV420P8, matrix_s="709")
    clip.set_output()

The network looks at the frames before and after each one, so it works on frames in order. Encoding
a whole clip gives what ``dscvsr upscale`` makes of the same frames. After a jump, as in a preview,
work begins again a few frames before the frame that is wanted, which takes some seconds.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
import vapoursynth as vs

from dscvsr_cli import enlarge_frames

_FORMATS = (vs.RGB24, vs.RGBS)

_LEAD_IN = 8
"""Frames that are made and thrown away after a jump, until the network has seen enough."""

_AHEAD = 24
"""Frames further on that are reached by continuing; for more, starting again takes less time."""


def enlarge(
    clip: vs.VideoNode,
    scale: float = 2.0,
    *,
    weights: str | None = None,
    device: str = "auto",
) -> vs.VideoNode:
    """Return the clip with both sides ``scale`` times as long.

    Args:
        clip: RGB24 or RGBS, of constant format and size.
        scale: Any factor above 1.
        weights: A name from ``dscvsr weights list``, or a file; None takes the default.
        device: "auto", "cpu", "cuda" or "cuda:1".

    Raises:
        vs.Error: Another format.
        dscvsr_cli.DscvsrError: The factor, the weights or the device cannot be used.
    """
    if clip.format is None or clip.format.id not in _FORMATS or not clip.width or not clip.height:
        raise vs.Error("dscvsr takes RGB24 and RGBS of constant size: use core.resize first")
    width, height = (int(side * scale + 0.5) for side in (clip.width, clip.height))
    options = {"width": width, "height": height, "weights": weights, "device": device}
    # Wrong weights and devices are refused here and not at the first frame.
    enlarge_frames((), **options)
    source = _InOrder(clip, options)
    blank = clip.std.BlankClip(width=width, height=height, keep=True)

    def show(n: int, f: list[vs.VideoFrame]) -> vs.VideoFrame:
        made, result = source.frame(n), f[0].copy()
        for plane in range(3):
            np.copyto(np.asarray(result[plane]), made[..., plane])
        result.props.update(f[1].props)
        return result

    return blank.std.ModifyFrame(clips=[blank, clip], selector=show)


class _InOrder:
    """Answers requests for any frame from a network that makes them one after the other."""

    def __init__(self, clip: vs.VideoNode, options: dict[str, Any]) -> None:
        self._clip = clip
        self._options = options
        self._lock = threading.Lock()
        # VapourSynth's threads do not ask in order: what was made last is kept.
        self._most_kept = 2 * vs.core.num_threads
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._next = 0
        self._made: Iterator[np.ndarray] = iter(())

    def frame(self, n: int) -> np.ndarray:
        """Return frame ``n`` -> ``(sH, sW, 3)``."""
        with self._lock:
            if n not in self._kept:
                self._go_to(n)
            return self._kept[n]

    def _go_to(self, n: int) -> None:
        if self._next == 0 or not self._next <= n <= self._next + _AHEAD:
            # The network does more on every second frame: after a jump on the same ones.
            self._next = max(0, n - _LEAD_IN) // 2 * 2
            frames = map(self._read, range(self._next, self._clip.num_frames))
            self._made = enlarge_frames(frames, **self._options)
        while self._next <= n:
            self._kept[self._next] = next(self._made)
            self._next += 1
            if len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)

    def _read(self, n: int) -> np.ndarray:
        with self._clip.get_frame(n) as frame:
            return np.stack([np.asarray(frame[plane]) for plane in range(3)], axis=2)

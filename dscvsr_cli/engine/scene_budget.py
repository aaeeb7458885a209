"""SceneBudget: how many scenes fit into memory at once, without changing what each of them does."""

from dataclasses import dataclass

from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, peak_bytes
from dscvsr_cli.geometry import Size

_PIXEL_BYTES = 3 * 4
"""A frame waits as float32 RGB, before and after it is enlarged."""

_MOST_WINDOWS_AHEAD = 2
"""Windows of frames worth reading ahead: most scenes are shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneBudget:
    """How many scenes are made at once, and how far ahead each is read."""

    at_once: int
    """Scenes."""

    ahead: int
    """Frames of each that may be read ahead, and as many that may be held once enlarged."""


def budget_scenes(
    plan: StreamPlan,
    source: Size,
    target: Size,
    cost: NetworkCost,
    *,
    budget_bytes: int,
    wanted: int,
) -> SceneBudget:
    """Return the most scenes, up to ``wanted``, that the budget allows with this very plan.

    Smaller windows or tiles would make room for more, but other frames.
    """
    window = plan.window + plan.look_ahead + 1
    each = peak_bytes(plan, source, target, cost)
    for scenes in range(wanted, 1, -1):
        spare = budget_bytes - scenes * each
        ahead = min(_MOST_WINDOWS_AHEAD * window, spare // _step_bytes(scenes, source, target))
        if ahead >= window:
            return SceneBudget(at_once=scenes, ahead=ahead)
    return SceneBudget(at_once=1, ahead=window)


def memory_of_scenes(
    scenes: SceneBudget, plan: StreamPlan, source: Size, target: Size, cost: NetworkCost
) -> int:
    """Return the bytes that scenes take at most when they are made at once."""
    each = peak_bytes(plan, source, target, cost)
    if scenes.at_once == 1:
        return each
    return scenes.at_once * each + scenes.ahead * _step_bytes(scenes.at_once, source, target)


def _step_bytes(scenes: int, source: Size, target: Size) -> int:
    """Return the bytes of one frame of every scene that waits, before and after it is made."""
    waiting = scenes * source.height * source.width
    # The first scene's frames are handed over at once.
    made = (scenes - 1) * target.height * target.width
    return (waiting + made) * _PIXEL_BYTES

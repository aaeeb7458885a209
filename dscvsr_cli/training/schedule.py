"""Schedules as functions of progress: the share of the run that is done, in [0, 1]."""

import math
from collections.abc import Sequence
from typing import Literal

TrainingPhase = Literal["motion", "apart", "whole", "alone"]
"""What learns: only the flow, every part separately from a teacher, the network as a whole, or the
whole without the teacher's features."""


def progress(
    *, iteration: int, iterations: int, seconds: float, max_minutes: float | None
) -> float:
    """Return the share of the run that is done, by steps or by the clock, whichever is further."""
    by_steps = iteration / iterations
    by_clock = seconds / (60.0 * max_minutes) if max_minutes else 0.0
    return min(1.0, max(by_steps, by_clock))


def learning_rate(done: float, *, peak: float, final: float, warmup: float) -> float:
    """Return the rate: a linear climb over ``warmup``, then half a cosine to ``final``."""
    if done < warmup:
        return peak * (0.05 + 0.95 * done / warmup)
    along = (done - warmup) / max(1.0 - warmup, 1e-9)
    return final + (peak - final) * 0.5 * (1.0 + math.cos(math.pi * min(along, 1.0)))


def periodic_rate(iteration: int, *, period: int, peak: float, final: float) -> float:
    """Return the rate of a cosine that falls for ``period`` steps and climbs back in as many.

    The paper trains with PyTorch's CosineAnnealingLR and a period of 300 (section 4.1); beyond its
    period that schedule is this one.
    """
    return final + (peak - final) * 0.5 * (1.0 + math.cos(math.pi * iteration / period))


def sequence_length(done: float, lengths: Sequence[int]) -> int:
    """Return the clip length at ``done``: each of ``lengths`` rules an equal share of the run."""
    return lengths[min(int(done * len(lengths)), len(lengths) - 1)]


def phase(
    done: float, *, motion_first: float, apart_first: float, distill_until: float
) -> TrainingPhase:
    """Return the phase at ``done``: first the flow, then each part apart, then the whole."""
    if done < motion_first:
        return "motion"
    if done < motion_first + apart_first:
        return "apart"
    return "whole" if done < distill_until else "alone"

"""Steady: average out along the motion what a codec changes from frame to frame.

A codec spends its bits anew in every frame, so fine texture comes and goes where nothing has
changed, and a network that enlarges such frames enlarges that too. So each picture is averaged with
the ones before and after it, fetched along the motion, wherever the input says that they show the
same. This is the motion-compensated temporal filter of video denoising (Dubois and Sabri, IEEE
Transactions on Communications 32, 1984); neighbours weigh the less the more they differ, as in
non-local means (Buades et al., CVPR 2005). Only luma is averaged, since the eye hardly sees colour
flicker, and it takes half of the time.

Frames that no codec has changed have no such noise, and at low factors would lose detail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.consensus import agree
from dscvsr_cli.engine.hold import Shown, mean_around
from dscvsr_cli.frames import clamp_like
from dscvsr_cli.warping import FLOW_PIXELS, resize_flow, stays_inside, warp

MotionFinder = Callable[[Tensor, Tensor], Tensor]
"""Finds where ``target`` is in ``source``: ``(B, 3, H, W)`` twice -> ``(B, 2, H, W)`` pixels."""

NEIGHBOUR_SHARE = 0.8
"""Weight of each neighbour, where it shows the same, beside the picture's own of 1."""

USUAL_STEP = 17.0
"""The quantiser step of a frame that does not say its own: about that of H.264 at a constant rate
factor of 23, x264's default."""

SAME_STEPS = 0.6
"""Difference of the inputs along the motion at which 1/e of that weight is left, as a share of the
quantiser step: the coarser a codec rounds, the more it changes what stays the same."""

SURE_PIXELS = 0.25
"""Distance from the start at which the way there and back may end, in input pixels, for 1/e of that
weight at ``USUAL_STEP``, and in proportion to the step: where the motion is not certain, averaging
blurs, which costs more than it gains where little was rounded."""

LEAST_WEIGHT = 1e-6
"""So that a neighbourhood in which nothing shows the same can be divided by."""

FADE_CELL = 10
"""Side of the squares of input pixels whose brightness is compared together, each with the eight
around it."""

_LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in luma (BT.601); what they are hardly matters for a difference."""


@dataclass(frozen=True, slots=True, eq=False)
class Steadying:
    """How pictures are steadied."""

    find: MotionFinder
    """Finds the motion between inputs, on their device."""

    least_step: float = 0.0
    """Quantiser step that every frame is taken to have at least."""


def least_step_if(*, asked: bool | None) -> float:
    """Return which quantiser step frames are taken to have at least.

    Where somebody asked for steady pictures it is the usual one: what flickers in a file of high
    quality may come from one of low quality that it was made from.
    """
    return USUAL_STEP if asked else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The last pictures of an open window, which those to come are steadied with."""

    before: Shown | None = None
    """The last one that was given, or would have been before the first; None at a scene's start."""

    waiting: Shown | None = None
    """The one that waits for its successor."""

    link: "_Link | None" = None
    """How these two lie to each other; None if one is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Steadied:
    """What a few more pictures of a window allow."""

    pictures: list[Tensor]
    """(3, sH, sW) each, in order: first the one that waited."""

    chain: Chain
    """For those to come."""


def steady(chain: Chain, following: Sequence[Shown], how: Steadying, *, last: bool) -> Steadied:
    """Steady the next pictures of a window, in which each but the last waits for its successor.

    Args:
        chain: What came before.
        following: The next pictures, at least one, with their inputs.
        how: How they are steadied.
        last: Whether they are the last ones of their window: then none waits.
    """
    known = [shown for shown in (chain.before, chain.waiting) if shown is not None]
    given = len(known) if chain.waiting is None else len(known) - 1
    run = [*known, *following]
    stop = len(run) if last else len(run) - 1
    links = [] if chain.link is None else [chain.link]
    links += _links(run[len(links) :], how)
    lumas = [_luma(shown.picture) for shown in run]
    pictures = [
        clamp_like(run[place].picture + _change(lumas, place, links), run[place].frame)
        for place in range(given, stop)
    ]
    if last:
        return Steadied(pictures, Chain(before=run[-1]))
    if len(run) == 1:
        return Steadied(pictures, Chain(waiting=run[0]))
    return Steadied(pictures, Chain(before=run[-2], waiting=run[-1], link=links[-1]))


@dataclass(frozen=True, slots=True, eq=False)
class _Link:
    """How two successive inputs lie to each other: first from the earlier, then from the later."""

    flow: Tensor
    """(2, 2, H, W) input pixels, to the other one."""

    weight: Tensor
    """(2, 1, H, W): how much the other one counts there."""

    brighter: Tensor
    """(2, 1, h, w): how much brighter a whole neighbourhood is than in the other one, in luma."""


def _links(run: Sequence[Shown], how: Steadying) -> list[_Link]:
    """Link successive inputs, several pairs at once while they are small."""
    pairs = [torch.stack((here.frame, there.frame)) for here, there in pairwise(run)]
    steps = [(here + there) / 2 for here, there in pairwise(_step(one, how) for one in run)]
    height, width = run[0].frame.shape[-2:]
    together = max(1, FLOW_PIXELS // (2 * height * width))
    links: list[_Link] = []
    for start in range(0, len(pairs), together):
        part = slice(start, start + together)
        found = _follow(torch.cat(pairs[part]), steps[part], how.find)
        links += map(_Link, *(torch.split(one, 2) for one in found))
    return links


def _step(shown: Shown, how: Steadying) -> float:
    step = USUAL_STEP if shown.quantiser_step is None else shown.quantiser_step
    return max(step, how.least_step)


def _follow(
    here: Tensor, steps: Sequence[float], find: MotionFinder
) -> tuple[Tensor, Tensor, Tensor]:
    """Return how pictures lie to their partners: for each what a ``_Link`` has for two.

    Args:
        here: ``(2P, 3, H, W)``, partners side by side.
        steps: The quantiser step of each pair.
        find: Finds motion.
    """
    there = _exchanged(here)
    found = _motion(here, there, find)
    arrived = warp(torch.cat((there, _exchanged(found)), dim=1), found.nan_to_num(), known=True)
    miss = (found + arrived[:, 3:]).square().sum(dim=1, keepdim=True)
    # The way back, turned round, is a second estimate of the way there.
    flow = ((found - arrived[:, 3:]) / 2).nan_to_num()
    difference = (here - arrived[:, :3]).abs().mean(dim=1, keepdim=True)
    around = F.avg_pool2d(difference, 3, stride=1, padding=1, count_include_pad=False)
    # Filled where it is needed: a copy from the processor would make a GPU wait.
    step = torch.cat([here.new_full((2, 1, 1, 1), step) for step in steps])
    sure, same = SURE_PIXELS / USUAL_STEP * step, SAME_STEPS / 255.0 * step
    doubt = miss / sure.square() + (around / same).square()
    # Where no motion is found, or it leads out of the picture, there is no partner.
    weight = (NEIGHBOUR_SHARE * torch.exp(-doubt)).nan_to_num() * stays_inside(flow)
    brighter = _luma(here) - warp(_luma(there), flow, known=True)
    # Only what shows the same tells how its brightness changes.
    counted = mean_around(weight, FADE_CELL).clamp_min(LEAST_WEIGHT)
    return flow, weight, mean_around(weight * brighter, FADE_CELL) / counted


def _exchanged(partners: Tensor) -> Tensor:
    """Exchange the first with the second, the third with the fourth, and so on."""
    return partners.reshape(-1, 2, *partners.shape[1:]).flip(1).reshape(partners.shape)


def _luma(pictures: Tensor) -> Tensor:
    """Return the luma of ``(..., 3, H, W)`` -> ``(..., 1, H, W)``."""
    red, green, blue = (pictures.narrow(-3, colour, 1) for colour in range(3))
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue


def _change(lumas: Sequence[Tensor], place: int, links: Sequence[_Link]) -> Tensor:
    """Return what averaging with those around it adds to a luma ``(1, sH, sW)``."""
    size = lumas[place].shape[-2:]
    total, whole = torch.zeros_like(lumas[place]), torch.ones_like(lumas[place])
    for other, link, end in ((place - 1, place - 1, 1), (place + 1, place, 0)):
        if 0 <= other < len(lumas):
            flow = resize_flow(links[link].flow[end : end + 1], size)
            weight, brighter = (
                F.interpolate(
                    one[end : end + 1], size=tuple(size), mode="bilinear", align_corners=False
                )[0]
                for one in (links[link].weight, links[link].brighter)
            )
            moved = warp(lumas[other][None], flow, kernel="bicubic", known=True)[0]
            # A fade is no noise, and where there is one neighbour alone nothing balances it.
            total = total + weight * (moved + brighter - lumas[place])
            whole = whole + weight
    return total / whole


def _motion(target: Tensor, source: Tensor, find: MotionFinder) -> Tensor:
    """Find motion at half of the size, which is near enough, in a quarter of the time."""
    halves = [F.avg_pool2d(x, 2, ceil_mode=True) for x in (target, source)]
    return resize_flow(agree(find(*halves).float(), *halves, near=True), target.shape[-2:])

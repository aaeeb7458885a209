"""Compare a report with an older one: what has become better, what worse."""

from dataclasses import dataclass
from typing import Literal

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.report import BenchReport
from dscvsr_cli.errors import UsageError

DEFAULT_TOLERANCE_DB = 0.02
"""Largest drop in PSNR that is accepted: papers print two decimals."""

SSIM_PER_DB = 0.05
"""Drop in SSIM that is accepted per dB of tolerance: 0.001 with the usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one mean differs from the older one."""

    method: str
    scale: float
    psnr_db: float
    """New minus old."""
    ssim: float
    """New minus old."""
    speed: float | None
    """New frames per second over old, if both are known."""
    verdict: Literal["better", "same", "worse"]
    """Worse if PSNR or SSIM fell past the tolerance; speed does not count."""


def compare_reports(
    new: BenchReport, old: BenchReport, *, tolerance_db: float = DEFAULT_TOLERANCE_DB
) -> tuple[Change, ...]:
    """Return the changes of all means that both reports have, in the new one's order.

    Raises:
        UsageError: The reports were measured by different protocols, or have nothing in common.
    """
    check_comparable(new.protocol, old.protocol)
    before = {(mean.scale, mean.method): mean for mean in old.means}
    changes = []
    for mean in new.means:
        older = before.get((mean.scale, mean.method))
        if older is None or older.clips != mean.clips:
            continue
        channel = new.protocol.channel
        gained = _difference(mean.quality.psnr(channel), older.quality.psnr(channel))
        likeness = mean.quality.ssim(channel) - older.quality.ssim(channel)
        changes.append(
            Change(
                method=mean.method,
                scale=mean.scale,
                psnr_db=gained,
                ssim=likeness,
                speed=_ratio(mean.frames_per_second, older.frames_per_second),
                verdict=_verdict(gained, likeness, tolerance_db),
            )
        )
    if not changes:
        raise UsageError(
            "the older report has no method, factor and clips in common with this one",
            hint="compare with a report of the same weights' names and factors",
        )
    return tuple(changes)


def unmatched(new: BenchReport, old: BenchReport) -> tuple[str, ...]:
    """Return in words the means that have no counterpart in the other report."""
    here = {(mean.scale, mean.method): mean.clips for mean in new.means}
    before = {(mean.scale, mean.method): mean.clips for mean in old.means}
    sides = (
        ("only in this report", here.keys() - before.keys()),
        ("only in the older report", before.keys() - here.keys()),
        (
            "measured on other clips",
            {one for one in here.keys() & before.keys() if here[one] != before[one]},
        ),
    )
    return tuple(
        f"{words}, so not compared: "
        + ", ".join(f"{method} at x{scale:g}" for scale, method in sorted(found))
        for words, found in sides
        if found
    )


def check_comparable(new: BenchProtocol, old: BenchProtocol) -> None:
    """Check that figures measured by two protocols mean the same.

    Raises:
        UsageError: They do not.
    """
    # Whether flicker was measured too changes no other figure.
    if _comparable(new) != _comparable(old):
        raise UsageError(
            "the older report used another protocol",
            hint="measure with its options: data set, degradation, channel, crop and frames",
        )


def _comparable(protocol: BenchProtocol) -> tuple[object, ...]:
    return (
        protocol.dataset,
        protocol.degradation,
        protocol.channel,
        protocol.crop,
        protocol.frames,
        protocol.centre_only,
    )


def _difference(new: float, old: float) -> float:
    return 0.0 if new == old else new - old


def _ratio(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new / old


def _verdict(
    psnr_db: float, ssim: float, tolerance_db: float
) -> Literal["better", "same", "worse"]:
    if psnr_db < -tolerance_db or ssim < -tolerance_db * SSIM_PER_DB:
        return "worse"
    if psnr_db > tolerance_db or ssim > tolerance_db * SSIM_PER_DB:
        return "better"
    return "same"

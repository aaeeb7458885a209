"""A chart of PSNR against scale, as one SVG file made of plain text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dscvsr_cli.benchmarking.quoted import quoted_blocks
from dscvsr_cli.benchmarking.report import BenchReport

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 44, 52
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by colour-blind people too (Okabe and Ito)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of the chart."""

    name: str
    """As the legend shows it."""

    points: tuple[tuple[float, float], ...]
    """Factor and PSNR in dB, in the order of the factors."""

    quoted: bool = False
    """Published by others: drawn dashed with hollow marks."""


def sweep_series(report: BenchReport) -> tuple[Series, ...]:
    """Return a series per measured method, then those that others published at every factor."""
    channel = report.protocol.channel
    scales = [mean.scale for mean in report.means]
    measured = [
        Series(
            name=info.name,
            points=tuple(
                (mean.scale, mean.quality.psnr(channel))
                for mean in report.means
                if mean.method == info.name and math.isfinite(mean.quality.psnr(channel))
            ),
        )
        for info in report.methods
    ]
    quoted = [
        Series(
            name=f"{block.rows[0].method} (quoted)",
            points=tuple((row.scale, row.psnr_db) for row in block.rows),
            quoted=True,
        )
        for block in quoted_blocks(report.protocol, scales)
        if len({row.method for row in block.rows}) == 1
    ]
    series = (
        Series(name=one.name, points=tuple(sorted(one.points)), quoted=one.quoted)
        for one in (*measured, *quoted)
    )
    return tuple(one for one in series if one.points)


def draw_chart(series: Sequence[Series], *, title: str) -> str:
    """Draw series over one pair of axes -> the text of an SVG file.

    Raises:
        ValueError: Nothing to draw.
    """
    points = [point for one in series for point in one.points]
    if not points:
        raise ValueError("a chart needs points")
    across = _Axis.around([x for x, _ in points], start=LEFT, end=WIDTH - RIGHT)
    upward = _Axis.around([y for _, y in points], start=HEIGHT - BOTTOM, end=TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="16">{escape(title)}</text>',
        *_grid(across, upward),
    ]
    for index, one in enumerate(series):
        parts += _line(one, COLOURS[index % len(COLOURS)], across, upward, index)
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where values lie on the page."""

    least: float
    most: float
    step: float
    start: int
    end: int

    @classmethod
    def around(cls, values: Sequence[float], *, start: int, end: int) -> "_Axis":
        low, high = min(values), max(values)
        span = max(high - low, 1e-3)
        power = 10.0 ** math.floor(math.log10(span / 4))
        step = next(power * times for times in (1, 2, 5, 10) if span / (power * times) <= 6)
        return cls(
            math.floor(low / step + 1e-9) * step,
            math.ceil(high / step - 1e-9) * step,
            step,
            start,
            end,
        )

    def place(self, value: float) -> float:
        span = max(self.most - self.least, 1e-9)
        return self.start + (value - self.least) / span * (self.end - self.start)

    def ticks(self) -> list[float]:
        count = round((self.most - self.least) / self.step)
        return [self.least + index * self.step for index in range(count + 1)]


def _grid(across: _Axis, upward: _Axis) -> list[str]:
    left, right, bottom, top = across.start, across.end, upward.start, upward.end
    parts = []
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(f'<path d="M{x:.1f} {bottom}V{top}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">x{tick:.4g}</text>')
    for tick in upward.ticks():
        y = upward.place(tick)
        parts.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    middle = (left + right) // 2
    parts.append(f'<text x="{middle}" y="{bottom + 40}" text-anchor="middle">scale</text>')
    parts.append(f'<text x="{left - 48}" y="{top - 8}">PSNR, dB</text>')
    return parts


def _line(series: Series, colour: str, across: _Axis, upward: _Axis, index: int) -> list[str]:
    places = [(across.place(x), upward.place(y)) for x, y in series.points]
    dashes = ' stroke-dasharray="6 4"' if series.quoted else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    fill = "white" if series.quoted else colour
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>']
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{fill}" stroke="{colour}"/>'
        for x, y in places
    ]
    left, top = across.end + 14, upward.end + 8 + 22 * index
    parts.append(
        f'<path d="M{left} {top}h24" stroke="{colour}" stroke-width="2"{dashes}/>'
        f'<text x="{left + 30}" y="{top + 4}">{escape(series.name)}</text>'
    )
    return parts

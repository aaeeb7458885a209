"""Line charts as one SVG file, for benchmarks and training runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 44, 52
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Distinguishable for colour-blind people too (Okabe and Ito)."""

MOST_MARKS = 60
"""A line with more points is drawn without marks, which would overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart."""

    name: str
    """Text of the legend."""

    points: tuple[tuple[float, float], ...]
    """(horizontal, vertical) values, in order of the first."""

    dashed: bool = False
    """Whether the line is dashed, with hollow marks: a reference, or published figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Series over one pair of axes."""

    title: str
    across: str
    """What the horizontal axis shows, with its unit."""
    upward: str
    """What the vertical axis shows, with its unit."""
    series: tuple[Series, ...]
    tick_prefix: str = ""
    """Text before the numbers of the horizontal axis."""


def draw_charts(charts: Sequence[Chart]) -> str:
    """Draw charts below each other -> the text of an SVG file.

    Raises:
        ValueError: There is no chart, or one has no points.
    """
    if not charts:
        raise ValueError("there is no chart to draw")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(charts)}" '
        f'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT * len(charts)}" fill="white"/>',
    ]
    for place, chart in enumerate(charts):
        parts += [f'<g transform="translate(0 {HEIGHT * place})">', *_draw(chart), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _draw(chart: Chart) -> list[str]:
    points = [point for one in chart.series for point in one.points]
    if not points:
        raise ValueError("a chart needs points")
    across = _Axis.around([x for x, _ in points], start=LEFT, end=WIDTH - RIGHT)
    upward = _Axis.around([y for _, y in points], start=HEIGHT - BOTTOM, end=TOP)
    parts = [
        f'<text x="{LEFT}" y="24" font-size="16">{escape(chart.title)}</text>',
        *_grid(chart, across, upward),
    ]
    for index, one in enumerate(chart.series):
        parts += _line(one, COLOURS[index % len(COLOURS)], across, upward, index)
    return parts


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where values are on the page."""

    least: float
    most: float
    step: float
    start: int
    end: int

    @classmethod
    def around(cls, values: Sequence[float], *, start: int, end: int) -> "_Axis":
        low, high = min(values), max(values)
        # A span of nothing would ask for steps that numbers of this size cannot show.
        span = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-6)
        power = 10.0 ** math.floor(math.log10(span / 4))
        step = next(power * times for times in (1, 2, 5, 10) if span / (power * times) <= 6)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        # A single value that is a tick, but for its last digits, would leave no room at all.
        return cls(first * step, max(last, first + 1) * step, step, start, end)

    def place(self, value: float) -> float:
        span = max(self.most - self.least, 1e-9)
        return self.start + (value - self.least) / span * (self.end - self.start)

    def ticks(self) -> list[float]:
        count = round((self.most - self.least) / self.step)
        # The digits that the step has and no more: 0.30000000000000004 is nobody's tick.
        return [round(self.least + index * self.step, 12) for index in range(count + 1)]


def _grid(chart: Chart, across: _Axis, upward: _Axis) -> list[str]:
    left, right, bottom, top = across.start, across.end, upward.start, upward.end
    parts = []
    for tick in across.ticks():
        x, label = across.place(tick), f"{chart.tick_prefix}{tick:.4g}"
        parts.append(f'<path d="M{x:.1f} {bottom}V{top}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    for tick in upward.ticks():
        y = upward.place(tick)
        parts.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    middle = (left + right) // 2
    across_label, upward_label = escape(chart.across), escape(chart.upward)
    parts.append(f'<text x="{middle}" y="{bottom + 40}" text-anchor="middle">{across_label}</text>')
    parts.append(f'<text x="{left - 48}" y="{top - 8}">{upward_label}</text>')
    return parts


def _line(series: Series, colour: str, across: _Axis, upward: _Axis, index: int) -> list[str]:
    places = [(across.place(x), upward.place(y)) for x, y in series.points]
    dashes = ' stroke-dasharray="6 4"' if series.dashed else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    fill = "white" if series.dashed else colour
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>']
    if len(places) <= MOST_MARKS:
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

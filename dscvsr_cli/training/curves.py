"""Curves of a run, drawn from its log: loss, learning rate, and quality of held-out clips."""

from collections.abc import Sequence

from dscvsr_cli.svg_chart import Chart, Series, draw_charts
from dscvsr_cli.training.run_log import Event

_ACROSS = "steps"


def draw_curves(events: Sequence[Event]) -> str | None:
    """Draw a log's curves -> the text of an SVG file, or None if nothing was logged yet."""
    charts = [chart for chart in (_quality(events), _losses(events), _rate(events)) if chart.series]
    return draw_charts(charts) if charts else None


def _quality(events: Sequence[Event]) -> Chart:
    found = [event for event in events if event["event"] == "validation"]
    scales = sorted({score["scale"] for event in found for score in event["scores"]})
    series = []
    for scale in scales:
        for key, name, dashed in (
            ("psnr_y", f"x{scale}", False),
            ("bicubic_psnr_y", f"x{scale} bicubic", True),
        ):
            points = tuple(
                (float(event["iteration"]), score[key])
                for event in found
                for score in event["scores"]
                if score["scale"] == scale and score[key] is not None
            )
            series.append(Series(name=name, points=points, dashed=dashed))
    return _chart("Held-out clips", "PSNR on Y, dB", series)


def _losses(events: Sequence[Event]) -> Chart:
    steps = [event for event in events if event["event"] == "steps"]
    names = dict.fromkeys(name for event in steps for name in event["losses"])
    series = [
        Series(
            name=name,
            points=tuple(
                (float(event["iteration"]), event["losses"][name])
                for event in steps
                if event["losses"].get(name) is not None
            ),
        )
        for name in names
    ]
    return _chart("Losses", "loss", series)


def _rate(events: Sequence[Event]) -> Chart:
    points = tuple(
        (float(event["iteration"]), event["learning_rate"])
        for event in events
        if event["event"] == "steps"
    )
    return _chart("Learning rate", "rate", [Series(name="rate", points=points)])


def _chart(title: str, upward: str, series: Sequence[Series]) -> Chart:
    drawn = tuple(one for one in series if one.points)
    return Chart(title=title, across=_ACROSS, upward=upward, series=drawn)

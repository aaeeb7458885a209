"""Curves of a run: what the log holds is in the drawing, and nothing else."""

import xml.etree.ElementTree as ET

from dscvsr_cli.training.curves import draw_curves
from dscvsr_cli.training.run_log import Event


def steps(iteration: int, **losses: float | None) -> Event:
    return {"event": "steps", "iteration": iteration, "losses": losses, "learning_rate": 1e-3}


def validation(iteration: int, psnr_y: float) -> Event:
    scores = [{"scale": s, "psnr_y": psnr_y - s, "bicubic_psnr_y": 20.0 - s} for s in (2, 4)]
    return {"event": "validation", "iteration": iteration, "scores": scores}


def texts(drawing: str) -> list[str]:
    root = ET.fromstring(drawing)  # noqa: S314  # our own text
    return [part.text or "" for part in root.iter() if part.tag.endswith("}text")]


def marks(drawing: str) -> int:
    return drawing.count("<circle")


def test_losses_rate_and_quality_have_a_chart_each() -> None:
    events: list[Event] = [
        {"event": "start", "iteration": 0},
        steps(50, pictures=0.5, total=0.7),
        validation(60, 30.0),
        steps(100, pictures=0.4, motion=0.1, total=0.5),
        validation(120, 31.0),
        {"event": "end", "iteration": 120},
    ]
    drawing = draw_curves(events)
    assert drawing is not None
    shown = texts(drawing)
    assert {"Held-out clips", "Losses", "Learning rate"} <= set(shown)
    assert {"x2", "x4", "x2 bicubic", "pictures", "motion", "total"} <= set(shown)
    # Two scores of four lines; losses of two, one and two points; two rates.
    assert marks(drawing) == 8 + 5 + 2


def test_without_validation_the_others_are_drawn_alone() -> None:
    drawing = draw_curves([steps(50, total=1.0), steps(100, total=None)])
    assert drawing is not None
    assert "Held-out clips" not in texts(drawing)
    assert marks(drawing) == 1 + 2


def test_an_empty_log_has_no_curves() -> None:
    assert draw_curves([]) is None
    assert draw_curves([{"event": "start", "iteration": 0}]) is None

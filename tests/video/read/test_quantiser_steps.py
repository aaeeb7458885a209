"""Quantiser steps against the tables of the standards, beside each codec's factor."""

import pytest

from dscvsr_cli.video.read.quantiser_steps import (
    av1_step,
    h264_step,
    mpeg_step,
    vp8_step,
    vp9_step,
)


@pytest.mark.parametrize(
    ("parameter", "step"), [(0, 0.625), (4, 1.0), (10, 2.0), (28, 16.0), (29, 18.0), (51, 224.0)]
)
def test_h264_follows_its_table(parameter: int, step: float) -> None:
    assert h264_step(parameter) == pytest.approx(step, rel=0.04)


@pytest.mark.parametrize(
    ("index", "quantiser"), [(0, 4), (1, 8), (50, 57), (128, 176), (200, 639), (255, 1828)]
)
def test_vp9_and_av1_follow_theirs(index: int, quantiser: int) -> None:
    assert vp9_step(index) == pytest.approx(0.8 * quantiser / 8, rel=0.04)
    assert av1_step(index) == pytest.approx(quantiser / 8, rel=0.04)


@pytest.mark.parametrize(("index", "quantiser"), [(0, 4), (60, 70), (100, 167), (127, 284)])
def test_vp8_follows_its_own(index: int, quantiser: int) -> None:
    assert vp8_step(index) == pytest.approx(0.7 * quantiser, rel=0.03)


def test_the_scale_of_mpeg_is_a_step_already() -> None:
    assert mpeg_step(10) == 2 * mpeg_step(5)

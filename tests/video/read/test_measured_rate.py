"""The measured rate of a file: found where it is constant, refused where it is not."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.read.measured_rate import require_constant_rate
from dscvsr_cli.video.read.probe import probe
from tests.clips import render_kind


def test_a_varying_clip_is_refused_where_only_a_constant_rate_can_be(tmp_path: Path) -> None:
    assert require_constant_rate(probe(render_kind("constant", tmp_path)), ".avi") == 25
    with pytest.raises(UsageError, match="constant frame rate") as caught:
        require_constant_rate(probe(render_kind("variable", tmp_path)), ".avi")
    assert ".mkv" in caught.value.hint


def test_a_late_start_is_refused_where_everything_begins_at_once(tmp_path: Path) -> None:
    source = probe(render_kind("late start", tmp_path))
    assert require_constant_rate(source, ".y4m") == 25
    with pytest.raises(UsageError, match="begins 1 s after time zero"):
        require_constant_rate(source, ".avi", from_zero=True)


def test_an_image_sequence_has_the_rate_it_was_given(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    sequence = replace(source, kind="sequence", frame_rate=Fraction(12))
    assert require_constant_rate(sequence, ".y4m") == 12

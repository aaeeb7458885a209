"""The input of a job opens, or says what is missing."""

from pathlib import Path

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.open_source import open_source
from dscvsr_cli.video.read.read_options import ReadOptions
from tests.clips import Clip, render
from tests.video.read.test_interlacing import render_fields


def test_interlaced_video_opens_only_with_a_word_about_its_fields(tmp_path: Path) -> None:
    path = render_fields(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="is interlaced"):
        open_source(UpscaleJob(source=path))
    for reading in (ReadOptions(deinterlace=True), ReadOptions(field_order="progressive")):
        with open_source(UpscaleJob(source=path, reading=reading)) as reader:
            assert len(list(reader)) == 6


@pytest.mark.parametrize(
    ("steady", "to_enlarge", "asked"),
    [(None, True, True), (True, True, True), (False, True, False), (None, False, False)],
)
def test_how_coarsely_frames_were_rounded_is_asked_where_it_is_needed(
    tmp_path: Path, steady: bool | None, to_enlarge: bool, asked: bool
) -> None:
    job = UpscaleJob(source=render(Clip(), tmp_path), steady=steady)
    with open_source(job, to_enlarge=to_enlarge) as reader:
        assert all((frame.quantiser_step is not None) is asked for frame in reader)

"""Many processes that scan parts of a film find what one finds, or say that they cannot."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cluster import span_scan
from dscvsr_cli.cluster.messages import Answer, ScanTotals
from dscvsr_cli.cluster.span_scan import (
    Looks,
    SpansDifferError,
    joined,
    look,
    scan_in_spans,
    spans_of,
)
from dscvsr_cli.cluster.worker import scan
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.plan_segments import segment_settings
from dscvsr_cli.pipelines.upscale.prepare import prepare
from dscvsr_cli.pipelines.upscale.scan import FilmTask, Seen
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.span import TimeSpan
from tests.scenes import film_job, render_scenes

LENGTHS = (10, 14, 3, 30, 5, 8, 40, 20)
FRAMES = sum(LENGTHS)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> UpscaleJob:
    folder = tmp_path_factory.mktemp("film")
    film = render_scenes(LENGTHS, folder / "clip.mp4")
    return film_job(film, folder / "out.mp4", weights, memory_bytes=8_100_000)


@pytest.fixture(scope="module")
def settings(job: UpscaleJob) -> SegmentSettings:
    with prepare(job).reader:
        return segment_settings(prepare(job))


@pytest.fixture
def short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_scan, "LEAST_SECONDS", 1)


def parts_of(job: UpscaleJob, most: int) -> list[Iterator[Answer]]:
    return [look(job, span, 1) for span in spans_of(job, probe(job.source), most)]


def values(answers: Iterator[Answer]) -> list[object]:
    found = list(answers)
    assert all(answer.error is None and not answer.bug for answer in found)
    return [answer.value for answer in found]


@pytest.mark.usefixtures("short_spans")
@pytest.mark.parametrize("most", [2, 3, 5])
def test_spans_give_the_tasks_of_one_scan(
    job: UpscaleJob, settings: SegmentSettings, most: int
) -> None:
    expected = values(scan(job, settings, (), frozenset()))
    parts = parts_of(job, most)
    assert len(parts) == min(most, 5)
    found = values(scan_in_spans(parts, settings, finished=(), scene_starts=frozenset()))
    assert found == expected
    assert found[-1] == ScanTotals(frames_read=FRAMES, damaged_frames=0)
    assert len([one for one in found if isinstance(one, FilmTask)]) > 4


@pytest.mark.usefixtures("short_spans")
def test_a_part_of_another_film_is_noticed(job: UpscaleJob, settings: SegmentSettings) -> None:
    other = replace(job, source=render_scenes(LENGTHS[::-1], job.source.with_name("other.mp4")))
    first, _, *rest = parts_of(job, 4)
    parts = [first, parts_of(other, 4)[1], *rest]
    with pytest.raises(SpansDifferError):
        list(scan_in_spans(parts, settings, finished=(), scene_starts=frozenset()))


@pytest.mark.usefixtures("short_spans")
@pytest.mark.parametrize("said", [Answer(value=1), Answer(bug="Traceback")])
def test_damage_is_left_to_one_process(
    job: UpscaleJob, settings: SegmentSettings, said: Answer
) -> None:
    first, *rest = parts_of(job, 3)
    with pytest.raises(SpansDifferError):
        list(
            scan_in_spans(
                [iter([*first, said]), *rest], settings, finished=(), scene_starts=frozenset()
            )
        )


def frames(times: range) -> Iterator[Seen]:
    for pts in times:
        generator = torch.Generator().manual_seed(pts)
        yield Seen(pts=pts, thumbnail=torch.rand(3, 32, 32, generator=generator))


def test_spans_are_joined_where_they_overlap() -> None:
    spans = [frames(range(20)), frames(range(10, 35)), frames(range(30, 40))]
    assert [seen.pts for seen in joined(spans)] == list(range(40))


@pytest.mark.parametrize("second", [range(12, 30), range(40, 50), range(0)], ids=str)
def test_spans_that_do_not_fit_together_are_noticed(second: range) -> None:
    first = (seen for seen in frames(range(20)) if seen.pts != 13)
    with pytest.raises(SpansDifferError):
        list(joined([first, frames(second)]))


def test_equal_times_with_other_pictures_are_noticed() -> None:
    shifted = (replace(seen, pts=seen.pts - 100) for seen in frames(range(110, 130)))
    with pytest.raises(SpansDifferError):
        list(joined([frames(range(20)), shifted]))


def test_spans_overlap_and_cover_what_is_read(job: UpscaleJob) -> None:
    film = replace(probe(job.source), duration_seconds=400.0)
    part = replace(job, reading=ReadOptions(span=TimeSpan(Fraction(40), Fraction(340))))
    spans = spans_of(part, film, 3)
    assert [(float(span.start), float(span.end or 0)) for span in spans] == [
        (40, 141),
        (140, 241),
        (240, 340),
    ]
    assert spans_of(job, film, 2)[-1].end is None
    assert len(spans_of(job, film, 50)) == 6


def test_films_that_cannot_be_entered_anywhere_are_scanned_whole(job: UpscaleJob) -> None:
    film = replace(probe(job.source), duration_seconds=400.0)
    whole = [job.reading.span]
    assert spans_of(job, replace(film, duration_seconds=None), 4) == whole
    assert spans_of(job, replace(film, container="mpegts"), 4) == whole
    assert spans_of(job, replace(film, kind="sequence"), 4) == whole
    assert spans_of(job, film, 1) == whole
    assert spans_of(replace(job, reading=ReadOptions(deinterlace=True)), film, 4) == whole


def test_a_span_behind_the_end_is_an_error_of_the_input(job: UpscaleJob) -> None:
    (answer,) = look(job, TimeSpan(Fraction(100), None), 1)
    assert answer.error is not None
    first, count = values(look(job, TimeSpan(Fraction(0), Fraction(1)), 1))
    assert isinstance(first, Looks)
    assert len(first.pts) == 25
    assert count == 0

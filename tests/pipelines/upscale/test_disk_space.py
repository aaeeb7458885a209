"""What an output will take on the disk, and what is said when it will not fit."""

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.disk_space import (
    DiskNeed,
    check_disk,
    disk_warning,
    estimate_disk,
    expected_disk,
)
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import choose_target
from dscvsr_cli.video.read.expected_frames import expected_frames
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import render_kind


def need(free_bytes: int) -> DiskNeed:
    return DiskNeed(
        folder=Path("out"),
        output_bytes=10**9,
        work_bytes=10**9,
        free_bytes=free_bytes,
        least_share=0.25,
    )


def test_far_too_little_room_is_refused_with_the_numbers() -> None:
    with pytest.raises(OutputVideoError, match=r"2\.00 GB.*300 MB") as caught:
        check_disk(need(300_000_000))
    assert "space" in caught.value.hint


def test_room_that_may_not_suffice_is_warned_of() -> None:
    check_disk(need(1_500_000_000))
    warning = disk_warning(need(1_500_000_000))
    assert warning is not None
    assert "2.00 GB" in warning
    assert "1.50 GB" in warning
    assert "--resume" in warning


def test_what_is_written_in_one_go_needs_no_room_twice_and_does_not_mention_resume() -> None:
    once = replace(need(900_000_000), work_bytes=0, in_one_go=True)
    assert once.needed_bytes == 10**9
    warning = disk_warning(once)
    assert warning is not None
    assert "cannot be resumed" in warning
    assert "--resume" not in warning
    with pytest.raises(OutputVideoError) as caught:
        check_disk(replace(once, free_bytes=10))
    assert "segments" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "in_one_go"),
    [("out.mkv", False), ("out.gif", True), ("out.y4m", True), ("out/%05d.png", True)],
)
def test_an_output_without_segments_is_counted_once(
    name: str, in_one_go: bool, tmp_path: Path
) -> None:
    source = probe(render_kind("constant", tmp_path))
    job = UpscaleJob(source=source.path, target=tmp_path / name, scale=2)
    disk = expected_disk(job, source, choose_target(job, source))
    assert disk is not None
    assert disk.in_one_go is in_one_go
    assert (disk.work_bytes == 0) is in_one_go
    assert disk.output_bytes


def test_frames_of_a_pipe_are_not_written_twice(tmp_path: Path) -> None:
    source = replace(probe(render_kind("constant", tmp_path)), kind="pipe")
    job = UpscaleJob(source=source.path, target=tmp_path / "out.mkv", scale=2)
    disk = expected_disk(job, source, choose_target(job, source))
    assert disk is not None
    assert disk.work_bytes == 0


def test_nothing_is_said_where_there_is_room_or_the_length_is_unknown(tmp_path: Path) -> None:
    unknown = estimate_disk(
        probe(render_kind("constant", tmp_path)),
        tmp_path,
        frames=None,
        size=Size(96, 128),
        options=EncodeOptions(),
    )
    for fine in (need(3 * 10**9), unknown, None):
        check_disk(fine)
        assert disk_warning(fine) is None


def test_frames_of_a_part_are_counted_by_the_rate(tmp_path: Path) -> None:
    source = probe(render_kind("b frames", tmp_path))
    assert expected_frames(source, TimeSpan()) == 20
    assert expected_frames(source, TimeSpan(Fraction(2, 5))) == 10
    assert expected_frames(source, TimeSpan(Fraction(1, 5), Fraction(2, 5))) == 5
    assert expected_frames(source, TimeSpan(Fraction(2, 5), Fraction(60))) == 10
    # A part has a frame, whatever the header says, or there is nothing to do.
    assert expected_frames(source, TimeSpan(Fraction(9))) == 1


def test_exact_frames_may_pack_so_well_that_only_a_full_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = probe(render_kind("constant", tmp_path))
    free = 10**8
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    def planned(*, lossless: bool, frames: int) -> DiskNeed:
        size, options = Size(1080, 1920), EncodeOptions(lossless=lossless)
        return estimate_disk(source, tmp_path, frames=frames, size=size, options=options)

    drawing = planned(lossless=True, frames=1000)
    assert drawing.needed_bytes is not None
    assert drawing.needed_bytes > 10 * free
    check_disk(drawing)
    assert disk_warning(drawing) is not None
    for full in (planned(lossless=True, frames=10_000), planned(lossless=False, frames=10_000)):
        with pytest.raises(OutputVideoError, match="are needed"):
            check_disk(full)

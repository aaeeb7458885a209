"""What an output will take on the disk, and what is said when it will not fit."""

import shutil
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.disk_space import (
    DiskNeed,
    check_disk,
    disk_warning,
    estimate_disk,
    expected_frames,
    picture_bytes,
)
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import render_kind


def need(free_bytes: int) -> DiskNeed:
    return DiskNeed(folder=Path("out"), output_bytes=10**9, work_bytes=10**9, free_bytes=free_bytes)


def test_far_too_little_room_is_refused_with_the_numbers() -> None:
    with pytest.raises(OutputVideoError, match=r"2 GB.*0\.3 GB") as caught:
        check_disk(need(300_000_000))
    assert "space" in caught.value.hint


def test_room_that_may_not_suffice_is_warned_of() -> None:
    check_disk(need(1_500_000_000))
    warning = disk_warning(need(1_500_000_000))
    assert warning is not None
    assert "2 GB" in warning
    assert "1.5 GB" in warning


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


@given(crf=st.integers(0, 62), frames=st.integers(1, 10**6))
def test_better_quality_and_more_frames_take_more(crf: int, frames: int) -> None:
    size = Size(1080, 1920)
    better = picture_bytes(frames, size, EncodeOptions(crf=crf))
    assert better > picture_bytes(frames, size, EncodeOptions(crf=crf + 1)) > 0
    assert picture_bytes(frames + 1, size, EncodeOptions(crf=crf)) > better


def test_lossless_pictures_take_the_most() -> None:
    size = Size(1080, 1920)
    lossless = picture_bytes(9, size, EncodeOptions(lossless=True))
    assert lossless > 5 * picture_bytes(9, size, EncodeOptions())
    assert lossless < 9 * size.height * size.width * 1.5


def test_frames_of_a_part_are_counted_by_the_rate(tmp_path: Path) -> None:
    source = probe(render_kind("b frames", tmp_path))
    assert expected_frames(source, TimeSpan()) == 20
    assert expected_frames(source, TimeSpan(Fraction(2, 5))) == 10
    assert expected_frames(source, TimeSpan(Fraction(1, 5), Fraction(2, 5))) == 5
    assert expected_frames(source, TimeSpan(Fraction(2, 5), Fraction(60))) == 10


def test_exact_frames_may_pack_so_well_that_only_a_full_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = probe(render_kind("constant", tmp_path))
    free = 10**8
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    def planned(*, lossless: bool, frames: int) -> DiskNeed:
        size, options = Size(1080, 1920), EncodeOptions(lossless=lossless)
        return estimate_disk(source, tmp_path, frames=frames, size=size, options=options)

    drawing = planned(lossless=True, frames=500)
    assert drawing.needed_bytes is not None
    assert drawing.needed_bytes > 10 * free
    check_disk(drawing)
    assert disk_warning(drawing) is not None
    for full in (planned(lossless=True, frames=5000), planned(lossless=False, frames=5000)):
        with pytest.raises(OutputVideoError, match="are needed"):
            check_disk(full)

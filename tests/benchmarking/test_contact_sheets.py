"""A contact sheet shows the crops in which the methods differ most."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.benchmarking.contact_sheets import CROP_SIDE, PictureSheets, strongest_difference
from dscvsr_cli.benchmarking.measure_clip import MeasuredFrame
from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.read.picture_reader import read_picture


def truth(place: int) -> Tensor:
    return torch.rand(3, 160, 200, generator=torch.manual_seed(place))


def feed(sheets: PictureSheets, method: str, frames: int, *, clip: str = "a clip") -> None:
    for place in range(frames):
        pair = degrade_picture(truth(place), 2.0)
        made = pair.truth.clone()
        if method == "spoilt" and place == 4:
            made[:, 20:60, 150:190] = 0
        sheets.add(
            MeasuredFrame(method=method, scale=2.0, clip=clip, place=place, made=made, pair=pair)
        )


def test_a_sheet_shows_low_res_every_method_and_the_truth_where_they_differ(tmp_path: Path) -> None:
    sheets = PictureSheets(tmp_path / "new" / "folder", lambda _: ("exact", "spoilt"))
    feed(sheets, "exact", 9)
    feed(sheets, "spoilt", 9)
    sheets.finish()
    (path,) = sheets.written
    assert path.name == "a_clip_x2.png"
    sheet = read_picture(path)
    tile = sheet.shape[2] // 4
    assert tile * 4 == sheet.shape[2]
    assert tile - 2 * CROP_SIDE < 10
    exact, spoilt, true = (sheet[:, 60:, tile * n : tile * (n + 1)] for n in (1, 2, 3))
    assert torch.equal(exact, true)
    assert (spoilt != true).any()
    # White letters on black stand above every tile.
    assert all((sheet[:, :18, tile * n : tile * (n + 1)] == 1).any() for n in range(4))


def test_nothing_is_written_before_every_method_is_through(tmp_path: Path) -> None:
    sheets = PictureSheets(tmp_path, lambda _: ("exact", "spoilt"))
    feed(sheets, "exact", 3)
    sheets.finish()
    assert sheets.written == []
    feed(sheets, "exact", 3, clip="b")
    feed(sheets, "spoilt", 3, clip="b")
    feed(sheets, "exact", 3, clip="c")
    assert [path.name for path in sheets.written] == ["b_x2.png"]


def test_the_crop_is_laid_over_the_greatest_difference() -> None:
    one = torch.zeros(3, 400, 500, dtype=torch.uint8)
    other = one.clone()
    other[:, 250:300, 60:110] = 200
    top, left, strength = strongest_difference([one, other])
    assert top <= 250
    assert left <= 60
    assert top + CROP_SIDE >= 300
    assert left + CROP_SIDE >= 110
    assert strength > 0


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be made"):
        PictureSheets(tmp_path / "file" / "folder", lambda _: ("one",))

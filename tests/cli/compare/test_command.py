"""``dscvsr compare`` as a person runs it: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from tests.clips import Clip, render
from tests.pipelines.compare.pages import read_page


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.chdir(tmp_path)
    small = render(Clip(width=32, height=24), tmp_path, name="small")
    return small, render(Clip(), tmp_path, name="large")


def run(*arguments: str | Path) -> int:
    return main(["compare", *map(str, arguments)])


def test_it_says_what_it_will_do_and_what_it_measured(
    videos: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, large = videos
    page = tmp_path / "page.html"
    assert run(small, large, "-o", page, "-r", large, "--frames", "3") == 0
    out, err = capsys.readouterr()
    plan, measured, made = out.splitlines()
    assert plan.startswith("small.mp4 32x24, large.mp4 64x48: 3 of 8 frames, shown in 64x48 -> ")
    assert "about " in plan
    assert measured.startswith("small.mp4: PSNR ")
    assert measured.endswith(" dB against large.mp4")
    assert made.startswith(f"{page}: 3 frames, ")
    assert not err
    assert read_page(page).pictures == 6


def test_json_has_the_figures_of_every_frame(
    videos: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, large = videos
    assert run(small, large, "-o", tmp_path / "p.html", "--reference", large, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["frames"]) == 8
    assert all(frame["psnr_db"][0] > 0 for frame in report["frames"])
    assert report["size_bytes"] == (tmp_path / "p.html").stat().st_size


def test_every_option_reaches_the_page(
    videos: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--every", "2", "--start", "80ms", "--picture-format", "jpeg", "--quality", "50")
    assert run(*videos, *options, "--max-size", "1MB", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    page = read_page(videos[1].with_name("large_compare.html"))
    assert page.media_types["picture-1-0"] == "image/jpeg"
    assert [frame["seconds"] for frame in page.film["frames"]] == [0.08, 0.16, 0.24]
    assert run(*videos, "--frames", "1", "--overwrite", "-q") == 0
    assert read_page(videos[1].with_name("large_compare.html")).pictures == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--max-size", "40kB"), 2, ("would take about", "--frames")),
        (("--start", "60"), 3, ("no frame",)),
        (("-o", "page.mp4"), 2, ("is not the name of a page", "page.html")),
        (("-o", "absent/page.html"), 3, ("does not exist", "create it")),
        (("-r", "absent.mp4"), 3, ("absent.mp4",)),
        (("--frames", "0"), 2, ("--frames must be at least 1",)),
    ],
)
def test_mistakes_have_their_own_code_and_leave_nothing(
    arguments: tuple[str, ...],
    code: int,
    words: tuple[str, ...],
    videos: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = videos[0].parent
    assert run(*videos, *arguments) == code
    err = capsys.readouterr().err
    assert all(text in err for text in words)
    assert {path.name for path in folder.iterdir()} == {"small.mp4", "large.mp4"}


def test_a_warning_says_that_frames_are_missing(
    videos: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = render(Clip(pts=(0, 512, 1024)), tmp_path, name="short")
    assert run(videos[0], short) == 0
    err = capsys.readouterr().err
    assert err.count("warning: ") == 1
    assert "warning: the videos do not have the same number of frames" in err

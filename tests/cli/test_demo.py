"""``dscvsr demo``: what it makes and names, on a shorter clip with a tiny network."""

from functools import partial
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.pipelines import demo_job
from dscvsr_cli.video.demo_clip import render_demo_clip
from tests.pipelines.compare.pages import read_page


@pytest.fixture(autouse=True)
def small_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(render_demo_clip, width=48, height=32, seconds=1.5)
    monkeypatch.setattr(demo_job, "render_demo_clip", small)


def demo(folder: Path, weights: Path) -> int:
    return main(["demo", "-o", str(folder), "-w", str(weights), "--device", "cpu"])


def test_everything_that_it_names_is_there(
    tiny_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    assert demo(folder, tiny_file) == 0
    _, _, *named = capsys.readouterr().out.splitlines()
    found = dict(line.split()[:2] for line in named)
    assert list(found) == ["input:", "output:", "picture:", "compare:"]
    assert all(Path(path).is_file() for path in found.values())
    page = read_page(Path(found["compare:"]))
    assert [(one["width"], one["height"]) for one in page.film["videos"]] == [(48, 32), (130, 86)]
    assert len(page.film["frames"]) == 12
    assert demo(folder, tiny_file) == 0, "it replaces what it wrote itself"


@pytest.mark.parametrize("name", ["clip.mp4", "holiday.jpg", ".clip_x2.7.mp4.dscvsr"])
def test_a_folder_with_other_files_is_refused_and_stays_as_it_is(
    name: str, tiny_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / name).write_bytes(b"mine")
    assert demo(tmp_path / "films", tiny_file) == 2
    assert "holds files that no demo wrote" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "films").iterdir()] == [name]
    assert (tmp_path / "films" / name).read_bytes() == b"mine"


def test_what_cannot_run_makes_no_folder(tiny_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert demo(folder, tmp_path / "none.safetensors") == 4
    assert main(["demo", "-o", str(folder), "-w", str(tiny_file), "--device", "cuda:99"]) == 6
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_an_error(
    tiny_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    assert demo(tmp_path / "file", tiny_file) == 3
    assert "cannot be made" in capsys.readouterr().err

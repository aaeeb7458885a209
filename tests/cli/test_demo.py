"""``dscvsr demo``: what it makes and names, on a shorter clip with a tiny network."""

from functools import partial
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.pipelines import demo_job
from dscvsr_cli.video.demo_clip import render_demo_clip
from tests.pipelines.compare.pages import read_page


def test_everything_that_it_names_is_there(
    tiny_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = partial(render_demo_clip, width=48, height=32, seconds=1.5)
    monkeypatch.setattr(demo_job, "render_demo_clip", small)
    folder = tmp_path / "demo"
    assert main(["demo", "-o", str(folder), "-w", str(tiny_file), "--device", "cpu"]) == 0
    _, _, *named = capsys.readouterr().out.splitlines()
    found = dict(line.split()[:2] for line in named)
    assert list(found) == ["input:", "output:", "picture:", "compare:"]
    assert all(Path(path).is_file() for path in found.values())
    page = read_page(Path(found["compare:"]))
    assert [(one["width"], one["height"]) for one in page.film["videos"]] == [(48, 32), (130, 86)]
    assert len(page.film["frames"]) == 12

"""Outputs and the record of them appear as one, also to those who look meanwhile."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.json_record import read_record
from dscvsr_cli.own_outputs import RECORD_NAME, file_identity
from dscvsr_cli.pipelines.upscale.batch import FileResult, finished_earlier, run_one
from dscvsr_cli.pipelines.upscale.finished import differences_to_finished, recording
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.write import partial_pictures, target_file
from tests.clips import Clip, render
from tests.ctrl_c import CtrlC

Patch = pytest.MonkeyPatch


@pytest.fixture
def job(tmp_path: Path, weights: Path) -> UpscaleJob:
    """A job for two small frames."""
    (tmp_path / "out").mkdir()
    source = render(Clip(width=32, height=32, pts=(0, 512)), tmp_path)
    target = tmp_path / "out" / "clip.mp4"
    return UpscaleJob(source=source, target=target, scale=2, weights=str(weights), device="cpu")


def after_naming(monkeypatch: Patch, module: Any, look: Callable[[], None]) -> None:
    """Look whenever a file has just taken its name, before its writer goes on."""
    give_name = module.publish

    def give_name_and_look(part: Path, target: Path, *, overwrite: bool) -> None:
        give_name(part, target, overwrite=overwrite)
        look()

    monkeypatch.setattr(module, "publish", give_name_and_look)


@pytest.mark.parametrize("name", ["clip.gif", "clip.y4m", "clip.mp4"])
def test_a_file_is_known_from_the_moment_it_has_its_name(
    name: str, job: UpscaleJob, tmp_path: Path, monkeypatch: Patch
) -> None:
    job = replace(job, target=tmp_path / "out" / name)
    seen: list[list[str] | None] = []
    after_naming(
        monkeypatch,
        target_file,
        lambda: seen.append(differences_to_finished(job, tmp_path / "out" / name)),
    )
    upscale(job)
    assert seen == [[]]
    assert (finished_earlier(job) or pytest.fail("not known")).outcome == "skipped"


@pytest.mark.parametrize("name", ["%03d.png", "new/%03d.png"])
def test_who_finds_pictures_half_named_waits_for_all_of_them(
    name: str, job: UpscaleJob, tmp_path: Path, monkeypatch: Patch
) -> None:
    job = replace(job, target=tmp_path / "out" / name)
    results: list[FileResult] = []
    threads: list[Thread] = []

    def refuse(_: UpscaleJob) -> UpscaleReport:
        raise UsageError("001.png already exists")

    def another_run() -> None:
        if not threads:
            threads.append(Thread(target=lambda: results.append(run_one(job, refuse))))
            threads[0].start()
            threads[0].join(0.2)

    after_naming(monkeypatch, partial_pictures, another_run)
    upscale(job)
    another_run()
    threads[0].join(20)
    assert [result.outcome for result in results] == ["skipped"]
    left = {path.name for path in (tmp_path / "out" / name).parent.iterdir()}
    assert left == {"001.png", "002.png", RECORD_NAME}


def test_a_run_that_dies_before_the_name_is_taken_leaves_the_older_output_known(
    job: UpscaleJob, tmp_path: Path
) -> None:
    target = tmp_path / "out" / "clip.mp4"
    upscale(job)
    whole = tmp_path / "out" / "joined.part"
    whole.write_bytes(b"another file")
    other = replace(job, crf=40, overwrite=True)
    with suppress(InterruptedError), recording(other, target, other.reading)(whole):
        assert differences_to_finished(job, target) == []
        assert file_identity(whole) in str(read_record(target.with_name(RECORD_NAME)))
        raise InterruptedError
    assert differences_to_finished(job, target) == []
    with recording(other, target, other.reading)(whole):
        whole.replace(target)
    assert differences_to_finished(other, target) == []
    assert "replaces" not in str(read_record(target.with_name(RECORD_NAME)))


@pytest.mark.parametrize("name", ["clip.y4m", "%03d.png"])
def test_an_output_stays_known_when_ctrl_c_comes_just_as_it_has_its_name(
    name: str, job: UpscaleJob, tmp_path: Path
) -> None:
    target = tmp_path / "out" / name
    upscale(replace(job, target=target))
    whole = tmp_path / "new"
    (tmp_path / "out").rename(whole)
    (whole / RECORD_NAME).unlink()
    (tmp_path / "out").mkdir()
    made = whole / name if (whole / name).is_file() else whole

    def name_and_be_interrupted() -> None:
        with recording(job, target, job.reading)(made):
            for path in [made] if made.is_file() else list(made.iterdir()):
                path.replace(target.with_name(path.name))
            raise CtrlC

    with pytest.raises(KeyboardInterrupt):
        name_and_be_interrupted()
    assert differences_to_finished(job, target) == []


def test_a_note_that_cannot_be_made_costs_no_output(
    job: UpscaleJob, tmp_path: Path, monkeypatch: Patch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr("dscvsr_cli.pipelines.upscale.finished.write_record", refuse)
    upscale(job)
    assert (tmp_path / "out" / "clip.mp4").is_file()

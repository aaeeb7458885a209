"""One file of many cannot stop the others, whatever goes wrong with it."""

from pathlib import Path

import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.pipelines.upscale.batch import run_batch
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.plan_batch import plan_batch


class SurprisingError(Exception):
    """Nothing that the program has ever heard of."""


@pytest.mark.parametrize(
    "error", [SurprisingError("odd"), IndexError("list"), KeyError("k"), RecursionError()]
)
def test_an_unforeseen_error_is_logged_and_the_next_file_begins(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_log_path", lambda *_, **__: tmp_path / "logs")
    jobs = [
        UpscaleJob(source=tmp_path / name, target=tmp_path / f"{name}.mkv", scale=2.0)
        for name in ("first", "second")
    ]
    started = []

    def run(job: UpscaleJob) -> UpscaleReport:
        started.append(job.source.name)
        if len(started) == 1:
            raise error
        raise InputVideoError("not a video")

    report = run_batch(jobs, run)

    assert started == ["first", "second"]
    assert [result.outcome for result in report.files] == ["failed", "failed"]
    log = Path(report.files[0].message.rsplit(" is in ", 1)[1].rstrip(")"))
    text = log.read_text()
    assert "Traceback (most recent call last)" in text
    assert type(error).__name__ in text
    assert str(jobs[0].source) in text
    assert report.files[1].message == "not a video"


def test_without_a_place_for_a_log_the_batch_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr("platformdirs.user_log_path", lambda *_, **__: tmp_path / "file")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    job = UpscaleJob(source=tmp_path / "clip", target=tmp_path / "out.mkv", scale=2.0)

    def run(_: UpscaleJob) -> UpscaleReport:
        raise SurprisingError("odd")

    assert run_batch([job], run).files[0].message == "SurprisingError: odd"


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", closed)
    with pytest.raises(InputVideoError, match="cannot be searched: Permission denied"):
        plan_batch([tmp_path], None, UpscaleJob(source=tmp_path, scale=2))

"""A dry run refuses what the real run would refuse before its work, and creates nothing."""

import os
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.pipelines.resume.work_folder import WorkFolder
from dscvsr_cli.video.segments.segment import Segment
from tests.clips import Clip, render

SEGMENT = Segment(name="0", frames=2, first_pts=0, last_pts=1, size_bytes=9, header="")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return render(Clip(width=32, height=32, pts=(0, 512)), tmp_path)


def refusals(source: Path, weights: Path, capfd: pytest.CaptureFixture[str], *more: str) -> str:
    """What the dry run and the real run say, which must be the same."""
    before = sorted(source.parent.rglob("*"))
    given = ["upscale", str(source), "-s", "2", "-w", str(weights), "--device", "cpu", *more]
    codes, said = [], []
    for mode in (["--dry-run"], []):
        codes.append(main([*given, *mode]))
        said.append(capfd.readouterr().err)
        assert mode == [] or sorted(source.parent.rglob("*")) == before
    assert codes[0] == codes[1] != 0
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize("name", ["out/a.mp4", "out/a.gif", "out/%03d.png", "out/new/"])
def test_a_folder_that_cannot_be_written_is_refused(
    name: str,
    source: Path,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(source.parent)
    closed = source.parent / "out"
    may = os.access
    # As on a read-only file system, where even root may not.
    monkeypatch.setattr(
        "dscvsr_cli.video.write.may_write.os.access",
        lambda path, mode, **how: Path(path) != closed and may(path, mode, **how),
    )
    said = refusals(source, weights, capfd, "-o", name)
    assert f"nothing can be written in {closed}" in said


@pytest.mark.skipif(os.access("/", os.W_OK), reason="this user may write everywhere")
@pytest.mark.parametrize("mode", [0o500, 0o600])
def test_a_folder_without_permission_is_refused(
    mode: int, source: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = source.parent / "out"
    folder.chmod(mode)
    said = refusals(source, weights, capfd, "-o", str(folder / "a.mp4"))
    folder.chmod(0o700)
    assert "permission denied" in said


def test_a_file_where_a_folder_is_to_be_made_is_refused(
    source: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = refusals(source, weights, capfd, "-o", f"{source}/new/")
    assert f"{source} is not a folder" in said


@pytest.mark.skipif(os.name == "nt", reason="no sticky folders")
@pytest.mark.parametrize("name", ["a.mp4", "%03d.png"])
def test_a_file_of_somebody_else_that_must_not_be_replaced_is_refused(
    name: str,
    source: Path,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = source.parent / "out"
    folder.chmod(0o1777)
    for taken in ("a.mp4", "001.png"):
        (folder / taken).write_bytes(b"theirs")
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    said = refusals(source, weights, capfd, "-o", str(folder / name), "--overwrite")
    assert "cannot be replaced" in said


@pytest.mark.parametrize(
    ("more", "complaint"), [((), "was interrupted after 2 frames"), (("--resume",), "settings")]
)
def test_unfinished_work_is_reported(
    more: tuple[str, ...],
    complaint: str,
    source: Path,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    target = source.parent / "out" / "a.mp4"
    work = WorkFolder(target)
    work.acquire()
    work.commit(
        Manifest(fingerprint={"--crf": "18"}, plan=StreamPlan(), segments=(SEGMENT,), state="s")
    )
    said = refusals(source, weights, capfd, "-o", str(target), *more)
    assert "is being written by another run" in said
    work.release()
    assert complaint in refusals(source, weights, capfd, "-o", str(target), *more)

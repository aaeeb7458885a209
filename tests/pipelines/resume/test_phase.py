"""How far an output is can be read from the disk, and only some steps lead on from there."""

from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DamagedWorkError, UsageError
from dscvsr_cli.own_outputs import file_identity
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.pipelines.resume.phase import (
    EarlierWork,
    Phase,
    advance,
    earlier_manifest,
    is_published,
    phase_of,
)
from dscvsr_cli.pipelines.resume.work_folder import WorkFolder, work_path
from dscvsr_cli.video.segments.segment import Segment

SEGMENT = Segment(name="0", frames=8, first_pts=0, last_pts=7, size_bytes=9, header="")
FINGERPRINT: dict[str, str] = {}
FRESH = Manifest(fingerprint=FINGERPRINT, plan=StreamPlan())
RESUMING = replace(FRESH, segments=(SEGMENT,), state="state")
JOINING = replace(RESUMING, state=None, ended=True, frames_read=8)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out.mp4"


def left_behind(target: Path, manifest: Manifest) -> None:
    """Leave what a killed run leaves."""
    folder = WorkFolder(target)
    folder.acquire()
    folder.commit(manifest)
    folder.release()


def published(target: Path) -> Manifest:
    target.write_bytes(b"whole")
    return replace(JOINING, joined=file_identity(target))


def test_a_manifest_says_how_far_its_run_came(target: Path) -> None:
    assert phase_of(FRESH, target) is Phase.FRESH
    assert phase_of(RESUMING, target) is Phase.RESUMING
    assert phase_of(JOINING, target) is Phase.JOINING
    assert phase_of(published(target), target) is Phase.PUBLISHED


def test_a_file_of_the_name_that_the_run_did_not_make_is_not_its_output(target: Path) -> None:
    manifest = published(target)
    target.write_bytes(b"somebody else's")
    assert phase_of(manifest, target) is Phase.JOINING
    target.unlink()
    assert phase_of(manifest, target) is Phase.JOINING


def test_phases_lead_forward_and_a_wrong_count_back_to_the_start() -> None:
    for now, then in (
        (Phase.FRESH, Phase.RESUMING),
        (Phase.RESUMING, Phase.RESUMING),
        (Phase.RESUMING, Phase.JOINING),
        (Phase.JOINING, Phase.PUBLISHED),
        (Phase.RESUMING, Phase.FRESH),
        (Phase.JOINING, Phase.FRESH),
    ):
        assert advance(now, then) is then


def test_no_phase_is_skipped_and_none_comes_again_once_the_frames_are_whole() -> None:
    for now, then in (
        (Phase.FRESH, Phase.PUBLISHED),
        (Phase.RESUMING, Phase.PUBLISHED),
        (Phase.JOINING, Phase.RESUMING),
        (Phase.PUBLISHED, Phase.JOINING),
        (Phase.FRESH, Phase.UNDECIDED),
    ):
        with pytest.raises(ValueError, match=f"from {now.name} to {then.name}"):
            advance(now, then)


@pytest.mark.parametrize("choice", EarlierWork)
def test_where_no_segment_is_finished_every_run_starts_at_the_first_frame(
    target: Path, choice: EarlierWork
) -> None:
    assert earlier_manifest(target, choice, FINGERPRINT) is None
    left_behind(target, FRESH)
    assert earlier_manifest(target, choice, FINGERPRINT) is None


@pytest.mark.parametrize("manifest", [RESUMING, JOINING])
def test_unfinished_work_is_continued_thrown_away_or_kept_as_the_person_says(
    target: Path, manifest: Manifest
) -> None:
    left_behind(target, manifest)
    assert earlier_manifest(target, EarlierWork.RESUME, FINGERPRINT) == manifest
    assert earlier_manifest(target, EarlierWork.RESTART, FINGERPRINT) is None
    with pytest.raises(UsageError, match="8 frames") as caught:
        earlier_manifest(target, EarlierWork.REFUSE, FINGERPRINT)
    assert "--resume" in caught.value.hint
    assert "--restart" in caught.value.hint


def test_work_that_is_published_is_nothing_to_lose(target: Path) -> None:
    manifest = published(target)
    left_behind(target, manifest)
    assert is_published(target)
    assert earlier_manifest(target, EarlierWork.REFUSE, FINGERPRINT) is None
    assert earlier_manifest(target, EarlierWork.RESUME, FINGERPRINT) == manifest


def test_a_damaged_manifest_can_only_be_thrown_away(target: Path) -> None:
    left_behind(target, RESUMING)
    (work_path(target) / "manifest.json").write_text("{")
    for choice in (EarlierWork.REFUSE, EarlierWork.RESUME):
        with pytest.raises(DamagedWorkError) as caught:
            earlier_manifest(target, choice, FINGERPRINT)
        assert "--restart" in caught.value.hint
    assert earlier_manifest(target, EarlierWork.RESTART, FINGERPRINT) is None


def test_work_of_other_settings_is_not_continued(target: Path) -> None:
    left_behind(target, RESUMING)
    with pytest.raises(UsageError, match="other settings"):
        earlier_manifest(target, EarlierWork.RESUME, {"--crf": "18"})
    assert earlier_manifest(target, EarlierWork.RESTART, {"--crf": "18"}) is None

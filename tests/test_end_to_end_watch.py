"""``dscvsr watch``, through the real command: what arrives is enlarged once."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.pipelines.upscale.watched_folder import WatchedFolder
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render
from tests.ctrl_c import CtrlC, ctrl_c_at
from tests.helpers import decoded_pts

SHORT = Clip(width=32, height=32, pts=(0, 512, 1024))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "below").mkdir(parents=True)
    return folder


def arguments(inbox: Path, weights: Path, *more: str) -> list[str]:
    fixed = ["-s", "2", "-w", weights, "--device", "cpu", "--encoder-preset", "ultrafast"]
    return ["watch", *map(str, [inbox, "-o", inbox.parent / "out", *fixed]), *more]


def test_what_is_there_is_enlarged_and_a_second_run_does_nothing_again(
    inbox: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    render(SHORT, inbox, name="a")
    render(SHORT, inbox / "below", name="b")
    once = arguments(inbox, weights, "--once", "--settle", "100ms")
    assert main(once) == 0
    assert "until everything in it is finished" in capfd.readouterr().err
    made = [inbox.parent / "out" / name for name in ("a.mp4", "below/b.mp4")]
    assert [probe(path).width for path in made] == [64, 64]
    before = [path.stat().st_mtime_ns for path in made]

    assert main([*once, "--json"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(line["job"], line["jobs"], line["outcome"]) for line in lines] == [
        (1, None, "skipped"),
        (2, None, "skipped"),
    ]
    assert [path.stat().st_mtime_ns for path in made] == before


def test_a_recording_that_goes_on_is_enlarged_again_and_another_file_is_refused(
    inbox: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = render(replace(SHORT, suffix=".ts", pts=tuple(range(0, 80 * 512, 512))), inbox.parent)
    recorded, made = inbox / "a.ts", inbox.parent / "out" / "a.ts"
    once = arguments(inbox, weights, "--once", "--settle", "100ms")
    data = whole.read_bytes()
    part = len(data) // 2 // 188 * 188
    recorded.write_bytes(data[:part])
    assert main(once) == 0
    shorter = len(decoded_pts(made))
    capfd.readouterr()

    recorded.write_bytes(data)
    assert main(once) == 0
    assert "has grown since" in capfd.readouterr().err
    assert shorter < len(decoded_pts(made)) == 80

    assert main(once) == 0
    assert "already finished" in capfd.readouterr().out
    longer = bytearray(data + data)
    longer[1000] ^= 1
    recorded.write_bytes(longer)
    before = made.read_bytes()
    assert main(once) == 1
    assert "was made from another input" in capfd.readouterr().err
    recorded.write_bytes(data + data)
    assert main([*once, "--no-audio", "--crf", "30"]) == 1
    assert "with other settings" in capfd.readouterr().err
    assert made.read_bytes() == before


def test_unfinished_work_on_a_recording_that_goes_on_is_started_over(
    inbox: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = render(replace(SHORT, suffix=".ts", pts=tuple(range(0, 80 * 512, 512))), inbox.parent)
    recorded, made = inbox / "a.ts", inbox.parent / "out" / "a.ts"
    data = whole.read_bytes()
    recorded.write_bytes(data[: len(data) // 2 // 188 * 188])
    job = UpscaleJob(
        source=recorded,
        target=made,
        makes_folder=True,
        scale=2,
        weights=str(weights),
        device="cpu",
        encoder_preset="ultrafast",
        checkpoint_frames=1,
        memory_bytes=8_100_000,
    )
    with pytest.raises(Interrupted):
        upscale(job, on_frame=ctrl_c_at(20, made))

    recorded.write_bytes(data)
    assert main(arguments(inbox, weights, "--once", "--settle", "100ms")) == 0
    assert "has grown since its work was begun: starting over" in capfd.readouterr().err
    assert len(decoded_pts(made)) == 80


def test_a_bad_file_stops_nothing_and_counts_in_the_exit_code(
    inbox: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (inbox / "bad.mp4").write_text("not a video at all\n" * 99)
    render(SHORT, inbox, name="good")
    assert main(arguments(inbox, weights, "--once", "--settle", "100ms")) == 1
    assert "bad.mp4" in capfd.readouterr().err
    assert (inbox.parent / "out" / "good.mp4").is_file()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--height", "64"], "either a factor or a size"),
        (["--dry-run"], "--dry-run"),
        (["-w", "no-such-weights"], "no-such-weights"),
        (["--settle", "soon"], "cannot read 'soon' as a time"),
    ],
)
def test_what_would_be_wrong_with_every_file_is_said_before_one_arrives(
    more: list[str],
    complaint: str,
    inbox: Path,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments(inbox, weights, *more)) in (2, 4)
    assert complaint in capfd.readouterr().err


@pytest.mark.parametrize(("number", "is_retried"), [(errno.ENOSPC, True), (errno.EINVAL, False)])
def test_only_what_may_pass_is_tried_again(
    number: int, is_retried: bool, inbox: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(SHORT, inbox, name="a")
    looks, tries, found = 0, 0, WatchedFolder.look

    def fail(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError(number, os.strerror(number))

    def look(self: WatchedFolder) -> list[Path]:
        nonlocal looks
        looks += 1
        if looks > 6:
            raise CtrlC
        return found(self)

    # What is written first of an output.
    monkeypatch.setattr("dscvsr_cli.pipelines.resume.work_folder.write_durably", fail)
    monkeypatch.setattr("dscvsr_cli.cli.watch._RETRY_SECONDS", 0.001)
    monkeypatch.setattr(WatchedFolder, "look", look)
    assert main(arguments(inbox, weights, "--settle", "10ms")) == 130
    assert tries > 1 if is_retried else tries == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_what_arrives_later_is_enlarged_and_a_service_manager_can_end_it(
    inbox: Path, weights: Path
) -> None:
    command = [sys.executable, "-m", "dscvsr_cli", *arguments(inbox, weights, "--settle", "200ms")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert "watching" in running.stderr.readline()
        # As a copy that takes its time: the first half is no video yet.
        whole = render(SHORT, inbox.parent, name="whole").read_bytes()
        with (inbox / "late.mp4").open("wb") as file:
            file.write(whole[: len(whole) // 2])
            file.flush()
            time.sleep(0.1)
            file.write(whole[len(whole) // 2 :])
        assert running.stdout is not None
        plan, report = running.stdout.readline(), running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert plan.startswith("late.mp4")
    assert "3 frames in = 3 frames out" in report
    assert (inbox.parent / "out" / "late.mp4").is_file()
    assert "Traceback" not in err

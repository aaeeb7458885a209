"""What is finished: outputs that are skipped, refused or left out of a search."""

import json
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.progress_bar import JobBar
from dscvsr_cli.own_outputs import RECORD_NAME
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import Clip, render
from tests.commands import files_in, run_upscale, upscale_with

LONGER = Clip(width=32, height=32, pts=(0, 512, 1024, 1536))
SHORT = Clip(width=32, height=32, pts=(0, 512, 1024))


def test_a_second_run_does_only_what_is_missing(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    upscale_with(weights, season, "-o", out)
    before = (out / "e1.mp4").stat().st_mtime_ns
    (season / "e2.mp4").unlink()
    render(SHORT, season, name="e2")
    capfd.readouterr()

    assert upscale_with(weights, season, "-o", out) == 0

    assert "1 done, 2 skipped, 0 failed" in capfd.readouterr().out
    assert (out / "e1.mp4").stat().st_mtime_ns == before
    assert files_in(out) == {"e1.mp4", "e2.mp4", "extras/making of.mp4"}


def test_an_output_of_another_input_is_not_taken_for_done(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (season / "e2.mp4").unlink()
    out = tmp_path / "out"
    upscale_with(weights, season, "-o", out)
    (season / "e1.mp4").unlink()
    render(LONGER, season, name="e1")
    # Older than the output, as a file that was copied with its time is.
    os.utime(season / "e1.mp4", ns=(0, 0))
    capfd.readouterr()
    assert upscale_with(weights, season, "-o", out) == 1
    said = capfd.readouterr()
    assert "already exists and was made from another input" in said.err
    assert "--overwrite" in said.err
    assert "0 done, 1 skipped, 1 failed" in said.out
    assert upscale_with(weights, season, "-o", out, "--overwrite") == 0


@pytest.mark.parametrize(
    "first", [("--preview", "40ms"), ("--compare", "split"), ("-o", "season/small"), ()]
)
def test_what_was_made_of_a_folders_videos_is_not_enlarged_again(
    first: tuple[str, ...], season: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(season.parent)
    (season / "e2.mp4").unlink()
    assert upscale_with(weights, season, *first) == 0
    before = files_in(season)
    # Also from elsewhere, and when the folder has another name.
    moved = season.rename(season.with_name("moved"))
    monkeypatch.chdir("/")
    assert upscale_with(weights, moved, "--encoder-preset", "veryfast", "--compare", "side") == 0
    made = {"e1_x2_side.mp4", "extras/making of_x2_side.mp4"}
    assert files_in(moved) - before == made


def test_what_was_made_through_a_link_is_known_where_the_folder_is(
    season: Path, tmp_path: Path, weights: Path
) -> None:
    (season / "e2.mp4").unlink()
    try:
        (tmp_path / "link").symlink_to(season, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    assert upscale_with(weights, tmp_path / "link" / "e1.mp4") == 0
    assert upscale_with(weights, season, "-o", tmp_path / "out") == 0
    assert files_in(tmp_path / "out") == {"e1.mp4", "extras/making of.mp4"}


def test_a_folder_of_nothing_but_outputs_is_one_of_videos(
    season: Path, tmp_path: Path, weights: Path
) -> None:
    (season / "e2.mp4").unlink()
    assert upscale_with(weights, season, "-o", tmp_path / "out") == 0
    assert upscale_with(weights, tmp_path / "out", "-o", tmp_path / "more") == 0
    assert files_in(tmp_path / "more") == {"e1.mp4", "extras/making of.mp4"}
    # Nor is a file of one's own an output, because one had its name.
    assert upscale_with(weights, season) == 0
    (season / "e1_x2.mp4").unlink()
    render(LONGER, season, name="e1_x2")
    assert upscale_with(weights, season, "-o", tmp_path / "third") == 0
    assert "e1_x2.mp4" in files_in(tmp_path / "third")


def test_what_a_shell_lists_the_second_time_is_not_enlarged_again(
    season: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(season)
    (season / "e2.mp4").unlink()
    render(LONGER, season, name="e3")
    assert upscale_with(weights, "e1.mp4", "e3.mp4") == 0
    everything = ("e1.mp4", "e1_x2.mp4", "e3.mp4", season / "e3_x2.mp4")
    capfd.readouterr()
    assert upscale_with(weights, *everything) == 0
    said = capfd.readouterr()
    assert "0 done, 2 skipped, 0 failed" in said.out
    assert "e1_x2.mp4 was made from e1.mp4, which is given too" in said.err
    assert "e3_x2.mp4 was made from e3.mp4, which is given too" in said.err
    assert files_in(season) >= {"e1_x2.mp4", "e3_x2.mp4"}
    assert not list(season.glob("*_x2_x2.mp4"))
    # By itself it is an input like any other.
    assert upscale_with(weights, "e1_x2.mp4") == 0
    assert (season / "e1_x2_x2.mp4").exists()


def test_folders_of_pictures_that_a_shell_lists_are_not_enlarged_again(
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folders = tmp_path / "folders"
    for name in ("one", "two"):
        (folders / name).mkdir(parents=True)
        for number in range(2):
            save_png(folders / name / f"{number}.png", torch.full((3, 12, 16), 0.5))
    monkeypatch.chdir(folders)
    options = ("-s", "2", "-w", weights, "--device", "cpu")
    assert run_upscale("one", "two", *options) == 0
    before = files_in(folders)
    assert "one_x2/0.png" in before
    capfd.readouterr()
    everything = ("one/", "one_x2/", "../folders/one_x2", "two", "two_x2")
    assert run_upscale(*everything, *options) == 0
    said = " ".join(capfd.readouterr().err.split())
    assert said.count("one_x2 was made from one, which is given too") == 2
    assert "two_x2 was made from two, which is given too" in said
    assert files_in(folders) == before


def test_one_file_by_two_names_is_refused_before_any_work(
    season: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(season)
    assert upscale_with(weights, "e1.mp4", f"../{season.name}/e1.mp4") == 2
    assert "several inputs would be written to" in capfd.readouterr().err


def test_an_input_is_never_replaced_by_what_is_made_of_another(
    season: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    render(LONGER, season, name="e1_x2")
    named = (season / "e1.mp4", season / "e1_x2.mp4")
    before = named[1].read_bytes()
    assert upscale_with(weights, *named, "--overwrite") == 2
    assert "e1_x2.mp4 is an input" in capfd.readouterr().err
    assert named[1].read_bytes() == before


def test_other_settings_are_refused_with_the_choice(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (season / "e2.mp4").unlink()
    out = tmp_path / "out"
    upscale_with(weights, season, "-o", out)
    capfd.readouterr()
    assert upscale_with(weights, season, "-o", out, "--crf", "30") == 1
    said = capfd.readouterr()
    assert "--crf was not given and is 30" in said.err
    assert "--overwrite" in said.err
    assert "0 done, 0 skipped, 2 failed" in said.out
    assert upscale_with(weights, season, "-o", out, "--crf", "30", "--overwrite") == 0
    assert upscale_with(weights, season, "-o", out, "--crf", "30") == 0


def test_a_file_of_unknown_origin_is_not_taken_for_done(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (season / "e2.mp4").unlink()
    out = tmp_path / "out"
    out.mkdir()
    (out / "e1.mp4").write_bytes(b"precious")
    assert upscale_with(weights, season, "-o", out) == 1
    assert "nothing says that it was made from this input" in capfd.readouterr().err
    assert (out / "e1.mp4").read_bytes() == b"precious"


def test_resuming_a_finished_output_is_done_already(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    assert upscale_with(weights, season / "e1.mp4", "-o", out) == 0
    before = out.stat().st_mtime_ns
    capfd.readouterr()
    assert upscale_with(weights, season / "e1.mp4", "-o", out, "--resume") == 0
    assert capfd.readouterr().out == f"{out}: already finished\n"
    assert upscale_with(weights, season / "e1.mp4", "-o", out, "--resume", "--json") == 0
    line = json.loads(capfd.readouterr().out)
    assert (line["type"], line["outcome"]) == ("report", "skipped")
    assert out.stat().st_mtime_ns == before
    assert upscale_with(weights, season / "e1.mp4", "-o", out, "--resume", "--crf", "9") == 2
    assert "--crf was not given and is 9" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["frames", "frames/%05d.png", "clip.gif", "clip.y4m", "photo.png"])
def test_an_output_that_is_written_in_one_go_is_finished_as_well(
    name: str, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / name, tmp_path / "out"
    fixed = ("-s", "1.5", "-w", str(weights), "--device", "cpu")
    for number in (1, 2) if "frames" in name else ():
        (tmp_path / "frames").mkdir(exist_ok=True)
        save_png(tmp_path / "frames" / f"{number:05}.png", torch.rand(3, 32, 32))
    if name == "photo.png":
        save_png(source, torch.rand(3, 32, 32))
    elif "frames" not in name:
        plain = render(SHORT, tmp_path, name="plain")
        assert main(["upscale", str(plain), *fixed, "-o", str(source)]) == 0
    inputs = (str(source), str(render(SHORT, tmp_path, name="other")))
    many = ["upscale", *inputs, "-o", str(out), *fixed]
    assert main(many) == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    capfd.readouterr()

    assert main(many) == 0

    assert "0 done, 2 skipped, 0 failed" in capfd.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before
    # What was changed since, or is asked for in another way, is not what was made.
    assert main([*many, "--compare", "split"]) == 1
    assert "1 skipped" not in capfd.readouterr().out
    made = next(path for path in before if path.suffix in (".png", source.suffix))
    made.write_bytes(made.read_bytes() + b"edited")
    assert main(many) == 1
    said = capfd.readouterr()
    assert "already exists" in said.err
    assert "0 done, 1 skipped, 1 failed" in said.out


def test_a_record_of_an_earlier_version_knows_no_later_options(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = render(SHORT, tmp_path), tmp_path / "out.mp4"
    assert upscale_with(weights, source, "-o", out) == 0
    record = json.loads((tmp_path / RECORD_NAME).read_text())
    for option in ("compare", "lossless"):
        del record["out.mp4"]["made_from"][option]
    (tmp_path / RECORD_NAME).write_text(json.dumps(record))
    assert upscale_with(weights, source, "-o", out, "--resume") == 0
    assert upscale_with(weights, source, "-o", out, "--resume", "--compare", "split") == 2
    assert "--compare was not given and is split" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("output", "place"),
    [
        ("out.mp4", "dscvsr_cli.video.write.target_file.publish"),
        ("out.y4m", "dscvsr_cli.video.write.target_file.publish"),
        ("pictures", "dscvsr_cli.video.write.partial_pictures.publish_folder"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_ctrl_c_when_the_output_has_its_name_says_that_it_is_finished(
    *,
    output: str,
    place: str,
    is_named: bool,
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source, target = render(SHORT, tmp_path), tmp_path / output
    target = target / "%02d.png" if output == "pictures" else target
    publish = pkgutil.resolve_name(place.replace(".publish", ":publish"))

    def interrupted(*arguments: object, **options: object) -> None:
        if is_named:
            publish(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    job = (source, "-o", target, "-s", "2", "-w", weights, "--device", "cpu")
    assert run_upscale(*job) == 130
    said = capfd.readouterr().err
    assert (f"{target} is finished" in said) == is_named
    assert ("kept" in said) == (not is_named)
    assert (tmp_path / output).exists() == is_named


def test_ctrl_c_while_the_bar_of_a_finished_job_is_removed_says_so_too(
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source, target = render(SHORT, tmp_path), tmp_path / "out.mp4"

    class Interrupted(JobBar):
        @contextmanager
        def running(self) -> Iterator["Interrupted"]:
            with super().running():
                yield self
            raise KeyboardInterrupt

    monkeypatch.setattr("dscvsr_cli.cli.upscale.follow.JobBar", Interrupted)
    assert upscale_with(weights, source, "-o", target) == 130
    assert f"{target} is finished" in capfd.readouterr().err

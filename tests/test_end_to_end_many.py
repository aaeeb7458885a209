"""Many files, parts of files, previews and dry runs, through the real command."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render
from tests.commands import files_in, upscale_with
from tests.helpers import decoded_seconds, stream_packets

SHORT = Clip(width=32, height=32, pts=(0, 512, 1024))
WITH_SOUND = Clip(width=32, height=32, pts=tuple(range(0, 50 * 512, 512)), sound_seconds=2.0)


def test_a_dry_run_of_many_goes_on_after_a_bad_file(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "extras").mkdir(parents=True)
    assert upscale_with(weights, season, "-o", tmp_path / "out", "--dry-run") == 1

    said = capfd.readouterr()
    assert "e1.mp4" in said.out
    assert "making of.mp4" in said.out
    assert "2 planned, 0 skipped, 1 failed" in said.out
    assert "e2.mp4" in said.err
    assert "(hint: check that the file is complete" in said.err


def test_a_folder_is_walked_and_a_bad_file_does_not_stop_the_others(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert upscale_with(weights, season, "-o", out) == 1
    assert files_in(out) == {"e1.mp4", "extras/making of.mp4"}
    said = capfd.readouterr()
    assert "2 done, 0 skipped, 1 failed" in said.out
    assert "e2.mp4" in said.err


def test_without_a_folder_outputs_lie_beside_their_inputs_and_are_no_inputs(
    season: Path, weights: Path
) -> None:
    (season / "e2.mp4").unlink()
    for _ in range(2):
        assert upscale_with(weights, season) == 0
        assert files_in(season) == {
            *("e1.mp4", "e1_x2.mp4", "notes.txt"),
            *("extras/making of.mp4", "extras/making of_x2.mp4"),
        }


def test_an_output_folder_inside_the_input_is_not_walked(season: Path, weights: Path) -> None:
    (season / "e2.mp4").unlink()
    for _ in range(2):
        assert upscale_with(weights, season, "-o", season / "big") == 0
        assert files_in(season / "big") == {"e1.mp4", "extras/making of.mp4"}


def test_more_jobs_than_there_can_be_are_as_many_as_there_are(
    season: Path, tmp_path: Path, weights: Path
) -> None:
    (season / "e2.mp4").unlink()
    jobs = ("--jobs", str(10**20))
    assert upscale_with(weights, season / "e1.mp4", "-o", tmp_path / "one.mp4", *jobs) == 0
    assert upscale_with(weights, season, "-o", tmp_path / "out", *jobs) == 0
    assert files_in(tmp_path / "out") == {"e1.mp4", "extras/making of.mp4"}


def test_two_inputs_of_one_name_are_refused_before_any_work(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    render(SHORT, other, name="e1")
    assert upscale_with(weights, season / "e1.mp4", other / "e1.mp4", "-o", tmp_path / "out") == 2
    assert "e1.mp4" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_several_inputs_need_a_folder(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "file.mp4"
    taken.write_bytes(b"precious")
    for target in (taken, Path("-")):
        assert upscale_with(weights, season, season, "-o", target) == 2
        assert "folder" in capfd.readouterr().err
    (tmp_path / "empty").mkdir()
    assert upscale_with(weights, tmp_path / "empty", "-o", tmp_path / "out") == 3


def test_many_files_are_reported_as_json(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert upscale_with(weights, season, "-o", tmp_path / "out", "--json") == 1
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    ends = [line for line in lines if line["type"] in ("report", "error")]
    assert [line["type"] for line in ends] == ["report", "error", "report"]
    assert [line["job"] for line in ends] == [1, 2, 3]
    assert ends[0]["report"]["frames_out"] == 3
    assert ends[1]["source"] == str(season / "e2.mp4")
    assert ends[1]["exit_code"] == 3
    assert lines[-1] == {"type": "summary", "done": 2, "skipped": 0, "failed": 1}


def test_each_line_about_a_file_is_printed_once(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    upscale_with(weights, season, "-o", tmp_path / "out")
    said = capfd.readouterr()
    ends = [line for line in said.out.splitlines() if "frames out" in line]
    assert len(ends) == 2
    assert len([line for line in said.err.splitlines() if "e2.mp4" in line]) == 1
    assert said.out.count("making of.mp4: 3 frames in = 3 frames out") == 1


@pytest.mark.parametrize("there", [True, False])
def test_a_single_file_keeps_its_name_in_a_folder_as_one_of_many_does(
    there: bool, season: Path, tmp_path: Path, weights: Path
) -> None:
    out = tmp_path / "out"
    if there:
        out.mkdir()
    assert upscale_with(weights, season / "e1.mp4", "-o", f"{out}/") == 0
    assert files_in(out) == {"e1.mp4"}


def test_in_its_own_folder_a_file_gets_another_name(season: Path, weights: Path) -> None:
    before = (season / "e1.mp4").read_bytes()
    assert upscale_with(weights, season / "e1.mp4", "-o", season) == 0
    assert (season / "e1_x2.mp4").exists()
    assert (season / "e1.mp4").read_bytes() == before


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        ((), 2, "give either a factor or a size"),
        (("-s", "2", "--width", "64"), 2, "not both"),
        (("-s", "2", "-w", "no-such-weights"), 4, "no-such-weights"),
        (("-s", "2", "--dry-run", "-w", "no-such-weights"), 4, "no-such-weights"),
    ],
)
def test_what_is_wrong_with_every_file_is_said_once_and_exits_as_for_one(
    wrong: tuple[str, ...],
    code: int,
    said: str,
    season: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    one, many = str(season / "e1.mp4"), (str(season), "-o", str(season.parent / "out"))
    assert main(["upscale", one, *wrong, "--device", "cpu"]) == code
    capfd.readouterr()
    assert main(["upscale", *many, *wrong, "--device", "cpu"]) == code
    words = capfd.readouterr()
    assert words.err.count(said) == 1
    assert words.out == ""


def test_pictures_that_a_shell_lists_are_asked_about(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pictures = [tmp_path / f"{number:03}.png" for number in range(3)]
    for one in pictures:
        one.write_bytes(b"")
    assert upscale_with(weights, *pictures, "-o", tmp_path / "out") == 2
    said = capfd.readouterr().err
    assert "3 pictures" in said
    assert f"dscvsr upscale {tmp_path}" in said
    assert not (tmp_path / "out").exists()


def test_no_folder_is_named_for_pictures_of_several(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pictures = [tmp_path / name / "001.png" for name in ("one", "two")]
    for one in pictures:
        one.parent.mkdir()
        one.write_bytes(b"")
    assert upscale_with(weights, *pictures, "-o", tmp_path / "out") == 2
    said = capfd.readouterr().err
    assert "put the frames of one video into a folder" in said
    assert "dscvsr upscale" not in said


def test_a_part_starts_at_zero_with_its_sound(tmp_path: Path, weights: Path) -> None:
    source, target = render(WITH_SOUND, tmp_path), tmp_path / "out.mp4"
    assert upscale_with(weights, source, "-o", target, "--start", "0.5", "--end", "0:01.5") == 0
    assert decoded_seconds(target) == [
        at - Fraction(1, 2)
        for at in decoded_seconds(source)
        if Fraction(1, 2) <= at < Fraction(3, 2)
    ]
    kept = stream_packets(target, 1)
    expected = [
        packet
        for packet in stream_packets(source, 1)
        if packet.seconds is not None and Fraction(1, 2) <= packet.seconds < Fraction(3, 2)
    ]
    assert [packet.payload for packet in kept] == [packet.payload for packet in expected]
    for after, before in zip(kept, expected, strict=True):
        assert after.seconds is not None
        assert before.seconds is not None
        assert abs(after.seconds - (before.seconds - Fraction(1, 2))) < Fraction(1, 48000)


def test_a_preview_is_the_middle_under_a_name_of_its_own(tmp_path: Path, weights: Path) -> None:
    source = render(WITH_SOUND, tmp_path)
    assert upscale_with(weights, source, "--preview", "400ms") == 0
    preview = tmp_path / "clip_x2_preview.mp4"
    assert len(decoded_seconds(preview)) == 10
    assert decoded_seconds(preview)[0] == 0
    assert not (tmp_path / "clip_x2.mp4").exists()


@pytest.mark.parametrize(("view", "width"), [("split", 64), ("side", 128)])
def test_a_comparison_shows_both_pictures(
    view: str, width: int, tmp_path: Path, weights: Path
) -> None:
    source = render(SHORT, tmp_path)
    assert upscale_with(weights, source, "--compare", view) == 0
    made = probe(tmp_path / f"clip_x2_{view}.mp4")
    assert (made.width, made.height, made.frame_count) == (width, 64, 3)


def test_a_dry_run_reports_and_writes_nothing(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(WITH_SOUND, tmp_path)
    assert upscale_with(weights, source, "--dry-run", "--json") == 0
    line = json.loads(capfd.readouterr().out)
    assert line["type"] == "dry_run"
    report = line["report"]
    assert report["frames"] == 50
    assert report["plan"]["size"] == {"height": 64, "width": 64}
    assert len(report["copied"]) == 1
    assert report["seconds"] == pytest.approx(50 * report["seconds_per_frame"])
    assert report["disk"]["free_bytes"] > report["disk"]["work_bytes"] > 0
    assert upscale_with(weights, source, "--dry-run") == 0
    assert "about 50" in capfd.readouterr().out
    assert list(tmp_path.iterdir()) == [source]


def test_verify_says_what_is_kept_and_what_is_lost(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = render(WITH_SOUND, tmp_path), tmp_path / "out.mp4"
    upscale_with(weights, source, "-o", target)
    # The network of these tests makes noise, which verify would rightly not take for the source.
    assert main(["verify", str(source), str(target), "--fast"]) == 0
    assert " 0 lost" in capfd.readouterr().out

    upscale_with(weights, source, "-o", target, "--end", "1", "--overwrite")
    capfd.readouterr()
    assert main(["verify", str(source), str(target), "--json"]) == 1
    findings = json.loads(capfd.readouterr().out)["findings"]
    assert any(one["level"] == "lost" for one in findings)


def test_an_output_that_is_given_as_an_input_is_answered_with_the_command(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = render(SHORT, tmp_path, name="in"), tmp_path / "out.mp4"
    assert upscale_with(weights, source, target) == 2
    assert f"dscvsr upscale {source} -o {target}" in capfd.readouterr().err
    assert files_in(tmp_path) == {"in.mp4"}


@pytest.mark.parametrize("name", ["out.mp4", "out.png", "%03d.png"])
def test_several_inputs_are_not_put_into_a_folder_that_is_named_like_a_file(
    name: str, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    inputs = [render(SHORT, tmp_path, name=one) for one in ("a", "b")]
    assert upscale_with(weights, *inputs, "-o", tmp_path / name) == 2
    assert "is the name of one file" in capfd.readouterr().err
    assert files_in(tmp_path) == {"a.mp4", "b.mp4"}

    (tmp_path / name).mkdir()
    assert upscale_with(weights, *inputs, "-o", tmp_path / name) == 0
    assert files_in(tmp_path / name) == {"a.mp4", "b.mp4"}


def test_a_folder_is_searched_for_every_kind_of_video_that_is_read(
    weights: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "old", tmp_path / "out"
    folder.mkdir()
    plain = render(SHORT, tmp_path, name="plain").read_bytes()
    for name in ("phone.3gp", "camera.3G2", "flash.f4v", "tape x1.5.qt", "notes.txt"):
        (folder / name).write_bytes(plain)
    assert upscale_with(weights, folder, "-o", out) == 0
    assert files_in(out) == {f"{name}.mkv" for name in ("phone", "camera", "flash", "tape x1.5")}


def test_photographs_in_a_folder_of_videos_are_reported(
    season: Path, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (season / "e2.mp4").unlink()
    for name in ("b.jpg", "extras/a.png", ".hidden.png"):
        (season / name).write_bytes(b"not looked at")
    assert upscale_with(weights, season, "-o", tmp_path / "out") == 0
    said = capfd.readouterr()
    assert "2 pictures beside the videos" in said.err
    assert "b.jpg" in said.err
    assert "2 done, 0 skipped, 0 failed" in said.out
    for name in ("b.jpg", "extras/a.png"):
        (season / name).unlink()
    assert upscale_with(weights, season, "-o", tmp_path / "out") == 0
    assert "picture" not in capfd.readouterr().err

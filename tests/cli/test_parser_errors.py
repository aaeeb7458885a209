"""What the parser refuses: one error and one hint, in our own words."""

import json

import pytest

from dscvsr_cli.cli.app import main


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("upscale a.mp4 --outputt b.mp4", "dscvsr upscale has no option --outputt", "--output?"),
        ("verify a.mp4 b.mp4 -y", "dscvsr verify has no option -y", "dscvsr verify --help"),
        ("list-encoders", "dscvsr has no command list-encoders", "mean encoders?"),
        ("weights frobnicate", "dscvsr weights has no command frobnicate", "weights --help"),
        ("compare a.mp4", "B is missing", "dscvsr compare A B"),
        ("watch inbox -s 2", "--output is missing", "dscvsr watch FOLDER --output FOLDER"),
        ("upscale a.mp4 -s", "'-s' requires an argument", "dscvsr upscale --help"),
        ("upscale a.mp4 -s 2 --dtype fp16", "--dtype: 'fp16' is not one of", "upscale --help"),
        ("upscale a.mp4 -s 2 --jobs two", "--jobs", "dscvsr upscale --help"),
        ("weights path a b", "unexpected extra argument", "dscvsr weights path --help"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_write(
    line: str, message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    error, after = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert after.startswith("hint: ")
    assert hint in after


def test_json_says_what_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upscale", "clip.mp4", "--outputt", "x", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["type"], said["kind"], said["exit_code"]) == ("error", "UsageError", 2)
    assert said["message"] == "dscvsr upscale has no option --outputt"
    assert "job" not in said


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights"]) == 2
    said = "".join(capsys.readouterr())
    assert "verify" in said
    assert "error:" not in said

"""Options of other programs are answered with ours, and every option that is named exists."""

import re
from typing import Any

import pytest
import typer

from dscvsr_cli.cli import foreign_options
from dscvsr_cli.cli.app import app, main


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("-i clip.mp4 -s 2", "dscvsr upscale clip.mp4 -s 2"),
        ("upscale -i clip.mp4 -s 2", "dscvsr upscale clip.mp4 -s 2"),
        ("upscale clip.mp4 -s 2 -y", "--overwrite"),
        ("upscale clip.mp4 -s 2 -c:v libx265", "--encoder"),
        ("upscale clip.mp4 -s 2 -ss 10 -to 20", "--start"),
        ("upscale clip.mp4 -s 2 -sn", "--no-subs"),
        ("upscale clip.mp4 -s 2 --model small", "-w NAME"),
        ("upscale clip.mp4 -s 2 --output_dir out", "-o folder/"),
        ("watch inbox -o out -s 2 --verbose", "--json"),
    ],
)
def test_an_option_of_another_program_is_answered_with_ours(
    line: str, ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert "has no option -" in error
    assert ours in hint


def test_a_file_may_be_named_like_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upscale", "-s", "2", "--", "-an"]) == 3
    assert "-an does not exist" in capsys.readouterr().err


def test_only_options_that_dscvsr_lacks_are_explained_by_ones_that_it_has() -> None:
    command: Any = typer.main.get_command(app)
    options = {
        name
        for one in command.commands["upscale"].params
        for name in (*one.opts, *one.secondary_opts)
    }
    for theirs, ours in foreign_options._MEANT.items():
        assert theirs not in options
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", ours)) <= options

"""Differences between runs, in the words of the command line."""

from pathlib import Path

import pytest

from dscvsr_cli.pipelines.resume.setting_words import describe_difference
from dscvsr_cli.pipelines.upscale.fingerprint import describe_job
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from tests.cli_reference import PAGE


@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        ("crf", "20.0", "None", "--crf was 20 and is not given"),
        ("streams.audio", "True", "False", "--no-audio was not given and is given"),
        ("square_pixels", "True", "False", "--square-pixels was given and is not given"),
        ("reading.span.end", "None", "5/2", "--end was not given and is 2.5"),
        ("pixel_format", "None", "yuv420p10le", "--pix-fmt was not given and is yuv420p10le"),
        (
            "encoder_options",
            "()",
            "(('tune', 'film'),)",
            "--enc-opt was not given and is tune=film",
        ),
        ("steady", "None", "False", "--steady was not given and is --no-steady"),
        ("steady", "True", "None", "--steady was --steady and is not given"),
        ("the input's content", "0123" * 16, "abcd" * 16, "the input's content is another one"),
        ("the dtype", "float32", "bfloat16", "the dtype was float32 and is bfloat16"),
        ("--checkpoint", "8", "9", "--checkpoint was 8 and is 9"),
    ],
)
def test_settings_are_called_what_people_typed(
    name: str, before: str, after: str, words: str
) -> None:
    assert describe_difference(name, before, after) == words


def test_every_setting_that_is_recorded_has_the_name_of_an_option() -> None:
    options = PAGE.read_text(encoding="utf-8")
    for name in describe_job(UpscaleJob(source=Path("clip.mp4")), leave_out=frozenset()):
        said = describe_difference(name, "a", "b").split()[0]
        assert f"| `{said}" in options, name

"""The options of ``dscvsr upscale`` become a job; some exclude each other."""

import inspect
import sys
from dataclasses import MISSING, fields
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.upscale.command import UpscaleOptions, upscale_command
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.span import TimeSpan
from tests.clips import Clip, render

SOURCE = Path("clip.mp4")


def options(**typed: object) -> UpscaleOptions:
    return UpscaleOptions(sources=[SOURCE], **typed)  # type: ignore[arg-type]


def test_the_command_reads_as_the_library_does_by_default() -> None:
    defaults = inspect.signature(upscale_command).parameters
    names = {"rate": "fps", "start_number": "start_number", "span": "start"}
    for field in fields(ReadOptions):
        wanted = None if field.name == "span" else field.default
        assert defaults[names.get(field.name, field.name)].default == wanted


def test_without_options_the_job_is_the_default_one() -> None:
    assert options().job_for(SOURCE) == UpscaleJob(source=SOURCE)


def test_every_option_has_a_default_but_the_sources() -> None:
    required = [
        field.name
        for field in fields(UpscaleOptions)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    assert required == ["sources"]


def test_the_job_gets_what_was_typed() -> None:
    job = options(
        size=Size(height=108, width=192),
        fps=Fraction(25),
        start=Fraction(1),
        end=Fraction(3),
        strict=True,
        encoder_options=["tune=film", "g=12"],
        no_subtitles=True,
        audio_encoder="aac",
        audio_bitrate=96_000,
        drop_unsupported=True,
        memory=4_000_000_000,
        preview=Fraction(5),
        checkpoint=24,
    ).job_for(SOURCE)
    assert (job.height, job.width, job.scale) == (108, 192, None)
    assert job.reading == ReadOptions(
        rate=Fraction(25), strict=True, span=TimeSpan(Fraction(1), Fraction(3))
    )
    assert job.encoder_options == (("tune", "film"), ("g", "12"))
    assert job.streams == StreamChoices(
        subtitles=False, audio_encoder="aac", audio_bitrate=96_000, drop_unsupported=True
    )
    assert job.preview_seconds == Fraction(5)
    assert (job.memory_bytes, job.checkpoint_frames) == (4 * 10**9, 24)


@pytest.mark.parametrize(
    "typed",
    [
        {"output": "-", "json": True},
        {"size": Size(height=4, width=4), "scale": 2.0},
        {"size": Size(height=4, width=4), "width": 4},
        {"size": Size(height=4, width=4), "height": 4},
    ],
)
def test_options_that_exclude_each_other_are_refused(typed: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        options(**typed)
    assert "leave out" in caught.value.hint


def test_only_a_dash_goes_to_standard_output() -> None:
    assert options(output="-", dry_run=True).to_stdout
    assert not options(output="out.mp4").to_stdout
    assert not options().to_stdout


def test_a_video_is_not_written_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(UsageError, match="to the terminal"):
        options(output="-")
    assert options(output="-", dry_run=True).to_stdout
    assert not options(output="out.mkv").to_stdout


def test_a_name_that_ends_as_a_folders_does_is_a_folder() -> None:
    assert options(output="out/").output_is_folder
    assert options(output="out/").output_path == Path("out")
    assert not options(output="out").output_is_folder
    assert options().output_path is None


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("a" * 300 + ".mp4", "out.mp4", "name of the input is too long"),
        ("clip.mp4", "b" * 300 + ".mp4", "name of the output is too long"),
        ("d/" * 2500 + "a.mp4", "out.mp4", "name of the input is too long"),
        ("clip.mp4", "loop.mp4", "leads to itself"),
    ],
)
def test_a_name_that_no_file_can_have_is_reported_before_any_work(
    source: str, target: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(Clip(pts=(0, 512)), tmp_path)
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    command = ["upscale", str(tmp_path / source), "-s", "2", "-o", str(tmp_path / target)]
    assert main(command) in (2, 3)
    assert told in capsys.readouterr().err

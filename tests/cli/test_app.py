"""main(): commands, errors as messages, exit codes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from dscvsr_cli import __version__
from dscvsr_cli.cli import app as app_module
from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.options import MemoryOption, SizeOption
from dscvsr_cli.errors import DeviceError, DscvsrError, InputVideoError, UsageError, WeightsError
from tests.clips import Clip, render
from tests.ctrl_c import CtrlC


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    """An app whose command ``fail`` raises what the test puts into the list."""
    errors: list[BaseException] = []
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command("fail")
    def fail(*, memory: MemoryOption = None, size: SizeOption = None) -> None:
        assert memory is None
        assert size is None
        raise errors[0]

    @app.command("other")
    def other() -> None: ...

    monkeypatch.setattr(app_module, "app", app)
    monkeypatch.delenv("DSCVSR_DEBUG", raising=False)
    hook = sys.excepthook
    yield errors
    sys.excepthook = hook


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dscvsr {__version__}\n"


def test_a_file_in_the_place_of_a_command_is_answered_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("clip.mp4", "weights"):
        Path(name).touch()
    assert main(["clip.mp4", "-s", "2"]) == 2
    assert "dscvsr upscale clip.mp4 -s 2" in capsys.readouterr().err
    assert main(["weights", "path"]) == 0


@pytest.mark.parametrize("columns", ["60", "120"])
@pytest.mark.parametrize("command", [[], ["upscale"], ["train"], ["weights", "verify"]])
def test_no_flag_seems_to_take_a_value(
    command: list[str],
    columns: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main([*command, "-h"]) == 0
    shown = capsys.readouterr().out
    assert "--help" in shown
    assert "bool" not in shown


def test_help_names_every_command_and_says_how_to_begin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "dscvsr upscale clip.mp4 -s 2" in out
    assert all(name in out for name in ("upscale", "compare", "demo", "bench", "train", "weights"))


def test_the_many_options_of_upscale_stand_under_headings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["upscale", "--help"]) == 0
    out = capsys.readouterr().out
    titles = ("Size", "Encoding", "Network", "Part of the video", "Long jobs")
    places = [out.index(f"─ {title} ─") for title in titles]
    assert len(set(places)) == len(titles)
    assert out.index("--scale") < out.index("--crf") < out.index("--device") < out.index("--resume")


@pytest.mark.parametrize("arguments", [["--wings"], ["fly"], ["weights", "path", "a", "b"]])
def test_usage_errors_leave_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert [line.partition(" ")[0] for line in err.splitlines()] == ["error:", "hint:"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("a"), 2),
        (InputVideoError("a"), 3),
        (WeightsError("a"), 4),
        (DeviceError("a"), 6),
    ],
)
def test_a_mistake_is_reported_in_one_line_with_a_hint_and_its_own_code(
    faulty: list[BaseException],
    error: DscvsrError,
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error.hint = "do better"
    faulty.append(error)
    assert main(["fail"]) == code
    assert capsys.readouterr() == ("", "error: a\nhint: do better\n")


def test_debug_shows_the_traceback_of_a_mistake_too(
    faulty: list[BaseException],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faulty.append(WeightsError("a"))
    monkeypatch.setenv("DSCVSR_DEBUG", "1")
    assert main(["fail"]) == 4
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("error: a\n")


def test_a_bug_keeps_its_traceback(faulty: list[BaseException]) -> None:
    faulty.append(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError, match="ours"):
        main(["fail"])


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc")])
def test_memory_that_runs_out_is_no_bug(
    faulty: list[BaseException], error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty.append(error)
    assert main(["fail"]) == 6
    assert capsys.readouterr().err.startswith("error: there is too little memory\nhint: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that somebody is in")
def test_a_folder_that_is_gone_under_one_s_feet_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for command in (
        ["upscale", str(source), "-s", "2", "-o", "out.mp4"],
        ["upscale", "clip.mp4", "-s", "2"],
        ["compare", str(source), str(source), "-o", "page.html"],
    ):
        assert main(command) in {UsageError.exit_code, InputVideoError.exit_code}
        said = capsys.readouterr().err
        assert "the folder you are in" in said, said
    monkeypatch.chdir(tmp_path)


def test_ctrl_c_leaves_with_130(faulty: list[BaseException]) -> None:
    faulty.append(CtrlC())
    assert main(["fail"]) == 130


@pytest.mark.parametrize("arguments", [["--memory", "4XB"], ["--size", "wide"]])
def test_a_value_that_cannot_be_read_is_a_mistake_with_a_hint(
    faulty: list[BaseException], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    faulty.append(AssertionError("the command must not run"))
    assert main(["fail", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: cannot read '{arguments[1]}'")
    assert "hint: write" in err


def test_the_exit_code_reaches_the_shell() -> None:
    command = [sys.executable, "-m", "dscvsr_cli", "weights", "path", "no-such-weights"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: no weights are called 'no-such-weights'\n")
    assert not done.stdout


@pytest.mark.skipif(os.name != "posix", reason="pipes break otherwise elsewhere")
def test_a_reader_that_left_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "dscvsr_cli", "--version"]
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            command,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
        )
    assert done.stderr == b""

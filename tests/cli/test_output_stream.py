"""What reaches the terminal is only shown, and losing the terminal does not end the work."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.output_stream import printable
from dscvsr_cli.errors import UsageError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.weights.network_file import save_network
from tests.clips import Clip, render
from tests.networks import SMALLEST

RED = "[red]a\nfake line\x1b[31mred\x1b]0;title\x07 \x9b5n \u202egnp.exe \udce9"


def test_text_for_people_stays_as_it_is() -> None:
    text = "ünï 三 🎬 e\u0301\tand [red]more[/red]"
    assert printable(text) == text


@pytest.mark.parametrize(
    ("sign", "shown"),
    [("\n", r"\n"), ("\x1b", r"\x1b"), ("\r", r"\x0d"), ("\x9b", r"\x9b"), ("\u202e", r"\u202e")],
)
def test_what_a_terminal_would_obey_is_spelt_out(sign: str, shown: str) -> None:
    assert printable(f"a{sign}b") == f"a{shown}b"


def test_a_byte_of_a_name_that_is_no_utf8_is_spelt_out() -> None:
    assert printable(os.fsdecode(b"caf\xe9.mp4")) == r"caf\xe9.mp4"


def test_no_way_to_the_terminal_carries_its_commands(
    capfd: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    terminal.print(RED)
    terminal.note(RED)
    terminal.warn(RED)
    terminal.error(UsageError(RED, hint=RED))
    terminal.print_rows([(RED, "a"), ("b", RED)])
    terminal.print_json({"title": RED})
    out, err = capfd.readouterr()
    assert err.count("\n") == 4
    assert out[: out.index("{")].count("\n") == 3
    for sign in "\x1b\x07\x9b\u202e\udce9":
        assert sign not in err
        assert sign not in out
    assert json.loads(out[out.index("{") :]) == {"title": RED}


def test_titles_names_and_languages_of_a_video_reach_the_terminal_as_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = render(Clip(suffix=".mkv", pts=(0, 512), sound_seconds=0.1), tmp_path)
    source = tmp_path / "a\n[red]\x1b[2Jb.mkv"
    with av.open(str(plain)) as old, av.open(f"file:{source}", "w") as new:
        twins = [new.add_stream_from_template(stream) for stream in old.streams]
        twins[1].metadata.update({"title": RED[:-1], "language": "\x1b[m", "\x1b[1m": "x"})
        new.metadata.update({"title": RED[:-1]})
        new.add_attachment("\x1b[3m.ttf", "font/ttf", b"x")
        for packet in [packet for packet in old.demux() if packet.size]:
            packet.stream = twins[packet.stream_index]
            new.mux(packet)
    assert main(["upscale", str(source), "-s", "1.5", "-o", str(tmp_path / "o.avi")]) == 2
    assert main(["verify", str(source), str(plain)]) == 1
    assert main(["upscale", f"{source}.not", "-s", "1.5"]) == 3
    out, err = capfd.readouterr()
    assert "\x1b" not in out + err
    assert r"\x1b[31mred" in out
    assert r"a\n[red]\x1b[2Jb.mkv" in err
    # Nothing of it passes for a line of ours.
    assert not any(line.startswith(("[red]", "fake")) for line in (out + err).splitlines())
    assert r"\x1b[3m.ttf" in err


def run(arguments: Sequence[str | Path], stdout: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dscvsr_cli", *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
    )


def full() -> int:
    """Open a file that is always full."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    return os.open("/dev/full", os.O_WRONLY)


def unread() -> int:
    """Open a pipe whose reader has left."""
    if os.name != "posix":
        pytest.skip("pipes break otherwise elsewhere")
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.slow
@pytest.mark.parametrize(("lost", "extra", "code"), [(unread, (), 0), (full, ("--json",), 9)])
def test_losing_stdout_does_not_end_the_work(
    tmp_path: Path, lost: Callable[[], int], extra: tuple[str, ...], code: int
) -> None:
    weights = tmp_path / "smallest.safetensors"
    save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, weights, record={})
    source = render(Clip(pts=(0, 512)), tmp_path)
    target = tmp_path / "out.mp4"
    writing = lost()
    try:
        done = run(["upscale", source, "-s", "2", "-w", weights, "-o", target, *extra], writing)
        failed = run(["weights", "path", "no-such-weights"], writing)
    finally:
        os.close(writing)
    assert done.returncode == code, done.stderr
    # Once, although many lines are lost.
    assert done.stderr.count(b"standard output cannot be written") == bool(code)
    assert done.stderr.count(b"\n") == 2 * bool(code)
    assert target.exists()
    assert failed.returncode == 4


@pytest.mark.parametrize("argument", ["--version", "--help", "weights list", "weights list --json"])
@pytest.mark.parametrize(
    ("lost", "code", "said"), [(unread, 0, ""), (full, 9, "cannot be written")]
)
def test_results_that_cannot_be_written_are_an_error_unless_nobody_wants_them(
    argument: str, lost: Callable[[], int], code: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with os.fdopen(lost(), "w") as stdout, contextlib.redirect_stdout(stdout):
        assert main(argument.split()) == code
    err = capfd.readouterr().err
    assert said in err
    assert bool(err) == bool(said)

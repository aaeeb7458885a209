"""The error tree: exit codes as the module's own picture documents them."""

import ast
import errno
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dscvsr_cli import errors
from dscvsr_cli.errors import (
    DamagedWorkError,
    DatasetError,
    DeviceError,
    DscvsrError,
    FrameCountError,
    InputVideoError,
    OutputVideoError,
    RegressionError,
    UsageError,
    VideoError,
    WeightsError,
)

EXIT_CODES = {
    DscvsrError: 1,
    UsageError: 2,
    VideoError: 3,
    InputVideoError: 3,
    OutputVideoError: 3,
    DamagedWorkError: 3,
    FrameCountError: 3,
    WeightsError: 4,
    DatasetError: 5,
    DeviceError: 6,
    RegressionError: 7,
}


@pytest.mark.parametrize(("kind", "code"), EXIT_CODES.items())
def test_every_kind_of_mistake_leaves_with_its_code(kind: type[DscvsrError], code: int) -> None:
    assert kind("it broke").exit_code == code


def test_the_picture_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^[ +|-]*(\w+Error)\s+(?:exit (\d))?", errors.__doc__ or "", re.MULTILINE)
    assert {name for name, _ in drawn} == {kind.__name__ for kind in EXIT_CODES}
    for name, code in drawn:
        if code:
            assert getattr(errors, name).exit_code == int(code)


def test_every_error_of_the_module_is_in_the_tree() -> None:
    defined = {value for value in vars(errors).values() if isinstance(value, type)} - {type}
    kinds = {kind for kind in defined if issubclass(kind, Exception)}
    assert kinds == set(EXIT_CODES)
    assert all(issubclass(kind, DscvsrError) for kind in kinds)


def test_an_error_carries_its_message_and_the_next_step() -> None:
    error = UsageError("no such factor", hint="use -s 2.7")
    assert (error.message, error.hint, str(error)) == (
        "no such factor",
        "use -s 2.7",
        "no such factor",
    )
    assert UsageError("no such factor").hint == ""


@pytest.mark.parametrize("kind", EXIT_CODES)
def test_another_hint_makes_another_error(kind: type[DscvsrError]) -> None:
    error = kind("it broke", hint="wait")
    other = error.with_hint("wait; try again")
    assert type(other) is kind
    assert (other.message, other.hint) == ("it broke", "wait; try again")
    assert error.hint == "wait"


def test_damaged_work_is_started_over_unless_there_is_a_better_way() -> None:
    assert "--restart" in DamagedWorkError("it broke").hint
    assert DamagedWorkError("it broke").with_hint("wait").hint == "wait"


def test_exit_codes_stay_clear_of_success_and_of_the_shell() -> None:
    assert all(0 < code < 126 for code in EXIT_CODES.values())


@pytest.mark.parametrize(
    ("number", "may_pass"),
    [
        (errno.ENOSPC, True),
        (errno.EDQUOT, True),
        (errno.EIO, True),
        (errno.EACCES, True),
        (errno.EINVAL, False),
        (errno.EISDIR, False),
        (0x41444E49, False),
    ],
)
def test_an_error_passes_where_the_system_says_something_that_may(
    number: int, may_pass: bool
) -> None:
    error = OutputVideoError("out.mp4 could not be written", hint="wait")
    error.__cause__ = OSError(number, "words of the system")
    assert error.may_pass == may_pass
    kept = error.with_hint("wait; 7 frames are kept")
    kept.__cause__ = error
    assert kept.may_pass == may_pass


def test_a_busy_device_passes_and_a_missing_option_does_not() -> None:
    assert DeviceError("too little memory").may_pass
    assert not UsageError("no such factor").may_pass
    full = OutputVideoError("too little space", may_pass=True)
    assert full.may_pass
    assert full.with_hint("free some").may_pass
    assert not OutputVideoError("the muxer refuses").may_pass


def errors_without_a_hint(path: Path) -> Iterator[str]:
    """Yield where a file makes an error of ours and does not say what to do next."""
    # What an interrupted run left has one usual hint.
    kinds = {kind.__name__ for kind in EXIT_CODES} - {DamagedWorkError.__name__}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        hints = [word.value for word in node.keywords if word.arg == "hint"]
        if node.func.id in kinds and (not hints or ast.unparse(hints[0]) in ("''", "None")):
            yield f"{path.name}:{node.lineno}"


def test_every_error_says_what_to_do_next() -> None:
    package = Path(errors.__file__).parent
    assert [place for path in package.rglob("*.py") for place in errors_without_a_hint(path)] == []


def test_an_error_without_a_hint_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("raise UsageError('no')\nraise UsageError('no', hint='yes')\n")
    assert list(errors_without_a_hint(path)) == ["some.py:1"]

"""Files say what they are for and stay short, as CONTRIBUTING.md promises; so do functions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dscvsr_cli

PACKAGE = Path(dscvsr_cli.__file__).parent
TESTS = Path(__file__).parent
MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_FUNCTION = 50


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield the names of all functions, and their lines without signature and docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def files() -> Iterator[tuple[Path, str]]:
    """Yield every file of the package and of its tests, with its text."""
    for folder in (PACKAGE, TESTS):
        for path in sorted(folder.rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


def test_every_file_is_short() -> None:
    lines = {path: len(text.splitlines()) for path, text in files()}
    assert {path: n for path, n in lines.items() if n > MOST_LINES_OF_A_FILE} == {}


def test_every_file_says_what_it_is_for() -> None:
    assert [path for path, text in files() if text and not ast.get_docstring(ast.parse(text))] == []


def test_every_function_is_short() -> None:
    long = {
        f"{path} {name}": lines
        for path, text in files()
        for name, lines in functions(text)
        if lines > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def test_only_what_a_function_does_is_counted() -> None:
    text = """
def f(
    a: int,
) -> int:
    'Say what it is for.'

    a += 1
    return a
"""
    assert list(functions(text)) == [("f", 2)]


def test_the_limits_are_those_of_the_rules() -> None:
    rules = PACKAGE.parent / "CONTRIBUTING.md"
    if not rules.is_file():
        pytest.skip("needs a checkout")
    text = re.sub(r"\s+", " ", rules.read_text(encoding="utf-8"))
    limits = f"at most {MOST_LINES_OF_A_FILE} lines and a function {MOST_LINES_OF_A_FUNCTION},"
    assert limits in text

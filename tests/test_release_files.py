"""The Dockerfile and the workflow keep to the project: names, versions and targets that exist."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from dscvsr_cli import __version__

ROOT: Final = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(
    not (ROOT / ".github").is_dir(), reason="needs a checkout: archives leave .github out"
)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
    return settings


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_the_image_starts_the_program_with_a_python_and_an_extra_that_exist(
    project: dict[str, Any],
) -> None:
    text = read("Dockerfile")
    (entry,) = re.findall(r'^ENTRYPOINT \["(.+)"\]$', text, re.MULTILINE)
    assert entry in project["scripts"]
    (extra,) = re.findall(r"^ARG EXTRA=(.+)$", text, re.MULTILINE)
    assert extra in project["optional-dependencies"]
    least = project["requires-python"].removeprefix(">=")
    pythons = re.findall(r"^FROM python:([\d.]+)", text, re.MULTILINE)
    assert pythons
    assert all(numbers(python) >= numbers(least) for python in pythons)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("hatchling") is None, reason="needs hatchling: pip install it")
def test_what_docker_copies_is_enough_for_the_wheel(tmp_path: Path) -> None:
    rules = read(".dockerignore").splitlines()
    assert "*" in rules
    for name in (rule[1:] for rule in rules if rule.startswith("!")):
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "dist" / f"dscvsr-{__version__}-py3-none-any.whl").is_file()


def test_the_workflow_tests_every_system_and_the_oldest_python(project: dict[str, Any]) -> None:
    text = read(".github/workflows/tests.yml")
    (systems,) = re.findall(r"^ +os: \[(.+)\]$", text, re.MULTILINE)
    assert {name.split("-")[0] for name in systems.split(", ")} == {"ubuntu", "macos", "windows"}
    (pythons,) = re.findall(r"^ +python: \[(.+)\]$", text, re.MULTILINE)
    assert pythons.split(", ")[0].strip('"') == project["requires-python"].removeprefix(">=")


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    pages = [".github/workflows/tests.yml", "README.md", "CONTRIBUTING.md", "docs/install.md"]
    named = {
        name
        for page in pages
        for name in re.findall(r"(?:`|run: |^)make (?:PYTHON=\S+ )?(\w+)", read(page), re.MULTILINE)
    }
    assert named >= {"demo", "test", "release"}
    assert named <= targets


def test_the_wheel_that_the_guides_install_is_this_version() -> None:
    for page in ("README.md", "docs/install.md"):
        assert set(re.findall(r"dscvsr-([\d.]+)-py3", read(page))) == {__version__}

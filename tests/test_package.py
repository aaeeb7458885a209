"""What is released: an sdist that the wheel can be built from, and a wheel that works by itself.

Everything is built offline, with the tools of this environment, and installed without dependencies
into a folder of its own; those of this environment serve.
"""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import pytest

from dscvsr_cli import __version__
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.weights.catalog import BundledFile, load_catalog, parse_catalog
from tests.clips import Clip, render

ROOT = Path(__file__).resolve().parent.parent
NAME = f"dscvsr-{__version__}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="needs a checkout"),
    pytest.mark.skipif(find_spec("hatchling") is None, reason="needs hatchling: pip install it"),
    pytest.mark.skipif(PathFinder.find_spec("pip") is None, reason="needs pip"),
]


def run(*command: str | Path, **settings: object) -> str:
    """Run a program of this environment and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        **settings,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    run("hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    with tarfile.open(folder / f"{NAME}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / NAME


@pytest.fixture(scope="module")
def wheel_path(sdist: Path) -> Path:
    """The wheel that the sdist gives."""
    run("hatchling", "build", "-t", "wheel", "-d", sdist.parent, cwd=sdist)
    return sdist.parent / f"{NAME}-py3-none-any.whl"


@pytest.fixture(scope="module")
def wheel(wheel_path: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel_path) as archive:
        yield archive


def test_the_installed_wheel_enlarges_a_clip(wheel_path: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    install = ["pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    run(*install, "--target", home, wheel_path)
    clip = render(Clip(width=32, height=32, pts=(0, 512, 1024)), tmp_path)
    alone = {**os.environ, "PYTHONPATH": str(home)}
    where = "import dscvsr_cli; print(dscvsr_cli.__file__)"
    found = subprocess.check_output([sys.executable, "-c", where], env=alone, cwd=tmp_path)
    assert Path(os.fsdecode(found).strip()).is_relative_to(home)
    # Its weights, its catalog and its presets come from the wheel as well.
    arguments = ["upscale", str(clip), "-s", "2", "--preset", "web", "--no-defaults"]
    said = run("dscvsr_cli", *arguments, env=alone, cwd=tmp_path)
    assert "3 frames in = 3 frames out" in said
    assert probe(tmp_path / "clip_x2.mp4").width == 64


def test_the_sdist_holds_what_its_tests_and_its_makefile_need(sdist: Path) -> None:
    for name in ("Makefile", ".constraints.txt", "README.md", "weights.toml", "docs/README.md"):
        assert (sdist / name).is_file()
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    assert all((sdist / name).is_file() for name in files)
    assert not list(sdist.glob(".venv*"))


def test_the_catalog_is_beside_the_code(wheel: zipfile.ZipFile) -> None:
    shipped = parse_catalog(wheel.read("dscvsr_cli/weights.toml").decode())
    assert shipped == load_catalog()


def test_every_bundled_file_is_in_it_unchanged(wheel: zipfile.ZipFile) -> None:
    for entry in load_catalog().entries:
        if isinstance(entry.source, BundledFile):
            shipped = wheel.read(f"dscvsr_cli/weights/bundled/{entry.source.file}")
            assert shipped == entry.source.path.read_bytes()


def test_it_holds_every_module_and_py_typed(wheel: zipfile.ZipFile) -> None:
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "dscvsr_cli").rglob("*.py")}
    recipes = {p.relative_to(ROOT).as_posix() for p in (ROOT / "dscvsr_cli").rglob("*.toml")}
    assert modules | recipes | {"dscvsr_cli/py.typed"} <= set(wheel.namelist())


def test_it_holds_the_page_of_a_comparison(wheel: zipfile.ZipFile) -> None:
    parts = ROOT / "dscvsr_cli" / "pipelines" / "compare" / "page"
    names = {str(path.relative_to(ROOT)) for path in parts.iterdir()}
    assert len(names) >= 7
    assert names <= set(wheel.namelist())


def test_it_holds_no_tests_and_no_leftovers(wheel: zipfile.ZipFile) -> None:
    folders = {name.split("/")[0] for name in wheel.namelist()}
    assert folders == {"dscvsr_cli", f"dscvsr-{__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".part"))]


def test_it_names_its_command_and_its_licence(wheel: zipfile.ZipFile) -> None:
    info = f"dscvsr-{__version__}.dist-info"
    assert "dscvsr = dscvsr_cli.cli.app:program" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "Apache License" in wheel.read(f"{info}/licenses/LICENSE").decode()
    assert "License-Expression: Apache-2.0" in wheel.read(f"{info}/METADATA").decode()

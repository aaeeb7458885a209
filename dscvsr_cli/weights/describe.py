"""Describe a weights file as the catalog would: the text to paste into weights.toml."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from dscvsr_cli.weights.catalog import load_catalog
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.network_file import read_network


def describe_file(path: Path) -> str:
    """Return a ``[[weights]]`` table for a file: measured values filled in, words left to a person.

    Raises:
        WeightsError: The file is missing, damaged, or holds no network of ours.
    """
    _, config, record = read_network(path)
    sha256 = file_sha256(path)
    lines = [
        "[[weights]]",
        f"name = {_toml(path.stem)}",
        'summary = ""',
        _licence_line(sha256, record),
        f"bundled = {_toml(path.name)}",
        f"size_bytes = {path.stat().st_size}",
        f"sha256 = {_toml(sha256)}",
        "",
        "[weights.config]",
        *(f"{key} = {_toml(value)}" for key, value in asdict(config).items()),
        "",
        "[weights.record]",
        *(f"{_toml(key)} = {_toml(value)}" for key, value in record.items()),
    ]
    return "\n".join(lines)


def _licence_line(sha256: str, record: Mapping[str, str]) -> str:
    """Return the licence of a published file or the one that a record names, or ask for it."""
    published = (entry.licence for entry in load_catalog().entries if entry.sha256 == sha256)
    named = (record[key] for key in ("licence", "license") if record.get(key))
    licence = next(chain(published, named), None)
    if licence is None:
        return 'licence = ""  # fill in the SPDX identifier, such as "MIT"; only its owner can say'
    return f"licence = {_toml(licence)}"


def _toml(value: Any) -> str:
    # What a config and a record hold (strings, numbers, lists) JSON and TOML write alike.
    return json.dumps(value, ensure_ascii=False)

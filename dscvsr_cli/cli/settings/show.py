"""Show settings as the TOML of a preset, each line with where it comes from."""

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from dscvsr_cli.cli.settings.layers import Settled


def config_lines(settled: Settled, keys: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a preset that would give these settings.

    Args:
        settled: What a command would run with.
        keys: The key of every parameter that a file can set, in the order to show.
    """
    for name, key in keys.items():
        value = settled.values[name]
        if name in settled.origins and value is not None:
            yield f"{key} = {_toml(value)}  # {settled.origins[name]}"


def _toml(value: Any) -> str:
    """Write a value as a file would give it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Fraction):
        # Times are decimal; rates such as 24000/1001 are not, and are read as fractions.
        number = float(value)
        return _toml(number if Fraction(str(number)) == value else str(value))
    return json.dumps(str(value), ensure_ascii=False)

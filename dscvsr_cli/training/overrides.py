"""Overrides: single fields of a recipe set from the command line, such as network.channels=48."""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dscvsr_cli.errors import UsageError
from dscvsr_cli.training.training_config import TrainingConfig

_RENAMED = {"bfloat16": "dtype"}
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def apply_overrides(config: TrainingConfig, settings: Sequence[str]) -> TrainingConfig:
    """Return ``config`` with fields replaced, in the order given.

    Args:
        config: Any recipe.
        settings: Each ``key=value``, the key with dots if it is nested. A value is TOML; the
            brackets of a list and the quotes of text may be left out, and ``none`` empties a field
            that may be empty.

    Raises:
        UsageError: No such key, a value of another type, or one that no run can have.
    """
    values = config.to_values()
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(
                f"cannot read {setting!r} as a field and its value",
                hint="write -O key=value, such as -O batch=16 or -O network.channels=48",
            )
        _set(values, key.strip(), text.strip())
    try:
        return TrainingConfig.from_values(values)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"with -O {' -O '.join(settings)} the recipe is not usable: {error}",
            hint="dscvsr_cli/training/training_config.py lists every key and its range",
        ) from error


def _set(values: dict[str, Any], key: str, text: str) -> None:
    field = _find(key)
    *tables, name = key.split(".")
    table = values
    for part in tables:
        table = table[part]
    table[name] = _convert(_parse(text), field.type, key, text)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a config, its type as an object."""

    type: Any


def _find(key: str) -> _Field:
    """Look a dotted key up in the config's classes.

    Raises:
        UsageError: There is no such key, or it is a table.
    """
    kind: Any = TrainingConfig
    above = ""
    for part in key.split("."):
        known = typing.get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
        if part not in known:
            near = [_RENAMED[part]] if part in _RENAMED else get_close_matches(part, known, n=1)
            raise UsageError(
                f"recipes have no key {key!r}",
                hint=f"did you mean {above}{near[0]}?"
                if near
                else f"{above or 'recipes '}have {', '.join(sorted(known))}"
                if known
                else f"{above.rstrip('.')} is not a table",
            )
        kind, above = known[part], f"{above}{part}."
    if dataclasses.is_dataclass(kind):
        raise UsageError(f"{key} is a table", hint=f"set one of its fields: -O {key}.NAME=VALUE")
    return _Field(kind)


def _parse(text: str) -> Any:
    """Read a value as TOML; a list may lack its brackets, and a word its quotes."""
    for candidate in (text, f"[{text}]"):
        try:
            table = tomllib.loads(f"value = {candidate}")
        except tomllib.TOMLDecodeError:
            continue
        # Text with a line break in it could be more than one value.
        if table.keys() == {"value"}:
            return table["value"]
    words = [word.strip() for word in text.split(",")]
    return words if len(words) > 1 else text


def _convert(value: Any, kind: Any, key: str, text: str) -> Any:
    """Return ``value`` as a field of type ``kind`` holds it.

    Raises:
        UsageError: It is of another type.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value == "none":
            return None
        (plain,) = (one for one in arguments if one is not type(None))
        return _convert(value, plain, key, text)
    if origin is tuple:
        items = value if isinstance(value, list) else [] if value == "none" else [value]
        return tuple(_convert(item, arguments[0], key, text) for item in items)
    if origin is typing.Literal:
        if value not in arguments:
            raise _wrong(key, f"one of {', '.join(map(str, arguments))}", text)
        return value
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _wrong(key, _WORDS.get(kind, str(kind)), text)
    return value


def _wrong(key: str, wanted: str, text: str) -> UsageError:
    return UsageError(f"{key} must be {wanted}, got {text!r}", hint=f"write -O {key}=VALUE")

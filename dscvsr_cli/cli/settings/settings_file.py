"""Find and read settings: TOML tables with the names of options, without their dashes, as keys."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from dscvsr_cli.errors import DscvsrError, UsageError

_BUILT_IN: Final = Path(__file__).with_name("presets")

NOT_IN_FILES: Final = frozenset(
    {"help", "output", "preset", "no-defaults", "print-config", "dry-run", "json"}
)
"""Options that concern one call, or the files themselves."""

_TABLES: Final = {"upscale": ("upscale",), "watch": ("upscale", "watch")}
"""Tables of the user's file that a command takes its defaults from; a later one wins."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Option values that come from one place."""

    origin: str
    """Where they come from, in words."""

    values: Mapping[str, Any]
    """By the names of a command's parameters, as the command line would give them."""


def user_folder() -> Path:
    """Return the folder with the user's ``config.toml`` and ``presets``."""
    import platformdirs

    return platformdirs.user_config_path("dscvsr", appauthor=False)


def user_file() -> Path:
    """Return the file with the user's defaults, whether or not it is there."""
    return user_folder() / "config.toml"


def preset_names() -> list[str]:
    """Return the names of all presets, the built-in ones first."""
    own = sorted(path.stem for path in (user_folder() / "presets").glob("*.toml"))
    built_in = sorted(path.stem for path in _BUILT_IN.glob("*.toml"))
    return list(dict.fromkeys([*built_in, *own]))


def load_defaults(context: typer.Context) -> Layer:
    """Read the user's defaults for a command; without a file there are none.

    Raises:
        UsageError: The file cannot be read, or holds what the command cannot take.
    """
    path = user_file()
    if not os.path.lexists(path):
        return Layer(str(path), {})
    document = _read(path)
    unknown = [name for name in document if name not in _TABLES]
    if unknown:
        raise UsageError(
            f"{path} has the unknown table or key {unknown[0]!r}",
            hint=f"put options under {' or '.join(f'[{name}]' for name in _TABLES)}",
        )
    table: dict[str, Any] = {}
    for name in _TABLES[context.info_name or "upscale"]:
        part = document.get(name, {})
        if not isinstance(part, dict):
            raise UsageError(f"{path}: {name} must be a table", hint=f"write [{name}]")
        table |= _of_this_command(context, part, owner=name)
    return Layer(str(path), parse_table(context, table, str(path)))


def load_preset(context: typer.Context, name: str) -> Layer:
    """Read a preset: the user's own, a built-in one, or a file.

    Raises:
        UsageError: There is none of this name, or the command cannot take what it holds.
    """
    path = _find_preset(name)
    origin = f"preset {name}"
    table = _of_this_command(context, _read(path), owner="upscale")
    return Layer(origin, parse_table(context, table, str(path)))


def _of_this_command(
    context: typer.Context, table: Mapping[str, Any], *, owner: str
) -> dict[str, Any]:
    """Leave out of a table what only the command can take that the table is written for."""
    if context.parent is None or context.info_name == owner:
        return dict(table)
    commands: Mapping[str, Any] = getattr(context.parent.command, "commands", {})
    owned = settable_options(commands[owner]) if owner in commands else {}
    known = settable_options(context.command)
    return {key: value for key, value in table.items() if key in known or key not in owned}


def _find_preset(name: str) -> Path:
    if name.endswith(".toml") or re.search(r"[/\\]", name):
        path = Path(name).expanduser()
        if not _is_file(path):
            raise UsageError(f"there is no preset file {path}", hint="check its name")
        return path
    for folder in (user_folder() / "presets", _BUILT_IN):
        path = folder / f"{name}.toml"
        if _is_file(path):
            return path
    raise UsageError(
        f"there is no preset {name!r}",
        hint=f"use {', '.join(preset_names())}, or a file.toml; the speed of the encoder is "
        f"--encoder-preset {name}",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        # No file can have so long a name.
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows put a mark at the beginning that is no part of TOML.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint='write lines such as encoder = "libx265"'
        ) from error


def parse_table(context: typer.Context, table: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Read a table of settings as the command line would, by the names of parameters.

    Args:
        context: The command, being run.
        table: Keys are options without their dashes; flags are true or false.
        origin: The file, for messages.

    Raises:
        UsageError: An unknown key, or a value that its option does not take.
    """
    options = settable_options(context.command)
    words, off = [], {}
    for key, value in table.items():
        option = options.get(key)
        if key in NOT_IN_FILES:
            raise UsageError(
                f"{origin}: {key} cannot be set in a file",
                hint=f"give --{key} when you call dscvsr",
            )
        if option is None:
            close = difflib.get_close_matches(key, options, n=1)
            raise UsageError(
                f"{origin} has the unknown key {key!r}",
                hint=f"did you mean {close[0]!r}?"
                if close
                else f"keys are options of dscvsr {context.info_name}, without their dashes",
            )
        if value is False and option.is_flag:
            off[option.name] = False
        else:
            own = _words(key, value, option, origin)
            # Alone, so that a refusal is known to be about this key.
            _parse(context, own, f"{origin}: {key}")
            words += own
    return {**_parse(context, words, origin), **off}


def settable_options(command: Any) -> dict[str, Any]:
    """Return the options of a command that a file can set, by their keys."""
    found = {}
    for option in command.params:
        names = [name for name in option.opts if name.startswith("--")]
        if names and names[0][2:] not in NOT_IN_FILES:
            found[names[0][2:]] = option
    return found


def _words(key: str, value: object, option: Any, origin: str) -> list[str]:
    """Return a setting as words of a command line."""
    if option.is_flag:
        if value is not True:
            raise UsageError(
                f"{origin}: {key} must be true or false, got {value!r}", hint=f"write {key} = true"
            )
        return [f"--{key}"]
    values = value if isinstance(value, list) and option.multiple else [value]
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            raise UsageError(
                f"{origin}: {key} cannot be {value!r}",
                hint="give one string or number" + " or a list of them" * option.multiple,
            )
    return [f"--{key}={one}" for one in values]


def _parse(context: typer.Context, words: list[str], origin: str) -> dict[str, Any]:
    # A "-" stands for what the command line itself must give: an argument, and perhaps options.
    required = [option.opts[0] for option in context.command.params if option.required]
    words = [*words, *(f"{name}=-" for name in required if name.startswith("--")), "-"]
    try:
        parsed = context.command.make_context(context.info_name, words)
    except DscvsrError as error:
        raise error.with_message(f"{origin}: {error.message}") from error
    except typer.BadParameter as error:
        raise UsageError(
            f"{origin}: {error.message.removeprefix('Value error, ')}",
            hint=f"dscvsr {context.info_name} --help says what options take",
        ) from error
    names = {option.name for option in settable_options(context.command).values()}
    return {name: parsed.params[name] for name in names if was_given(parsed, name)}


def was_given(context: Any, name: str) -> bool:
    """Return whether a parameter has a value of its own, and not its default."""
    source = context.get_parameter_source(name)
    return source is not None and not source.name.startswith("DEFAULT")

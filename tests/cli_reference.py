"""Write ``docs/reference.md`` from the program itself: ``python -m tests.cli_reference``.

A test compares the page with what the program says, so that the two cannot drift apart.
"""

import inspect
import typing
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import typer

from dscvsr_cli.cli.app import app

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference.md"

_HEAD: Final = """# Every command and option

This page is made from the program by `python -m tests.cli_reference`; `--help` shows the same.
"""

_PLAIN_TYPES: Final[dict[object, str]] = {
    int: "N",
    float: "NUMBER",
    str: "TEXT",
    Path: "FILE",
    Fraction: "NUMBER",
}


def reference() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_commands(typer.main.get_command(app), "dscvsr")])


def _commands(command: Any, name: str) -> Iterator[str]:
    members = getattr(command, "commands", None)
    if members is None:
        yield from _command(command, name)
        return
    if command.params:
        yield f"## {name}\n\n{_sentences(command.help)}\n"
        yield from _tables(command)
    for member, sub in members.items():
        yield from _commands(sub, f"{name} {member}")


def _command(command: Any, name: str) -> Iterator[str]:
    usage = [name, "[options]", *map(_usage, filter(_is_argument, command.params))]
    usage += [f"{one.opts[0]} {_form(one, command)}" for one in command.params if _is_needed(one)]
    yield f"## {name}\n\n{_sentences(command.help)}\n\n```text\n{' '.join(usage)}\n```\n"
    for argument in filter(_is_argument, command.params):
        if argument.help:
            yield f"`{_usage(argument)}`: {argument.help}\n"
    yield from _tables(command)


def _tables(command: Any) -> Iterator[str]:
    panels: dict[str, list[Any]] = {}
    for option in command.params:
        if not _is_argument(option) and not option.hidden:
            panels.setdefault(option.rich_help_panel or "", []).append(option)
    for title, options in sorted(panels.items(), key=lambda panel: panel[0] != ""):
        if title:
            yield f"### {title}\n"
        yield "| option | what it does | default |\n|---|---|---|"
        for option in options:
            cells = (_names(option, command), option.help or "", _default(option))
            yield f"| {' | '.join(map(_cell, cells))} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _is_argument(parameter: Any) -> bool:
    return not parameter.opts[0].startswith("-")


def _is_needed(parameter: Any) -> bool:
    return parameter.required and not _is_argument(parameter)


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    if name.startswith("["):
        return str(name)
    several = "..." if argument.nargs == -1 or getattr(argument, "multiple", False) else ""
    return f"{name}{several}" if argument.required else f"[{name}{several}]"


def _names(option: Any, command: Any) -> str:
    form = "" if option.is_flag else f" {_form(option, command)}"
    return ", ".join(f"`{name}{form}`" for name in (*option.opts, *option.secondary_opts))


def _form(option: Any, command: Any) -> str:
    """Return what stands behind an option: its own word for it, its choices, or its type."""
    if option.metavar:
        return str(option.metavar)
    callback = command.callback
    annotation = inspect.signature(callback).parameters[option.name].annotation
    for kind in _parts(annotation):
        if typing.get_origin(kind) is typing.Literal:
            return "|".join(map(str, typing.get_args(kind)))
        if kind in _PLAIN_TYPES:
            return _PLAIN_TYPES[kind]
    raise ValueError(f"{option.opts} takes something that has no name here: {annotation}")


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield a type and what it is made of."""
    yield annotation
    if typing.get_origin(annotation) is not typing.Literal:
        for part in typing.get_args(annotation):
            if isinstance(part, type) or typing.get_origin(part) is not None:
                yield from _parts(part)


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.required:
        return "must be given"
    if option.is_flag or option.default is None or option.show_default is False:
        return ""
    return f"`{option.default}`"


def _sentences(text: str | None) -> str:
    """Return a help text, each paragraph on one line."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8", newline="\n")

"""What Typer's parser refuses, as errors of our own: what is wrong, and what to write instead.

Typer brings its own copy of Click since 0.20 and used the package before, so errors are known here
by what they have, not by their class.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer

from dscvsr_cli.cli.foreign_options import meant_by
from dscvsr_cli.errors import UsageError

PARSER_ERROR: Final[Any] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""The class of everything that the parser refuses."""

_ALIKE: Final = 0.7
"""Likeness of two names, 0 to 1, from which on one may be a slip for the other."""

_NO_COMMAND: Final = re.compile("No such command ['\"](.*?)['\"]\\.")

_EXPECTED: Final = re.compile(r"Input (should be [^,]+)")


def is_help(error: Exception) -> bool:
    """Return whether a command was given nothing, which is answered with its help."""
    return type(error).__name__ == "NoArgsIsHelpError"


def our_error(error: Any, program: Any, arguments: Sequence[str]) -> UsageError:
    """Return what the parser refuses as an error of our own.

    Args:
        error: A ``PARSER_ERROR``.
        program: The command of the whole program.
        arguments: The command line, without the program's name.
    """
    # The error itself does not always say of which command it is.
    path, command = _command_of(program, arguments)
    see = f"{path} --help shows how it is used"
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return _unknown_option(error.option_name, command, path)
    if hasattr(command, "commands") and (found := _NO_COMMAND.match(error.message)):
        return _unknown_command(found[1], command, path)
    if kind == "MissingParameter":
        usage = f"{_usage(command, path)} [options]"
        return UsageError(f"{_name(error)} is missing", hint=f"write {usage}; {see}")
    if getattr(error, "param", None) is not None:
        return UsageError(f"{_name(error)}{_expected(error.message)}", hint=see)
    return UsageError(_plain(error.format_message()), hint=see)


def _command_of(program: Any, arguments: Sequence[str]) -> tuple[str, Any]:
    """Return the command that the arguments name, after all words that lead to it."""
    path, command = "dscvsr", program
    for word in arguments:
        if word not in getattr(command, "commands", ()):
            break
        path, command = f"{path} {word}", command.commands[word]
    return path, command


def _usage(command: Any, path: str) -> str:
    """Return what has to be written, at least."""
    needed = [one for one in command.params if one.required]
    options = [f"{one.opts[0]} {one.metavar or 'VALUE'}" for one in needed if _is_option(one)]
    return " ".join([path, *(_word(one) for one in needed if not _is_option(one)), *options])


def _unknown_option(name: str, command: Any, path: str) -> UsageError:
    known = list(_option_names(command))
    # Others' options are those of programs that enlarge, play or encode videos.
    is_for_videos = hasattr(command, "commands") or "--scale" in known
    hint = meant_by(name) if is_for_videos else ""
    hint = hint or _alike(name.replace("_", "-"), known) or f"{path} --help lists its options"
    return UsageError(f"{path} has no option {name}", hint=hint)


def _unknown_command(name: str, command: Any, path: str) -> UsageError:
    hint = _alike(name, list(command.commands)) or f"{path} --help lists its commands"
    return UsageError(f"{path} has no command {name}", hint=hint)


def _alike(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return f"did you mean {found[0]}?" if found else ""


def _option_names(command: Any) -> Iterator[str]:
    for parameter in command.params:
        for name in (*parameter.opts, *parameter.secondary_opts):
            if name.startswith("--"):
                yield name


def _is_option(parameter: Any) -> bool:
    return str(parameter.opts[0]).startswith("-")


def _word(argument: Any) -> str:
    return str(argument.metavar or argument.opts[0].upper())


def _name(error: Any) -> str:
    """Return the option or the argument that is refused, as its help writes it."""
    parameter = error.param
    return str(parameter.opts[0]) if _is_option(parameter) else _word(parameter)


def _expected(message: str) -> str:
    """Return what a value should be, to follow the name of its option."""
    found = _EXPECTED.match(message)
    return f" {found[1]}" if found else f": {_plain(message.removeprefix('Value error, '))}"


def _plain(message: str) -> str:
    """Return a sentence of the parser as our messages are: no capital, no full stop."""
    text = message.removesuffix(".")
    return text[:1].lower() + text[1:]

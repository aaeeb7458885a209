"""Fill in what a command line leaves open: from a preset, then from the user's defaults."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.options import Panel
from dscvsr_cli.cli.settings.layers import COMMAND_LINE, settle
from dscvsr_cli.cli.settings.settings_file import (
    load_defaults,
    load_preset,
    preset_names,
    settable_options,
    user_file,
    was_given,
)
from dscvsr_cli.cli.settings.show import config_lines
from dscvsr_cli.errors import DscvsrError

PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME|FILE.toml",
        autocompletion=preset_names,
        help="Take settings from a preset: archive (lossless, mkv), web (plays everywhere), best "
        "(the strongest network), fast (the fast one), one of your own, or a file. Other options "
        "win.",
        rich_help_panel=Panel.SETTINGS,
    ),
]

NoDefaultsOption = Annotated[
    bool,
    typer.Option("--no-defaults", help="Ignore your config.toml.", rich_help_panel=Panel.SETTINGS),
]


def _need_no_input(context: typer.Context, wanted: bool) -> bool:
    """Drop the requirements of a command that only prints settings."""
    if wanted:
        # Each run has a command of its own.
        for parameter in context.command.params:
            parameter.required = False
    return wanted


PrintConfigOption = Annotated[
    bool,
    typer.Option(
        "--print-config",
        callback=_need_no_input,
        is_eager=True,
        help="Print the settings that this command line comes to, as a preset, and exit; "
        "needs no input.",
        rich_help_panel=Panel.SETTINGS,
    ),
]


def with_settings(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a command runs with.

    Args:
        context: The command, being run.
        values: Of its parameters, as the command line gives them.

    Raises:
        UsageError: A file cannot be used.
        typer.Exit: The settings were to be printed, and are.
    """
    layers = [] if values["preset"] is None else [load_preset(context, values["preset"])]
    defaults = None if values["no_defaults"] else load_defaults(context)
    if defaults is not None:
        layers.append(defaults)
    settled = settle(values, [name for name in values if was_given(context, name)], layers)
    keys = {option.name: key for key, option in settable_options(context.command).items()}
    if values["print_config"]:
        terminal = Terminal()
        state = "" if user_file().is_file() else " (there is none)"
        terminal.print(f"# your defaults: {user_file()}{state}")
        for line in config_lines(settled, keys):
            terminal.print(line)
        raise typer.Exit
    from_defaults = (
        name for name, origin in settled.origins.items() if defaults and origin == defaults.origin
    )
    return {
        **settled.values,
        "defaults": frozenset(keys[name] for name in from_defaults),
        "files": {
            keys[name]: origin
            for name, origin in settled.origins.items()
            if name in keys and origin != COMMAND_LINE
        },
    }


@contextmanager
def naming_files(values: Mapping[str, Any]) -> Iterator[None]:
    """Name file and key in refusals of what a preset or the user's defaults say.

    Args:
        values: As ``with_settings`` returns them.
    """
    try:
        yield
    except DscvsrError as error:
        message = with_files(error.message, error.options, values["files"])
        if message == error.message:
            raise
        raise error.with_message(message) from error


def with_files(message: str, options: Iterable[str], files: Mapping[str, str]) -> str:
    """Return what a refusal says, after the file and key of every value that it is about.

    Args:
        message: What it says.
        options: Those that it is about, by their keys.
        files: Where the values come from that the command line does not give, by their keys.
    """
    keys: dict[str, list[str]] = {}
    for option in options:
        if option in files:
            keys.setdefault(files[option], []).append(option)
    places = [f"{file}: {' and '.join(names)}" for file, names in keys.items()]
    return f"{', '.join(places)}: {message}" if places else message

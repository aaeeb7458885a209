"""The program ``dscvsr``: its commands, and errors turned into messages and exit codes."""

import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dscvsr_cli.cli.bench.command import bench_command
from dscvsr_cli.cli.compare.command import compare_command
from dscvsr_cli.cli.console import Terminal, accept_any_text
from dscvsr_cli.cli.demo import demo_command
from dscvsr_cli.cli.devices import devices_command, encoders_command
from dscvsr_cli.cli.foreign_options import refuse_foreign_words
from dscvsr_cli.cli.interruption import ends_in_order
from dscvsr_cli.cli.parser_errors import PARSER_ERROR, is_help, our_error
from dscvsr_cli.cli.recorded_stdout import recorded_stdout
from dscvsr_cli.cli.standard_streams import hold_standard_streams
from dscvsr_cli.cli.train.command import train_command
from dscvsr_cli.cli.upscale.cluster_address import fill_in_addresses
from dscvsr_cli.cli.upscale.command import upscale_command
from dscvsr_cli.cli.verify import verify_command
from dscvsr_cli.cli.watch import watch_command
from dscvsr_cli.cli.weights.command import weights_app
from dscvsr_cli.errors import INTERRUPTED, RESULTS_LOST, DscvsrError, UsageError
from dscvsr_cli.out_of_memory import is_out_of_memory, too_little_memory
from dscvsr_cli.runtimes.process import tune_process
from dscvsr_cli.version import __version__

_TABLE_COLUMNS = 80
"""Columns below which help is plain text instead of tables."""

_HELP = ["-h", "--help"]

app = typer.Typer(
    name="dscvsr",
    help="Upscale any video by any factor with a recurrent neural network.\n\n"
    "To begin: dscvsr upscale clip.mp4 -s 2 -o out.mp4",
    no_args_is_help=True,
    # Tracebacks are for bugs of ours, and plain ones are the easiest to send.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": _HELP},
)


_MARKUP = app.rich_markup_mode


def _show_version(wanted: bool) -> None:
    if wanted:
        Terminal().print(f"dscvsr {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


app.command("upscale")(upscale_command)
app.command("watch")(watch_command)
app.command("verify")(verify_command)
app.command("compare")(compare_command)
app.command("demo")(demo_command)
app.command("devices")(devices_command)
app.command("encoders")(encoders_command)
app.command("bench")(bench_command)
app.command("train")(train_command)
app.add_typer(weights_app)


def _command() -> Any:
    """Build the program's command, in whose help no flag seems to take a value."""
    command = typer.main.get_command(app)
    _hide_types_of_flags(command)
    return command


def _hide_types_of_flags(command: Any) -> None:
    # Typer shows "--overwrite <bool>", which reads as if "true" had to follow.
    help_option = command.get_help_option(typer.Context(command, help_option_names=_HELP))
    for option in (*command.params, help_option):
        if getattr(option, "is_flag", False) and option.metavar is None:
            option.metavar = ""
    for member in getattr(command, "commands", {}).values():
        _hide_types_of_flags(member)


def _refuse_file_as_command(arguments: Sequence[str]) -> None:
    """Answer ``dscvsr clip.mp4`` with the command that was meant.

    Raises:
        UsageError: A file or folder stands where a command belongs.
    """
    first = arguments[0] if arguments else ""
    if not os.path.exists(first):  # noqa: PTH110 - Path raises if a name is too long.
        return
    # Finding all commands takes a while.
    if first not in getattr(typer.main.get_command(app), "commands", ()):
        raise UsageError(
            f"{first} is not a command", hint=f"to enlarge it: dscvsr upscale {first} -s 2"
        )


def program() -> int:
    """Run the command line for a process that exits with the code returned.

    Once that is decided, neither Ctrl-C nor SIGTERM changes it: Python takes a while to shut down.
    """
    hold_standard_streams()
    return _run(sys.argv[1:], exits_next=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    A person's mistake becomes one line with a hint, and exits with its own code (see
    ``errors.py``); usage errors exit with 2, Ctrl-C and SIGTERM with 130. Anything else
    is a bug and keeps its traceback. ``DSCVSR_DEBUG=1`` shows the traceback of mistakes too.

    Args:
        argv: The arguments after the program's name; None takes them from the command line.
    """
    return _run(sys.argv[1:] if argv is None else argv, exits_next=False)


def _cause(error: Exception) -> DscvsrError | None:
    """Return what is wrong with the machine, where that can raise this anywhere; else None."""
    if is_out_of_memory(error):
        return too_little_memory()
    if isinstance(error, FileNotFoundError) and not _is_somewhere():
        return UsageError(
            "the folder you are in does not exist any more", hint="change to another one with cd"
        )
    if isinstance(error, PermissionError) and error.filename is not None:
        return UsageError(
            f"{os.fsdecode(error.filename)} cannot be used: permission denied",
            hint="check the permissions of it and of the folders above it",
        )
    return None


def _is_somewhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _run(arguments: Sequence[str], *, exits_next: bool) -> int:
    # Before any command imports torch, which reads its threads' settings once.
    tune_process()
    accept_any_text()
    with recorded_stdout(Terminal().results_lost) as stdout:
        code = _exit_code(arguments, exits_next=exits_next)
    return code or RESULTS_LOST if stdout is not None and stdout.is_lost else code


def _exit_code(arguments: Sequence[str], *, exits_next: bool) -> int:
    json = "--json" in arguments
    # In a narrow terminal tables would cut the names of options short.
    narrow = shutil.get_terminal_size().columns < _TABLE_COLUMNS
    app.rich_markup_mode = None if narrow else _MARKUP
    try:
        with ends_in_order(exits_next=exits_next):
            _refuse_file_as_command(arguments)
            refuse_foreign_words(arguments)
            return _parse_and_run(fill_in_addresses(arguments))
    except DscvsrError as error:
        if os.environ.get("DSCVSR_DEBUG") == "1":
            traceback.print_exception(error)
        Terminal(json=json).error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except (MemoryError, RuntimeError, ImportError, OSError) as error:
        cause = _cause(error)
        if cause is None:
            raise
        Terminal(json=json).error(cause)
        return cause.exit_code
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)


def _parse_and_run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code.

    Raises:
        UsageError: They cannot be parsed.
    """
    command = _command()
    try:
        code = command(args=arguments, prog_name="dscvsr", standalone_mode=False)
    except PARSER_ERROR as error:
        if is_help(error):
            error.show()
            return UsageError.exit_code
        raise our_error(error, command, arguments) from error
    return code if isinstance(code, int) else 0

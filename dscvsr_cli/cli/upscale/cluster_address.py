"""The address of ``--ray``, which may be left out: other options always take a value or none."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from dscvsr_cli.errors import UsageError

_OPTION: Final = "--ray"

_HERE: Final = "local"

_ADDRESS: Final = re.compile(r"auto|local|ray://\S+|(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")


def fill_in_addresses(arguments: Sequence[str]) -> list[str]:
    """Return a command line in which ``--ray`` always has an address.

    What follows it is the address if it looks like one, and a video otherwise.
    """
    return list(_filled(arguments))


def _filled(arguments: Sequence[str]) -> Iterator[str]:
    options = True
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=False):
        options = options and argument != "--"
        if options and argument == _OPTION and not _ADDRESS.fullmatch(following):
            yield f"{_OPTION}={_HERE}"
        else:
            yield argument


def parse_address(text: str) -> str:
    """Return an address of a Ray cluster as it was given.

    Raises:
        UsageError: It cannot be one.
    """
    if not _ADDRESS.fullmatch(text):
        raise UsageError(
            f"{text} is not the address of a Ray cluster",
            hint="write --ray for this machine, --ray HOST:6379, or --ray auto",
        )
    return text

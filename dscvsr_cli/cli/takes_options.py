"""Let a command take one dataclass instead of dozens of parameters."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def takes_options(options: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Turn a function of one dataclass into a command with an option for each of its fields.

    Typer builds a command from a function's signature. The decorated function shows the signature
    of the dataclass, so that a field's annotation and default describe its option.

    Args:
        options: A dataclass with keyword-only fields, each ``Annotated`` with a ``typer.Option`` or
            ``typer.Argument``.
    """

    def decorate(function: Callable[[T], None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(**values: Any) -> None:
            function(options(**values))

        vars(command)["__signature__"] = inspect.signature(options)
        return command

    return decorate

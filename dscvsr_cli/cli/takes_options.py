"""Let a command take one dataclass instead of dozens of parameters."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, get_args

import typer

T = TypeVar("T")


class Fill(Protocol):
    """Alters the values of a command's parameters before they become a dataclass."""

    def __call__(self, context: typer.Context, values: dict[str, Any], /) -> dict[str, Any]:
        """Return a value for every field, by name."""
        ...


def takes_options(
    options: type[T], *, fill: Fill | None = None
) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Turn a function of one dataclass into a command with an option for each of its fields.

    Typer builds a command from a function's signature. The decorated function shows the signature
    of the dataclass, so that a field's annotation and default describe its option.

    Args:
        options: A dataclass with keyword-only fields, each ``Annotated`` with a ``typer.Option`` or
            ``typer.Argument``. Any other is no option, and ``fill`` gives it.
        fill: Alters what the command line gives.
    """

    def decorate(function: Callable[[T], None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(context: typer.Context, **values: Any) -> None:
            function(options(**(fill(context, values) if fill else values)))

        parameters = inspect.signature(options).parameters
        shown = {name: one for name, one in parameters.items() if get_args(one.annotation)[1:]}
        # What a class adds to the one it extends comes first: its arguments, and where to write;
        # what belongs under a heading stays there.
        added = vars(options)["__annotations__"]
        own = [name for name in shown if name in added and not _has_panel(shown[name])]
        order = [*own, *(name for name in shown if name not in own)]
        context = inspect.Parameter(
            "context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context
        )
        vars(command)["__signature__"] = inspect.Signature(
            [context, *(shown[name] for name in order)]
        )
        return command

    return decorate


def _has_panel(parameter: inspect.Parameter) -> bool:
    """Return whether an option is listed under a heading in the help."""
    described = get_args(parameter.annotation)[1:]
    return any(getattr(one, "rich_help_panel", None) is not None for one in described)

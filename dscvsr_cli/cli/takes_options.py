"""Let a command take one dataclass instead of dozens of parameters."""

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, Protocol, TypeVar, get_args, get_origin

import typer

T = TypeVar("T")

Within = Callable[[Mapping[str, Any]], AbstractContextManager[None]]


class Fill(Protocol):
    """Alters the values of a command's parameters before they become a dataclass."""

    def __call__(self, context: typer.Context, values: dict[str, Any], /) -> dict[str, Any]:
        """Return a value for every field, by name."""
        ...


def takes_options(
    options: type[T], *, fill: Fill | None = None, within: Within | None = None
) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Turn a function of one dataclass into a command with an option for each of its fields.

    Typer builds a command from a function's signature. The decorated function shows the signature
    of the dataclass, so that a field's annotation and default describe its option.

    Args:
        options: A dataclass with keyword-only fields, each ``Annotated`` with a ``typer.Option`` or
            ``typer.Argument``. Any other is no option, and ``fill`` gives it.
        fill: Alters what the command line gives.
        within: Given the values by name, returns what the command runs within.
    """

    def decorate(function: Callable[[T], None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(context: typer.Context, **values: Any) -> None:
            filled = fill(context, values) if fill else values
            with within(filled) if within else nullcontext():
                function(options(**filled))

        parameters = inspect.signature(options).parameters
        shown = {
            name: one for name, one in parameters.items() if get_origin(one.annotation) is Annotated
        }
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

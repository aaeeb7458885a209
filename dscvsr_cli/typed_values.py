"""Typed values: what the public API is given becomes what its signature says, or is refused there.

Far from the call a wrong value raises something that names neither it nor the way out.
"""

import functools
import inspect
import reprlib
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from fractions import Fraction
from numbers import Rational, Real
from os import PathLike
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_UNIONS = (Union, types.UnionType)

_NEEDS_NO_MODULE = sys.stdlib_module_names | {"dscvsr_cli"}
"""Packages whose classes have names that say enough."""


def take_fields(record: Any) -> None:
    """Make the fields of a frozen dataclass what they are declared to be; for ``__post_init__``.

    A path may be given as any path-like object or text, and a number as any number or as text,
    where nothing is lost. Of classes, tuples and functions only themselves will do.

    Raises:
        TypeError: Something of another type; the message names the field.
        ValueError: A text that is no number, or not one of the texts that are possible.
    """
    hints = _hints(record.__class__)
    for field in fields(record):
        taken = _taken(field.name, getattr(record, field.name), hints[field.name])
        object.__setattr__(record, field.name, taken)


def takes_typed(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the function with its arguments made what its signature says, as ``take_fields`` does.

    Raises:
        TypeError: From the call: an argument of another type; the message names it.
        ValueError: From the call: a text that is no number, or not one of those that are possible.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            # Python's own message names the function.
            return function(*args, **kwargs)
        hints = _hints(function)
        for name, value in bound.arguments.items():
            bound.arguments[name] = _taken(name, value, hints[name])
        return function(*bound.args, **bound.kwargs)

    return checked


@functools.cache
def _hints(owner: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(owner)


def _taken(name: str, value: object, hint: Any) -> object:
    """Return a value as its type.

    Raises:
        TypeError: It is of another type.
        ValueError: It is of that type, but not possible.
    """
    try:
        return _as(value, hint)
    except (TypeError, ValueError, ArithmeticError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} must be {_words(hint)}, got {reprlib.repr(value)}") from error


def _as(value: Any, hint: Any) -> Any:
    """Return a value as a type, exactly, or raise what says only that it is none."""
    origin = typing.get_origin(hint)
    if origin in _UNIONS:
        return _as_one_of(value, typing.get_args(hint))
    if origin is Literal:
        return _as_text_of(value, typing.get_args(hint))
    if origin is tuple:
        return _as_tuple(value, typing.get_args(hint))
    if hint in _CONVERSIONS:
        return _CONVERSIONS[hint](value)
    kind = types.NoneType if hint is None else origin or hint
    # A protocol here is the signature of a function.
    fits = callable(value) if getattr(kind, "_is_protocol", False) else isinstance(value, kind)
    if not fits:
        raise TypeError
    return value


def _as_one_of(value: Any, hints: Iterable[Any]) -> Any:
    impossible: ValueError | None = None
    for hint in hints:
        try:
            return _as(value, hint)
        except TypeError:
            pass
        except ValueError as error:
            impossible = error
    raise impossible or TypeError


def _as_text_of(value: Any, possible: tuple[Any, ...]) -> Any:
    if not isinstance(value, str):
        raise TypeError
    if value not in possible:
        raise ValueError
    return value


def _as_tuple(value: Any, hints: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise TypeError
    if hints[-1] is ...:
        return tuple(_as(one, hints[0]) for one in value)
    if len(value) != len(hints):
        raise TypeError
    return tuple(_as(one, hint) for one, hint in zip(value, hints, strict=True))


def _as_flag(value: Any) -> bool:
    # Nearly everything is true, "no" as well.
    if not isinstance(value, bool):
        raise TypeError
    return value


def _as_whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError
    # 4e9 bytes are a whole number too.
    exact = Fraction(str(value))
    if exact.denominator != 1:
        raise TypeError
    return exact.numerator


def _as_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real | str):
        raise TypeError
    return float(value)


def _as_exact_number(value: Any) -> Fraction:
    """Return a number as it is written: 0.1 is a tenth, not its nearest binary float."""
    if isinstance(value, bool):
        raise TypeError
    is_float = isinstance(value, Real) and not isinstance(value, Rational)
    return Fraction(str(value)) if is_float else Fraction(value)


def _as_path(value: Any) -> Path:
    if not isinstance(value, str | PathLike):
        raise TypeError
    return Path(value)


_CONVERSIONS: Mapping[Any, Callable[[Any], Any]] = {
    bool: _as_flag,
    int: _as_whole_number,
    float: _as_number,
    Fraction: _as_exact_number,
    Path: _as_path,
}


def _words(hint: Any) -> str:
    """Name a type as it is written."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in _UNIONS:
        return " or ".join(map(_words, arguments))
    if origin is Literal:
        return f"one of {arguments}"
    if hint in (None, types.NoneType):
        return "None"
    kind = origin or hint
    if origin is tuple or not isinstance(kind, type):
        return str(hint)
    is_foreign = kind.__module__.partition(".")[0] not in _NEEDS_NO_MODULE
    return f"{kind.__module__}.{kind.__name__}" if is_foreign else kind.__name__

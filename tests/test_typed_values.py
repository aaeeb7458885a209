"""What is given to the public API becomes what is declared, exactly, or is refused by name."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

import numpy as np
import pytest

from dscvsr_cli.typed_values import take_fields, takes_typed


class Loader(Protocol):
    """A function, as ``Callable`` can only say in part."""

    def __call__(self, *, name: str) -> object:
        """Load something."""
        ...


def load_nothing(*, name: str) -> None:
    """Do as a loader does."""


@dataclass(frozen=True, kw_only=True)
class Order:
    path: Path | None = None
    count: int = 1
    share: float | None = None
    time: Fraction = Fraction(0)
    exact: bool = False
    colour: Literal["red", "blue"] | None = None
    pairs: tuple[tuple[str, int], ...] = ()
    names: frozenset[str] = frozenset()
    load: Loader = load_nothing
    on_end: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        take_fields(self)


@pytest.mark.parametrize(
    ("field", "given", "taken"),
    [
        ("path", "clip.mp4", Path("clip.mp4")),
        ("path", PurePosixPath("clip.mp4"), Path("clip.mp4")),
        ("count", 4e9, 4_000_000_000),
        ("count", np.int64(3), 3),
        ("share", 2, 2.0),
        ("share", "2.7", 2.7),
        ("share", np.float32(0.5), 0.5),
        ("time", 0.1, Fraction(1, 10)),
        ("time", np.float32(0.1), Fraction(1, 10)),
        ("time", "24000/1001", Fraction(24000, 1001)),
        ("time", Decimal("0.1"), Fraction(1, 10)),
        ("pairs", (("a", 1.0),), (("a", 1),)),
        ("colour", "red", "red"),
    ],
)
def test_what_loses_nothing_is_taken(field: str, given: object, taken: object) -> None:
    value = getattr(Order(**{field: given}), field)  # type: ignore[arg-type]
    assert value == taken
    assert type(value) is type(taken)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("path", b"clip.mp4"),
        ("path", 3),
        ("count", 2.5),
        ("count", True),
        ("count", "3"),
        ("count", None),
        ("share", True),
        ("time", [1]),
        ("exact", "no"),
        ("exact", 1),
        ("colour", 3),
        ("pairs", [("a", 1)]),
        ("pairs", (("a", "b"),)),
        ("pairs", (("a",),)),
        ("names", "abc"),
        ("load", "name"),
        ("on_end", 3),
    ],
)
def test_another_type_is_refused_with_the_field_and_the_value(field: str, given: object) -> None:
    with pytest.raises(TypeError, match=f"^{field} must be .*, got ") as refused:
        Order(**{field: given})  # type: ignore[arg-type]
    assert repr(given) in str(refused.value)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("share", "much"),
        ("time", float("nan")),
        ("time", Decimal("Infinity")),
        ("time", "1/0"),
        ("count", float("inf")),
        ("colour", "green"),
    ],
)
def test_a_value_that_cannot_be_is_a_value_error(field: str, given: object) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*, got "):
        Order(**{field: given})  # type: ignore[arg-type]


def test_a_function_gets_its_arguments_as_declared() -> None:
    @takes_typed
    def stated(path: Path, *, count: int = 1, unit: Fraction = Fraction(1)) -> str:
        return f"{path!s} {count!r} {unit!r}"

    assert stated("a", count=2.0, unit=0.5) == "a 2 Fraction(1, 2)"  # type: ignore[arg-type]
    assert stated(path=Path("a")) == "a 1 Fraction(1, 1)"
    with pytest.raises(TypeError, match=r"^count must be int, got '2'"):
        stated("a", count="2")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"stated\(\) got an unexpected keyword argument"):
        stated("a", counts=2)  # type: ignore[arg-type, call-arg]

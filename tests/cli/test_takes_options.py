"""Commands that take one dataclass: each field is an option, with its own default."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer

from dscvsr_cli.cli.takes_options import takes_options


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the command below takes."""

    place: Annotated[Path, typer.Argument(metavar="PLACE", help="Where to.")]
    count: Annotated[int, typer.Option("--count", "-c", help="How many.")] = 3
    urgent: Annotated[bool, typer.Option("--urgent", help="At once.")] = False


@pytest.fixture
def orders() -> list[Order]:
    return []


@pytest.fixture
def app(orders: list[Order]) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @takes_options(Order)
    def send(order: Order) -> None:
        """Send things."""
        orders.append(order)

    app.command("send")(send)
    return app


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (["there"], Order(place=Path("there"))),
        (["there", "-c", "5", "--urgent"], Order(place=Path("there"), count=5, urgent=True)),
    ],
)
def test_fields_get_what_was_typed_or_their_default(
    app: typer.Typer, orders: list[Order], arguments: list[str], order: Order
) -> None:
    app(arguments, standalone_mode=False)
    assert orders == [order]


def test_the_help_describes_every_field(
    app: typer.Typer, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        app(["--help"])
    shown = capsys.readouterr().out
    for told in ("Send things.", "PLACE", "Where to.", "--count", "default: 3", "--urgent"):
        assert told in shown

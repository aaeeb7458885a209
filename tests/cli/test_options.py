"""Options that several commands share."""

from typing import get_args

from typer.models import OptionInfo

from dscvsr_cli.cli.options import DtypeChoice, WeightsOption
from dscvsr_cli.engine import device
from dscvsr_cli.weights.catalog import load_catalog


def test_the_dtypes_offered_are_those_of_the_engine() -> None:
    assert set(get_args(DtypeChoice)) == set(get_args(device.DtypeName))


def test_help_names_the_weights_that_are_taken_by_default() -> None:
    catalog = load_catalog()
    named = {kind: catalog.default(kind).name for kind in ("cpu", "gpu")}
    _, option = get_args(WeightsOption)
    assert isinstance(option, OptionInfo)
    assert option.show_default == f"{named['cpu']} on a CPU, {named['gpu']} on a GPU"

"""Options that several commands share."""

from typing import get_args

from dscvsr_cli.cli.options import DtypeChoice
from dscvsr_cli.engine import device


def test_the_dtypes_offered_are_those_of_the_engine() -> None:
    assert set(get_args(DtypeChoice)) == set(get_args(device.DtypeName))

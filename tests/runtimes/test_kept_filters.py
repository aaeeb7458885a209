"""A head that keeps its filters enlarges as the other does, and keeps those of every factor."""

import torch

from dscvsr_cli.geometry import AxisPhases, Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.kept_filters import KeptFilters


def test_filters_of_a_factor_are_made_once_whatever_comes_in_between(
    tiny_network: RecurrentNetwork,
) -> None:
    kept = KeptFilters(tiny_network.head, tiny_network.config)
    features = torch.rand((1, 8, 10, 12), generator=torch.Generator().manual_seed(0))
    rows, columns = AxisPhases(10, 15), AxisPhases(12, 18)
    places = []
    for size in (Size(15, 18), Size(20, 24), Size(15, 18)):
        torch.testing.assert_close(kept(features, size), tiny_network.head(features, size))
        banks = kept.filter_banks(rows, columns, features.dtype)
        places.append([bank.filters.data_ptr() for bank in banks])
    # Where a captured graph reads them.
    assert places[0] == places[1] == places[2]

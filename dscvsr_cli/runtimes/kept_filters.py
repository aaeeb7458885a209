"""KeptFilters: a head that makes the filters of a factor once, not at every call.

Making them copies a few numbers to the device and waits for it, which a captured graph cannot.
"""

from collections.abc import Iterator

import torch

from dscvsr_cli.geometry import AxisPhases
from dscvsr_cli.models.meta_upscale import FilterBank, MetaUpscale
from dscvsr_cli.models.network_config import NetworkConfig


class KeptFilters(MetaUpscale):
    """A ``MetaUpscale`` of the same weights, in the same memory, which must not change."""

    def __init__(self, head: MetaUpscale, config: NetworkConfig) -> None:
        """Keep nothing yet."""
        with torch.device("meta"):
            super().__init__(config)
        self.hidden, self.filters = head.hidden, head.filters
        self._kept: dict[tuple[AxisPhases, AxisPhases, torch.dtype], list[FilterBank]] = {}

    def filter_banks(
        self, rows: AxisPhases, columns: AxisPhases, dtype: torch.dtype
    ) -> Iterator[FilterBank]:
        """Yield the filters of all phases, made at the first call for a factor."""
        key = rows, columns, dtype
        if key not in self._kept:
            # Never dropped, for captured graphs read them where they are.
            self._kept[key] = list(super().filter_banks(rows, columns, dtype))
        yield from self._kept[key]

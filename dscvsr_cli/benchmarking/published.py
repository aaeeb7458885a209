"""Figures that others have published, always shown in blocks of their own and marked as quoted."""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol, Channel

_FILE = Path(__file__).with_name("published.toml")
_REFERENCE = "Bicubic"


@dataclass(frozen=True, slots=True)
class QuotedRow:
    """One published figure."""

    method: str
    """As the source calls it."""

    parameters: str
    """As printed, or empty if the source does not say."""

    scale: float
    """Factor of both sides."""

    psnr_db: float
    """As printed."""

    ssim: float | None = None
    """As printed; None if the source has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedBlock:
    """Figures of one source on one data set by one protocol."""

    title: str
    """What the block is."""

    source: str
    """Where it was published."""

    note: str = ""
    """What to mind when comparing."""

    dataset: str
    """As `dscvsr bench` calls it."""

    degradation: str
    """How the low-resolution frames were made."""

    channel: Channel
    """What was measured on."""

    rows: tuple[QuotedRow, ...]
    """In the order of the source."""

    def gain(self, row: QuotedRow) -> float | None:
        """Return a row's PSNR above the block's own bicubic, or None if it has none."""
        for other in self.rows:
            if other.method == _REFERENCE and math.isclose(other.scale, row.scale):
                return row.psnr_db - other.psnr_db
        return None

    def at(self, scales: Sequence[float]) -> "QuotedBlock":
        """Return the block with only the rows at these factors."""
        kept = (row for row in self.rows if any(math.isclose(row.scale, scale) for scale in scales))
        return QuotedBlock(
            title=self.title,
            source=self.source,
            note=self.note,
            dataset=self.dataset,
            degradation=self.degradation,
            channel=self.channel,
            rows=tuple(kept),
        )


def quoted_blocks(protocol: BenchProtocol, scales: Sequence[float]) -> tuple[QuotedBlock, ...]:
    """Return the published figures for this data set, degradation and channel at these factors."""
    wanted = (protocol.dataset.lower(), protocol.degradation, protocol.channel)
    blocks = (
        block.at(scales)
        for block in _all_blocks()
        if (block.dataset, block.degradation, block.channel) == wanted
    )
    return tuple(block for block in blocks if block.rows)


@lru_cache(maxsize=1)
def _all_blocks() -> tuple[QuotedBlock, ...]:
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))["block"]
    return tuple(
        QuotedBlock(**table | {"rows": tuple(QuotedRow(*row) for row in table["rows"])})
        for table in tables
    )

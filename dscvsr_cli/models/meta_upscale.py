"""Meta-Upscale: features -> any (H, W), by 3x3 filters predicted for every sub-pixel phase.

After Meta-SR (Hu et al., CVPR 2019), with pixel-centre coordinates and a factor per axis. A small
network maps (offset y, offset x, 1 / scale y, 1 / scale x) to the filter that makes one output
pixel from the 3x3 features around its nearest source pixel. Filters depend only on the phase, so
none is ever computed or stored per output pixel. Two exact routes lead to the same pixels:

* phases: for target / source = p / q the phases repeat every p pixels. Output pixels that share a
  source pixel modulo q share their filters, so the q x q classes are strided convolutions. One
  slightly wider filter makes a few neighbouring classes, because few large products are faster than
  many small ones. x4 is a single convolution and a pixel shuffle.
* basis: the predictor's last layer is linear, so the features are convolved once per hidden unit
  and combined per output pixel. Its cost does not depend on how awkward the ratio is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.geometry import AxisPhases, Size
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.normal_weights import draw_normal

Route = Literal["auto", "phases", "basis"]

MAX_PHASES = 1 << 15
"""Filters that the phases route may hold at once (113 MB of float32 for 32 channels)."""

MAX_PRODUCTS = 1024
"""Convolutions per picture above which the basis route is faster."""

MAX_LEARNED_CLASSES = 144
"""Classes above which the basis route is faster if gradients are asked for: on a crop that a
network learns from, a class has few pixels."""

NEIGHBOURS = 4
"""Neighbouring source pixels whose output pixels are made together by the phases route."""

MAX_CONVOLVED_CLASSES = 16
"""Most classes for which torch's own strided convolution is faster than a gathered product."""

BASIS_BAND_ROWS = 32
"""Output rows that the basis route makes at a time."""


class MetaUpscale(nn.Module):
    """Features ``(B, C, H, W)`` -> pictures ``(B, 3, sH, sW)`` for any target size."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build the filter predictor 4 -> hidden -> 3 x C x 3 x 3."""
        super().__init__()
        self.channels = config.channels
        self.hidden = nn.Linear(4, config.head_hidden)
        self.filters = nn.Linear(config.head_hidden, 3 * config.channels * 9)
        # The head adds to an interpolated picture: begin near that picture, since a loud start is
        # unlearned by silencing the features, which takes long to undo.
        draw_normal(self.filters.weight, std=0.002 / config.channels**0.5)
        draw_normal(self.filters.bias, std=0.002 / config.channels**0.5)

    def forward(self, feat_BCHW: Tensor, size: Size, route: Route = "auto") -> Tensor:
        """Upscale to ``size`` -> ``(B, 3, sH, sW)`` in the features' dtype."""
        rows = AxisPhases(feat_BCHW.shape[-2], size.height)
        columns = AxisPhases(feat_BCHW.shape[-1], size.width)
        if route == "auto":
            few_filters = rows.period * columns.period <= MAX_PHASES
            learning = torch.is_grad_enabled() and self.filters.weight.requires_grad
            most_classes = MAX_LEARNED_CLASSES if learning else MAX_PRODUCTS * NEIGHBOURS
            few_products = rows.step * columns.step <= most_classes
            route = "phases" if few_filters and few_products else "basis"
        if route == "phases":
            return self._by_phases(feat_BCHW, rows, columns)
        return self._by_basis(feat_BCHW, rows, columns)

    def hidden_units(
        self, rows: AxisPhases, columns: AxisPhases, row_range: range, column_range: range
    ) -> Tensor:
        """Return the predictor's hidden units for output pixels -> ``(rows, columns, hidden)``."""
        device = self.hidden.weight.device
        y = torch.tensor([rows.offset(i) for i in row_range], device=device)
        x = torch.tensor([columns.offset(i) for i in column_range], device=device)
        phase = torch.empty((len(row_range), len(column_range), 4), device=device)
        phase[..., 0] = y[:, None]
        phase[..., 1] = x[None, :]
        phase[..., 2] = rows.source / rows.target
        phase[..., 3] = columns.source / columns.target
        # Coordinates in float32: half precision would merge neighbouring phases.
        with torch.autocast(device.type, enabled=False):
            units = F.linear(phase, self.hidden.weight.float(), self.hidden.bias.float())
        return F.relu(units)

    def _by_phases(self, feat_BCHW: Tensor, rows: AxisPhases, columns: AxisPhases) -> Tensor:
        batch = feat_BCHW.shape[0]
        padded = F.pad(feat_BCHW, (1, 1, 1, 1))
        strides = rows.step, columns.step
        if not _is_convolved(strides):
            # Of every gathered pixel all channels are read.
            padded = padded.contiguous(memory_format=torch.channels_last)
        # One cell per period of both axes: (B, 3, cells, phases, cells, phases).
        cells = rows.source // rows.step, columns.source // columns.step
        out = feat_BCHW.new_empty((batch, 3, cells[0], rows.period, cells[1], columns.period))
        for bank in self.filter_banks(rows, columns, feat_BCHW.dtype):
            made = _apply(padded[:, :, bank.row :, bank.column :], bank.filters, strides, cells)
            out[:, :, :, bank.rows, :, bank.columns] = made
        return out.reshape(batch, 3, rows.target, columns.target)

    def filter_banks(
        self, rows: AxisPhases, columns: AxisPhases, dtype: torch.dtype
    ) -> Iterator["FilterBank"]:
        """Yield the filters of all phases, row by row of the classes, in groups of columns."""
        units = self.hidden_units(rows, columns, range(rows.period), range(columns.period))
        table = self.filters(units.to(self.filters.weight.dtype)).to(dtype)
        table = table.view(rows.period, columns.period, 3, self.channels, 3, 3)
        row_runs, column_runs = _phase_runs(rows), _phase_runs(columns)
        groups = [column_runs[i : i + NEIGHBOURS] for i in range(0, len(column_runs), NEIGHBOURS)]
        # Split, not sliced: the gradient of a slice is a whole table of zeros.
        bands = torch.split(table, [run.stop - run.first for run in row_runs])
        for row_run, band in zip(row_runs, bands, strict=True):
            parts = torch.split(band, [runs[-1].stop - runs[0].first for runs in groups], dim=1)
            for runs, filters in zip(groups, parts, strict=True):
                yield FilterBank(
                    rows=slice(row_run.first, row_run.stop),
                    columns=slice(runs[0].first, runs[-1].stop),
                    row=row_run.pixel,
                    column=runs[0].pixel,
                    filters=_joint_filters(filters, runs),
                )

    def _by_basis(self, feat_BCHW: Tensor, rows: AxisPhases, columns: AxisPhases) -> Tensor:
        hidden = self.hidden.out_features
        weight = self.filters.weight.view(3, self.channels, 3, 3, hidden).permute(4, 0, 1, 2, 3)
        bias = self.filters.bias.view(1, 3, self.channels, 3, 3)
        bank = torch.cat((weight, bias)).reshape(-1, self.channels, 3, 3)
        basis = F.conv2d(feat_BCHW, bank.to(feat_BCHW.dtype), padding=1).contiguous()
        device = feat_BCHW.device
        source_x = torch.tensor([columns.nearest(j) for j in range(columns.target)], device=device)
        bands = []
        # In bands of rows, so that what is gathered stays in the processor's cache.
        for top in range(0, rows.target, BASIS_BAND_ROWS):
            band = range(top, min(top + BASIS_BAND_ROWS, rows.target))
            units = self.hidden_units(rows, columns, band, range(columns.target))
            units = units.to(feat_BCHW.dtype).permute(2, 0, 1).contiguous()
            first, last = rows.nearest(band[0]), rows.nearest(band[-1])
            source_y = torch.tensor([rows.nearest(i) - first for i in band], device=device)
            wide = basis[:, :, first : last + 1].index_select(3, source_x)
            made = wide[:, 3 * hidden :].index_select(2, source_y)
            for unit in range(hidden):
                part = wide[:, 3 * unit : 3 * unit + 3].index_select(2, source_y)
                made = torch.addcmul(made, part, units[unit])
            bands.append(made)
        return torch.cat(bands, dim=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilterBank:
    """The filters of some neighbouring phases, which are one strided convolution."""

    rows: slice
    """Phases that it makes, of the rows."""
    columns: slice
    """Phases that it makes, of the columns."""
    row: int
    """Row of the padded features at which the convolution starts."""
    column: int
    """Column of the padded features at which the convolution starts."""
    filters: Tensor
    """``(rows, columns, 3, C, 3, width)``."""


@dataclass(frozen=True, slots=True)
class _PhaseRun:
    """Neighbouring phases of one axis that share their nearest source pixel."""

    first: int
    stop: int
    pixel: int


def _phase_runs(axis: AxisPhases) -> list[_PhaseRun]:
    pixels = [axis.nearest(phase) for phase in range(axis.period)]
    starts = [i for i in range(axis.period) if i == 0 or pixels[i] != pixels[i - 1]]
    stops = [*starts[1:], axis.period]
    return [
        _PhaseRun(start, stop, pixels[start]) for start, stop in zip(starts, stops, strict=True)
    ]


def _joint_filters(filters: Tensor, runs: list[_PhaseRun]) -> Tensor:
    """Place the 3x3 filters of some runs of columns into wider ones that start together.

    ``(rows, columns, 3, C, 3, 3)`` -> ``(rows, columns, 3, C, 3, width)``, zeros around each.
    """
    origin, width = runs[0].pixel, runs[-1].pixel - runs[0].pixel + 3
    parts = torch.split(filters, [run.stop - run.first for run in runs], dim=1)
    padded = (
        F.pad(part, (run.pixel - origin, width - 3 - (run.pixel - origin)))
        for run, part in zip(runs, parts, strict=True)
    )
    return torch.cat(tuple(padded), dim=1)


def _is_convolved(strides: tuple[int, int]) -> bool:
    """Return whether torch's own strided convolution is faster than a gathered product."""
    return strides[0] * strides[1] <= MAX_CONVOLVED_CLASSES


def _apply(
    feat_BCHW: Tensor, bank: Tensor, strides: tuple[int, int], cells: tuple[int, int]
) -> Tensor:
    """Convolve with a bank ``(rows, columns, 3, C, 3, width)`` at every cell.

    Returns:
        ``(B, 3, cells, rows, cells, columns)``.
    """
    height, width = cells
    if _is_convolved(strides):
        made = F.conv2d(feat_BCHW, bank.flatten(0, 2), stride=strides)[:, :, :height, :width]
        return torch.unflatten(made, 1, bank.shape[:3]).permute(0, 3, 4, 1, 5, 2)
    windows = feat_BCHW.unfold(2, 3, strides[0]).unfold(3, bank.shape[-1], strides[1])
    windows = windows[:, :, :height, :width].permute(0, 2, 3, 4, 5, 1)
    made = windows.flatten(3) @ bank.permute(4, 5, 3, 0, 1, 2).flatten(0, 2).flatten(1)
    return torch.unflatten(made, 3, bank.shape[:3]).permute(0, 5, 1, 3, 2, 4)

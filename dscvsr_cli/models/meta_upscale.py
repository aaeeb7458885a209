"""Meta-Upscale: features -> any (H, W), by 3x3 filters predicted for every sub-pixel phase.

After Meta-SR (Hu et al., CVPR 2019), with pixel-centre coordinates and a factor per axis. A small
network maps (offset y, offset x, 1 / scale y, 1 / scale x) to the filter that makes one output
pixel from the 3x3 features around its nearest source pixel. Filters depend on the phase alone, so
none is ever computed or stored per output pixel. Two exact routes lead to the same pixels:

* phases: for target / source = p / q the phases repeat every p pixels. Output pixels that share a
  source pixel modulo q share their filters, so each of the q x q classes is one strided
  convolution. Best for tidy factors (x4 is a single convolution and a pixel shuffle).
* basis: the predictor's last layer is linear, so the features are convolved once per hidden unit
  and combined per output pixel. Its cost does not depend on how awkward the ratio is.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.geometry import AxisPhases, Size
from dscvsr_cli.models.config import NetworkConfig

Route = Literal["auto", "phases", "basis"]

MAX_PHASE_CLASSES = 256
"""Above so many strided convolutions the basis route is faster."""

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
        # The head adds to an interpolated picture: begin near zero, so near that picture.
        nn.init.normal_(self.filters.weight, std=0.02 / config.channels**0.5)
        nn.init.normal_(self.filters.bias, std=0.02 / config.channels**0.5)

    def forward(self, feat_BCHW: Tensor, size: Size, route: Route = "auto") -> Tensor:
        """Upscale to ``size`` -> ``(B, 3, sH, sW)`` in the features' dtype."""
        rows = AxisPhases(feat_BCHW.shape[-2], size.height)
        columns = AxisPhases(feat_BCHW.shape[-1], size.width)
        if route == "auto":
            tidy = rows.step * columns.step <= MAX_PHASE_CLASSES
            route = "phases" if tidy else "basis"
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
        units = self.hidden_units(rows, columns, range(rows.period), range(columns.period))
        table = self.filters(units.to(self.filters.weight.dtype)).to(feat_BCHW.dtype)
        padded = F.pad(feat_BCHW, (1, 1, 1, 1))
        # One cell per period of both axes: (B, 3, cells, phases, cells, phases).
        cells_y, cells_x = rows.source // rows.step, columns.source // columns.step
        out = feat_BCHW.new_empty((batch, 3, cells_y, rows.period, cells_x, columns.period))
        for first_y, last_y, offset_y in _phase_runs(rows):
            for first_x, last_x, offset_x in _phase_runs(columns):
                bank = table[first_y:last_y, first_x:last_x].reshape(-1, self.channels, 3, 3)
                made = F.conv2d(
                    padded[:, :, offset_y:, offset_x:], bank, stride=(rows.step, columns.step)
                )[:, :, :cells_y, :cells_x]
                shape = (batch, last_y - first_y, last_x - first_x, 3, cells_y, cells_x)
                out[:, :, :, first_y:last_y, :, first_x:last_x] = made.reshape(shape).permute(
                    0, 3, 4, 1, 5, 2
                )
        return out.reshape(batch, 3, rows.target, columns.target)

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


def _phase_runs(axis: AxisPhases) -> list[tuple[int, int, int]]:
    """Return runs of phases (first, one past last) that share a source pixel, and that pixel."""
    runs: list[tuple[int, int, int]] = []
    for phase in range(axis.period):
        pixel = axis.nearest(phase)
        if runs and runs[-1][2] == pixel:
            runs[-1] = (runs[-1][0], phase + 1, pixel)
        else:
            runs.append((phase, phase + 1, pixel))
    return runs

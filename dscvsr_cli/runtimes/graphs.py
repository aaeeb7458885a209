"""The network cut into steps of fixed size, with the state as input and output.

Runtimes other than torch take graphs without control flow. Three kinds make up the network:

* ``Align``: flow between two frames, and the neighbour's state warped by it. Always float32.
* ``Extract``: what a pass does after alignment, with or without information filling.
* ``Reconstruct``: both passes' features and the frame -> the enlarged frame.

``RecurrentStep`` is the first two in one. The first frame of a scene needs no graph of its own: it
takes a state of zeros, and any frame as its neighbour, since warped zeros are zeros.
All take and give a single frame: ``(1, 3, H, W)`` and ``(1, C, H, W)``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import AxisPhases, Size
from dscvsr_cli.models.blocks import activate
from dscvsr_cli.models.meta_upscale import MAX_PHASES, NEIGHBOURS
from dscvsr_cli.models.motion import MotionEstimator
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.warping import warp

MAX_CONVOLUTIONS = 256
"""Convolutions of the head above which a graph is refused: it would be slow everywhere."""

_TAPS = 4
_KEYS_A = -0.5


class Align(nn.Module):
    """Frame, neighbour frame and neighbour state -> the state aligned to the frame."""

    def __init__(self, motion: MotionEstimator) -> None:
        super().__init__()
        self.motion = motion

    def forward(self, frame_B3HW: Tensor, neighbour_B3HW: Tensor, state_BCHW: Tensor) -> Tensor:
        """``(1, 3, H, W)`` x2 and ``(1, C, H, W)`` -> ``(1, C, H, W)``."""
        return warp(state_BCHW, self.motion(frame_B3HW, neighbour_B3HW))


class Extract(nn.Module):
    """Frame, neighbour state and aligned state -> the new state."""

    def __init__(self, recurrent_pass: RecurrentPass, *, filled: bool) -> None:
        super().__init__()
        self.recurrent_pass = recurrent_pass
        self.filled = filled

    def forward(self, frame_B3HW: Tensor, state_BCHW: Tensor, aligned_BCHW: Tensor) -> Tensor:
        """``(1, 3, H, W)`` and ``(1, C, H, W)`` x2 -> ``(1, C, H, W)``."""
        return self.recurrent_pass.advance(frame_B3HW, state_BCHW, aligned_BCHW, filled=self.filled)


class RecurrentStep(nn.Module):
    """Frame, neighbour frame and neighbour state -> the new state: ``Align``, then ``Extract``."""

    def __init__(
        self, motion: MotionEstimator, recurrent_pass: RecurrentPass, *, filled: bool
    ) -> None:
        super().__init__()
        self.align = Align(motion)
        self.extract = Extract(recurrent_pass, filled=filled)

    def forward(self, frame_B3HW: Tensor, neighbour_B3HW: Tensor, state_BCHW: Tensor) -> Tensor:
        """``(1, 3, H, W)`` x2 and ``(1, C, H, W)`` -> ``(1, C, H, W)``."""
        aligned = self.align(frame_B3HW, neighbour_B3HW, state_BCHW)
        return self.extract(frame_B3HW, state_BCHW, aligned)


class Fuse(nn.Module):
    """Both passes' features -> what the head enlarges."""

    def __init__(self, network: RecurrentNetwork) -> None:
        super().__init__()
        self.fusion = network.fusion
        self.refinement = network.refinement

    def forward(self, backward_BCHW: Tensor, forward_BCHW: Tensor) -> Tensor:
        """``(1, C, H, W)`` x2 -> ``(1, C, H, W)``."""
        joined = torch.cat((backward_BCHW, forward_BCHW), dim=1)
        return activate(self.refinement(activate(self.fusion(joined))))


class Reconstruct(nn.Module):
    """Frame and both passes' features -> the enlarged frame ``(1, 3, sH, sW)``, not clamped.

    The filters of every phase are computed here, once, and stand in the graph as constants.

    Raises:
        UsageError: The factor needs more than ``MAX_CONVOLUTIONS`` convolutions.
    """

    def __init__(self, network: RecurrentNetwork, source: Size, size: Size) -> None:
        super().__init__()
        self.fuse = Fuse(network)
        self.base = BicubicByTaps(source, size)
        rows = AxisPhases(source.height, size.height)
        columns = AxisPhases(source.width, size.width)
        self.strides = rows.step, columns.step
        self.cells = source.height // rows.step, source.width // columns.step
        self.size = size
        if not fits_a_graph(source, size):
            raise UsageError(
                f"a graph from {source} to {size} would take too many convolutions",
                hint="choose sizes in a simple ratio, such as x1.5, x2, x2.5 or x4",
            )
        with torch.no_grad():
            self.banks = list(network.head.filter_banks(rows, columns, torch.float32))
        for index, bank in enumerate(self.banks):
            self.register_buffer(f"filters_{index}", bank.filters.flatten(0, 2), persistent=False)

    def forward(self, frame_B3HW: Tensor, backward_BCHW: Tensor, forward_BCHW: Tensor) -> Tensor:
        """``(1, 3, H, W)`` and ``(1, C, H, W)`` x2 -> ``(1, 3, sH, sW)``."""
        padded = F.pad(self.fuse(backward_BCHW, forward_BCHW), (1, 1, 1, 1))
        bands: list[Tensor] = []
        band: list[Tensor] = []
        for index, bank in enumerate(self.banks):
            band.append(self._convolved(padded, index))
            if index + 1 == len(self.banks) or self.banks[index + 1].rows != bank.rows:
                bands.append(torch.cat(band, dim=4) if len(band) > 1 else band[0])
                band = []
        # (3, cells, phases, cells, phases)
        whole = torch.cat(bands, dim=2) if len(bands) > 1 else bands[0]
        detail = whole.reshape(1, 3, self.size.height, self.size.width)
        return self.base(frame_B3HW) + detail

    def _convolved(self, padded: Tensor, index: int) -> Tensor:
        bank = self.banks[index]
        filters: Tensor = getattr(self, f"filters_{index}")
        rows, columns, _, _, _, width = bank.filters.shape
        (high, wide), (down, along) = self.cells, self.strides
        bottom = bank.row + (high - 1) * down + 3
        right = bank.column + (wide - 1) * along + width
        seen = padded[:, :, bank.row : bottom, bank.column : right]
        made = F.conv2d(seen, filters, stride=self.strides)
        return made.reshape(rows, columns, 3, high, wide).permute(2, 3, 0, 4, 1)


def fits_a_graph(source: Size, size: Size) -> bool:
    """Return whether ``Reconstruct`` can be built: whether the sizes are in a simple ratio."""
    rows = AxisPhases(source.height, size.height)
    columns = AxisPhases(source.width, size.width)
    few_filters = rows.period * columns.period <= MAX_PHASES
    return few_filters and rows.step * -(-columns.step // NEIGHBOURS) <= MAX_CONVOLUTIONS


class BicubicByTaps(nn.Module):
    """``interpolate`` by gathers and sums, since ONNX has its kernel only from opset 18 on."""

    row_places: Tensor
    row_weights: Tensor
    column_places: Tensor
    column_weights: Tensor

    def __init__(self, source: Size, size: Size) -> None:
        super().__init__()
        for name, before, after in (
            ("row", source.height, size.height),
            ("column", source.width, size.width),
        ):
            places, weights = _taps(before, after)
            self.register_buffer(f"{name}_places", places, persistent=False)
            self.register_buffer(f"{name}_weights", weights.float(), persistent=False)

    def forward(self, picture_B3HW: Tensor) -> Tensor:
        """``(1, 3, H, W)`` -> ``(1, 3, sH, sW)``."""
        places, weights = self.column_places, self.column_weights
        wide = picture_B3HW.index_select(3, places[0]) * weights[0]
        for tap in range(1, _TAPS):
            wide = wide + picture_B3HW.index_select(3, places[tap]) * weights[tap]
        places, weights = self.row_places, self.row_weights[..., None]
        made = wide.index_select(2, places[0]) * weights[0]
        for tap in range(1, _TAPS):
            made = made + wide.index_select(2, places[tap]) * weights[tap]
        return made


def _taps(before: int, after: int) -> tuple[Tensor, Tensor]:
    """Return source places and weights ``(4, after)`` of Keys' kernel between pixel centres."""
    centre = (torch.arange(after, dtype=torch.float64) + 0.5) * (before / after) - 0.5
    places = centre.floor()[None] + torch.arange(-1, 3, dtype=torch.float64)[:, None]
    x = (centre[None] - places).abs()
    near = ((_KEYS_A + 2) * x - (_KEYS_A + 3)) * x * x + 1
    far = ((_KEYS_A * x - 5 * _KEYS_A) * x + 8 * _KEYS_A) * x - 4 * _KEYS_A
    weights = torch.where(x <= 1, near, torch.where(x < 2, far, 0.0))
    # Places outside the picture get no weight, and the others share theirs.
    weights = weights * ((places >= 0) & (places < before))
    return places.clamp(0, before - 1).long(), weights / weights.sum(dim=0, keepdim=True)

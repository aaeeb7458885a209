"""Run the two recurrent passes over a plane, tile by tile, as if it were one.

Between calls the forward state covers the whole plane. Each call cuts it again, so a tile starts
from what its neighbours found, and the layout of the tiles may change from call to call.
``on_frame`` is called after every frame of every tile.
"""

from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameListener, FrameNetwork
from dscvsr_cli.engine.tiles import Tile, join_tiles
from dscvsr_cli.geometry import Size


def run_backward(
    network: FrameNetwork,
    frames: Tensor,
    *,
    first_index: int,
    keep: int,
    tiles: list[Tile],
    on_frame: FrameListener | None = None,
) -> Tensor:
    """Run the backward pass on ``(B, T, 3, H, W)`` -> features of the first ``keep`` frames."""

    def make(tile: Tile) -> Tensor:
        cut = tile.cut(frames).contiguous()
        return network.backward_features(cut, first_index=first_index, on_frame=on_frame)[:, :keep]

    return join_tiles(Size(*frames.shape[-2:]), tiles, make)


def run_forward(
    network: FrameNetwork,
    frames: Tensor,
    *,
    first_index: int,
    previous_features: Tensor | None,
    previous_frame: Tensor | None,
    tiles: list[Tile],
    on_frame: FrameListener | None = None,
) -> Tensor:
    """Run the forward pass on ``(B, T, 3, H, W)`` -> features ``(B, T, C, H, W)``."""

    def make(tile: Tile) -> Tensor:
        return network.forward_features(
            tile.cut(frames).contiguous(),
            first_index=first_index,
            previous_features=_cut(tile, previous_features),
            previous_frame=_cut(tile, previous_frame),
            on_frame=on_frame,
        )

    return join_tiles(Size(*frames.shape[-2:]), tiles, make)


def _cut(tile: Tile, plane: Tensor | None) -> Tensor | None:
    return None if plane is None else tile.cut(plane).contiguous()

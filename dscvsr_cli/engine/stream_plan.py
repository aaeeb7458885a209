"""StreamPlan: how many frames and how large a tile are processed at once, in a memory budget.

Everything here is arithmetic on an estimate. The stream corrects a plan that proves too large.
"""

from dataclasses import dataclass, replace
from typing import Self

from dscvsr_cli.engine.tiles import ALIGNMENT, Tile, plan_tiles
from dscvsr_cli.errors import DeviceError
from dscvsr_cli.geometry import Size

_OVERLAP = 32
_WINDOWS = (48, 36, 24, 16, 12, 8, 4)
_TILES = (None, 1024, 768, 512, 384, 256, 192, 128)
_STEPS = (4, 2, 1)
_PICTURE_COPIES = 4
MOST_PICTURES = max(_STEPS)
"""Pictures that a plan of ``plan_stream`` makes in one step at most."""
STEADYING_PICTURES = MOST_PICTURES + 5
"""Enlarged pictures that steadying holds at once at most: those of a step, two that came before,
and three in passing."""
_FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost:
    """What a network needs in memory, per pixel of its input."""

    feature_channels: int
    """Channels of the features that each pass gives for every frame."""

    workspace_channels: int
    """Most channels, of the features' dtype, alive at once while one frame passes."""

    frame_bytes: int = 400
    """Bytes that a pass holds for every frame besides its features, mostly optical flow."""

    element_bytes: int = 4
    """Bytes of one feature value: 4 for float32, 2 for float16 and bfloat16."""

    kept_channels: int = 0
    """Channels, of the features' dtype, that a runtime keeps at all times."""

    kept_pictures: int = 0
    """Enlarged pictures that a runtime keeps room for at all times."""

    def with_workspaces(self, count: int) -> Self:
        """Return the cost if ``count`` steps' working memory is held at once."""
        return replace(self, workspace_channels=count * self.workspace_channels)

    def with_steadying(self) -> Self:
        """Return the cost if pictures are steadied along the motion."""
        return replace(self, kept_pictures=self.kept_pictures + STEADYING_PICTURES)

    def with_copies(self, count: int) -> Self:
        """Return the cost of a ``SelfEnsemble`` of ``count`` copies of every frame."""
        if count == 1:
            return self
        return replace(
            self,
            feature_channels=count * self.feature_channels,
            # The sum so far, beside the pictures of the copy at hand.
            kept_pictures=self.kept_pictures + MOST_PICTURES,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """Window and tile sizes; the output hardly depends on them."""

    window: int = 24
    """Frames made per window."""

    first_window: int | None = None
    """Frames made in the stream's first window, so that they come sooner; None makes ``window``."""

    look_ahead: int = 8
    """Frames after a window that warm up its backward pass."""

    tile: int | None = None
    """Largest side of a tile in input pixels; None works on whole frames."""

    overlap: int = _OVERLAP
    """Least number of input pixels that neighbouring tiles share."""

    step: int = 4
    """Frames of a window that are enlarged at once."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be."""
        if self.window < 1 or self.look_ahead < 0 or self.step < 1:
            raise ValueError(f"expected window, step >= 1 and look_ahead >= 0, got {self}")
        if self.first_window is not None and self.first_window < 1:
            raise ValueError(f"expected first_window >= 1, got {self}")
        if self.tile is not None:
            plan_tiles(Size(1, 1), tile=self.tile, overlap=self.overlap)

    def at_start(self) -> "StreamPlan":
        """Return the plan for the stream's first window."""
        window = min(self.first_window or self.window, self.window)
        return replace(self, window=window, step=min(self.step, window))

    def tiles(self, source: Size) -> list[Tile]:
        """Return the tiles of an input frame; a single one without tiling."""
        tile = self.tile or max(source.height, source.width) + 2 * self.overlap + 2 * ALIGNMENT
        return plan_tiles(source, tile=tile, overlap=self.overlap)

    def largest_tile(self, source: Size) -> Size:
        """Return the size of the largest tile, that of the frame without tiling."""
        largest = max(self.tiles(source), key=_area)
        return Size(
            largest.rows.stop - largest.rows.start, largest.columns.stop - largest.columns.start
        )


def plan_stream(
    source: Size,
    target: Size,
    cost: NetworkCost,
    *,
    budget_bytes: int,
    window: int | None = None,
) -> StreamPlan:
    """Return the plan with the least work per frame among those that fit the budget.

    Work is what windows read twice and what tiles share. ``window`` fixes the frames per window.

    Raises:
        DeviceError: Not even the smallest plan fits.
    """
    longest = max(source.height, source.width)
    windows = _WINDOWS if window is None else (window,)
    plans = [
        StreamPlan(window=w, tile=t, step=min(s, w))
        for w in windows
        for t in _TILES
        if t is None or 2 * _aligned(_OVERLAP) <= t < longest
        for s in _STEPS
    ]
    fitting = [plan for plan in plans if peak_bytes(plan, source, target, cost) <= budget_bytes]
    if not fitting:
        least = min(peak_bytes(plan, source, target, cost) for plan in plans)
        raise DeviceError(
            f"enlarging {source} to {target} needs about {_amount(least)} of memory, "
            f"and {_amount(budget_bytes)} can be used",
            hint="close other programs, choose a smaller factor, or use --device cpu",
        )
    return min(fitting, key=lambda plan: (work_per_frame(plan, source), -plan.step))


def peak_bytes(plan: StreamPlan, source: Size, target: Size, cost: NetworkCost) -> int:
    """Estimate the most memory that the plan holds at once on the network's device."""
    plane = source.height * source.width
    tiles = plan.tiles(source)
    area = max(_area(tile) for tile in tiles)
    feature = cost.feature_channels * cost.element_bytes
    span = plan.window + plan.look_ahead
    picture = target.height * target.width * 3 * _FLOAT32_BYTES
    # The frames of a window, the forward state, its frame, and what is shown with its input.
    frame = plane * 3 * _FLOAT32_BYTES
    held = span * frame + plane * feature + 2 * frame + picture
    # Whatever a runtime keeps for tiles and for pictures.
    held += area * cost.kept_channels * cost.element_bytes + cost.kept_pictures * picture
    # A pass collects its features one by one and then stacks them, which holds them twice.
    inside = area * (
        span * (2 * feature + cost.frame_bytes) + cost.workspace_channels * cost.element_bytes
    )
    backward = (plan.window * feature * plane if len(tiles) > 1 else 0) + inside
    kept = (plan.window if len(tiles) > 1 else span) * feature * plane
    forward = area * (
        plan.step * (2 * feature + cost.frame_bytes) + cost.workspace_channels * cost.element_bytes
    )
    pictures = plan.step * picture * _PICTURE_COPIES
    joining = plan.step * plane * 3 * feature + pictures
    return held + max(backward, kept + plan.step * plane * feature + max(forward, joining))


def work_per_frame(plan: StreamPlan, source: Size) -> float:
    """Return how often a pixel passes the network per direction, 1.0 being the least possible."""
    backward = (plan.window + plan.look_ahead) / plan.window
    shared = sum(map(_area, plan.tiles(source))) / (source.height * source.width)
    return (backward + 1.0) / 2 * shared


def smaller_plan(plan: StreamPlan, source: Size) -> StreamPlan | None:
    """Return the next plan to try when memory has run out, or None at the smallest.

    Tiles shrink first, since that costs least; then windows, whose features are held whole.
    """
    step = max(1, plan.step // 2)
    side = min(plan.tile or 2**30, max(source.height, source.width))
    overlap = _aligned(plan.overlap)
    tile = max(side // 2 // ALIGNMENT * ALIGNMENT, 2 * overlap)
    if tile < side:
        return replace(plan, tile=tile, step=step)
    if plan.window > 1:
        return replace(plan, window=plan.window // 2, step=min(step, plan.window // 2))
    return replace(plan, step=step) if step < plan.step else None


def _aligned(overlap: int) -> int:
    return -(-overlap // ALIGNMENT) * ALIGNMENT


def _area(tile: Tile) -> int:
    return (tile.rows.stop - tile.rows.start) * (tile.columns.stop - tile.columns.start)


def _amount(size_bytes: int) -> str:
    """Write an amount of memory in the units in which --memory is given."""
    large = size_bytes >= 10**9
    return f"{size_bytes / (10**9 if large else 10**6):.3g} {'GB' if large else 'MB'}"

"""Meta-Upscale: two routes to the same pixels, resamplers as special cases, memory, precision."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from dscvsr_cli.geometry import AxisPhases, Size
from dscvsr_cli.models.meta_upscale import MetaUpscale
from dscvsr_cli.models.network_config import DSCVSR_PAPER, NetworkConfig

CONFIG = NetworkConfig(channels=4, head_hidden=6)


def build_head(config: NetworkConfig = CONFIG, *, seed: int = 0) -> MetaUpscale:
    """A head whose filters differ clearly from phase to phase."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = MetaUpscale(config)
        nn.init.normal_(head.hidden.weight, std=1.0)
        nn.init.normal_(head.filters.weight, std=0.3)
        nn.init.normal_(head.filters.bias, std=0.3)
    return head


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 0.5


# From equal size (also on one axis alone) to a little over eight times, whole or awkward.
sides = st.integers(1, 17).flatmap(lambda source: st.tuples(st.just(source), st.integers(0, 130)))


@settings(deadline=None, max_examples=60)
@given(sides, sides)
@example((16, 0), (16, 1))
@example((17, 1), (13, 0))
@example((17, 1), (16, 1))
@example((8, 19), (5, 2))
def test_both_routes_give_the_same_pixels(rows: tuple[int, int], columns: tuple[int, int]) -> None:
    (height, more_rows), (width, more_columns) = rows, columns
    size = Size(
        height + more_rows % (8 * height),
        width + more_columns % (8 * width),
    )
    head, features = build_head(), noise(2, 4, height, width)
    with torch.no_grad():
        phases = head(features, size, route="phases")
        basis = head(features, size, route="basis")
    assert phases.shape == (2, 3, size.height, size.width)
    torch.testing.assert_close(phases, basis, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((272, 3), (734, 8)),  # 480x272 by 2.7, rounded to even: 367 phases over 136 pixels
        ((3, 240), (8, 648)),
        ((40, 3), (41, 3)),
        ((30, 20), (32, 21)),
        ((6, 5), (24, 20)),
        ((1, 1), (9, 7)),
    ],
)
def test_both_routes_agree_on_awkward_and_on_tidy_ratios(
    source: tuple[int, int], target: tuple[int, int]
) -> None:
    head, features = build_head(), noise(1, 4, *source)
    with torch.no_grad():
        phases = head(features, Size(*target), route="phases")
        basis = head(features, Size(*target), route="basis")
    torch.testing.assert_close(phases, basis, atol=1e-4, rtol=0)


def test_a_pixel_is_the_filter_of_its_own_phase_over_the_3x3_features_around_it() -> None:
    head, features = build_head(), noise(1, 4, 5, 7)
    size = Size(8, 10)
    with torch.no_grad():
        made = head(features, size)
        padded = F.pad(features, (1, 1, 1, 1))
        rows, columns = AxisPhases(5, 8), AxisPhases(7, 10)
        for i in range(8):
            for j in range(10):
                y, x = (i + 0.5) * 5 / 8 - 0.5, (j + 0.5) * 7 / 10 - 0.5
                near_y, near_x = math.floor(y + 0.5), math.floor(x + 0.5)
                assert (near_y, near_x) == (rows.nearest(i), columns.nearest(j))
                phase = torch.tensor([y - near_y, x - near_x, 5 / 8, 7 / 10])
                kernel = head.filters(F.relu(head.hidden(phase))).view(3, 4, 3, 3)
                around = padded[0, :, near_y : near_y + 3, near_x : near_x + 3]
                expected = (kernel * around).sum(dim=(1, 2, 3))
                torch.testing.assert_close(made[0, :, i, j], expected, atol=1e-5, rtol=0)


def centre_tap(*, channels: int = 4) -> Tensor:
    """The filter that passes the first three channels through: ``(3, C, 3, 3)``."""
    kernel = torch.zeros(3, channels, 3, 3)
    for colour in range(3):
        kernel[colour, colour, 1, 1] = 1.0
    return kernel


def nearest_neighbour_head() -> MetaUpscale:
    head = MetaUpscale(CONFIG).requires_grad_(requires_grad=False)
    head.filters.weight.zero_()
    head.filters.bias.copy_(centre_tap().flatten())
    return head


def linear_head(*, axis: int) -> MetaUpscale:
    """A head that interpolates along rows (0) or columns (1), exactly.

    Two hidden units hold how far a pixel lies to either side of its source pixel; each moves that
    much weight from the centre tap to the neighbour on its side.
    """
    head = MetaUpscale(CONFIG).requires_grad_(requires_grad=False)
    for parameter in head.parameters():
        parameter.zero_()
    head.filters.bias.copy_(centre_tap().flatten())
    for unit, side in ((0, 1), (1, -1)):
        head.hidden.weight[unit, axis] = side
        shifted = centre_tap().roll(side, dims=2 + axis)
        head.filters.weight[:, unit] = (shifted - centre_tap()).flatten()
    return head


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 16),
    st.integers(1, 16),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from(["phases", "basis"]),
)
def test_with_a_lone_centre_tap_the_head_repeats_the_nearest_pixel(
    height: int, width: int, more_rows: int, more_columns: int, route: str
) -> None:
    size = Size(height + more_rows, width + more_columns)
    features = noise(1, 4, height, width)
    made = nearest_neighbour_head()(features, size, route)
    rows = torch.tensor([AxisPhases(height, size.height).nearest(i) for i in range(size.height)])
    columns = torch.tensor([AxisPhases(width, size.width).nearest(j) for j in range(size.width)])
    torch.testing.assert_close(made, features[:, :3, rows[:, None], columns], atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [Size(24, 40), Size(17, 27), Size(9, 11), Size(32, 10)])
@pytest.mark.parametrize("route", ["phases", "basis"])
def test_nearest_means_what_torch_means_by_it(size: Size, route: str) -> None:
    features = noise(1, 4, 8, 10)
    expected = F.interpolate(features[:, :3], (size.height, size.width), mode="nearest-exact")
    made = nearest_neighbour_head()(features, size, route)
    torch.testing.assert_close(made, expected, atol=1e-6, rtol=0)


@settings(deadline=None, max_examples=40)
@given(st.integers(4, 14), st.integers(0, 40), st.booleans(), st.sampled_from(["phases", "basis"]))
def test_with_weights_set_so_the_head_interpolates_linearly(
    side: int, more: int, along_columns: bool, route: str
) -> None:
    features = noise(1, 4, *((3, side) if along_columns else (side, 3)))
    target = (3, side + more) if along_columns else (side + more, 3)
    expected = F.interpolate(features[:, :3], target, mode="bilinear", align_corners=False)
    made = linear_head(axis=int(along_columns))(features, Size(*target), route)
    # The head sees black beyond the picture, torch repeats its edge: compare what neither reaches.
    axis = AxisPhases(side, side + more)
    inner = [i for i in range(axis.target) if 0 < axis.nearest(i) < side - 1]
    chosen = torch.tensor(inner)
    along = -1 if along_columns else -2
    torch.testing.assert_close(
        made.index_select(along, chosen), expected.index_select(along, chosen), atol=1e-5, rtol=0
    )


def test_the_head_sees_both_factors_and_both_offsets() -> None:
    head = build_head()
    units = head.hidden_units(AxisPhases(3, 7), AxisPhases(4, 6), range(7), range(6))
    assert units.shape == (7, 6, 6)
    wanted = torch.tensor([AxisPhases(3, 7).offset(5), AxisPhases(4, 6).offset(1), 3 / 7, 4 / 6])
    torch.testing.assert_close(units[5, 1], F.relu(head.hidden(wanted)))


class LargestTensor(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Remembers the size of the largest tensor any operation returns."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements = 0
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self.elements = max(self.elements, tensor.numel())
                self.total += tensor.numel()
        return made


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Size(120, 100), Size(480, 400)),  # x4: one convolution
        (Size(160, 150), Size(432, 405)),  # x2.7 = 27 / 10: a hundred of them
        (Size(136, 160), Size(367, 432)),  # awkward along one axis
        (Size(160, 151), Size(433, 408)),  # awkward along both: the other route
        (Size(402, 400), Size(403, 400)),
    ],
)
def test_no_filter_is_held_per_output_pixel(source: Size, target: Size) -> None:
    head, features = build_head(), noise(1, 4, source.height, source.width)
    per_pixel = target.height * target.width * head.filters.out_features
    with torch.no_grad(), LargestTensor() as largest:
        head(features, target)
    made = 3 * target.height * target.width
    assert largest.elements >= made
    assert largest.elements < per_pixel / 5


def test_gradients_through_both_routes_agree() -> None:
    head = build_head().double()
    gradients = []
    for route in ("phases", "basis"):
        head.zero_grad()
        features = noise(2, 4, 6, 5).double().requires_grad_()
        made = head(features, Size(14, 9), route)
        torch.autograd.backward((made * noise(*made.shape, seed=1)).sum())
        leaves = [features, *head.parameters()]
        gradients.append([leaf.grad.clone() for leaf in leaves if leaf.grad is not None])
        assert len(gradients[-1]) == len(leaves)
    for one, other in zip(*gradients, strict=True):
        assert one.abs().max() > 0
        # The phases' coordinates stay in float32, hence not closer.
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("route", ["phases", "basis"])
def test_bfloat16_stays_close_to_float32(route: str) -> None:
    head = build_head(replace(CONFIG, channels=16)).requires_grad_(requires_grad=False)
    features = noise(1, 16, 12, 10).bfloat16()
    rough = head.bfloat16()(features, Size(31, 27), route)
    exact = head.float()(features.float(), Size(31, 27), route)
    assert rough.dtype is torch.bfloat16
    # Eight bits of mantissa, on sums of 144 products.
    assert float((rough.float() - exact).abs().max() / exact.abs().max()) < 0.04
    assert float((rough.float() - exact).abs().mean() / exact.abs().mean()) < 0.02


def test_neighbouring_phases_stay_apart_in_half_precision() -> None:
    # From 2000 to 2001 pixels, offsets differ by 1/2001; bfloat16 has 128 numbers from 1/4 to 1/2.
    head = linear_head(axis=1).bfloat16()
    units = head.hidden_units(AxisPhases(1, 1), AxisPhases(2000, 2001), range(1), range(2001))
    assert units.dtype is torch.float32
    assert len(set(units[0, :, :2].sum(dim=-1).tolist())) > 990


def test_under_autocast_coordinates_stay_exact() -> None:
    head = build_head()
    axis = AxisPhases(100, 101)
    plain = head.hidden_units(axis, axis, range(50, 60), range(3))
    with torch.autocast("cpu", torch.bfloat16):
        cast = head.hidden_units(axis, axis, range(50, 60), range(3))
    assert torch.equal(plain, cast)


def test_clips_of_a_batch_do_not_touch_each_other() -> None:
    head, features = build_head(), noise(3, 4, 6, 5)
    with torch.no_grad():
        for route in ("phases", "basis"):
            together = head(features, Size(14, 12), route)
            alone = torch.cat([head(one[None], Size(14, 12), route) for one in features])
            torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


def test_a_fresh_head_adds_next_to_nothing() -> None:
    torch.manual_seed(0)
    head = MetaUpscale(DSCVSR_PAPER).requires_grad_(requires_grad=False)
    assert head(noise(1, 64, 8, 8), Size(24, 24)).abs().max() < 0.2


@pytest.mark.parametrize("target", [Size(47, 47), Size(31, 46)])
def test_learning_an_awkward_factor_does_not_move_the_filters_many_times(target: Size) -> None:
    head, features = build_head(), noise(1, 4, 12, 12)
    table = target.height * target.width * head.filters.out_features
    with LargestTensor() as seen:
        # What runs backward on a CPU runs in this thread, so it is seen too.
        torch.autograd.backward(head(features, target, "phases").sum())
    assert table < seen.total < 45 * table

"""Alpha is enlarged with the frames that have it."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.alpha import enlarge_alpha


@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12),
    height=st.integers(3, 11),
    width=st.integers(4, 13),
)
def test_enlarged_alpha_has_the_size_asked_for_and_stays_in_range(
    values: list[float], height: int, width: int
) -> None:
    alpha = torch.tensor(values).view(1, 3, 4)
    frame = Frame(pixels=torch.zeros(3, height, width), pts=7, duration=2, alpha=alpha)
    (large,) = enlarge_alpha([frame], Size(height, width))
    assert large.alpha is not None
    assert large.alpha.shape == (1, height, width)
    assert float(large.alpha.min()) >= 0
    assert float(large.alpha.max()) <= 1
    assert (large.pts, large.duration) == (7, 2)


def test_frames_without_alpha_pass_unchanged() -> None:
    frame = Frame(pixels=torch.zeros(3, 4, 4), pts=0)
    assert list(enlarge_alpha([frame], Size(4, 4))) == [frame]

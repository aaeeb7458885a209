"""How long a segment is, and so how often progress is saved."""

from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.plan_segments import default_segment_frames

SIDES = st.integers(16, 16384)


@given(height=SIDES, width=SIDES)
def test_a_gpu_makes_longer_segments_and_none_is_extreme(height: int, width: int) -> None:
    size = Size(height, width)
    slow, fast = default_segment_frames(size, "cpu"), default_segment_frames(size, "cuda")
    assert 24 <= slow <= fast <= 3000
    assert default_segment_frames(Size(height, 2 * width), "cuda") <= fast

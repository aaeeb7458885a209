"""How often work is made safe."""

from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job_output import checkpoint_frames

SIDES = st.integers(16, 16384)


@given(height=SIDES, width=SIDES)
def test_a_gpu_makes_longer_pieces_and_all_are_of_reason(height: int, width: int) -> None:
    size = Size(height, width)
    slow, fast = checkpoint_frames(size, "cpu"), checkpoint_frames(size, "cuda")
    assert 24 <= slow <= fast <= 3000
    assert checkpoint_frames(Size(height, 2 * width), "cuda") <= fast

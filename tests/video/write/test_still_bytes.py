"""encode_still(): one picture in memory, read back by PyAV alone."""

import io
from typing import Final

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.write.still_bytes import encode_still
from dscvsr_cli.video.write.still_options import StillFormat, StillOptions
from tests.clips import picture
from tests.helpers import assert_frames_close

DRAWN: Final = torch.from_numpy(picture(0, 37, 53)).permute(2, 0, 1) / 255


def decoded(data: bytes) -> Tensor:
    """Return a picture file as ``(3, H, W)`` in [0, 1], decoded by libav and nothing of ours."""
    with av.open(io.BytesIO(data), "r") as container:
        frame = next(container.decode(video=0))
    return torch.from_numpy(np.array(frame.to_ndarray(format="rgb24"))).permute(2, 0, 1) / 255


@pytest.mark.parametrize(
    "options", [StillOptions(format="png"), StillOptions(format="webp", lossless=True)]
)
def test_exact_formats_give_every_value_back(options: StillOptions) -> None:
    values = (torch.arange(3 * 16 * 17).view(3, 16, 17) % 256) / 255
    assert_frames_close(decoded(encode_still(values, options)), values, tolerance="float")


@pytest.mark.parametrize("name", ["webp", "jpeg"])
def test_the_others_come_close_in_odd_sizes_and_right_colours(name: StillFormat) -> None:
    shown = decoded(encode_still(DRAWN, StillOptions(format=name, quality=95)))
    assert_frames_close(shown, DRAWN, tolerance="encoded")


@pytest.mark.parametrize("name", ["webp", "jpeg"])
def test_a_higher_quality_takes_more_and_loses_less(name: StillFormat) -> None:
    low, high = (
        encode_still(DRAWN, StillOptions(format=name, quality=value)) for value in (10, 98)
    )
    assert len(low) < len(high)
    losses = [float((decoded(data) - DRAWN).square().mean()) for data in (low, high)]
    assert losses[0] > losses[1]


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_that_does_not_exist_is_refused(quality: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 100"):
        StillOptions(format="webp", quality=quality)


def test_jpeg_cannot_be_asked_to_lose_nothing() -> None:
    with pytest.raises(ValueError, match="never lossless"):
        StillOptions(format="jpeg", lossless=True)


def test_what_is_no_picture_is_a_programming_error() -> None:
    for shape in ((1, 4, 4), (3, 0, 4), (4, 4)):
        with pytest.raises(ValueError, match="expected"):
            encode_still(torch.zeros(shape), StillOptions())

"""Validation: measured as the papers do, on clips that are read whole, at set moments."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor

from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.datasets.sources import Source
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.training.validation import (
    MOST_CLIP_FRAMES,
    MOST_CLIPS,
    Score,
    Validator,
    choose_clips,
    is_due,
)
from tests.clips import Clip, render
from tests.networks import SMALLEST

CPU = torch.device("cpu")


def made(size: Size) -> tuple[int, int]:
    return size.height, size.width


class Bicubic(RecurrentNetwork):
    """Adds nothing to the interpolated frames."""

    def forward(self, frames: Tensor, size: Size, *, first_index: int = 0) -> Tensor:
        assert first_index == 0
        assert not self.training
        return interpolate(frames.flatten(0, 1), size).view(*frames.shape[:3], *made(size))


def test_a_network_that_adds_nothing_scores_what_bicubic_scores(
    moving_clip: Tensor, tiny_network: RecurrentNetwork
) -> None:
    network = Bicubic(tiny_network.config).train()
    scores = Validator([moving_clip, moving_clip[:3]], device=CPU).measure(network)
    assert [score.scale for score in scores] == [2, 4]
    for score in scores:
        assert score.psnr_y == pytest.approx(
            score.bicubic_psnr_y, abs=0.6
        )  # edges differ by design
    assert scores[0].psnr_y > scores[1].psnr_y + 1
    assert network.training


def test_the_bicubic_score_is_what_skimage_finds_on_luma(moving_clip: Tensor) -> None:
    validator = Validator([moving_clip[:2]], device=CPU)
    found = []
    for frame in moving_clip[:2]:
        pair = degrade_picture(frame / 255, 4)
        shown = luma(quantise(resize(pair.low, Size(48, 64)).double()))
        truth = luma(pair.truth.double())
        found.append(
            float(peak_signal_noise_ratio(truth.numpy(), shown.numpy(), data_range=255))  # type: ignore[no-untyped-call]
        )
    network = Bicubic(SMALLEST)
    assert validator.measure(network)[1].bicubic_psnr_y == pytest.approx(sum(found) / 2)


def test_what_a_network_adds_changes_its_score(
    moving_clip: Tensor, tiny_network: RecurrentNetwork
) -> None:
    for score in Validator([moving_clip], device=CPU).measure(tiny_network):
        assert score.psnr_y != pytest.approx(score.bicubic_psnr_y, abs=1e-3)


def test_large_and_odd_clips_are_cut_to_what_every_scale_divides() -> None:
    for height, width in ((299, 517), (64, 65), (67, 300)):
        clip = torch.randint(0, 256, (2, 3, height, width)).to(torch.uint8)
        scores = Validator([clip], device=CPU).measure(Bicubic(SMALLEST))
        assert all(5 < score.psnr_y < 60 for score in scores)


def test_flat_frames_keep_the_mean_finite() -> None:
    flat = torch.full((2, 3, 64, 64), 77, dtype=torch.uint8)
    for score in Validator([flat], device=CPU).measure(Bicubic(SMALLEST)):
        assert score.psnr_y == pytest.approx(100.0)


def test_without_clips_nothing_can_be_measured() -> None:
    with pytest.raises(ValueError, match="clips"):
        Validator([], device=CPU)


def test_a_few_frames_of_a_few_clips_spread_over_all_are_taken(tmp_path: Path) -> None:
    large = Clip(width=80, height=64, pts=tuple(range(0, 10 * 512, 512)))
    path = render(large, tmp_path)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    small = render(Clip(), tmp_path, name="small")
    paths = [path, broken, small, *[path] * 9]
    sources = [Source(name=str(i), kind="video", paths=(p,)) for i, p in enumerate(paths)]
    clips = choose_clips(sources)
    assert [clip.shape for clip in clips] == [(MOST_CLIP_FRAMES, 3, 64, 80)] * MOST_CLIPS
    assert choose_clips(sources[1:3]) == []
    assert choose_clips([Source(name="p", kind="photo", paths=(path,))]) == []


@given(st.integers(1, 30), st.lists(st.floats(0, 1), max_size=40))
def test_every_moment_comes_once_however_long_the_steps_are(
    times: int, places: list[float]
) -> None:
    walk = [0.0, *sorted(places), 1.0]
    due = sum(is_due(before, after, times=times) for before, after in pairwise(walk))
    # Several moments within one step are one.
    assert 1 <= due <= times
    assert is_due(walk[-2], 1.0, times=times) or walk[-2] == 1.0
    assert not is_due(0.3, 0.9, times=0)


def test_a_fine_walk_meets_every_moment() -> None:
    steps = [step / 1000 for step in range(1001)]
    due = [b for a, b in pairwise(steps) if is_due(a, b, times=10)]
    assert due == [place / 10 for place in range(1, 11)]


def test_a_score_reads_well() -> None:
    score = Score(scale=4, psnr_y=27.123, bicubic_psnr_y=25.0)
    assert str(score) == "x4 27.12 dB (bicubic 25.00)"

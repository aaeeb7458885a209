import math
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from statistics import fmean

import pytest
import torch
from torch import Tensor

from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import PicturePair, degrade_bicubic
from dscvsr_cli.errors import DatasetError, UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.imaging.ssim import ssim
from dscvsr_cli.pipelines.bench import PROTOCOL, BenchProgress, bench, classical_upscaler
from dscvsr_cli.pipelines.bench_report import ClipScore, mean_score


def frame(index: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(index)
    coarse = torch.rand(3, height // 4 + 1, width // 4 + 1, generator=generator)
    return resize(coarse, Size(height, width)).clamp(0, 1)


def clip(name: str, frames: int, height: int = 32, width: int = 40) -> Clip:
    return Clip(
        name=name,
        frame_count=frames,
        read=lambda: (frame(index, height, width) for index in range(frames)),
    )


def nearest(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
    for low in frames:
        yield torch.nn.functional.interpolate(low[None], size=(size.height, size.width))[0]


def test_bicubic_scores_what_its_definition_says() -> None:
    report = bench("mine", [clip("one", 3)], {}, scales=[2.0])
    psnrs, ssims = [], []
    for index in range(3):
        pair = degrade_bicubic(frame(index, 32, 40), 2.0)
        shown = luma(quantise(resize(pair.low, Size(32, 40)).double()))
        truth = luma(pair.truth.double())
        psnrs.append(psnr(shown, truth).item())
        ssims.append(ssim(shown, truth).item())
    score = report.scores[0]
    assert (score.method, score.clip, score.frames) == ("bicubic", "one", 3)
    assert score.psnr_db == pytest.approx(fmean(psnrs), abs=1e-3)
    assert score.ssim == pytest.approx(fmean(ssims), abs=1e-5)


def test_every_method_is_measured_on_every_clip_at_every_factor() -> None:
    report = bench("mine", [clip("a", 1), clip("b", 2)], {"nearest": nearest}, scales=[2.0, 2.7])
    assert [(score.scale, score.method, score.clip) for score in report.scores] == [
        (scale, method, name)
        for scale in (2.0, 2.7)
        for method in ("bicubic", "lanczos", "nearest")
        for name in ("a", "b")
    ]
    by_method = {mean.method: mean.psnr_db for mean in report.means if mean.scale == 2.7}
    assert by_method["nearest"] < by_method["bicubic"] < by_method["lanczos"]
    assert {score.size for score in report.scores if score.scale == 2.7} == {Size(30, 38)}
    assert report.protocol == (*PROTOCOL, "all frames of every clip")


def test_clips_weigh_the_same_however_long_they_are() -> None:
    report = bench("mine", [clip("short", 1), clip("long", 4, 48, 24)], {}, scales=[3.0])
    bicubic = [score for score in report.scores if score.method == "bicubic"]
    assert report.means[0].psnr_db == pytest.approx(fmean(score.psnr_db for score in bicubic))
    assert report.means[0].ssim == pytest.approx(fmean(score.ssim for score in bicubic))


def test_only_the_first_frames_are_measured_when_so_asked() -> None:
    report = bench("mine", [clip("a", 5), clip("b", 1)], {}, frames=2)
    assert [score.frames for score in report.scores] == [2, 1, 2, 1]
    assert any("only the first 2 frames" in statement for statement in report.protocol)
    assert not any("all frames" in statement for statement in report.protocol)


def test_the_truth_itself_scores_infinity_and_one() -> None:
    def oracle(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        for index, _ in enumerate(frames):
            yield frame(index, size.height, size.width)

    report = bench("mine", [clip("one", 2)], {"oracle": oracle}, parameters={"oracle": 7})
    assert report.means[-1].psnr_db == math.inf
    assert report.means[-1].ssim == pytest.approx(1)
    assert [mean.parameters for mean in report.means] == [None, None, 7]


def test_an_upscaler_may_look_at_the_whole_clip_before_it_answers() -> None:
    def patient(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        return iter([resize(low, size) for low in list(frames)])

    report = bench("mine", [clip("one", 4)], {"patient": patient})
    values = {score.method: score.psnr_db for score in report.scores}
    assert values["patient"] == values["bicubic"]


def test_pictures_that_are_answered_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[weakref.ref[Tensor]] = []
    most_alive = 0

    def watched(frames: Iterable[Tensor], scale: float) -> Iterator[PicturePair]:
        nonlocal most_alive
        for picture in frames:
            pair = degrade_bicubic(picture, scale)
            pictures.extend((weakref.ref(pair.low), weakref.ref(pair.truth)))
            most_alive = max(most_alive, sum(reference() is not None for reference in pictures))
            yield pair

    def looking_two_ahead(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        waiting: deque[Tensor] = deque()
        for low in frames:
            waiting.append(low)
            if len(waiting) > 2:
                yield resize(waiting.popleft(), size)
        while waiting:
            yield resize(waiting.popleft(), size)

    monkeypatch.setattr("dscvsr_cli.pipelines.bench.degrade_frames", watched)
    bench("mine", [clip("long", 30)], {"ahead": looking_two_ahead})
    assert len(pictures) == 3 * 30 * 2
    # Two pairs wait, one is new, one has just been answered, one more hangs in a generator.
    assert 6 <= most_alive <= 10


def test_time_spent_reading_is_not_the_upscalers() -> None:
    def slowly() -> Iterator[Tensor]:
        for index in range(3):
            time.sleep(0.1)
            yield frame(index, 16, 16)

    def lazy(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        for low in frames:
            time.sleep(0.02)
            yield resize(low, size)

    report = bench("mine", [Clip(name="slow", frame_count=3, read=slowly)], {"lazy": lazy})
    bicubic, _, measured = report.scores
    assert bicubic.seconds < 0.15
    assert 0.06 <= measured.seconds < 0.2
    assert report.means[2].frames_per_second == pytest.approx(3 / measured.seconds)


def test_progress_is_told_after_every_frame() -> None:
    told: list[BenchProgress] = []
    bench("mine", [clip("one", 3)], {}, scales=[2.0], progress=told.append)
    assert [(item.method, item.frames_done, item.frames_total) for item in told] == [
        (method, done, 3) for method in ("bicubic", "lanczos") for done in (1, 2, 3)
    ]


def test_an_upscaler_that_loses_invents_or_misshapes_frames_is_found_out() -> None:
    def losing(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        return (resize(low, size) for index, low in enumerate(frames) if index != 1)

    def inventing(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        for low in frames:
            yield resize(low, size)
        yield torch.zeros(3, size.height, size.width)

    def small(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        return (resize(low, Size(size.height, size.width - 1)) for low in frames)

    for wrong, complaint in (
        (losing, "gave only 2"),
        (inventing, "too many"),
        (small, "wrong size"),
    ):
        with pytest.raises(ValueError, match=complaint):
            bench("mine", [clip("one", 3)], {"wrong": wrong}, scales=[2.0])


def test_what_cannot_be_measured_is_refused_with_a_reason() -> None:
    with pytest.raises(DatasetError, match="holds no frames"):
        bench("mine", [clip("empty", 0)], {})
    with pytest.raises(DatasetError, match="only 12x8, too small"):
        bench("mine", [clip("tiny", 1, 10, 12)], {})
    with pytest.raises(UsageError, match="above 1"):
        bench("mine", [clip("one", 1)], {}, scales=[1.0])
    with pytest.raises(ValueError, match="other names"):
        bench("mine", [clip("one", 1)], {"bicubic": nearest})
    with pytest.raises(ValueError, match="len"):
        bench("mine", [], {})


def test_enlarging_without_a_network_keeps_one_size_and_order() -> None:
    lows = [torch.full((3, 8, 8), level) for level in (0.0, 0.5, 1.0)]
    made = list(classical_upscaler("lanczos3")(lows, Size(20, 22)))
    assert [tuple(picture.shape) for picture in made] == [(3, 20, 22)] * 3
    assert [picture.mean().item() for picture in made] == pytest.approx([0.0, 0.5, 1.0])


def test_scores_of_different_methods_have_no_mean() -> None:
    scores = [
        ClipScore(
            method=method,
            scale=2.0,
            clip="a",
            frames=1,
            size=Size(16, 16),
            psnr_db=30.0,
            ssim=0.9,
            seconds=1.0,
        )
        for method in ("one", "two")
    ]
    with pytest.raises(ValueError, match="one method"):
        mean_score(scores)
    with pytest.raises(ValueError, match="one method"):
        mean_score([])

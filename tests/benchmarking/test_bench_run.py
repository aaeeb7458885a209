"""A run of the benchmark: every method is measured fairly, and what cannot be is refused."""

import math
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import fmean

import pytest
import torch
from torch import Tensor

from dscvsr_cli.benchmarking import measure_clip as measuring
from dscvsr_cli.benchmarking.bench_protocol import statements
from dscvsr_cli.benchmarking.bench_run import BenchRun
from dscvsr_cli.benchmarking.measure_clip import MeasuredFrame
from dscvsr_cli.benchmarking.methods import (
    Method,
    MethodInfo,
    classical_upscaler,
)
from dscvsr_cli.benchmarking.report import ClipScore, MeasuredQuality, mean_score
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import Degradation, PicturePair, degrade_picture
from dscvsr_cli.errors import DatasetError, UsageError
from dscvsr_cli.frames import Frame, numbered
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.imaging.ssim import ssim
from tests.benchmarking.benches import PLAIN, bench, clip, frame, nearest, plan
from tests.ctrl_c import CtrlC


def test_bicubic_scores_what_its_definition_says() -> None:
    report = bench([clip("one", 3)], scales=[2.0])
    psnrs, ssims = [], []
    for index in range(3):
        pair = degrade_picture(frame(index, 32, 40), 2.0)
        shown = luma(quantise(resize(pair.low, Size(32, 40)).double()))
        truth = luma(pair.truth.double())
        psnrs.append(psnr(shown, truth).item())
        ssims.append(ssim(shown, truth).item())
    score = report.scores[0]
    assert (score.method, score.clip, score.frames) == ("bicubic", "one", 3)
    assert score.quality.psnr_y == pytest.approx(fmean(psnrs), abs=1e-3)
    assert score.quality.ssim_y == pytest.approx(fmean(ssims), abs=1e-5)


def test_every_method_is_measured_on_every_clip_at_every_factor() -> None:
    report = bench([clip("a", 1), clip("b", 2)], {"nearest": nearest}, scales=[2.0, 2.7])
    assert [(score.scale, score.method, score.clip) for score in report.scores] == [
        (scale, method, name)
        for scale in (2.0, 2.7)
        for method in ("bicubic", "lanczos", "nearest")
        for name in ("a", "b")
    ]
    by_method = {mean.method: mean.quality.psnr_y for mean in report.means if mean.scale == 2.7}
    assert by_method["nearest"] < by_method["bicubic"] < by_method["lanczos"]
    assert {score.size for score in report.scores if score.scale == 2.7} == {Size(30, 38)}
    assert report.statements == statements(PLAIN)


def test_clips_weigh_the_same_however_long_they_are() -> None:
    report = bench([clip("short", 1), clip("long", 4, 48, 24)], scales=[3.0])
    bicubic = [score for score in report.scores if score.method == "bicubic"]
    assert report.means[0].quality.psnr_y == pytest.approx(
        fmean(score.quality.psnr_y for score in bicubic)
    )
    assert report.means[0].quality.ssim_y == pytest.approx(
        fmean(score.quality.ssim_y for score in bicubic)
    )


def test_only_the_first_frames_are_measured_when_so_asked() -> None:
    report = bench([clip("a", 5), clip("b", 1)], protocol=replace(PLAIN, frames=2))
    assert [score.frames for score in report.scores] == [2, 1, 2, 1]
    assert any("only the first 2 frames" in statement for statement in report.statements)
    assert not any("all frames" in statement for statement in report.statements)


def test_the_truth_itself_scores_infinity_and_one() -> None:
    def oracle(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        for index, _ in enumerate(frames):
            yield frame(index, size.height, size.width)

    report = bench([clip("one", 2)], {"oracle": oracle})
    assert report.means[-1].quality.psnr_y == math.inf
    assert report.means[-1].quality.ssim_y == pytest.approx(1)


def test_an_upscaler_may_look_at_the_whole_clip_before_it_answers() -> None:
    def patient(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        return iter([resize(low.pixels, size) for low in list(frames)])

    report = bench([clip("one", 4)], {"patient": patient})
    values = {score.method: score.quality.psnr_y for score in report.scores}
    assert values["patient"] == values["bicubic"]


def test_pictures_that_are_answered_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[weakref.ref[Tensor]] = []
    most_alive = 0

    def watched(
        frames: Iterable[Tensor],
        scale: float,
        degradation: Degradation,  # noqa: ARG001  # the real one's
    ) -> Iterator[PicturePair]:
        nonlocal most_alive
        for picture in frames:
            pair = degrade_picture(picture, scale)
            pictures.extend((weakref.ref(pair.low), weakref.ref(pair.truth)))
            most_alive = max(most_alive, sum(reference() is not None for reference in pictures))
            yield pair

    def looking_two_ahead(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        waiting: deque[Tensor] = deque()
        for low in frames:
            waiting.append(low.pixels)
            if len(waiting) > 2:
                yield resize(waiting.popleft(), size)
        while waiting:
            yield resize(waiting.popleft(), size)

    monkeypatch.setattr(measuring, "clip_pairs", watched)
    bench([clip("long", 30)], {"ahead": looking_two_ahead})
    assert len(pictures) == 3 * 30 * 2
    # Two pairs wait, one is new, one has just been answered, one more hangs in a generator.
    assert 6 <= most_alive <= 10


def test_time_spent_reading_is_not_the_upscalers() -> None:
    def slowly() -> Iterator[Tensor]:
        for index in range(3):
            time.sleep(0.1)
            yield frame(index, 16, 16)

    def lazy(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        for low in frames:
            time.sleep(0.02)
            yield resize(low.pixels, size)

    report = bench([Clip(name="slow", frame_count=3, read=slowly)], {"lazy": lazy})
    bicubic, _, measured = report.scores
    assert bicubic.seconds is not None
    assert measured.seconds is not None
    assert bicubic.seconds < 0.15
    assert 0.06 <= measured.seconds < 0.2
    assert report.means[2].frames_per_second == pytest.approx(3 / measured.seconds)


def test_every_frame_is_reported_as_it_is_made() -> None:
    told: list[MeasuredFrame] = []
    bench([clip("one", 3)], scales=[2.0], on_frame=told.append)
    assert [(item.method, item.clip, item.place) for item in told] == [
        (method, "one", place) for method in ("bicubic", "lanczos") for place in range(3)
    ]
    assert torch.equal(told[1].pair.truth, degrade_picture(frame(1, 32, 40), 2.0).truth)


def test_an_upscaler_that_loses_invents_or_misshapes_frames_is_found_out() -> None:
    def losing(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        return (resize(low.pixels, size) for index, low in enumerate(frames) if index != 1)

    def inventing(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        for low in frames:
            yield resize(low.pixels, size)
        yield torch.zeros(3, size.height, size.width)

    def small(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        return (resize(low.pixels, Size(size.height, size.width - 1)) for low in frames)

    for wrong, complaint in (
        (losing, "gave only 2"),
        (inventing, "too many"),
        (small, "wrong size"),
    ):
        with pytest.raises(ValueError, match=complaint):
            bench([clip("one", 3)], {"wrong": wrong}, scales=[2.0])


def test_what_cannot_be_measured_is_refused_with_a_reason() -> None:
    with pytest.raises(DatasetError, match="holds no frames"):
        bench([clip("empty", 0)])
    with pytest.raises(DatasetError, match="only 12x8, too small"):
        bench([clip("tiny", 1, 10, 12)])
    with pytest.raises(UsageError, match="above 1"):
        bench([clip("one", 1)], scales=[1.0])
    with pytest.raises(ValueError, match="different names"):
        bench([clip("one", 1)], {"bicubic": nearest})
    with pytest.raises(ValueError, match="different names"):
        bench([])
    with pytest.raises(ValueError, match="different names"):
        bench([clip("one", 1), clip("one", 2)])


def test_enlarging_without_a_network_keeps_one_size_and_order() -> None:
    lows = [torch.full((3, 8, 8), level) for level in (0.0, 0.5, 1.0)]
    made = list(classical_upscaler("lanczos3")(numbered(lows), Size(20, 22)))
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
            frames_made=1,
            quality=MeasuredQuality(psnr_y=30.0, ssim_y=0.9, psnr_rgb=29.0, ssim_rgb=0.8),
            seconds=1.0,
        )
        for method in ("one", "two")
    ]
    with pytest.raises(ValueError, match="one method"):
        mean_score(scores)
    with pytest.raises(ValueError, match="one method"):
        mean_score([])


def test_a_gain_is_counted_from_bicubic_on_the_protocols_channel() -> None:
    for channel in ("y", "rgb"):
        report = bench([clip("a", 2)], scales=[2.0], protocol=replace(PLAIN, channel=channel))
        bicubic, lanczos = report.means
        expected = lanczos.quality.psnr(channel) - bicubic.quality.psnr(channel)
        assert bicubic.gain_db == 0
        assert lanczos.gain_db == pytest.approx(expected)
        assert lanczos.quality.psnr_y != lanczos.quality.psnr_rgb


def test_only_frames_that_count_are_scored_but_all_are_made() -> None:
    centred = replace(clip("seven", 7), measured=frozenset({3}))
    score = bench([centred], scales=[2.0]).scores[0]
    assert (score.frames, score.frames_made) == (1, 7)
    alone = Clip(name="x", frame_count=1, read=lambda: iter([frame(3, 32, 40)]))
    assert score.quality == bench([alone], scales=[2.0]).scores[0].quality


def test_a_border_can_be_left_out() -> None:
    def spoilt(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        for index, _ in enumerate(frames):
            picture = frame(index, size.height, size.width)
            picture[:, :2], picture[:, :, -2:] = 0, 1
            yield picture

    whole = bench([clip("a", 1)], {"spoilt": spoilt}, scales=[2.0])
    inner = bench([clip("a", 1)], {"spoilt": spoilt}, scales=[2.0], protocol=replace(PLAIN, crop=2))
    assert whole.means[-1].quality.psnr_y < 30
    assert inner.means[-1].quality.psnr_rgb == math.inf


def test_low_resolution_frames_from_disk_are_taken_where_they_fit_the_protocol() -> None:
    grey = [torch.full((3, 16, 20), 0.5)] * 2
    stored = replace(clip("a", 2), lows={("bi", 2): lambda: iter(grey)})
    made, taken = bench([clip("a", 2)], scales=[2.0]), bench([stored], scales=[2.0])
    assert taken.scores[0].quality.psnr_y < made.scores[0].quality.psnr_y
    for protocol in (replace(PLAIN, degradation="bd"), replace(PLAIN, degradation="codec:20")):
        assert [
            score.quality for score in bench([stored], scales=[2.0], protocol=protocol).scores
        ] == [
            score.quality for score in bench([clip("a", 2)], scales=[2.0], protocol=protocol).scores
        ]
    for wrong in (lambda: iter(grey[:1]), lambda: iter([torch.rand(3, 9, 9)] * 2)):
        with pytest.raises(DatasetError, match="stored low-resolution frame"):
            bench([replace(stored, lows={("bi", 2): wrong})], scales=[2.0])


def test_a_run_that_was_broken_off_keeps_what_is_done_and_another_goes_on() -> None:
    made: list[str] = []

    def impatient(item: MeasuredFrame) -> None:
        made.append(item.method)
        if (item.clip, item.method) == ("b", "lanczos"):
            raise CtrlC

    clips = [clip("a", 2), clip("b", 2)]
    first = plan(clips, scales=[2.0])
    with pytest.raises(KeyboardInterrupt):
        first.run(on_frame=impatient)
    half = first.report()
    assert [(score.method, score.clip) for score in half.scores] == [
        ("bicubic", "a"),
        ("bicubic", "b"),
        ("lanczos", "a"),
    ]
    assert not half.complete
    assert half.means[1].gain_db is None
    second = plan(clips, scales=[2.0])
    assert (second.frames_total, second.take_over(half), second.frames_total) == (8, 3, 2)
    made.clear()
    whole = second.run(on_frame=lambda item: made.append(f"{item.method} {item.clip}"))
    assert made == ["lanczos b"] * 2
    assert whole.complete
    assert [mean.quality for mean in whole.means] == [
        mean.quality for mean in bench(clips, scales=[2.0]).means
    ]


def test_scores_by_another_protocol_or_other_weights_are_not_taken_over() -> None:
    older = bench([clip("a", 1)], {"net": nearest}, scales=[2.0])
    with pytest.raises(UsageError, match="another protocol"):
        plan([clip("a", 1)], protocol=replace(PLAIN, crop=1)).take_over(older)
    trained = Method(info=MethodInfo(name="net", sha256="1" * 64), upscale=nearest)
    again = BenchRun([clip("a", 1)], [trained], protocol=PLAIN, scales=[2.0])
    assert again.take_over(older) == 0

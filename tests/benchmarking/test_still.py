"""How much an enlarged frame changes while its input stands still."""

from collections.abc import Iterable, Iterator
from itertools import count, pairwise

import pytest
import torch
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol, statements
from dscvsr_cli.benchmarking.bench_run import BenchRun
from dscvsr_cli.benchmarking.measure_clip import still_change
from dscvsr_cli.benchmarking.methods import (
    Method,
    MethodInfo,
    classical_methods,
    classical_upscaler,
)
from dscvsr_cli.benchmarking.report_file import report_from_json, report_to_json
from dscvsr_cli.benchmarking.still_input import STILL_FRAMES, still_frames
from dscvsr_cli.benchmarking.tables import csv_text, quality_table
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size

STILL = BenchProtocol(dataset="mine", temporal=False, still=True)


def clip() -> Clip:
    pictures = torch.rand(3, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    return Clip(name="one", frame_count=3, read=lambda: iter(pictures))


def restless(levels: float) -> Method:
    """Enlarge as bicubic does, every second frame brighter by some levels."""

    def upscale(lows: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        made = classical_upscaler("bicubic")(lows, size)
        for place, frame in zip(count(), made, strict=False):
            yield frame.mul(0.9) + (levels / 255 if place % 2 else 0.0)

    return Method(info=MethodInfo(name="restless"), upscale=upscale)


def test_what_alternates_changes_by_its_step() -> None:
    low = torch.full((3, 20, 20), 0.5)
    assert still_change(restless(40.0), low, Size(40, 40)) == pytest.approx(40.0, abs=0.05)


def test_a_still_picture_is_stirred_by_a_level_alike_for_all() -> None:
    picture = torch.rand(3, 30, 30, generator=torch.Generator().manual_seed(2))
    frames = torch.stack(list(still_frames(picture)))
    off = (frames - (picture * 255.0).round() / 255.0) * 255.0
    assert set(off.round().flatten().tolist()) == {-1.0, 0.0, 1.0}
    assert float(off.abs().mean()) == pytest.approx(0.25, abs=0.02)
    assert float(frames.min()) >= 0.0
    assert float(frames.max()) <= 1.0
    assert torch.equal(frames, torch.stack(list(still_frames(picture))))
    assert all(not torch.equal(one, other) for one, other in pairwise(frames))


def test_a_method_is_given_the_first_frame_again_and_again() -> None:
    seen: list[Tensor] = []

    def upscale(lows: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        for low in lows:
            seen.append(low.pixels)
            yield torch.zeros(3, size.height, size.width)

    low = torch.rand(3, 20, 20)
    assert still_change(Method(info=MethodInfo(name="x"), upscale=upscale), low, Size(40, 40)) == 0
    assert len(seen) == STILL_FRAMES
    assert all(float((frame - low).abs().max()) < 1.6 / 255.0 for frame in seen)


def test_it_stands_in_table_csv_and_json_where_it_was_asked_for() -> None:
    methods = (*classical_methods(), restless(30.0))
    report = BenchRun([clip()], methods, protocol=STILL, scales=[2.0]).run()
    table = quality_table(report)
    assert table.header[-1] == "still"
    changes = {row[1]: row[-1] for row in table.rows}
    assert 0.0 < float(changes["bicubic"]) < 0.5
    assert float(changes["restless"]) == pytest.approx(30.0, abs=0.1)
    assert "still_change" in csv_text(report).splitlines()[0]
    assert report_from_json(report_to_json(report)) == report
    assert any(line.startswith("still: ") for line in statements(STILL))


def test_it_is_left_out_where_nobody_asked() -> None:
    plain = BenchProtocol(dataset="mine", temporal=False)
    report = BenchRun([clip()], classical_methods(), protocol=plain, scales=[2.0]).run()
    assert "still" not in quality_table(report).header
    assert {score.quality.still_change for score in report.scores} == {None}

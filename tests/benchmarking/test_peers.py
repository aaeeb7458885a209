"""Pictures made by other tools are measured like those of our own networks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.bench_run import BenchRun
from dscvsr_cli.benchmarking.methods import classical_methods
from dscvsr_cli.benchmarking.peers import find_peer
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.video.write.picture_writer import save_png

PLAIN = BenchProtocol(dataset="mine", temporal=False)


def frames() -> Iterator[Tensor]:
    for place in range(3):
        yield torch.rand(3, 32, 40, generator=torch.manual_seed(place))


def bench_pictures(folder: Path, count: int) -> BenchRun:
    """Measure ``count`` pictures, equal to the truth, of a clip of unknown length."""
    pictures = [*frames(), torch.zeros(3, 32, 40)][:count]
    (folder / "x2" / "a").mkdir(parents=True)
    for place, picture in enumerate(pictures):
        save_png(folder / "x2" / "a" / f"{place}.png", picture)
    clip = Clip(name="a", frame_count=None, read=frames)
    peer = find_peer("tool", folder, [clip], [2.0])
    return BenchRun([clip], classical_methods(), protocol=PLAIN, peers=[peer], scales=[2.0])


def test_pictures_equal_to_the_truth_are_exact(tmp_path: Path) -> None:
    report = bench_pictures(tmp_path, 3).run()
    assert report.scores[-1].quality.psnr_rgb == float("inf")
    assert report.scores[-1].seconds is None
    assert [info.name for info in report.methods] == ["bicubic", "lanczos", "tool"]


@pytest.mark.parametrize(("count", "frames_told"), [(2, "more"), (4, "fewer")])
def test_a_video_of_unknown_length_is_counted_while_it_is_measured(
    tmp_path: Path, count: int, frames_told: str
) -> None:
    run = bench_pictures(tmp_path, count)
    with pytest.raises(DatasetError, match=f"{count} pictures of tool, .* has {frames_told}"):
        run.run()
    assert [score.method for score in run.report().scores] == ["bicubic", "lanczos"]


def test_the_digest_tells_pictures_apart_and_not_where_they_lie(tmp_path: Path) -> None:
    clip = Clip(name="a", frame_count=None, read=frames)
    for name in ("one", "other"):
        bench_pictures(tmp_path / name, 3)
    bench_pictures(tmp_path / "shorter", 2)
    one, other, shorter = (
        find_peer("tool", tmp_path / name, [clip], [2.0]).info.sha256
        for name in ("one", "other", "shorter")
    )
    assert one == other
    assert one != shorter

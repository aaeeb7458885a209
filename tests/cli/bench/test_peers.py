"""``dscvsr bench --peer``: another tool in every table and file."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dscvsr_cli.cli.app import main
from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.write.picture_writer import save_png
from dscvsr_cli.weights.network_file import save_network
from tests.networks import SMALLEST

CLIPS = ("first", "second")
FRAMES = 3


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., int]:
    """Two clips and the smallest network: runs the command on them with more options."""
    generator = np.random.default_rng(0)
    for name in CLIPS:
        folder = tmp_path / "clips" / name
        folder.mkdir(parents=True)
        for index in range(FRAMES):
            coarse = Image.fromarray(generator.integers(0, 256, (9, 11, 3)).astype(np.uint8))
            coarse.resize((44, 36), Image.Resampling.BICUBIC).save(folder / f"{index}.png")
    torch.manual_seed(0)
    weights = tmp_path / "tiny.safetensors"
    save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, weights, record={"steps": "0"})
    common = ["bench", "--dataset", str(tmp_path / "clips"), "-w", str(weights), "--device", "cpu"]

    def run(*arguments: str | Path) -> int:
        return main([*common, "--no-temporal", *map(str, arguments)])

    return run


def enlarge(clips: Path, folder: Path, scale: float) -> None:
    """Write what a tool would that knows nothing better than bicubic."""
    for name in CLIPS:
        (folder / name).mkdir(parents=True)
        for place in range(FRAMES):
            pair = degrade_picture(read_picture(clips / name / f"{place}.png"), scale)
            made = resize(pair.low, Size(*pair.truth.shape[-2:]))
            save_png(folder / name / f"{place}.png", made)


@pytest.fixture
def peer(tmp_path: Path) -> Path:
    enlarge(tmp_path / "clips", tmp_path / "peer" / "x2", 2.0)
    return tmp_path / "peer"


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_pictures_of_another_tool_are_measured_as_our_own_are(
    bench: Callable[..., int], tmp_path: Path, peer: Path
) -> None:
    enlarge(tmp_path / "clips", peer / "x2.7", 2.7)
    path = tmp_path / "r.json"
    assert bench("-s", "2", "-s", "2.7", "--peer", f"A tool={peer}", "--json", path) == 0
    report = read_json(path)
    names = ["bicubic", "lanczos", "tiny", "A tool"]
    assert [(mean["scale"], mean["method"]) for mean in report["means"]] == [
        (scale, name) for scale in (2.0, 2.7) for name in names
    ]
    scores = {(one["scale"], one["clip"], one["method"]): one for one in report["scores"]}
    for scale in (2.0, 2.7):
        for clip in CLIPS:
            assert scores[scale, clip, "A tool"]["quality"] == pytest.approx(
                scores[scale, clip, "bicubic"]["quality"]
            )
    assert report["means"][3]["gain_db"] == pytest.approx(0, abs=1e-6)
    assert report["means"][3]["frames_per_second"] is None
    assert report["methods"][3]["parameters"] is None
    assert any("A tool: pictures that another tool made" in line for line in report["statements"])


def test_with_one_factor_the_clips_may_lie_in_the_folder_itself(
    bench: Callable[..., int], peer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("-s", "2", "--peer", f"tool={peer / 'x2'}", "--json", "-") == 0
    report = json.loads(capsys.readouterr().out)
    assert {score["clip"] for score in report["scores"] if score["method"] == "tool"} == set(CLIPS)
    assert bench("-s", "2", "-s", "4", "--peer", f"tool={peer / 'x2'}") == 5


def test_a_factor_that_the_tool_lacks_is_left_out_and_reported(
    bench: Callable[..., int], tmp_path: Path, peer: Path
) -> None:
    options = ["-s", "2", "-s", "2.5", "--peer", f"tool={peer}"]
    outputs = ["--json", tmp_path / "r.json", "--pictures", tmp_path / "sheets"]
    assert bench(*options, *outputs) == 0
    report = read_json(tmp_path / "r.json")
    assert [mean["scale"] for mean in report["means"] if mean["method"] == "tool"] == [2.0]
    assert report["complete"]
    assert any("none at x2.5" in line for line in report["statements"])
    widths = {
        scale: read_picture(tmp_path / "sheets" / f"first_x{scale}.png").shape[2]
        for scale in ("2", "2.5")
    }
    # Low-res, truth and three methods; at x2 the tool stands beside them.
    assert widths["2"] // 6 == pytest.approx(widths["2.5"] // 5, abs=5)


def test_the_tool_stands_in_every_output_and_in_a_comparison(
    bench: Callable[..., int], tmp_path: Path, peer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-s", "2", "--peer", f"tool={peer}"]
    files = ["--csv", tmp_path / "r.csv", "--markdown", tmp_path / "r.md"]
    assert bench(*options, *files, "--json", tmp_path / "r.json") == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text(encoding="utf-8"))))
    ours = [row for row in rows if row["method"] == "tool"]
    assert [row["clip"] for row in ours] == [*CLIPS, "mean"]
    assert {row["frames_per_second"] for row in ours} == {""}
    assert (tmp_path / "r.md").read_text(encoding="utf-8").count("| x2 | tool |") == 2
    capsys.readouterr()
    assert bench(*options, "--compare", tmp_path / "r.json") == 0
    assert "tool" in capsys.readouterr().out.partition("compared with")[2]


def test_a_resumed_run_measures_the_tool_again_only_where_its_pictures_changed(
    bench: Callable[..., int], tmp_path: Path, peer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-s", "2", "--peer", f"tool={peer}", "--json", tmp_path / "r.json"]
    assert bench(*options) == 0
    capsys.readouterr()
    assert bench(*options, "--resume") == 0
    assert "8 scores of the earlier run are kept" in capsys.readouterr().err
    save_png(peer / "x2" / "first" / "1.png", torch.zeros(3, 36, 44))
    assert bench(*options, "--resume") == 0
    assert "6 scores of the earlier run are kept" in capsys.readouterr().err
    first, second = (
        score for score in read_json(tmp_path / "r.json")["scores"] if score["method"] == "tool"
    )
    assert first["quality"]["psnr_y"] < second["quality"]["psnr_y"]


def test_the_first_pictures_of_whole_clips_serve_a_shortened_run(
    bench: Callable[..., int], peer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-s", "2", "--frames", "2", "--peer", f"tool={peer}", "--json", "-"]
    assert bench(*options) == 0
    report = json.loads(capsys.readouterr().out)
    assert {score["frames"] for score in report["scores"]} == {2}
    assert any("seen more frames than are measured" in line for line in report["statements"])
    for clip in CLIPS:
        (peer / "x2" / clip / "2.png").unlink()
    assert bench(*options) == 0
    assert "seen more" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tool", "write NAME=DIR"),
        ("=pictures", "write NAME=DIR"),
        ("tool=", "write NAME=DIR"),
        ("bicubic={peer}", "two methods would be called bicubic"),
        ("tiny={peer}", "two methods would be called tiny"),
    ],
)
def test_a_peer_that_cannot_be_named_so_leaves_with_2(
    bench: Callable[..., int],
    peer: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    complaint: str,
) -> None:
    assert bench("-s", "2", "--peer", text.format(peer=peer)) == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_two_peers_of_one_name_or_a_peer_beside_speed_leave_with_2(
    bench: Callable[..., int], peer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = ["--peer", f"tool={peer}", "--peer", f"tool={peer}"]
    assert bench("-s", "2", *twice) == 2
    assert "two methods would be called tool" in capsys.readouterr().err
    assert bench("--speed", *twice[:2]) == 2
    assert "leave out --dataset, --peer" in capsys.readouterr().err


def remove_clip(peer: Path) -> None:
    for path in (peer / "x2" / "second").iterdir():
        path.unlink()
    (peer / "x2" / "second").rmdir()


def remove_frame(peer: Path) -> None:
    (peer / "x2" / "second" / "1.png").unlink()


def add_frame(peer: Path) -> None:
    save_png(peer / "x2" / "second" / "7.png", torch.zeros(3, 36, 44))


def shrink_first(peer: Path) -> None:
    save_png(peer / "x2" / "second" / "0.png", torch.zeros(3, 36, 40))


def shrink_last(peer: Path) -> None:
    save_png(peer / "x2" / "second" / "2.png", torch.zeros(3, 36, 40))


def spoil_last(peer: Path) -> None:
    (peer / "x2" / "second" / "2.png").write_bytes(b"no picture")


def move_factor(peer: Path) -> None:
    (peer / "x2").rename(peer / "x3")


def move_all(peer: Path) -> None:
    peer.rename(peer.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("harm", "complaints"),
    [
        (remove_clip, ("x2/second holds no pictures of tool", "one for each frame")),
        (remove_frame, ("x2/second holds 2 pictures of tool, but the clip has 3 frames",)),
        (add_frame, ("x2/second holds 4 pictures of tool, but the clip has 3 frames",)),
        (shrink_first, ("x2/second/0.png by tool is 40x36, but the ground truth is 44x36",)),
        (shrink_last, ("x2/second/2.png by tool is 40x36, but the ground truth is 44x36",)),
        (spoil_last, ("a picture of tool cannot be read", "x2/second/2.png", "write it again")),
        (move_factor, ("holds no pictures of tool at x2; it holds x3", "x2/<clip>/*.png")),
        (move_all, ("there is no folder", "peer with pictures of tool", "check the spelling")),
    ],
)
def test_pictures_that_do_not_fit_leave_with_5_and_are_named(
    bench: Callable[..., int],
    peer: Path,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[Path], None],
    complaints: tuple[str, ...],
) -> None:
    harm(peer)
    assert bench("-s", "2", "--peer", f"tool={peer}") == 5
    told = " ".join(capsys.readouterr().err.split())
    for complaint in complaints:
        assert complaint in told

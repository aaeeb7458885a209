"""The VapourSynth filter, in a real core; skipped where VapourSynth is not installed."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dscvsr_cli import WeightsError, enlarge_frames
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.weights.network_file import save_network
from tests.clips import picture
from tests.networks import SMALLEST

FOLDER = Path(__file__).parents[2] / "docs/integrations"

if importlib.util.find_spec("vapoursynth") is None:
    pytest.skip("needs VapourSynth: pip install it", allow_module_level=True)

HEIGHT, WIDTH, COUNT = 24, 32, 40


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    return importlib.import_module("dscvsr_vapoursynth")


@pytest.fixture
def weights(tmp_path: Path) -> str:
    path = tmp_path / "smallest.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, path, record={})
    return str(path)


def frames(dtype: type = np.uint8) -> list[np.ndarray]:
    drawn = [picture(index, HEIGHT, WIDTH) for index in range(COUNT)]
    return drawn if dtype is np.uint8 else [frame.astype(np.float32) / 255 for frame in drawn]


def clip_of(drawn: list[np.ndarray]) -> Any:
    vs = importlib.import_module("vapoursynth")
    kind = vs.RGB24 if drawn[0].dtype == np.uint8 else vs.RGBS
    blank = vs.core.std.BlankClip(
        format=kind, width=WIDTH, height=HEIGHT, length=len(drawn), keep=True
    )

    def fill(n: int, f: Any) -> Any:
        filled = f.copy()
        write(filled, drawn[n])
        filled.props["_SceneNumber"] = n
        return filled

    return blank.std.ModifyFrame(blank, fill)


def write(frame: Any, pixels: np.ndarray) -> None:
    for plane in range(3):
        np.copyto(np.asarray(frame[plane]), pixels[..., plane])


def read(frame: Any) -> np.ndarray:
    return np.stack([np.asarray(frame[plane]) for plane in range(3)], axis=2)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_clip_becomes_what_the_python_api_makes_of_it(
    adapter: Any, weights: str, dtype: type
) -> None:
    drawn = frames(dtype)
    enlarged = adapter.enlarge(clip_of(drawn), 2.5, weights=weights, device="cpu")
    assert (enlarged.width, enlarged.height, enlarged.num_frames) == (80, 60, COUNT)
    expected = enlarge_frames(drawn, scale=2.5, weights=weights, device="cpu")
    for number, (frame, wanted) in enumerate(zip(enlarged.frames(), expected, strict=True)):
        assert np.array_equal(read(frame), wanted)
        assert frame.props["_SceneNumber"] == number


def test_after_a_jump_work_begins_a_few_frames_earlier(adapter: Any, weights: str) -> None:
    drawn = frames()
    enlarged = adapter.enlarge(clip_of(drawn), 2, weights=weights, device="cpu")
    for number, start in ((35, 26), (3, 0), (39, 30), (0, 0), (38, 30), (5, 0)):
        made = enlarge_frames(drawn[start:], scale=2, weights=weights, device="cpu")
        expected = list(made)[number - start]
        assert np.array_equal(read(enlarged.get_frame(number)), expected), number


def test_other_formats_are_refused(adapter: Any) -> None:
    vs = importlib.import_module("vapoursynth")
    yuv = vs.core.std.BlankClip(format=vs.YUV420P8, width=WIDTH, height=HEIGHT, length=1)
    with pytest.raises(vs.Error, match="RGB24 and RGBS"):
        adapter.enlarge(yuv)


def test_weights_that_do_not_exist_are_refused_at_once(adapter: Any) -> None:
    with pytest.raises(WeightsError):
        adapter.enlarge(clip_of(frames()), weights="no-such-weights")

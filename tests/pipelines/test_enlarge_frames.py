"""Arrays in, enlarged arrays out, as the engine makes them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from dscvsr_cli.engine.scene_maker import StreamEvent
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.enlarge_frames import enlarge_frames
from dscvsr_cli.weights.network_file import save_network

Levels = npt.NDArray[np.uint8]


@pytest.fixture
def weights(tiny_network: RecurrentNetwork, tmp_path: Path) -> str:
    path = tmp_path / "tiny.safetensors"
    save_network(tiny_network.state_dict(), tiny_network.config, path, record={})
    return str(path)


def clip(count: int, height: int = 12, width: int = 16) -> list[Levels]:
    """Frames of noise, which differ from each other."""
    rng = np.random.default_rng(0)
    return [rng.integers(100, 140, (height, width, 3), np.uint8) for _ in range(count)]


def as_floats(frames: list[Levels]) -> list[npt.NDArray[np.float32]]:
    return [frame.astype(np.float32) / np.float32(255) for frame in frames]


def test_as_many_frames_come_out_as_go_in_with_their_type(weights: str) -> None:
    for frames in (clip(5), as_floats(clip(5))):
        made = list(enlarge_frames(frames, scale=2.5, weights=weights, device="cpu"))
        assert [frame.shape for frame in made] == [(30, 40, 3)] * 5
        assert {frame.dtype for frame in made} == {frames[0].dtype}


def test_no_frames_give_no_frames(weights: str) -> None:
    assert list(enlarge_frames([], scale=2, weights=weights, device="cpu")) == []


@pytest.mark.parametrize(
    ("width", "height", "size"), [(40, None, (30, 40)), (None, 30, (30, 40)), (40, 24, (24, 40))]
)
def test_a_size_may_be_given_in_place_of_a_factor(
    weights: str, width: int | None, height: int | None, size: tuple[int, int]
) -> None:
    (made,) = enlarge_frames(clip(1), width=width, height=height, weights=weights, device="cpu")
    assert made.shape[:2] == size


def test_the_result_is_the_engine_s(weights: str, tiny_network: RecurrentNetwork) -> None:
    frames = as_floats(clip(6))
    expected = upscale_stream(
        [
            Frame(pixels=torch.from_numpy(frame).permute(2, 0, 1), pts=position)
            for position, frame in enumerate(frames)
        ],
        tiny_network,
        size=Size(24, 32),
        plan=StreamPlan(window=6, look_ahead=0),
        device=torch.device("cpu"),
    )
    made = enlarge_frames(frames, scale=2, weights=weights, device="cpu", dtype="float32")
    for array, frame in zip(made, expected, strict=True):
        np.testing.assert_allclose(array, frame.pixels.permute(1, 2, 0).numpy(), atol=1e-5)


def test_levels_are_the_rounded_floats(weights: str) -> None:
    frames = clip(3)
    common = {"weights": weights, "device": "cpu", "dtype": "float32"}
    levels = list(enlarge_frames(frames, scale=2, **common))  # type: ignore[arg-type]
    floats = list(enlarge_frames(as_floats(frames), scale=2, **common))  # type: ignore[arg-type]
    for one, other in zip(levels, floats, strict=True):
        np.testing.assert_array_equal(one, np.floor(other * 255 + 0.5).astype(np.uint8))


def test_what_torch_does_not_compute_in_is_refused_by_the_call(weights: str) -> None:
    with pytest.raises(UsageError, match="int8"):
        enlarge_frames(clip(2), scale=2, weights=weights, device="cpu", dtype="int8")


def test_frames_are_read_as_they_are_needed(weights: str) -> None:
    read = 0

    def reader() -> Iterator[Levels]:
        nonlocal read
        for frame in clip(200, 8, 8):
            read += 1
            yield frame

    made = enlarge_frames(reader(), scale=2, weights=weights, device="cpu")
    assert read == 0
    next(made)
    assert 0 < read < 100


def test_a_reader_may_fill_one_buffer_again_and_again(weights: str) -> None:
    frames = as_floats(clip(4))
    buffer = np.empty_like(frames[0])

    def reader() -> Iterator[npt.NDArray[np.float32]]:
        for frame in frames:
            buffer[...] = frame
            yield buffer

    reused = enlarge_frames(reader(), scale=2, weights=weights, device="cpu")
    separate = enlarge_frames(frames, scale=2, weights=weights, device="cpu")
    for one, other in zip(reused, separate, strict=True):
        np.testing.assert_array_equal(one, other)


def test_reversed_channels_and_read_only_arrays_are_taken(weights: str) -> None:
    frames = clip(2)
    turned = [np.ascontiguousarray(frame[..., ::-1])[..., ::-1] for frame in frames]
    for frame in turned:
        frame.flags.writeable = False
    plain = enlarge_frames(frames, scale=2, weights=weights, device="cpu")
    for one, other in zip(
        enlarge_frames(turned, scale=2, weights=weights, device="cpu"), plain, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_scene_cuts_are_reported(weights: str) -> None:
    events: list[StreamEvent] = []
    (picture,) = clip(1)
    dark, light = [picture] * 4, [picture + np.uint8(110)] * 4
    list(
        enlarge_frames(
            [*dark, *light], scale=2, weights=weights, device="cpu", on_event=events.append
        )
    )
    assert [(event.kind, event.frame) for event in events] == [("scene", 4)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((8, 8), np.uint8), r"frame 1: expected \(H, W, 3\) RGB"),
        (np.zeros((8, 8, 4), np.uint8), r"frame 1: expected \(H, W, 3\) RGB"),
        (np.zeros((8, 8, 3), np.float64), "frame 1: expected uint8 or float32"),
        (np.zeros((8, 8, 3), np.uint16), "frame 1: expected uint8 or float32"),
        (np.full((8, 8, 3), 255, np.float32), r"frame 1: .*\[0, 1\], got 255 to 255; divide"),
        (np.full((8, 8, 3), np.nan, np.float32), "frame 1: .* got nan"),
        (np.zeros((8, 9, 3), np.uint8), r"frame 1 is \(8, 9, 3\) uint8, and the first frame"),
        (np.zeros((8, 8, 3), np.float32), r"frame 1 is \(8, 8, 3\) float32, and the first"),
    ],
)
def test_a_frame_that_does_not_fit_is_named(weights: str, frame: Levels, message: str) -> None:
    made = enlarge_frames(
        [np.zeros((8, 8, 3), np.uint8), frame], scale=2, weights=weights, device="cpu"
    )
    with pytest.raises(ValueError, match=message):
        list(made)


def test_what_is_no_array_is_a_type_error(weights: str) -> None:
    frames: list[Levels] = ["frame.png"]  # type: ignore[list-item]
    with pytest.raises(TypeError, match="expected a NumPy array, got str"):
        list(enlarge_frames(frames, scale=2, weights=weights, device="cpu"))


def test_a_reader_that_gives_none_does_not_pass_for_one_that_has_ended(weights: str) -> None:
    for frames in ([None], [*clip(2), None]):
        with pytest.raises(TypeError, match=f"frame {len(frames) - 1}: .* got NoneType"):
            list(enlarge_frames(frames, scale=2, weights=weights, device="cpu"))  # type: ignore[arg-type]


def test_wrong_options_are_refused_by_the_call_itself() -> None:
    with pytest.raises(UsageError, match="either a factor or a size"):
        enlarge_frames(clip(1))
    with pytest.raises(UsageError, match="either a factor or a size"):
        enlarge_frames(clip(1), scale=2, width=40)
    with pytest.raises(UsageError, match="unknown device"):
        enlarge_frames(clip(1), scale=2, device="toaster")
    with pytest.raises(WeightsError):
        enlarge_frames(clip(1), scale=2, device="cpu", weights="no-such-weights")


def test_a_factor_that_does_not_enlarge_is_refused(weights: str) -> None:
    with pytest.raises(UsageError, match="above 1"):
        next(enlarge_frames(clip(1), scale=0.5, weights=weights, device="cpu"))

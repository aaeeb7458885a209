"""``--steady``: on by itself for the input's codec, in the plan, and in the fingerprint."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from dscvsr_cli import enlarge_frames
from dscvsr_cli.cli.app import main
from dscvsr_cli.engine.steady import USUAL_STEP, Steadying
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.lossy import loses_nothing, varies_between_frames
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.weights.load import load_network
from tests.clips import Clip, render
from tests.ctrl_c import ctrl_c_at


@pytest.fixture
def job(tmp_path: Path, plain_weights: Path) -> UpscaleJob:
    source = render(Clip(width=32, height=24, pts=tuple(range(0, 64 * 512, 512))), tmp_path)
    return UpscaleJob(
        source=source,
        target=tmp_path / "out.mkv",
        scale=2,
        weights=str(plain_weights),
        device="cpu",
        dtype="float32",
        encoder="ffv1",
        checkpoint_frames=4,
    )


@pytest.mark.parametrize(
    ("codec", "varies"),
    [
        *[(name, True) for name in ("h264", "hevc", "av1", "vp9", "mpeg2video", "mpeg4", "theora")],
        *[(name, False) for name in ("ffv1", "png", "gif", "rawvideo", "prores", "mjpeg", "dnxhd")],
        ("", False),
        ("no such codec", False),
    ],
)
def test_codecs_that_predict_frames_from_others_vary_between_them(codec: str, varies: bool) -> None:
    assert varies_between_frames(codec) is varies


@pytest.mark.parametrize(
    ("codec", "keeps"),
    [
        *[(name, True) for name in ("ffv1", "png", "rawvideo", "utvideo", "huffyuv", "qtrle")],
        *[(name, False) for name in ("h264", "hevc", "prores", "mjpeg", "gif", "jpeg2000", "")],
    ],
)
def test_codecs_that_lose_nothing_are_known(codec: str, keeps: bool) -> None:
    assert loses_nothing(codec) is keeps


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, "dscvsr-fast"),
        ({"steady": True}, None),
        ({"weights": "dscvsr-fast-video"}, None),
    ],
)
def test_weights_for_clean_frames_are_named_where_they_may_be_clean(
    job: UpscaleJob, tmp_path: Path, change: dict[str, Any], named: str | None
) -> None:
    upscale(replace(job, target=tmp_path / "clean.mkv"))
    little = replace(
        job, weights=None, reading=ReadOptions(span=TimeSpan(Fraction(0), Fraction("0.1")))
    )
    plans: list[UpscalePlan] = []
    upscale(replace(little, source=tmp_path / "clean.mkv", **change), on_plan=plans.append)
    upscale(replace(little, target=tmp_path / "other.mkv"), on_plan=plans.append)
    assert [plan.weights_if_uncompressed for plan in plans] == [named, None]


def pixels(path: Path | None) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack(
            [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        ).astype(int)


def test_h264_is_steadied_and_ffv1_is_not_unless_it_is_asked_for(
    job: UpscaleJob, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["upscale", "-s", "2", "-w", str(job.weights), "--device", "cpu", "--dtype"]
    command += ["float32", "--encoder", "ffv1"]

    def made(source: Path, name: str, *more: str) -> np.ndarray:
        assert main([*command, str(source), "-o", str(tmp_path / name), *more]) == 0
        return pixels(tmp_path / name)

    steadied = made(job.source, "auto.mkv")
    assert ", steadied, window" in capsys.readouterr().out
    alone = made(job.source, "off.mkv", "--no-steady")
    assert ", steadied" not in capsys.readouterr().out
    assert len(alone) == len(steadied) == 64
    assert (alone != steadied).any()

    lossless = tmp_path / "off.mkv"
    twice = made(lossless, "lossless.mkv")
    assert ", steadied" not in capsys.readouterr().out
    assert (made(lossless, "asked.mkv", "--steady") != twice).any()
    assert ", steadied, window" in capsys.readouterr().out


def test_the_frames_are_those_of_enlarge_frames(job: UpscaleJob, tmp_path: Path) -> None:
    # In a codec that does not say how coarsely it rounds, as arrays do not.
    upscale(replace(job, target=tmp_path / "small.mkv"))
    job = replace(job, source=tmp_path / "small.mkv", steady=True)
    small = pixels(job.source).astype(np.uint8)
    made = {
        steady: np.stack(
            list(enlarge_frames(small, scale=2, weights=job.weights, device="cpu", steady=steady))
        ).astype(int)
        for steady in (False, True)
    }
    assert (made[True] != made[False]).any()
    upscale(job)
    steadied, alone = (np.abs(pixels(job.target) - made[on]).mean() for on in (True, False))
    assert steadied < alone


def grainy(path: Path) -> Path:
    """A still pattern with other grain in every frame, in H.264."""
    rows, columns = np.mgrid[:24, :32]
    pattern = 120 + 60 * np.sin(columns / 3) * np.cos(rows / 4)
    random = np.random.default_rng(1)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", 25, options={"crf": "17", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for _ in range(16):
            drawn = pattern + random.normal(0.0, 4.0, (24, 32))
            grey = np.repeat(drawn[..., None], 3, axis=2).round().astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        output.mux(stream.encode(None))
    return path


def test_the_frames_are_steadied_by_how_coarsely_each_was_rounded(
    job: UpscaleJob, tmp_path: Path
) -> None:
    """And as usual, which is more here, where that was asked for."""
    job = replace(job, source=grainy(tmp_path / "grainy.mkv"))
    network = load_network(job.weights, device=torch.device("cpu")).network
    with VideoReader(job.source, quantisers=True) as reader:
        rounded = list(reader)
    assert all(0 < (frame.quantiser_step or 0) < USUAL_STEP for frame in rounded)
    levels = {}
    follow = Steadying(network.motion)
    for name, frames, steadying in (
        ("alone", rounded, None),
        ("as rounded", rounded, follow),
        ("as usual", [replace(frame, quantiser_step=None) for frame in rounded], follow),
    ):
        made = upscale_stream(
            frames,
            network,
            size=Size(48, 64),
            plan=StreamPlan(),
            device=torch.device("cpu"),
            steadying=steadying,
        )
        pictures = torch.stack([frame.pixels for frame in made]) * 255
        levels[name] = pictures.permute(0, 2, 3, 1).numpy()
    for asked, nearest in ((None, "as rounded"), (True, "as usual")):
        target = tmp_path / f"{nearest}.mkv"
        upscale(replace(job, steady=asked, target=target))
        found = pixels(target)
        away = {name: np.abs(found - wanted).mean() for name, wanted in levels.items()}
        # The way through the output's subsampled chroma is left.
        assert all(away[nearest] < 0.8 * away[other] for other in away if other != nearest)


def test_scenes_at_once_and_a_resumed_run_have_the_same_frames(
    job: UpscaleJob, tmp_path: Path
) -> None:
    upscale(job)
    plans: list[UpscalePlan] = []
    both = replace(job, target=tmp_path / "both.mkv", scenes_at_once=2)
    upscale(both, on_plan=plans.append)
    assert plans[0].steadied
    rest = replace(job, target=tmp_path / "rest.mkv")
    with pytest.raises(Interrupted):
        upscale(rest, on_frame=ctrl_c_at(40, rest.target))
    with pytest.raises(UsageError, match="steady"):
        upscale(replace(rest, steady=False, resume=True))
    upscale(replace(rest, resume=True))
    assert (pixels(both.target) == pixels(job.target)).all()
    assert (pixels(rest.target) == pixels(job.target)).all()

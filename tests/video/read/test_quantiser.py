"""How coarsely frames were rounded: what encoders were told to do is what the reader says."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.read.quantiser import with_steps
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan

FRAMES = 9
CONSTANT = "ipratio=1:pbratio=1:aq-mode=0:mbtree=0"
"""x264's parameters with which every block of every frame has the same quantiser."""


def encode(
    path: Path,
    codec: str,
    options: Mapping[str, str],
    *,
    pixel_format: str = "yuv420p",
    height: int = 128,
) -> Path:
    """Write a moving pattern with FFmpeg alone."""
    ground = np.random.default_rng(7).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    ground = ground.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 25, options=dict(options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, height, pixel_format
        stream.codec_context.time_base = Fraction(1, 25)
        for place in range(FRAMES):
            picture = np.ascontiguousarray(ground[place : place + height, place : place + 160])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format=pixel_format)
            frame.pts = place
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read(path: Path, options: ReadOptions | None = None) -> list[Frame]:
    with VideoReader(path, options, quantisers=True) as reader:
        return list(reader)


def steps(path: Path, options: ReadOptions | None = None) -> list[float | None]:
    return [frame.quantiser_step for frame in read(path, options)]


def x264(parameter: int) -> dict[str, str]:
    return {"qp": str(parameter), "x264-params": CONSTANT}


@pytest.mark.parametrize(("parameter", "step"), [(4, 1.0), (22, 8.0), (28, 16.0), (40, 64.0)])
def test_h264_says_the_step_of_its_standard(tmp_path: Path, parameter: int, step: float) -> None:
    found = steps(encode(tmp_path / "clip.mp4", "libx264", x264(parameter)))
    assert found == [pytest.approx(step, rel=0.03)] * FRAMES


def test_ten_bits_have_twelve_parameters_more_for_the_same_step(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "libx264", x264(34), pixel_format="yuv420p10le")
    assert steps(path) == [pytest.approx(8.0, rel=0.03)] * FRAMES


def test_a_lossless_encoder_shows_by_its_step(tmp_path: Path) -> None:
    found = steps(encode(tmp_path / "clip.mp4", "libx264", {"qp": "0"}))
    assert found == [pytest.approx(0.625)] * FRAMES


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("mpeg1video", "clip.mpg"),
        ("mpeg2video", "clip.ts"),
        ("mpeg4", "clip.mp4"),
        ("msmpeg4", "clip.avi"),
        ("flv", "clip.flv"),
        ("wmv2", "clip.wmv"),
    ],
)
@pytest.mark.parametrize("scale", [3, 6])
def test_the_codecs_of_mpeg_say_theirs_of_every_frame(
    tmp_path: Path, codec: str, name: str, scale: int
) -> None:
    path = encode(tmp_path / name, codec, {"qmin": str(scale), "qmax": str(scale)})
    found = steps(path)
    assert found == [pytest.approx(1.7 * 2 * scale, rel=0.03)] * len(found)
    assert len(found) >= FRAMES - 1


def test_vp9_rounds_more_coarsely_the_larger_its_quantiser(tmp_path: Path) -> None:
    means = []
    for quantiser in (4, 20, 40, 60):
        options = {"qmin": str(quantiser), "qmax": str(quantiser), "crf": str(quantiser), "b": "0"}
        path = encode(tmp_path / f"{quantiser}.webm", "libvpx-vp9", options | {"deadline": "good"})
        found = [step for step in steps(path) if step is not None]
        assert len(found) == FRAMES
        means.append(sum(found) / FRAMES)
    assert means == sorted(means)
    assert 0.5 < means[0] < 4
    assert 60 < means[-1] < 183


@pytest.mark.parametrize(("parameter", "step"), [(22, 8.0), (28, 16.0), (40, 64.0)])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.hevc"])
def test_hevc_has_it_in_the_headers_of_its_slices(
    tmp_path: Path, name: str, parameter: int, step: float
) -> None:
    found = steps(encode(tmp_path / name, "libx265", x265(parameter)))
    assert found == [pytest.approx(step, rel=0.03)] * FRAMES


def test_hevc_means_the_same_with_ten_bits(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "libx265", x265(22), pixel_format="yuv420p10le")
    assert steps(path) == [pytest.approx(8.0, rel=0.03)] * FRAMES


def x265(parameter: int) -> dict[str, str]:
    return {"x265-params": f"qp={parameter}:ipratio=1:pbratio=1:aq-mode=0:cutree=0:log-level=error"}


def test_one_number_stands_for_a_film_that_does_not_say_it_of_frames(tmp_path: Path) -> None:
    options = {"crf": "30", "x265-params": "log-level=error:keyint=3"}
    path = encode(tmp_path / "clip.mp4", "libx265", options)
    whole = steps(path)
    assert len(set(whole)) == 1
    assert steps(path, ReadOptions(span=TimeSpan(Fraction("0.2")))) == whole[5:]


@pytest.mark.parametrize(
    ("codec", "name", "options", "least"),
    [
        ("libsvtav1", "clip.mp4", [{"crf": "10"}, {"crf": "30"}, {"crf": "55"}], 1.0),
        (
            "libvpx",
            "clip.webm",
            [{"qmin": q, "qmax": q, "crf": q, "b": "9M"} for q in ("4", "20", "55")],
            2.0,
        ),
    ],
)
def test_av1_and_vp8_round_more_coarsely_the_larger_their_quantiser(
    tmp_path: Path, codec: str, name: str, options: list[dict[str, str]], least: float
) -> None:
    found = []
    for number, one in enumerate(options):
        (step,) = set(steps(encode(tmp_path / f"{number}-{name}", codec, one)))
        assert step is not None
        found.append(step)
    assert found == sorted(found)
    assert least < found[0] < 15 < found[-1] < 250


@pytest.mark.parametrize(("codec", "name"), [("ffv1", "clip.mkv"), ("mjpeg", "clip.avi")])
def test_other_codecs_say_nothing(tmp_path: Path, codec: str, name: str) -> None:
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = encode(tmp_path / name, codec, {}, pixel_format=pixel_format)
    assert steps(path) == [None] * FRAMES


def test_nobody_is_told_who_does_not_ask(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "libx264", x264(22))
    with VideoReader(path) as reader:
        assert [frame.quantiser_step for frame in reader] == [None] * FRAMES


def test_the_answers_are_the_same_every_time(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "libx264", {"crf": "30", "x264-params": "bframes=3"})
    first = steps(path)
    assert len(set(first)) > 1
    assert all(steps(path) == first for _ in range(10))


def test_a_part_of_a_film_says_the_same_as_the_whole(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "libx264", {"crf": "30", "g": "3"})
    part = steps(path, ReadOptions(span=TimeSpan(Fraction("0.2"))))
    assert part == steps(path)[5:]


def test_deinterlaced_frames_keep_their_steps(tmp_path: Path) -> None:
    path = encode(
        tmp_path / "clip.mp4", "libx264", {"qp": "22", "x264-params": CONSTANT + ":tff=1"}
    )
    found = steps(path, ReadOptions(deinterlace=True))
    assert found == [pytest.approx(8.0, rel=0.03)] * FRAMES


@pytest.mark.parametrize("height", [120, 136])
def test_frames_of_two_fields_say_theirs_too(tmp_path: Path, height: int) -> None:
    path = tmp_path / "clip.mp4"
    options = {"qp": "22", "x264-params": CONSTANT + ":interlaced=1:tff=1"}
    assert (
        steps(
            encode(path, "libx264", options, height=height),
            ReadOptions(field_order="top", deinterlace=True),
        )
        == [pytest.approx(8.0, rel=0.03)] * FRAMES
    )


def test_frames_of_codecs_that_say_nothing_are_not_looked_into() -> None:
    class Untouchable:
        @property
        def side_data(self) -> None:
            raise AssertionError("looked at")

    frame = cast("av.VideoFrame", Untouchable())
    assert list(with_steps([frame], "png", 3.0)) == [(frame, 3.0)]

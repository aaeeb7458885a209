"""Targets: the name, the container, the clock and the size of an output, decided once."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.pipelines.upscale.target import choose_target
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.timestamps import OutputTiming
from tests.clips import Clip, render, render_kind


@pytest.fixture
def info(tmp_path: Path) -> VideoInfo:
    return probe(render_kind("constant", tmp_path))


def job(info: VideoInfo, name: str, **options: Any) -> UpscaleJob:
    return UpscaleJob(source=info.path, target=info.path.with_name(name), scale=2.0, **options)


def test_the_container_decides_which_clock_frames_are_counted_on(info: VideoInfo) -> None:
    timings = {
        "out.mp4": OutputTiming.like(info),
        "out.mkv": OutputTiming.like(info),
        "out.avi": OutputTiming.constant(info, Fraction(25)),
        "out.y4m": OutputTiming.constant(info, Fraction(25)),
        "out.gif": OutputTiming.rounded(info, Fraction(100)),
    }
    for name, timing in timings.items():
        assert choose_target(job(info, name), info).picture.timing == timing


@pytest.mark.parametrize("degrees", [90, -90])
def test_a_size_means_what_people_see_of_a_turned_video(degrees: int, tmp_path: Path) -> None:
    # Stored as 64x48, shown as 48x64.
    turned = probe(render(Clip(rotation=degrees), tmp_path))

    def stored(name: str, **size: Any) -> Size:
        wanted = UpscaleJob(source=turned.path, target=tmp_path / name, **size)
        return choose_target(wanted, turned).size

    assert stored("out.mp4", width=96, height=160) == Size(height=96, width=160)
    assert stored("out.mp4", width=96) == Size(height=96, width=128)
    assert stored("out.mp4", height=128) == Size(height=96, width=128)
    assert stored("out.mp4", scale=2) == Size(height=96, width=128)
    # In these files frames are stored as they are seen; the network gets them as they are.
    assert stored("out.avi", width=96) == Size(height=96, width=128)
    canvas = choose_target(
        UpscaleJob(source=turned.path, target=tmp_path / "out.avi", width=96), turned
    ).canvas
    assert canvas == Size(height=128, width=96)
    with pytest.raises(UsageError, match="48x64"):
        stored("out.mp4", width=40)


def test_a_varying_rate_is_refused_where_it_must_be_constant(tmp_path: Path) -> None:
    varying = probe(render_kind("variable", tmp_path))
    with pytest.raises(UsageError, match="constant frame rate"):
        choose_target(job(varying, "out.avi"), varying)
    assert choose_target(job(varying, "out.mkv"), varying).container.name == "matroska"


def test_two_frames_side_by_side_are_twice_as_wide_as_an_enlarged_one(info: VideoInfo) -> None:
    target = choose_target(job(info, "out.mkv", compare="side"), info)
    assert (target.canvas.height, target.canvas.width) == (
        target.size.height,
        2 * target.size.width,
    )


def test_the_pixel_format_is_chosen_once_and_travels(info: VideoInfo) -> None:
    target = choose_target(job(info, "out.mkv"), info)
    assert target.pixel_format == target.options.pixel_format == "yuv420p"
    assert target.picture.plain.multiple == (2, 2)


def test_a_format_for_pipes_is_refused_for_a_file(info: VideoInfo) -> None:
    with pytest.raises(UsageError, match="--format is for pipes"):
        choose_target(job(info, "out.mkv", output_format="matroska"), info)


def test_a_pipe_gets_the_format_that_is_named_and_else_y4m(info: VideoInfo) -> None:
    for output_format, name in ((None, "yuv4mpegpipe"), ("nut", "nut")):
        piped = UpscaleJob(
            source=info.path, target=Path("-"), scale=2.0, output_format=output_format
        )
        target = choose_target(piped, info)
        assert target.destination.is_standard_output
        assert target.container.name == name


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("clip.mp4", {"scale": 2.7}, "clip_x2.7.mp4"),
        ("clip.mp4", {"width": 1920, "height": 1080}, "clip_1920x1080.mp4"),
        ("clip.mp4", {"width": 1920}, "clip_1920w.mp4"),
        ("clip.mp4", {"height": 1080}, "clip_1080p.mp4"),
        ("clip.mov", {"scale": 2.0, "compare": "split"}, "clip_x2_split.mov"),
        ("clip.mp4", {"scale": 2.0, "preview_seconds": Fraction(5)}, "clip_x2_preview.mp4"),
        ("clip.wmv", {"scale": 2.0}, "clip_x2.mkv"),
        ("clip.mkv", {"scale": 2.5, "container": "mp4"}, "clip_x2.5.mp4"),
        ("noext", {"scale": 2.5, "container": "mp4"}, "noext_x2.5.mp4"),
        ("noext", {"scale": 1.5}, "noext_x1.5.mkv"),
        ("noext", {"scale": 2.0}, "noext_x2.mkv"),
        ("noext", {"scale": 2.5}, "noext_x2.5.mkv"),
    ],
)
def test_an_output_without_a_name_goes_beside_its_input(
    name: str, wanted: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    source = tmp_path / name
    source.touch()
    assert default_target(UpscaleJob(source=source, **wanted)) == tmp_path / expected

"""Which encoders a container takes: what it is known to hold can be written, and read again."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import CONTAINERS, container_of, picture_container
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.encoder_quality import required_hardware
from dscvsr_cli.video.write.list_encoders import list_encoders
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from dscvsr_cli.video.write.trial_encode import try_encoder
from tests.clips import Clip, render

SLOW_TO_OPEN = frozenset({"libsvtav1", "libx265", "libvpx", "libvpx-vp9"})
ONE_SIZE = frozenset({"dvvideo"})
NO_FORMAT = frozenset({"rawvideo"})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render(Clip(pts=(0, 512)), tmp_path_factory.mktemp("fit")))


def picture(source: VideoInfo, container: Container, encoder: str) -> PictureSpec:
    return settle_picture(
        source,
        container,
        height=256,
        width=256,
        options=EncodeOptions(encoder=encoder),
        timing=OutputTiming.constant(source, Fraction(25)),
    )


@pytest.mark.parametrize("suffix", [one.suffix for one in CONTAINERS if not one.frames_only])
def test_what_a_container_is_said_to_hold_can_be_written(suffix: str, source: VideoInfo) -> None:
    (listed,) = list_encoders(suffix)
    for encoder in set(listed.encoders) - SLOW_TO_OPEN - ONE_SIZE - NO_FORMAT:
        if required_hardware(encoder) is None:
            try_encoder(picture(source, container_of(Path(f"out{suffix}")), encoder))


@pytest.mark.parametrize(
    ("name", "encoder", "ways"),
    [
        ("out.mkv", "png", "-o out.mp4, or -o out.mov, or -o frames/%05d.png for pictures"),
        ("out.mkv", "huffyuv", "-o out.avi, or -o out.nut"),
        ("out.mkv", "gif", "-o out.gif"),
        ("out.mov", "libvpx-vp9", "-o out.mkv, or -o out.mp4"),
        # The muxer takes these, and writes what is then known to nobody.
        ("out.ts", "ffv1", "-o out.mkv, or -o out.avi"),
        ("out.m2ts", "mjpeg", "-o out.mkv, or -o out.mp4, or -o frames/%05d.jpg for pictures"),
    ],
)
def test_what_it_does_not_hold_is_refused_with_what_does(
    name: str, encoder: str, ways: str, source: VideoInfo
) -> None:
    container = container_of(Path(name))
    with pytest.raises(UsageError, match=f"{container.label} files cannot hold") as refused:
        try_encoder(picture(source, container, encoder))
    assert refused.value.hint == f"use --encoder libx264, or {ways}"


@pytest.mark.parametrize(
    ("suffix", "encoder"), [(".png", "libx265"), (".jpg", "png"), (".webp", "libx264")]
)
def test_pictures_are_made_by_their_own_encoder_alone(
    suffix: str, encoder: str, source: VideoInfo
) -> None:
    container = picture_container(suffix)
    with pytest.raises(UsageError, match=f"{suffix[1:]} files cannot hold") as refused:
        picture(source, container, encoder)
    assert f"--encoder {container.picture_encoder}" in refused.value.hint
    assert picture(source, container, container.picture_encoder).container is container


def test_bare_frames_are_no_video_stream(source: VideoInfo) -> None:
    with pytest.raises(UsageError, match="y4m files cannot hold the h264"):
        picture(source, container_of(Path("out.y4m")), "libx264")


def test_what_a_muxer_takes_without_a_listing_is_read_again(source: VideoInfo) -> None:
    # Not listed, and no trouble: FFV1 in MP4 is found to be FFV1.
    container = container_of(Path("out.mp4"))
    assert av.Codec("ffv1", "w").canonical_name not in container.video
    try_encoder(picture(source, container, "ffv1"))

"""What steers an encoder is said once, and whatever is said has an effect."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.timestamps import OutputTiming, Timeline
from dscvsr_cli.video.write.encoder import FrameEncoder, open_encoder
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.encoder_words import encoder_options
from dscvsr_cli.video.write.picture_spec import settle_picture
from dscvsr_cli.video.write.said_twice import says_again
from tests.clips import render_kind

STEERED = (
    *("libx264", "libx265", "libsvtav1", "libvpx-vp9", "libvpx", "libaom-av1", "librav1e"),
    *("libvvenc", "libtheora", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg"),
)
"""Encoders with a quality that need no hardware."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render_kind("constant", tmp_path_factory.mktemp("source")))


def encoded_bytes(source: VideoInfo, options: EncodeOptions) -> int:
    """Return the size of a few frames of noise."""
    spec = settle_picture(
        source,
        container_of(Path("a.mkv")),
        height=96,
        width=128,
        options=options,
        timing=OutputTiming.constant(source, Fraction(25)),
    )
    encoder = FrameEncoder(open_encoder(spec), spec, Timeline(name=source.path))
    noise = torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(0))
    packets = [
        packet
        for index in range(12)
        for packet in encoder.encode(Frame(pixels=noise.roll(index, -1), pts=index))
    ]
    return sum(packet.size for packet in (*packets, *encoder.finish()))


@pytest.mark.parametrize("encoder", [name for name in STEERED if name in av.codecs_available])
def test_a_worse_quality_takes_less_room(source: VideoInfo, encoder: str) -> None:
    good, bad = (
        encoded_bytes(source, EncodeOptions(encoder=encoder, crf=crf, threads=1)) for crf in (4, 30)
    )
    assert bad < 0.9 * good


@pytest.mark.parametrize(
    ("encoder", "extra"),
    [
        ("libx264", ("b", "50k")),
        ("libx264", ("qp", "45")),
        ("libx264", ("crf", "45")),
        ("libx264", ("x264-params", "crf=45")),
        ("libx265", ("b", "50k")),
        ("libx265", ("x265-params", "qp=45")),
        ("libvpx-vp9", ("b", "50k")),
        ("libvpx-vp9", ("crf", "60")),
        ("mpeg4", ("b", "50k")),
        ("mpeg4", ("qmin", "20")),
    ],
)
def test_a_default_quality_gives_way_to_what_steers_it(
    source: VideoInfo, encoder: str, extra: tuple[str, str]
) -> None:
    ours = encoded_bytes(source, EncodeOptions(encoder=encoder, threads=1))
    steered = encoded_bytes(source, EncodeOptions(encoder=encoder, extra=(extra,), threads=1))
    assert steered < 0.7 * ours


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crf": 20, "extra": (("crf", "12"),)}, "--crf and --enc-opt crf"),
        ({"crf": 20, "extra": (("tune", "film"), ("qp", "12"))}, "--crf and --enc-opt qp"),
        ({"crf": 20, "extra": (("b", "2M"),)}, "--crf and --enc-opt b"),
        ({"crf": 20, "extra": (("x264-params", "aq-mode=1:crf=12"),)}, "--crf and --enc-opt crf"),
        (
            {"encoder": "libx265", "crf": 20, "extra": (("x265-params", "lossless=1"),)},
            "--crf and --enc-opt lossless",
        ),
        ({"encoder": "mpeg4", "crf": 4, "extra": (("qmax", "9"),)}, "--crf and --enc-opt qmax"),
        ({"lossless": True, "extra": (("crf", "12"),)}, "--lossless and --enc-opt crf"),
        (
            {"preset": "slow", "extra": (("preset", "fast"),)},
            "--encoder-preset and --enc-opt preset",
        ),
        (
            {"encoder": "libvpx-vp9", "preset": "4", "extra": (("speed", "2"),)},
            "--encoder-preset and --enc-opt speed",
        ),
        ({"extra": (("g", "12"), ("g", "24"))}, "--enc-opt gives g twice"),
    ],
)
def test_two_options_that_say_the_same_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        encoder_options(EncodeOptions(**options), hdr=None)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize(
    "options",
    [
        EncodeOptions(crf=20, preset="slow", extra=(("tune", "film"), ("g", "12"), ("qmin", "4"))),
        EncodeOptions(encoder="libvpx-vp9", crf=20, extra=(("b", "2M"),)),
        EncodeOptions(
            encoder="libx265", crf=20, extra=(("x265-params", "aq-mode=3"), ("x265-params", "me=2"))
        ),
    ],
)
def test_options_that_go_together_are_not_refused(options: EncodeOptions) -> None:
    result = encoder_options(options, hdr=None)
    assert all(value in result[name] for name, value in options.extra)


def test_a_further_option_is_compared_by_its_name_alone() -> None:
    assert says_again([("tune", "crf")], "crf") is None
    assert says_again([("x264-params", "crf_max=30:crf=20")], "crf") == "crf"

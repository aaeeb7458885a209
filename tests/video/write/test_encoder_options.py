"""Quality, presets and further options in each encoder's own words."""

from dataclasses import replace
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import (
    EncodeOptions,
    offered_formats,
    suitable_encoder,
)
from dscvsr_cli.video.write.encoder_quality import (
    quality_options,
    quality_setting,
    required_hardware,
)
from dscvsr_cli.video.write.encoder_words import encoder_options
from dscvsr_cli.video.write.picture_spec import settle_picture
from dscvsr_cli.video.write.trial_encode import try_encoder
from tests.clips import render_kind
from tests.video.outputs import open_writer


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render_kind("single frame", tmp_path_factory.mktemp("bare")))


@pytest.fixture(scope="module")
def ten_bit(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render_kind("ten bit", tmp_path_factory.mktemp("ten")))


@pytest.mark.parametrize(
    ("encoder", "crf", "expected"),
    [
        ("libx264", 18, {"crf": "18"}),
        ("libvpx-vp9", 30, {"crf": "30", "b": "0"}),
        ("hevc_nvenc", 22, {"cq": "22", "b": "0"}),
        ("h264_qsv", 20, {"global_quality": "20"}),
        ("hevc_vaapi", 20, {"global_quality": "20", "rc_mode": "CQP"}),
        ("h264_amf", 20, {"qp_i": "20", "qp_p": "20", "rc": "cqp"}),
        ("hevc_videotoolbox", 18, {"global_quality": str(64 * 118), "flags": "+qscale"}),
        ("h264_mf", 18, {"quality": "64", "rate_control": "quality"}),
        ("mpeg4", 3, {"qmin": "3", "qmax": "3", "flags": "+qscale"}),
    ],
)
def test_every_encoder_is_told_its_quality_in_its_own_words(
    encoder: str, crf: float, expected: dict[str, str]
) -> None:
    assert quality_options(encoder, crf) == expected


def test_quality_is_better_the_lower_the_number_on_every_scale() -> None:
    for encoder in ("hevc_videotoolbox", "libtheora"):
        values = [int(quality_options(encoder, crf)["global_quality"]) for crf in (0, 20, 40)]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("encoder", ["prores_ks", "ffv1", "gif", "prores_videotoolbox"])
def test_a_quality_that_does_not_exist_is_refused(encoder: str) -> None:
    with pytest.raises(UsageError, match="no constant quality"):
        quality_options(encoder, 18)


def test_an_option_the_encoder_does_not_know_is_refused_with_a_suggestion() -> None:
    options = EncodeOptions(extra=(("tuen", "film"),))
    with pytest.raises(UsageError, match="no option called 'tuen'") as caught:
        encoder_options(options, hdr=None)
    assert "tune" in caught.value.hint


def test_further_options_win_over_our_own_and_join_parameter_lists() -> None:
    options = EncodeOptions(encoder="libx265", extra=(("crf", "30"), ("x265-params", "aq-mode=3")))
    result = encoder_options(options, hdr=None)
    assert result["crf"] == "30"
    assert result["x265-params"] == "log-level=error:aq-mode=3"


@pytest.mark.parametrize(
    ("pixel_format", "profile"),
    [("yuv422p10le", "hq"), ("yuv444p10le", "4444"), ("yuva444p10le", "4444")],
)
def test_prores_gets_the_profile_of_its_pixel_format(pixel_format: str, profile: str) -> None:
    options = EncodeOptions(encoder="prores_ks")
    assert encoder_options(options, hdr=None, pixel_format=pixel_format)["profile"] == profile


def test_the_usual_encoder_gives_way_to_one_with_as_many_bits(
    bare: VideoInfo, ten_bit: VideoInfo
) -> None:
    twelve = replace(ten_bit, pixel_format="yuv420p12le", bit_depth=12)
    for name, source, encoder in (
        ("a.mp4", bare, "libx264"),
        ("a.mp4", ten_bit, "libx264"),
        ("a.mkv", twelve, "libx265"),
        ("a.webm", bare, "libvpx-vp9"),
        ("a.webm", ten_bit, "libsvtav1"),
        ("a.avi", bare, "mpeg4"),
    ):
        assert suitable_encoder(container_of(Path(name)), source) == encoder


@pytest.mark.parametrize(
    ("name", "pixel_format", "bits", "encoder"),
    [
        ("a.mkv", "yuva420p", 8, "libvpx-vp9"),
        ("a.mkv", "rgba", 8, "prores_ks"),
        ("a.mkv", "gbrap16le", 16, "ffv1"),
        ("a.mov", "yuva420p", 8, "prores_ks"),
        ("a.webm", "yuva444p10le", 10, "libvpx-vp9"),
        ("a.mp4", "yuva420p", 8, "libx264"),
    ],
)
def test_the_usual_encoder_gives_way_to_one_with_alpha(
    name: str, pixel_format: str, bits: int, encoder: str, bare: VideoInfo
) -> None:
    clear = replace(bare, pixel_format=pixel_format, bit_depth=bits, has_alpha=True)
    assert suitable_encoder(container_of(Path(name)), clear) == encoder


@pytest.mark.parametrize("source", ["rgba", "yuva444p", "yuva422p", "gbrap", "rgb24", "yuv444p"])
def test_vp9_is_given_no_format_that_it_only_names(source: str, bare: VideoInfo) -> None:
    clear = replace(bare, pixel_format=source, has_alpha=plain_format(source).alpha)
    options = EncodeOptions(encoder="libvpx-vp9")
    try_encoder(
        settle_picture(clear, container_of(Path("a.webm")), height=64, width=64, options=options)
    )


@pytest.mark.parametrize("kind", ["constant", "ten bit"])
@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libvpx-vp9", "ffv1"])
def test_lossless_gives_every_code_back(kind: str, encoder: str, tmp_path: Path) -> None:
    source = probe(render_kind(kind, tmp_path))
    options = EncodeOptions(encoder=encoder, lossless=True, threads=1)
    noise = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(1))
    target = tmp_path / "out.mkv"
    with open_writer(target, source=source, height=48, width=64, options=options) as writer:
        for index in range(3):
            writer.write(Frame(pixels=noise.roll(index, -1), pts=512 * index))
    exact = tmp_path / "exact.mkv"
    reference = EncodeOptions(encoder="ffv1", pixel_format=probe(target).pixel_format)
    with open_writer(exact, source=source, height=48, width=64, options=reference) as writer:
        for index in range(3):
            writer.write(Frame(pixels=noise.roll(index, -1), pts=512 * index))
    with VideoReader(target) as stored, VideoReader(exact) as expected:
        for one, other in zip(stored, expected, strict=True):
            assert torch.equal(one.pixels, other.pixels)


@pytest.mark.parametrize("encoder", ["prores_ks", "mpeg4", "mjpeg", "h264_qsv"])
def test_encoders_that_always_lose_something_are_not_lossless(encoder: str) -> None:
    with pytest.raises(UsageError, match="without loss"):
        encoder_options(EncodeOptions(encoder=encoder, lossless=True), hdr=None)


def test_lossless_and_a_quality_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="contradict"):
        EncodeOptions(lossless=True, crf=18)


def test_alpha_goes_into_prores_4444(tmp_path: Path) -> None:
    source = replace(probe(render_kind("constant", tmp_path)), has_alpha=True)
    options = EncodeOptions(encoder="prores_ks")
    target = tmp_path / "out.mov"
    alpha = torch.linspace(0, 1, 64).expand(1, 48, 64)
    with open_writer(target, source=source, height=48, width=64, options=options) as writer:
        writer.write(Frame(pixels=torch.full((3, 48, 64), 0.5), pts=0, alpha=alpha))
    with VideoReader(target) as reader:
        (frame,) = list(reader)
    assert frame.alpha is not None
    assert float((frame.alpha - alpha).abs().max()) < 0.01


def trial(source: VideoInfo, name: str, options: EncodeOptions, *, side: int = 64) -> None:
    container = container_of(Path(name))
    try_encoder(settle_picture(source, container, height=side, width=side, options=options))


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "prores_ks"),
        ("a.mkv", "ffv1"),
        ("a.webm", "libvpx-vp9"),
        ("a.avi", "mpeg4"),
        ("a.gif", "gif"),
        ("a.ts", "libx265"),
    ],
)
def test_what_works_passes_the_trial(bare: VideoInfo, name: str, encoder: str) -> None:
    trial(bare, name, EncodeOptions(encoder=encoder))


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("a.mp4", EncodeOptions(encoder="prores_ks"), "mp4"),
        ("a.webm", EncodeOptions(encoder="libx264"), "webm"),
        ("a.mkv", EncodeOptions(extra=(("tune", "nonsense"),)), "--enc-opt tune=nonsense"),
        ("a.webm", EncodeOptions(encoder="libvpx-vp9", preset="slow"), "--encoder-preset slow"),
        ("a.flv", EncodeOptions(encoder="ffv1"), "flv"),
    ],
)
def test_what_cannot_work_fails_the_trial(
    bare: VideoInfo, name: str, options: EncodeOptions, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        trial(bare, name, options)
    assert caught.value.hint


@pytest.mark.skipif(Path("/dev/dri").exists(), reason="a graphics card is there")
@pytest.mark.skipif("h264_qsv" not in av.codecs_available, reason="FFmpeg built without QSV")
def test_missing_hardware_is_reported_with_an_encoder_that_works(bare: VideoInfo) -> None:
    with pytest.raises(UsageError, match="h264_qsv") as caught:
        trial(bare, "a.mp4", EncodeOptions(encoder="h264_qsv"))
    assert "Intel" in caught.value.hint
    assert "--encoder libx264" in caught.value.hint


def test_only_hardware_encoders_need_hardware() -> None:
    assert required_hardware("hevc_nvenc") == "an NVIDIA graphics card with its driver"
    assert required_hardware("libx264") is None
    assert required_hardware("prores_ks") is None


def test_gif_pictures_keep_their_colours(bare: VideoInfo, tmp_path: Path) -> None:
    target = tmp_path / "out.gif"
    colours = torch.tensor([[0.9, 0.1, 0.2], [0.1, 0.8, 0.3]])
    with open_writer(
        target, source=bare, height=48, width=64, options=EncodeOptions(encoder="gif")
    ) as writer:
        for index, colour in enumerate(colours):
            pixels = colour.view(3, 1, 1).expand(3, 48, 64)
            writer.write(Frame(pixels=pixels, pts=1280 * index))
    with VideoReader(target) as reader:
        shown = [frame.pixels.mean(dim=(1, 2)) for frame in reader]
    assert len(shown) == 2
    for found, colour in zip(shown, colours, strict=True):
        assert float((found - colour).abs().max()) < 0.02


def test_gif_keeps_clear_pixels_clear(bare: VideoInfo, tmp_path: Path) -> None:
    source = replace(bare, has_alpha=True)
    alpha = torch.cat([torch.zeros(1, 48, 32), torch.ones(1, 48, 32)], dim=2)
    target = tmp_path / "out.gif"
    with open_writer(
        target, source=source, height=48, width=64, options=EncodeOptions(encoder="gif")
    ) as writer:
        writer.write(Frame(pixels=torch.full((3, 48, 64), 0.5), pts=0, alpha=alpha))
    with av.open(str(target)) as container:
        picture = next(container.decode(video=0)).reformat(format="rgba").to_ndarray()
    assert (picture[:, :32, 3] == 0).all()
    assert (picture[:, 32:, 3] == 255).all()


@pytest.mark.parametrize(
    ("name", "meant"), [("x265", "libx265"), ("h265", "libx265"), ("svtav1", "libsvtav1")]
)
def test_a_name_that_is_close_to_an_encoders_is_answered_with_it(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match="no encoder called") as caught:
        offered_formats(name)
    assert f"did you mean {meant}?" in caught.value.hint


@pytest.mark.parametrize("encoder", ["libsvtav1", "libvpx-vp9", "av1_nvenc", "h264_nvenc"])
def test_the_scale_of_an_encoder_ends_where_ffmpeg_says(encoder: str) -> None:
    if encoder not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {encoder}")
    setting = quality_setting(encoder)
    assert setting is not None
    name = setting.options[0]
    supported = av.CodecContext.create(encoder, "w").supported_options
    most = next(option.max for option in supported.private if option.name == name)
    assert quality_options(encoder, most)[name] == f"{most:g}"
    with pytest.raises(UsageError, match=f"to {most:g}, got {most + 1:g}"):
        quality_options(encoder, most + 1)

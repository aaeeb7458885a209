"""What is said about an input before work starts."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.source_warnings import source_warnings
from dscvsr_cli.video.containers import container_of, names_picture, picture_container
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from tests.clips import render_kind

_MP4 = container_of(Path("out.mp4"))


@pytest.fixture
def info(tmp_path: Path) -> VideoInfo:
    return probe(render_kind("single frame", tmp_path))


def stored(
    info: VideoInfo,
    *,
    pixel_format: str = "yuv420p",
    encoder: str = "libx264",
    suffix: str = ".mp4",
) -> PictureSpec:
    """Return what is written of a video, without asking whether the encoder would take it."""
    path = Path(f"out{suffix}")
    container = picture_container(suffix) if names_picture(path) else container_of(path)
    plain = replace(info, pixel_format="yuv420p", has_alpha=False)
    spec = settle_picture(plain, _MP4, height=90, width=160, options=EncodeOptions())
    return replace(
        spec,
        source=info,
        container=container,
        pixel_format=pixel_format,
        plain=plain_format(pixel_format),
        options=EncodeOptions(encoder=encoder),
    )


def warnings(info: VideoInfo, **changed: Any) -> list[str]:
    names = ("pixel_format", "encoder", "suffix")
    output = {name: changed.pop(name) for name in names if name in changed}
    return list(source_warnings(UpscaleJob(source=info.path, **changed), stored(info, **output)))


def test_a_plain_video_needs_no_warning(info: VideoInfo) -> None:
    assert warnings(info) == []


def test_each_loss_is_said_in_its_own_words(info: VideoInfo) -> None:
    stream = StreamInfo(index=1, kind="audio", codec="aac")
    odd = replace(
        info,
        frames_cut_off=26,
        lost_streams=(stream,),
        dynamic_hdr=("HDR10+",),
        colour=replace(info.colour, transfer_tag=16),
    )
    told = warnings(odd)
    assert len(told) == 4
    assert "cut short by 26 frames" in told[0]
    assert "audio stream 1 will be lost" in told[1]
    assert "HDR10+ metadata will be lost" in told[2]
    assert "HDR (PQ)" in told[3]


def test_what_a_person_leaves_out_is_no_loss_of_a_pipe(info: VideoInfo) -> None:
    piped = replace(info, lost_streams=(StreamInfo(index=1, kind="audio", codec="aac"),))
    assert len(warnings(piped)) == 1
    assert warnings(piped, streams=StreamChoices(audio=False)) == []


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_in_eight_bits_is_reported_also_where_it_was_asked_for(
    transfer: int, info: VideoInfo
) -> None:
    colour = replace(info.colour, transfer_tag=transfer)
    deep = replace(info, pixel_format="yuv420p10le", bit_depth=10, colour=colour)

    def asked(pixel_format: str, source: VideoInfo = deep) -> bool:
        job = UpscaleJob(source=info.path, pixel_format=pixel_format)
        told = source_warnings(job, stored(source, pixel_format=pixel_format))
        return any("bands" in line for line in told)

    assert asked("yuv420p")
    assert not asked("yuv422p10le")
    assert not asked("yuv420p", replace(deep, colour=info.colour))


def test_dolby_vision_without_a_picture_for_others_is_reported(info: VideoInfo) -> None:
    vision = replace(info, dynamic_hdr=("Dolby Vision",))
    assert any("will look wrong" in line for line in warnings(vision))
    tagged = replace(vision, colour=replace(info.colour, transfer_tag=18))
    assert not any("will look wrong" in line for line in warnings(tagged))


@pytest.mark.parametrize(
    ("pixel_format", "encoder", "suffix", "kept"),
    [
        ("yuva420p", "libvpx-vp9", ".webm", True),
        ("yuva420p", "libvpx-vp9", ".mkv", True),
        ("yuva420p", "libvpx-vp9", ".mp4", False),
        ("yuva444p10le", "prores_ks", ".mov", True),
        ("yuv420p", "libx264", ".mp4", False),
        ("rgba", "png", ".png", True),
        ("pal8", "gif", ".gif", True),
    ],
)
def test_alpha_is_said_to_be_lost_only_where_it_is(
    pixel_format: str, encoder: str, suffix: str, kept: bool, info: VideoInfo
) -> None:
    output = {"pixel_format": pixel_format, "encoder": encoder, "suffix": suffix}
    clear = replace(info, has_alpha=True)
    assert any("transparency" in line for line in warnings(clear, **output)) != kept
    assert warnings(info, **output) == []


@pytest.mark.parametrize(
    ("source", "bits", "output", "told"),
    [
        ("yuv420p10le", 10, "yuv420p", ["10 bits will become 8"]),
        ("yuv444p", 8, "yuv420p", ["more coarsely"]),
        ("yuv422p12le", 12, "yuv420p10le", ["12 bits will become 10", "more coarsely"]),
        ("rgb24", 8, "yuv444p", []),
        ("rgb24", 8, "yuv420p", ["more coarsely"]),
        ("yuv420p", 8, "yuv422p10le", []),
        ("p010le", 10, "yuv420p10le", []),
        ("pal8", 8, "pal8", []),
    ],
)
def test_coarser_pictures_are_reported_unless_asked_for(
    source: str, bits: int, output: str, told: list[str], info: VideoInfo
) -> None:
    fine = replace(info, pixel_format=source, bit_depth=bits)
    lines = warnings(fine, pixel_format=output)
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))
    job = UpscaleJob(source=info.path, pixel_format=output)
    assert list(source_warnings(job, stored(fine, pixel_format=output))) == []


@pytest.mark.parametrize(("suffix", "advice"), [(".mkv", "--encoder ffv1"), (".mp4", "-o out.mkv")])
def test_matroska_is_not_recommended_to_those_who_write_it(
    suffix: str, advice: str, info: VideoInfo
) -> None:
    fine = replace(info, pixel_format="yuv420p16le", bit_depth=16)
    (line,) = warnings(fine, pixel_format="yuv420p12le", suffix=suffix)
    assert f"({advice}" in line


def test_a_size_of_another_shape_is_explained(info: VideoInfo) -> None:
    wide = replace(info, sample_aspect_ratio=Fraction(64, 45))
    spec = replace(stored(wide), sample_aspect_ratio=Fraction(4, 3))
    job = UpscaleJob(source=info.path, width=160, height=90)
    assert any("pixels of 4:3 keep" in line for line in source_warnings(job, spec))

    for size, told in (((182, 96), False), ((160, 120), True)):
        spec = replace(stored(wide), sample_aspect_ratio=Fraction(1))
        job = UpscaleJob(source=info.path, width=size[0], height=size[1], square_pixels=True)
        lines = list(source_warnings(job, spec))
        assert (
            any("stretches the video: it is shown 0.703 times as wide" in line for line in lines)
            is told
        )
    assert warnings(wide, scale=2.0) == []

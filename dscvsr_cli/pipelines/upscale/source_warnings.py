"""Warnings about the input of a job: what its output will lack, and what may look wrong."""

from collections.abc import Iterator
from fractions import Fraction

import av

from dscvsr_cli.geometry import Size, shape_keeping_aspect
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.video.display_matrix import swaps_sides
from dscvsr_cli.video.info import ICON_FORMAT, VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices, is_unwanted
from dscvsr_cli.video.pixels.colour import UNSPECIFIED
from dscvsr_cli.video.pixels.formats import holds_alpha
from dscvsr_cli.video.read.open_input import input_name
from dscvsr_cli.video.read.side_data import CAPTIONS_EXTRA, DOLBY_VISION, STEREO_EXTRA
from dscvsr_cli.video.write.captions import CAPTION_CODECS
from dscvsr_cli.video.write.icc_profile import kept_profile
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.private_parameters import FRAME_PACKING
from dscvsr_cli.wording import counted

_PLACES_NAMED = 5

_HDR_BITS = 10
"""Fewest bits in which the curves of HDR show no steps."""

_PQ = 16
"""H.273 code of the transfer SMPTE ST 2084."""


def source_warnings(job: UpscaleJob, picture: PictureSpec) -> Iterator[str]:
    """Yield what the person should know about the input before work starts.

    Args:
        job: What is asked for.
        picture: What the frames of the output are.
    """
    source, container = picture.source, picture.container
    pixel_format, encoder = picture.pixel_format, picture.options.encoder
    if source.frames_cut_off:
        yield f"the file is cut short by {counted(source.frames_cut_off, 'frame')}"
    if source.further_pictures:
        yield _further_pictures(job, source)
    yield from _stream_warnings(source, job.streams)
    if source.has_alpha and not _keeps_alpha(picture):
        kind = "pictures" if container.is_pictures else container.name
        keeps = f"{_way_to_keep_alpha(picture)} keeps it"
        yield f"transparency will be lost: {encoder} {pixel_format} in {kind} has none ({keeps})"
    if job.pixel_format is None:
        yield from _coarser_frames(picture)
    elif source.colour.is_hdr and picture.plain.bits < _HDR_BITS <= source.bit_depth:
        # Who asks for a format, or for a preset that has one, need not know what it costs here.
        yield (
            f"HDR in {picture.plain.bits} bits shows bands: leave out --pix-fmt "
            f"{pixel_format}, or the preset that asks for it, to keep {source.bit_depth}"
        )
    if source.icc_profile and not kept_profile(source, encoder, picture.plain):
        yield (
            "the ICC profile of the colours will be lost, so that they may look paler or too vivid "
            "(-o out.png keeps that of RGB)"
        )
    for name in source.dynamic_hdr:
        yield f"{name} metadata will be lost: it belongs to frames of the old size"
    for name in source.picture_extras:
        if (name == STEREO_EXTRA and _keeps_stereo(picture)) or (
            name == CAPTIONS_EXTRA and _keeps_captions(picture)
        ):
            continue
        first = " (extract them first, with FFmpeg)" if name == CAPTIONS_EXTRA else ""
        yield f"{name} will be lost: no encoder here can store it{first}"
    is_untagged = source.colour.transfer_tag == UNSPECIFIED
    if source.has_own_colours or (DOLBY_VISION in source.dynamic_hdr and is_untagged):
        # What other players can show says in its tags what it is.
        yield (
            "the colours will look wrong, purple and green: the frames are in Dolby Vision's own "
            "(profile 5, it seems), and the output says nothing of them (convert it to HDR10 first)"
        )
    if source.colour.transfer_tag == _PQ:
        yield "the video is HDR (PQ): the network was trained on SDR, so look at bright areas"
    if job.width and job.height:
        yield from _shape_warnings(picture, Size(job.height, job.width))


def _shape_warnings(picture: PictureSpec, wanted: Size) -> Iterator[str]:
    """Say what becomes of a video that has another shape than the size wanted for it."""
    source, aspect = picture.source, picture.sample_aspect_ratio or Fraction(1)
    if aspect != 1:
        yield (
            f"{wanted} is not the shape of the video: pixels of {aspect.numerator}:"
            f"{aspect.denominator} keep it (--square-pixels stretches it instead)"
        )
        return
    turned = picture.is_turned or swaps_sides(picture.turn)
    stored = wanted.turned(by_quarter=turned)
    shape = Size(source.height, source.width)
    stretch = 1 / shape_keeping_aspect(shape, stored, source.sample_aspect_ratio or Fraction(1))
    if stretch != 1:
        stretch = 1 / stretch if turned else stretch
        yield (
            f"{wanted} stretches the video: it is shown {float(stretch):.3g} times as wide as it "
            "was, for its height (leave out --square-pixels, or --size, to keep its shape)"
        )


def _further_pictures(job: UpscaleJob, source: VideoInfo) -> str:
    name, others = input_name(job.source), source.further_pictures
    if source.container == ICON_FORMAT:
        return (
            f"only the picture of {source.width}x{source.height} in {name} is enlarged, of "
            f"{others + 1} (--video-stream 0 to {others} chooses another)"
        )
    return (
        f"only the first picture of {'a file' if source.kind == 'sequence' else name} is enlarged: "
        f"FFmpeg does not read the other {others} (take it apart first, with ImageMagick for "
        "example: magick IN.tiff page-%d.png)"
    )


def _way_to_keep_alpha(picture: PictureSpec) -> str:
    if not picture.container.is_pictures:
        return "-o out.webm, -o out.mov --encoder prores_ks, or -o out.mkv --encoder ffv1"
    return _as_png(picture)


def _as_png(picture: PictureSpec) -> str:
    return "-o out.png" if picture.source.is_still else "-o frames/%05d.png"


def _stream_warnings(source: VideoInfo, choices: StreamChoices) -> Iterator[str]:
    if source.jumps.seconds:
        yield _jump_warning(source)
    for stream in source.lost_streams:
        if is_unwanted(stream, choices):
            continue
        yield (
            f"{stream.kind} stream {stream.index} will be lost: only the video of a pipe can be "
            "read (give the file itself to keep it)"
        )


def _jump_warning(source: VideoInfo) -> str:
    places = [float(at - source.start_seconds) for at in source.jumps.seconds]
    shown = ", ".join(f"{at:.3f} s" for at in places[:_PLACES_NAMED])
    more = len(places) - _PLACES_NAMED
    others = f" and {counted(more, 'more place')}" if more > 0 else ""
    return f"timestamps step back at {shown}{others}; all tracks are moved on together from there"


def _coarser_frames(picture: PictureSpec) -> Iterator[str]:
    source, pixel_format = picture.source, picture.pixel_format
    old, new = source.plain, picture.plain
    ways = _finer_ways(picture)
    if new.bits < source.bit_depth:
        less = f"{source.bit_depth} bits will become {new.bits}"
        keeps = f"{_as_png(picture)} keeps them" if picture.container.is_pictures else ways
        yield f"{less}: {pixel_format} has no more ({keeps})"
    coarser = new.row_shift > old.row_shift or new.column_shift > old.column_shift
    if coarser and old.family != "grey":
        yield (
            f"colours will be stored more coarsely: {source.pixel_format} becomes {pixel_format} "
            f"({ways})"
        )


def _finer_ways(picture: PictureSpec) -> str:
    """Say what keeps bits and colours that an output as it is meant would lose."""
    by_choice = picture.container.for_players and picture.source.plain.family == "rgb"
    if picture.container.attachments:
        # Matroska itself is not what loses them.
        return "--encoder ffv1 keeps them"
    return (
        f"-o out.mkv, or {'--pix-fmt yuv444p' if by_choice else 'another --encoder'}, may keep them"
    )


def _keeps_captions(picture: PictureSpec) -> bool:
    return av.Codec(picture.options.encoder, "w").canonical_name in CAPTION_CODECS


def _keeps_stereo(picture: PictureSpec) -> bool:
    by_codec = picture.options.encoder == "libx264" and picture.source.stereo in FRAME_PACKING
    return by_codec or picture.container.stores_stereo


def _keeps_alpha(picture: PictureSpec) -> bool:
    if picture.options.encoder.startswith("libvpx") and not picture.container.vpx_alpha:
        return False
    return holds_alpha(picture.pixel_format)

"""Small synthetic clips for everybody's tests, rendered with PyAV alone."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

SAMPLE_RATE: Final = 48000
_SAMPLES_PER_PACKET: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What to render; the defaults are a plain constant-rate clip without sound."""

    suffix: str = ".mp4"
    width: int = 64
    height: int = 48
    rate: int = 25
    time_base: Fraction = Fraction(1, 12800)
    pts: tuple[int, ...] = tuple(range(0, 8 * 512, 512))
    """Timestamp of every frame, in units of ``time_base``."""

    encoder: str = "libx264"
    pixel_format: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = (("crf", "10"), ("preset", "ultrafast"))
    colour_tags: tuple[int, int, int, int] = (2, 0, 2, 2)
    """Matrix, range, primaries, transfer as H.273 code points."""

    sample_aspect_ratio: Fraction | None = None
    rotation: int = 0
    """Degrees counter-clockwise."""

    sound_seconds: float = 0.0
    """Length of an audio track; 0 for a silent clip."""

    sound_encoder: str = "aac"

    sound_start: int = 0
    """Samples by which the sound starts late."""

    sound_tracks: int = 1
    subtitles: tuple[str, ...] = ()
    """Lines of a SubRip track (Matroska only)."""

    text_ms: int = 100
    """Milliseconds from one line, or one chapter, to the next."""

    chapters: tuple[str, ...] = ()
    """Titles of chapters."""

    attachment: bytes = b""
    """Content of an attached font (Matroska only)."""

    metadata: tuple[tuple[str, str], ...] = ()


CLIPS: Final[dict[str, Clip]] = {
    "constant": Clip(),
    "variable": Clip(pts=(0, 512, 600, 2000, 2001, 4096, 9000, 9512)),
    "late start": Clip(pts=tuple(range(12801, 12801 + 6 * 512, 512)), sound_seconds=0.2),
    "odd size": Clip(width=61, height=45, pixel_format="yuv444p"),
    "sound": Clip(sound_seconds=0.32, sound_tracks=2),
    "b frames": Clip(
        pts=tuple(range(0, 20 * 512, 512)),
        options=(("crf", "10"), ("bf", "3"), ("b_strategy", "0")),
        sound_seconds=0.8,
    ),
    "single frame": Clip(pts=(0,)),
    "subtitles": Clip(
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(range(0, 320, 40)),
        sound_seconds=0.32,
        subtitles=("one", "two <i>lines</i>", "drei 三"),
    ),
    "ten bit": Clip(pixel_format="yuv420p10le"),
    "bt709": Clip(colour_tags=(1, 1, 1, 1)),
    "bt601": Clip(colour_tags=(6, 1, 6, 6)),
    "full range": Clip(colour_tags=(1, 2, 1, 1)),
    "anamorphic": Clip(sample_aspect_ratio=Fraction(64, 45)),
    "turned": Clip(rotation=90),
}
"""One clip for every kind of file that has ever made a tool like this stumble."""


def render(clip: Clip, folder: Path, *, name: str = "clip") -> Path:
    """Render a clip into ``folder`` and return its path."""
    path = folder / f"{name}{clip.suffix}"
    with av.open(f"file:{path}", "w", container_options=_muxer_options(clip)) as output:
        video = _add_video(output, clip)
        tracks = [
            _add_sound(output, clip) for _ in range(clip.sound_tracks if clip.sound_seconds else 0)
        ]
        text = output.add_mux_stream("subrip") if clip.subtitles else None
        output.metadata.update(dict(clip.metadata))
        if clip.chapters:
            output.set_chapters(
                [
                    {
                        "id": index + 1,
                        "start": index * clip.text_ms,
                        "end": (index + 1) * clip.text_ms,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": title},
                    }
                    for index, title in enumerate(clip.chapters)
                ]
            )
        if clip.attachment:
            output.add_attachment("font.ttf", "application/x-truetype-font", clip.attachment)
        for number, track in enumerate(tracks):
            track.metadata.update({"language": ("eng", "fra", "deu")[number % 3]})
        _write_video(output, video, clip)
        for number, track in enumerate(tracks):
            _write_sound(output, track, clip, frequency=220 * (number + 1))
        if text is not None:
            _write_subtitles(output, text, clip)
    return path


def render_kind(kind: str, folder: Path) -> Path:
    """Render one of ``CLIPS`` by its name."""
    return render(CLIPS[kind], folder, name=kind.replace(" ", "_"))


def render_two(clips: list[Clip], folder: Path) -> Path:
    """Render two clips of as many frames into one Matroska file that holds both videos."""
    paths = [render(clip, folder, name=f"video{number}") for number, clip in enumerate(clips)]
    made = folder / "two.mkv"
    with (
        av.open(str(paths[0])) as first,
        av.open(str(paths[1])) as second,
        av.open(str(made), "w") as new,
    ):
        olds = (first.streams.video[0], second.streams.video[0])
        twins = [new.add_stream_from_template(one, opaque=True) for one in olds]
        for one, other in zip(first.demux(olds[0]), second.demux(olds[1]), strict=True):
            for packet, twin in ((one, twins[0]), (other, twins[1])):
                if packet.size:
                    packet.stream = twin
                    new.mux(packet)
    return made


def picture(index: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Draw frame ``index`` -> ``(H, W, 3)``: smooth colours that move two pixels per frame."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    moved = columns + 2 * index
    red = 0.5 + 0.35 * np.sin(moved / 9.0)
    green = 0.5 + 0.35 * np.sin(rows / 7.0 + index / 5.0)
    blue = 0.5 + 0.35 * np.cos((moved + rows) / 11.0)
    drawn: npt.NDArray[np.uint8] = np.rint(255 * np.stack([red, green, blue], axis=2)).astype(
        np.uint8
    )
    return drawn


def _muxer_options(clip: Clip) -> dict[str, str]:
    if clip.suffix != ".mp4":
        return {}
    unit = str(clip.time_base.denominator)
    return {"video_track_timescale": unit, "movie_timescale": unit}


def _add_video(output: OutputContainer, clip: Clip) -> VideoStream:
    stream = output.add_stream(clip.encoder, rate=clip.rate, options=dict(clip.options))
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = clip.width, clip.height, clip.pixel_format
    context.time_base = stream.time_base = clip.time_base
    matrix, code_range, primaries, transfer = clip.colour_tags
    context.colorspace, context.color_range = matrix, code_range
    context.color_primaries, context.color_trc = primaries, transfer
    if clip.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = clip.sample_aspect_ratio
    if clip.rotation:
        stream.set_display_rotation(clip.rotation)
    context.thread_count = 1
    return stream


def _write_video(output: OutputContainer, stream: VideoStream, clip: Clip) -> None:
    for index, pts in enumerate(clip.pts):
        drawn = av.VideoFrame.from_ndarray(picture(index, clip.height, clip.width), format="rgb24")
        frame = drawn.reformat(format=clip.pixel_format, interpolation="BICUBIC")
        frame.pts, frame.time_base = pts, clip.time_base
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _add_sound(output: OutputContainer, clip: Clip) -> Stream:
    stream = output.add_stream(clip.sound_encoder, rate=SAMPLE_RATE)
    assert isinstance(stream, av.AudioStream)
    stream.codec_context.layout = "stereo"
    return stream


def _write_sound(output: OutputContainer, stream: Stream, clip: Clip, *, frequency: int) -> None:
    assert isinstance(stream, av.AudioStream)
    for start in range(0, round(clip.sound_seconds * SAMPLE_RATE), _SAMPLES_PER_PACKET):
        time = (np.arange(start, start + _SAMPLES_PER_PACKET) / SAMPLE_RATE).astype(np.float32)
        wave = np.sin(2 * np.pi * frequency * time, dtype=np.float32) * np.float32(0.3)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = start + clip.sound_start, Fraction(1, SAMPLE_RATE)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _write_subtitles(output: OutputContainer, stream: Stream, clip: Clip) -> None:
    for index, line in enumerate(clip.subtitles):
        packet = Packet(line.encode())
        packet.stream = stream
        packet.time_base = Fraction(1, 1000)
        packet.pts = packet.dts = index * clip.text_ms
        packet.duration = clip.text_ms * 4 // 5
        output.mux_one(packet)

"""The demo clip, rendered on the spot: a dive into a fractal, a test card, and audio."""

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.video.stream import VideoStream

from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.write.target_file import PartialFile

_SAMPLE_RATE: Final = 48000
_SAMPLES_PER_FRAME: Final = 1024
"""What an AAC packet holds."""


def render_demo_clip(
    path: Path, *, width: int = 320, height: int = 180, seconds: float = 3.0, rate: int = 24
) -> None:
    """Render a short MP4 clip (H.264 and AAC) with fine detail, steady motion and a beeping tone.

    An existing file is replaced.

    Args:
        path: The file to write.
        width: Columns, even.
        height: Rows, even.
        seconds: Length.
        rate: Frames per second.

    Raises:
        UsageError: An impossible size, length or rate.
        OutputVideoError: The file cannot be written.
    """
    if width < 32 or height < 32 or width % 2 or height % 2:
        raise UsageError(
            f"a demo clip needs even sides from 32 on, got {width}x{height}",
            hint="choose sides such as 320x180",
        )
    if seconds <= 0 or rate < 1:
        raise UsageError(
            f"a demo clip cannot have {seconds:g} s at {rate} frames per second",
            hint="choose both above 0, such as 3 s at 24",
        )
    with PartialFile(path, overwrite=True) as hidden:
        try:
            with av.open(f"file:{hidden}", "w", format="mp4") as output:
                _render(output, width, height, seconds, rate)
        except (av.FFmpegError, OSError) as error:
            raise OutputVideoError(
                f"{path} could not be written: {describe_error(error)}",
                hint="check the space on the disk",
            ) from error


def _render(output: OutputContainer, width: int, height: int, seconds: float, rate: int) -> None:
    video = output.add_stream("libx264", rate=rate, options={"crf": "18", "preset": "fast"})
    audio = output.add_stream("aac", rate=_SAMPLE_RATE)
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    video.codec_context.time_base = Fraction(1, rate)
    audio.codec_context.layout = "stereo"
    pictures, tone = _picture_graph(width, height, rate), _tone_graph()
    audio_time = Fraction(0)
    for index in range(max(1, round(seconds * rate))):
        _encode_picture(output, video, pictures, index)
        # Audio is written between the frames, so that players find both close together.
        while audio_time < Fraction(index + 1, rate):
            _encode_tone(output, audio, tone)
            audio_time += Fraction(_SAMPLES_PER_FRAME, _SAMPLE_RATE)
    output.mux(video.encode(None))
    output.mux(audio.encode(None))


def _encode_picture(output: OutputContainer, stream: VideoStream, graph: Graph, index: int) -> None:
    frame = graph.vpull()
    frame.pts, frame.time_base = index, stream.codec_context.time_base
    output.mux(stream.encode(frame))


def _encode_tone(output: OutputContainer, stream: AudioStream, graph: Graph) -> None:
    frame = graph.pull()
    if isinstance(frame, av.AudioFrame):
        output.mux(stream.encode(frame))


def _picture_graph(width: int, height: int, rate: int) -> Graph:
    graph = Graph()
    # Rendered at twice the size and averaged down, the way a lens and a sensor would see it.
    fractal = graph.add("mandelbrot", f"size={2 * width}x{2 * height}:rate={rate}:start_scale=1.2")
    shrink = graph.add("scale", f"{width}:{height}:flags=area")
    card = graph.add("testsrc2", f"size={2 * (width // 6)}x{2 * (height // 6)}:rate={rate}")
    inset = graph.add("overlay", "x=main_w-overlay_w-8:y=main_h-overlay_h-8")
    plain = graph.add("format", "pix_fmts=yuv420p")
    sink = graph.add("buffersink")
    fractal.link_to(shrink)
    shrink.link_to(inset, 0, 0)
    card.link_to(inset, 0, 1)
    inset.link_to(plain)
    plain.link_to(sink)
    graph.configure()
    return graph


def _tone_graph() -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add("sine", f"frequency=220:beep_factor=4:sample_rate={_SAMPLE_RATE}"),
        graph.add("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
        graph.add("asetnsamples", f"n={_SAMPLES_PER_FRAME}"),
        graph.add("abuffersink"),
    ).configure()
    return graph

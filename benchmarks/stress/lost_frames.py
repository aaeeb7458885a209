"""Count how many damaged files are noticed that give fewer frames than the whole one.

Renders a clip of 75 frames, with audio where the container holds any, in every container and codec
below; damages copies of it (cut, zeroed, overwritten with noise, a piece deleted, bits flipped) and
reads them::

    python benchmarks/stress/lost_frames.py                   # 80 copies of each, a few minutes
    python benchmarks/stress/lost_frames.py --only "avi mpeg4" --copies 200
    python benchmarks/stress/lost_frames.py --files damaged/      # keep them, or read them again

A copy counts as silent if frames are missing and no loss was reported, and as told if one was; it
may also be refused with a message, or give all frames. The exit code is 1 if a whole file is
taken for a damaged one.
"""

import argparse
import logging
import random
import sys
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.video.read.reader import VideoReader

FRAMES, HEIGHT, WIDTH, RATE, SAMPLE_RATE = 75, 64, 96, 25, 48000
DAMAGES = ("cut", "zero", "noise", "delete", "flip")
X264 = {"crf": "18", "g": "25"}
X265 = {
    "crf": "22",
    "x265-params": "keyint=25:log-level=none:pools=none:frame-threads=1:no-cutree=1",
}
MPEG = {"g": "12", "bf": "2", "b": "600000"}
VPX = {"g": "25", "crf": "25", "b": "600000", "cpu-used": "8", "deadline": "realtime"}


class Kind(NamedTuple):
    """One container with one codec."""

    suffix: str
    muxer: str
    encoder: str
    options: dict[str, str]
    audio: str | None = None
    muxer_options: dict[str, str] = {}  # noqa: RUF012  never altered
    pixel_format: str = "yuv420p"


KINDS = {
    "ts h264": Kind(".ts", "mpegts", "libx264", X264, "aac"),
    "ts hevc": Kind(".ts", "mpegts", "libx265", X265, "aac"),
    "ts mpeg2": Kind(".ts", "mpegts", "mpeg2video", MPEG, "mp2"),
    "m2ts h264": Kind(".m2ts", "mpegts", "libx264", X264, "ac3", {"mpegts_m2ts_mode": "1"}),
    "mpg mpeg2": Kind(".mpg", "mpeg", "mpeg2video", MPEG, "mp2"),
    "vob mpeg2": Kind(".vob", "vob", "mpeg2video", MPEG, "mp2"),
    "avi mpeg4": Kind(".avi", "avi", "mpeg4", MPEG, "mp3"),
    "avi mjpeg": Kind(".avi", "avi", "mjpeg", {}, "mp3", pixel_format="yuvj420p"),
    "avi h264": Kind(".avi", "avi", "libx264", X264, "mp3"),
    "mp4 h264": Kind(".mp4", "mp4", "libx264", X264, "aac"),
    "mp4 mpeg4": Kind(".mp4", "mp4", "mpeg4", MPEG, "aac"),
    "fragmented mp4 h264": Kind(
        ".mp4", "mp4", "libx264", X264, "aac", {"movflags": "+frag_keyframe+empty_moov"}
    ),
    "mov prores": Kind(".mov", "mov", "prores_ks", {}, "pcm_s16le", pixel_format="yuv422p10le"),
    "flv h264": Kind(".flv", "flv", "libx264", X264, "aac"),
    "flv flv1": Kind(".flv", "flv", "flv", {"g": "25", "b": "600000"}, "mp3"),
    "ogg vp8": Kind(".ogv", "ogg", "libvpx", VPX, "libopus"),
    "wmv wmv2": Kind(".wmv", "asf", "wmv2", {"g": "25", "b": "600000"}, "wmav2"),
    "mkv h264": Kind(".mkv", "matroska", "libx264", X264, "aac"),
    "mkv mpeg4": Kind(".mkv", "matroska", "mpeg4", MPEG, "aac"),
    "webm vp9": Kind(".webm", "webm", "libvpx-vp9", VPX, "libopus"),
    "mxf mpeg2": Kind(".mxf", "mxf", "mpeg2video", MPEG, "pcm_s16le"),
    "nut ffv1": Kind(".nut", "nut", "ffv1", {}, "aac"),
    "ivf vp9": Kind(".ivf", "ivf", "libvpx-vp9", VPX),
    "gif": Kind(".gif", "gif", "gif", {}, pixel_format="rgb8"),
    "y4m": Kind(".y4m", "yuv4mpegpipe", "rawvideo", {}),
    "raw h264": Kind(".h264", "h264", "libx264", X264),
    "raw hevc": Kind(".hevc", "hevc", "libx265", X265),
    "raw mpeg2": Kind(".m2v", "mpeg2video", "mpeg2video", MPEG),
}
COLUMNS = ("silent", "told", "refused", "all frames")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--copies",
        type=int,
        default=80,
        help="damaged copies of each kind of file (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(KINDS),
        metavar="KIND",
        help="only this kind of file, such as 'avi mpeg4'; may be repeated",
    )
    parser.add_argument(
        "--files", type=Path, help="keep the copies in this folder, or read them if it has them"
    )
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    av.logging.set_level(av.logging.PANIC)
    alarms = 0
    print(f"{'':20}", *(f"{name:>10}" for name in COLUMNS))
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.only or KINDS:
            folder = (arguments.files or Path(scratch)) / name.replace(" ", "_")
            whole = render_copies(name, folder, arguments.copies)
            frames, told = read(whole)
            if told or frames != FRAMES:
                alarms += 1
                print(f"{name}: the whole file gave {frames} frames, and {told} were told")
            counts = Counter(
                outcome(path, frames) for path in sorted(folder.iterdir()) if path != whole
            )
            print(f"{name:20}", *(f"{counts[column]:10}" for column in COLUMNS), flush=True)
    sys.exit(1 if alarms else 0)


def outcome(path: Path, whole_frames: int) -> str:
    """Read a damaged copy and say which column it belongs to."""
    try:
        frames, told = read(path)
    except DscvsrError:
        return "refused"
    if frames >= whole_frames:
        return "all frames"
    return "told" if told else "silent"


def read(path: Path) -> tuple[int, int]:
    """Decode a file -> frames, and frames that were told to be damaged or missing."""
    with VideoReader(path) as reader:
        frames = sum(1 for _ in reader)
        return frames, max(reader.damaged_frames, reader.info.frames_cut_off)


def render_copies(name: str, folder: Path, copies: int) -> Path:
    """Render one kind and its damaged copies unless they are there; return the whole file."""
    kind = KINDS[name]
    whole = folder / f"whole{kind.suffix}"
    if whole.exists():
        return whole
    folder.mkdir(parents=True, exist_ok=True)
    render(kind, whole)
    content = whole.read_bytes()
    for number in range(copies):
        way = DAMAGES[number % len(DAMAGES)]
        chance = random.Random(f"{name}{number}")  # noqa: S311  damage, not secrets
        copy = folder / f"{way}{number:03}{kind.suffix}"
        copy.write_bytes(damage(content, way, chance))
    return whole


def damage(content: bytes, way: str, chance: random.Random) -> bytes:
    """Return a damaged copy; the first tenth, where most headers are, stays as it is."""
    data = bytearray(content)
    first = len(data) // 10
    at = chance.randrange(first, len(data))
    size = min(chance.choice((188, 1024, 2048, 4096, chance.randrange(1, 3000))), len(data) - at)
    if way == "cut":
        del data[at:]
    elif way == "zero":
        data[at : at + size] = bytes(size)
    elif way == "noise":
        data[at : at + size] = chance.randbytes(size)
    elif way == "delete":
        del data[at : at + size]
    else:
        for _ in range(8):
            data[chance.randrange(first, len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def render(kind: Kind, path: Path) -> None:
    """Write a clip whose noise keeps the codecs from making its packets tiny."""
    with av.open(
        f"file:{path}", "w", format=kind.muxer, container_options=kind.muxer_options
    ) as output:
        video = cast(
            "VideoStream", output.add_stream(kind.encoder, rate=RATE, options=kind.options)
        )
        context = video.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, kind.pixel_format
        context.thread_count = 1
        audio = None
        if kind.audio is not None:
            audio = cast("AudioStream", output.add_stream(kind.audio, rate=SAMPLE_RATE))
            audio.codec_context.layout = "stereo"
            audio.codec_context.bit_rate = 128_000
            audio.codec_context.open()
        samples = 0
        noise = np.random.default_rng(3)
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(number, noise), format="rgb24")
            frame = frame.reformat(format=kind.pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(video.encode(frame))
            while audio is not None and samples * RATE < (number + 1) * SAMPLE_RATE:
                samples += mux_silence(output, audio, samples)
        output.mux(video.encode(None))
        if audio is not None:
            output.mux(audio.encode(None))


def mux_silence(output: OutputContainer, audio: AudioStream, start: int) -> int:
    """Write one frame of audio; return how many samples it has."""
    context = audio.codec_context
    count = context.frame_size or 1152
    frame = av.AudioFrame(format=context.format.name, layout="stereo", samples=count)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = SAMPLE_RATE
    frame.pts, frame.time_base = start, Fraction(1, SAMPLE_RATE)
    output.mux(audio.encode(frame))
    return count


def picture(number: int, noise: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw a frame -> ``(H, W, 3)``: colours that move, under noise."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    waves = np.stack(
        [
            np.sin((columns + 2 * number) / 9),
            np.sin(rows / 7 + number / 5),
            np.cos((columns + rows + 2 * number) / 11),
        ],
        axis=2,
    )
    drawn = 128 + 90 * waves + noise.integers(-12, 12, (HEIGHT, WIDTH, 3))
    return np.clip(drawn, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()

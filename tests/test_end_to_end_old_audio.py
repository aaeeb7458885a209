"""Audio of old cameras, telephones and Flash, copied into a file of the same kind."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.packet import Packet

from dscvsr_cli.cli.app import main
from tests.clips import picture

FRAMES = 25
FRAME_SECONDS = Fraction(1, 25)


def old_recording(path: Path, audio_encoder: str) -> Path:
    """Write a second of video and of noise, interleaved as such files are."""
    rate = 22050 if audio_encoder == "adpcm_swf" else 8000
    with av.open(str(path), "w") as output:
        video = output.add_stream("flv" if path.suffix == ".flv" else "mpeg4", rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = output.add_stream(audio_encoder, rate=rate, layout="mono")
        assert isinstance(audio, av.AudioStream)
        packets = [*_pictures(video), *_noise(audio, rate)]
        output.start_encoding()
        for packet in sorted(packets, key=lambda one: (one.dts or 0) * one.time_base):
            output.mux(packet)
    return path


def _pictures(video: av.VideoStream) -> "Iterator[Packet[Any]]":
    for number in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(picture(number, 32, 32), format="rgb24")
        frame.pts, frame.time_base = number, FRAME_SECONDS
        yield from video.encode(frame)
    yield from video.encode(None)


def _noise(audio: av.AudioStream, rate: int) -> "Iterator[Packet[Any]]":
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1, rate)).astype(np.float32)
    whole = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
    whole.sample_rate, whole.pts, whole.time_base = rate, 0, Fraction(1, rate)
    fifo = av.AudioFifo()
    for frame in av.AudioResampler(audio.codec_context.format, "mono", rate).resample(whole):
        fifo.write(frame)
    while (piece := fifo.read(audio.codec_context.frame_size or 1024)) is not None:
        yield from audio.encode(piece)
    yield from audio.encode(None)


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(container.streams.audio[0])]
    return np.concatenate(frames, axis=1)


@pytest.mark.parametrize(
    ("name", "encoder", "kind"),
    [
        ("camera.avi", "pcm_mulaw", ".avi"),
        ("camera.avi", "pcm_alaw", ".nut"),
        ("player.flv", "nellymoser", ".flv"),
        ("player.flv", "adpcm_swf", ".flv"),
    ],
)
def test_old_audio_is_copied_into_a_file_of_its_own_kind(
    tmp_path: Path, weights: Path, name: str, encoder: str, kind: str
) -> None:
    source = old_recording(tmp_path / name, encoder)
    made = tmp_path / f"out{kind}"
    assert main(["upscale", str(source), "-o", str(made), "-s", "2", "-w", str(weights)]) == 0
    with av.open(str(source)) as old, av.open(str(made)) as new:
        codecs = [one.streams.audio[0].codec_context.name for one in (old, new)]
    assert codecs[0] == codecs[1]
    assert np.array_equal(decoded(source), decoded(made))
    assert main(["verify", "--fast", str(source), str(made)]) == 0

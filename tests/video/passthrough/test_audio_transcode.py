"""Audio that is encoded again stays in sync, and as close to the source as it can."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.passthrough.audio_transcode import (
    AudioClock,
    choose_sample_format,
    choose_sample_rate,
)
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import SAMPLE_RATE, Clip, render, render_kind
from tests.video.outputs import copy_clip, open_writer

CLICKS = (0.1, 0.45, 0.8)


def clicking_clip(folder: Path, *, start: float = 0.0, layout: str = "stereo") -> Path:
    """Render a silent clip with three clicks, on PCM, in Matroska."""
    path = folder / "clicks.mkv"
    channels = av.AudioLayout(layout).nb_channels
    wave = np.zeros((channels, SAMPLE_RATE), dtype=np.float32)
    for click in CLICKS:
        wave[:, round(click * SAMPLE_RATE) :][:, :64] = 0.8
    picture = render(Clip(pts=tuple(range(0, 25 * 512, 512))), folder, name="picture")
    with av.open(str(path), "w") as output, av.open(str(picture)) as silent:
        video = output.add_stream_from_template(silent.streams.video[0])
        sound = output.add_stream("pcm_s16le", rate=SAMPLE_RATE)
        assert isinstance(sound, av.AudioStream)
        sound.codec_context.layout = layout
        for packet in silent.demux(silent.streams.video[0]):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        for at in range(0, SAMPLE_RATE, 1200):
            block = np.rint(wave[:, at : at + 1200] * 32767).astype(np.int16)
            interleaved = np.ascontiguousarray(block.T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=layout)
            frame.sample_rate = SAMPLE_RATE
            frame.pts = at + round(start * SAMPLE_RATE)
            frame.time_base = Fraction(1, SAMPLE_RATE)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return path


def click_times(path: Path) -> list[float]:
    """Find where each click begins, in seconds, as a player would hear it."""
    found: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE)
            (mono,) = resampler.resample(frame)
            loud = np.flatnonzero(np.abs(mono.to_ndarray()[0]) > 0.2)
            assert frame.time is not None
            for sample in loud:
                at = frame.time + sample / SAMPLE_RATE
                if not found or at - found[-1] > 0.1:
                    found.append(at)
    return found


@pytest.mark.parametrize(
    ("encoder", "suffix"),
    [
        ("aac", ".mp4"),
        ("aac", ".mkv"),
        ("libopus", ".mkv"),
        ("flac", ".mkv"),
        ("ac3", ".ts"),
        ("libmp3lame", ".mov"),
        ("pcm_s16le", ".mov"),
    ],
)
@pytest.mark.parametrize("start", [0.0, 0.2])
def test_encoded_sound_stays_in_step_with_the_picture(
    encoder: str, suffix: str, start: float, tmp_path: Path
) -> None:
    source = clicking_clip(tmp_path, start=start)
    target = tmp_path / f"out{suffix}"
    copy_clip(source, target, choices=StreamChoices(audio_encoder=encoder))
    with av.open(str(target)) as container:
        moved = min(f.time or 0.0 for f in container.decode(video=0))
    heard = [at - moved for at in click_times(target)]
    assert heard == pytest.approx([click + start for click in CLICKS], abs=0.004)


def test_sound_without_loss_is_the_same_sample_for_sample(tmp_path: Path) -> None:
    source = clicking_clip(tmp_path)
    target = tmp_path / "out.mkv"
    copy_clip(source, target, choices=StreamChoices(audio_encoder="flac"))
    heard = []
    for path in (source, target):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        heard.append(np.concatenate(frames, axis=1))
    np.testing.assert_array_equal(heard[0], heard[1])


def test_channels_and_rate_are_kept_where_the_encoder_can(tmp_path: Path) -> None:
    source = clicking_clip(tmp_path, layout="5.1")
    for encoder, layout in (("aac", "5.1"), ("libmp3lame", "stereo")):
        target = tmp_path / f"{encoder}.mov"
        copy_clip(source, target, choices=StreamChoices(audio_encoder=encoder))
        with av.open(str(target)) as container:
            assert container.streams.audio[0].layout.name == layout
            assert container.streams.audio[0].rate == SAMPLE_RATE


def test_every_sound_track_is_encoded_and_keeps_its_language(tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    choices = StreamChoices(audio_encoder="libopus", audio_bitrate=64000)
    copy_clip(render_kind("sound", tmp_path), target, choices=choices)
    others = probe(target).other_streams
    assert [(one.codec, one.language) for one in others] == [("opus", "eng"), ("opus", "fra")]


def test_an_encoder_that_cannot_take_the_sound_is_refused_before_any_frame(
    tmp_path: Path,
) -> None:
    source = clicking_clip(tmp_path)
    target = tmp_path / "out.mkv"
    choices = StreamChoices(audio_encoder="libopus", audio_bitrate=10**9)
    writer = open_writer(target, source=probe(source), height=48, width=64, choices=choices)
    with pytest.raises(UsageError, match="cannot be brought over"), writer:
        pytest.fail("the block must not be entered")
    assert not target.exists()


@pytest.mark.parametrize(
    ("source", "offered", "chosen"),
    [
        ("fltp", ["fltp"], "fltp"),
        ("flt", ["fltp", "s16"], "fltp"),
        ("fltp", ["s16", "s32"], "s32"),
        ("s16", ["fltp"], "fltp"),
        ("s32", ["s16"], "s16"),
        ("u8", ["s16", "s32"], "s16"),
        ("s16p", [], "s16p"),
    ],
)
def test_the_sample_format_that_keeps_most_is_chosen(
    source: str, offered: list[str], chosen: str
) -> None:
    assert choose_sample_format(source, offered) == chosen


@pytest.mark.parametrize(
    ("source", "offered", "chosen"),
    [(44100, [], 44100), (44100, [48000, 24000], 48000), (96000, [48000, 24000], 48000)],
)
def test_the_next_higher_rate_is_chosen(source: int, offered: list[int], chosen: int) -> None:
    assert choose_sample_rate(source, offered) == chosen


def test_where_sound_has_no_times_silence_fills_a_late_start(tmp_path: Path) -> None:
    source, target = clicking_clip(tmp_path, start=0.2), tmp_path / "out.avi"
    info = probe(source)
    options = EncodeOptions(encoder="mpeg4")
    choices = StreamChoices(audio_encoder="pcm_s16le")
    with open_writer(
        target,
        source=info,
        height=48,
        width=64,
        options=options,
        choices=choices,
        rate=Fraction(25),
    ) as writer:
        for index in range(25):
            writer.write(
                Frame(pixels=torch.zeros(3, 48, 64), pts=round(index / 25 / info.time_base))
            )
    with av.open(str(target)) as container:
        assert next(packet.pts for packet in container.demux(video=0) if packet.size) == 0
    assert click_times(target) == pytest.approx([click + 0.2 for click in CLICKS], abs=0.001)


def test_where_sound_has_no_times_late_sound_is_not_copied(tmp_path: Path) -> None:
    source = clicking_clip(tmp_path, start=0.2)
    info = probe(source)
    options = EncodeOptions(encoder="mpeg4")
    target = tmp_path / "out.avi"
    writer = open_writer(
        target, source=info, height=48, width=64, options=options, rate=Fraction(25)
    )
    with pytest.raises(UsageError, match=r"begins 0\.2 s late"), writer:
        pytest.fail("the block must not be entered")


RATES = st.sampled_from([8000, 22050, 44100, 48000])
LENGTHS = st.lists(st.integers(100, 2000), min_size=1, max_size=30)


@given(rate=RATES, lengths=LENGTHS, start=st.integers(0, 10**7))
@settings(deadline=None)
def test_times_rounded_to_milliseconds_leave_no_seam(
    rate: int, lengths: list[int], start: int
) -> None:
    clock = AudioClock(rate=rate, time_base=Fraction(1, 1000))
    true = start
    first = None
    for samples in lengths:
        at, cut = clock.place(round(Fraction(true * 1000, rate)), samples)
        first = at - true if first is None else first
        assert cut == 0
        assert at - true == first
        assert abs(first) <= rate / 2000 + 1
        true += samples


@given(rate=RATES, lengths=LENGTHS, gap=st.integers(2, 100_000))
@settings(deadline=None)
def test_a_gap_stays_a_gap(rate: int, lengths: list[int], gap: int) -> None:
    clock = AudioClock(rate=rate, time_base=Fraction(1, rate))
    position = 0
    for samples in lengths:
        assert clock.place(position, samples) == (position, 0)
        position += samples
    position += gap + 1
    assert clock.place(position, 500) == (position, 0)


def test_what_overlaps_is_cut_off() -> None:
    clock = AudioClock(rate=48000, time_base=Fraction(1, 48000))
    assert clock.place(0, 1000) == (0, 0)
    assert clock.place(900, 1000) == (1000, 100)
    assert clock.place(200, 1000) == (1200, 1000)
    assert clock.place(1900, 1000) == (1900, 0)


def test_blocks_without_times_follow_each_other() -> None:
    clock = AudioClock(rate=48000, time_base=Fraction(1, 90000))
    assert [clock.place(None, 960)[0] for _ in range(3)] == [0, 960, 1920]


def test_audio_that_cannot_be_decoded_is_said_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = render(Clip(suffix=".mkv", sound_seconds=0.64, sound_encoder="ac3"), tmp_path)
    damaged, target = tmp_path / "damaged.mkv", tmp_path / "out.mkv"
    with av.open(str(whole)) as old, av.open(str(damaged), "w") as new:
        twins = [new.add_stream_from_template(one, opaque=True) for one in old.streams]
        for number, packet in enumerate(packet for packet in old.demux() if packet.size):
            spoilt = packet.stream.type == "audio" and 6 <= number < 15
            written = av.Packet(b"\x0b\x77" + bytes(packet.size)) if spoilt else packet
            written.pts, written.dts, written.duration = packet.pts, packet.dts, packet.duration
            written.time_base = packet.time_base
            written.stream = twins[packet.stream_index]
            new.mux(written)

    copy_clip(damaged, target, choices=StreamChoices(audio_encoder="aac"))

    said = [record.getMessage() for record in caplog.records]
    first = [line for line in said if "cannot be decoded" in line]
    assert len(first) == 1
    assert first[0].startswith("audio stream 1 at 0.")
    assert sum("packets could not be decoded" in line for line in said) == 1

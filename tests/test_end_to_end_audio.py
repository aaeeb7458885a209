"""Audio that is encoded again: what cannot be decoded is lost, and the exit code says so."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, render
from tests.helpers import stream_packets

CLIP = Clip(
    suffix=".mkv",
    width=32,
    height=32,
    sound_seconds=0.64,
    sound_encoder="ac3",
)


def spoil(whole: Path, damaged: Path) -> Path:
    """Write the packets of a clip into another file, some of the audio as rubbish."""
    with av.open(str(whole)) as old, av.open(str(damaged), "w") as new:
        twins = [new.add_stream_from_template(one, opaque=True) for one in old.streams]
        for number, packet in enumerate(packet for packet in old.demux() if packet.size):
            spoilt = packet.stream.type == "audio" and 6 <= number < 15
            written = av.Packet(b"\x0b\x77" + bytes(packet.size)) if spoilt else packet
            written.pts, written.dts, written.duration = packet.pts, packet.dts, packet.duration
            written.time_base = packet.time_base
            written.stream = twins[packet.stream_index]
            new.mux(written)
    return damaged


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    return spoil(render(CLIP, tmp_path), tmp_path / "damaged.mkv")


def upscale(*arguments: str | Path) -> int:
    return main(["upscale", *map(str, arguments), "-s", "2", "--encoder-preset", "ultrafast"])


def test_a_single_file_exits_with_8(
    damaged: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.mkv"
    assert upscale(damaged, "-o", target, "--audio-encoder", "flac", "--json") == 8
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    (report,) = [line["report"] for line in lines if line["type"] == "report"]
    assert report["lost_packets"] > 1
    with av.open(str(target)) as output:
        assert [stream.type for stream in output.streams] == ["video", "audio"]


def test_one_of_several_does_not_stop_the_others(damaged: Path, tmp_path: Path) -> None:
    whole = render(CLIP, tmp_path)
    out = tmp_path / "out"
    assert upscale(damaged, whole, "-o", out, "--audio-encoder", "flac") == 8
    assert (out / whole.name).is_file()


def test_what_is_copied_or_left_out_is_not_decoded(damaged: Path, tmp_path: Path) -> None:
    assert upscale(damaged, "-o", tmp_path / "copied.mkv") == 0
    assert upscale(damaged, "-o", tmp_path / "silent.mkv", "--no-audio") == 0


def with_channels(layout: str, folder: Path) -> Path:
    """Render a clip with a second of silence in PCM."""
    path, picture = folder / "channels.mkv", render(Clip(width=32, height=32), folder)
    with av.open(str(path), "w") as output, av.open(str(picture)) as silent:
        video = output.add_stream_from_template(silent.streams.video[0])
        sound = output.add_stream("pcm_s16le", rate=48000, layout=layout)
        for packet in silent.demux(silent.streams.video[0]):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        silence = np.zeros((1, 48000 * av.AudioLayout(layout).nb_channels), dtype=np.int16)
        frame = av.AudioFrame.from_ndarray(silence, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        output.mux([*sound.encode(frame), *sound.encode(None)])
    return path


@pytest.mark.parametrize("more", [["--dry-run"], [], ["--json"]])
def test_channels_that_an_encoder_does_not_take_are_named_once_before_the_work(
    more: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = with_channels("4.0", tmp_path)
    options = ("-o", tmp_path / "out.mkv", "--audio-encoder", "libopus")
    assert upscale(source, *options, *more) == 0
    said = capfd.readouterr()
    warned = [line for line in (said.out + said.err).splitlines() if "takes no 4.0" in line]
    if more == ["--json"]:
        warned = [one["message"] for one in map(json.loads, warned) if one["type"] == "event"]
    assert len(warned) == 1
    assert "audio stream 1 (pcm_s16le) will be converted to libopus" in warned[0]
    assert "it becomes quad" in warned[0]


def test_audio_that_no_layout_of_an_encoder_fits_is_refused_before_the_work(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dscvsr_cli.video.passthrough.audio_transcode.layouts_to_try", lambda *_: ["hexadecagonal"]
    )
    source = with_channels("stereo", tmp_path)
    options = ("-o", tmp_path / "out.mkv", "--audio-encoder", "libopus")
    assert upscale(source, *options, "--dry-run") == 2
    assert "libopus takes no audio of 2 channels" in capfd.readouterr().err
    assert upscale(source, *options, "--dry-run", "--drop-unsupported") == 0
    shown = capfd.readouterr().out
    assert "audio stream 1 (pcm_s16le) will be lost: libopus takes no audio" in shown


@pytest.mark.parametrize("source_suffix", [".avi", ".mkv"])
def test_ac3_keeps_its_times_in_avi(source_suffix: str, tmp_path: Path) -> None:
    clip = replace(
        CLIP, suffix=source_suffix, encoder="mpeg4", options=(), time_base=Fraction(1, 25)
    )
    source = render(replace(clip, pts=tuple(range(16))), tmp_path)
    target = tmp_path / "out.avi"
    assert main(["upscale", str(source), "-s", "2", "-o", str(target)]) == 0
    assert not [
        one.message
        for one in compare_files(source, target).changed
        if one.subject.startswith("audio stream 1")
    ]
    starts = [packet.seconds for packet in stream_packets(target, 1)]
    assert starts == [number * Fraction(1536, 48000) for number in range(len(starts))]

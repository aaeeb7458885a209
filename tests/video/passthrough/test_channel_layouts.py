"""Channels keep their speakers, whether audio is copied or encoded again, and however many."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.video.passthrough.audio_blocks import silence_before, without_first
from dscvsr_cli.video.passthrough.channel_layouts import layouts_to_try, stated_layout
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import SAMPLE_RATE
from tests.video.outputs import copy_clip
from tests.video.passthrough.test_audio_transcode import clicking_clip


def layout_of(path: Path) -> str:
    with av.open(str(path)) as container:
        return container.streams.audio[0].layout.name


@pytest.mark.parametrize(
    ("layout", "stated"),
    [("2 channels", "stereo"), ("6 channels", "5.1"), ("5.1(side)", "5.1(side)")],
)
def test_where_a_file_does_not_say_the_usual_speakers_are_meant(layout: str, stated: str) -> None:
    assert stated_layout(av.AudioLayout(layout)) == stated


def test_more_channels_than_there_is_a_usual_layout_for_stay_unnamed() -> None:
    assert stated_layout(av.AudioLayout("12 channels")) == "12 channels"


def test_as_many_channels_as_possible_are_kept() -> None:
    assert layouts_to_try("4.0", "libopus")[:2] == ["4.0", "quad"]
    assert layouts_to_try("5.0(side)", "libopus")[:2] == ["5.0(side)", "5.0"]


@pytest.mark.parametrize(
    ("layout", "encoder", "kept"),
    [
        ("4.0", "aac", "4.0"),  # Matroska does not say so of PCM
        ("4.0", "libopus", "quad"),
        ("5.1(side)", "libopus", "5.1"),
    ],
)
def test_an_encoder_gets_all_channels(layout: str, encoder: str, kept: str, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    source = clicking_clip(tmp_path, layout=layout)
    copy_clip(source, target, choices=StreamChoices(audio_encoder=encoder))
    assert layout_of(target) == kept


def test_aac_is_written_in_a_layout_that_browsers_play(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "side.mov"
    clips = tmp_path / "clips"
    clips.mkdir()
    copy_clip(
        clicking_clip(clips, layout="5.1(side)"), source, choices=StreamChoices(audio_encoder="ac3")
    )
    assert layout_of(source) == "5.1(side)"
    target = tmp_path / "out.mp4"
    copy_clip(source, target, choices=StreamChoices(audio_encoder="aac"))
    with av.open(str(target)) as container:
        header = container.streams.audio[0].codec_context.extradata or b""
    # The layout's number, in the second byte; 0 would mean that it is spelt out.
    assert header[1] >> 3 & 15 == 6
    assert not caplog.records


def test_pcm_that_does_not_name_its_speakers_is_copied_into_mp4(tmp_path: Path) -> None:
    source, target = clicking_clip(tmp_path), tmp_path / "out.mp4"
    assert layout_of(source) == "2 channels"
    copy_clip(source, target)
    assert layout_of(target) == "stereo"
    found = compare_files(source, target, content=False)
    assert [one.message for one in found.findings if "audio" in one.subject] == [
        "all samples equal, times exact"
    ]


@pytest.mark.parametrize("kind", ["fltp", "s16"])
def test_silence_and_cuts_take_eight_channels(kind: str) -> None:
    drawn = np.arange(8 * 100, dtype=np.float32).reshape(1, -1) / 1000
    block = av.AudioFrame.from_ndarray(drawn, format="flt", layout="7.1")
    block.sample_rate = SAMPLE_RATE
    (frame,) = av.AudioResampler(kind, "7.1", SAMPLE_RATE).resample(block)
    frame.pts, frame.time_base = SAMPLE_RATE + 7, Fraction(1, SAMPLE_RATE)

    silent = list(silence_before(frame, 3))
    assert [(one.pts, one.samples) for one in silent] == [(3, SAMPLE_RATE), (SAMPLE_RATE + 3, 4)]

    (shorter,) = av.AudioResampler("flt", "7.1", SAMPLE_RATE).resample(without_first(frame, 40))
    for one in (*silent, shorter):
        assert one.layout.name == "7.1"
    np.testing.assert_allclose(shorter.to_ndarray(), drawn[:, 8 * 40 :], atol=1e-4)
    (quiet,) = av.AudioResampler("flt", "7.1", SAMPLE_RATE).resample(silent[1])
    assert not quiet.to_ndarray().any()

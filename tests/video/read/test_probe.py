"""A probe finds what a file holds."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.display_matrix import rotation_degrees, scale_display_matrix
from dscvsr_cli.video.read.probe import probe
from tests.clips import CLIPS, Clip, render, render_kind


@pytest.mark.parametrize("kind", CLIPS)
def test_size_rate_and_format_are_those_that_were_rendered(kind: str, tmp_path: Path) -> None:
    clip = CLIPS[kind]
    info = probe(render_kind(kind, tmp_path))
    assert (info.width, info.height) == (clip.width, clip.height)
    assert info.pixel_format == clip.pixel_format.replace("yuv", "yuvj", clip.colour_tags[1] == 2)
    assert info.time_base == clip.time_base
    assert info.codec == "h264"
    if clip.suffix == ".mp4":
        assert info.frame_count == len(clip.pts)


def test_a_constant_rate_is_exact(tmp_path: Path) -> None:
    clip = Clip(
        rate=24, time_base=Fraction(1, 24000), pts=tuple(1000 * index for index in range(8))
    )
    assert probe(render(clip, tmp_path)).frame_rate == 24


def test_depth_and_colour_tags_are_read(tmp_path: Path) -> None:
    assert probe(render_kind("ten bit", tmp_path)).bit_depth == 10
    colour = probe(render_kind("bt709", tmp_path)).colour
    assert (colour.matrix, colour.full_range, colour.primaries_tag) == ("bt709", False, 1)
    colour = probe(render_kind("bt601", tmp_path)).colour
    assert (colour.matrix, colour.matrix_tag, colour.transfer_tag) == ("bt601", 6, 6)
    assert probe(render_kind("full range", tmp_path)).colour.full_range


def test_pixel_shape_and_rotation_are_read(tmp_path: Path) -> None:
    assert probe(render_kind("anamorphic", tmp_path)).sample_aspect_ratio == Fraction(64, 45)
    turned = probe(render_kind("turned", tmp_path))
    assert turned.rotation == 90
    assert turned.display_matrix is not None


def test_other_streams_are_listed_with_their_language(tmp_path: Path) -> None:
    streams = probe(render_kind("sound", tmp_path)).other_streams
    assert [(stream.kind, stream.codec, stream.language) for stream in streams] == [
        ("audio", "aac", "eng"),
        ("audio", "aac", "fra"),
    ]
    streams = probe(render_kind("subtitles", tmp_path)).other_streams
    assert [stream.codec for stream in streams] == ["aac", "subrip"]


def test_matroska_does_not_pretend_to_know_its_frame_count(tmp_path: Path) -> None:
    assert probe(render_kind("subtitles", tmp_path)).frame_count is None


def test_the_duration_is_that_of_the_picture(tmp_path: Path) -> None:
    assert probe(render_kind("constant", tmp_path)).duration_seconds == pytest.approx(0.32)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "is empty"), (b"not a video, just text\n" * 40, "is not a video")],
)
def test_a_file_that_is_no_video_is_refused_with_advice(
    content: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "thing.mp4"
    path.write_bytes(content)
    with pytest.raises(InputVideoError, match=complaint) as caught:
        probe(path)
    assert caught.value.hint
    assert str(path) in caught.value.message


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputVideoError, match="does not exist"):
        probe(tmp_path / "absent.mp4")
    with pytest.raises(InputVideoError, match="is a folder"):
        probe(tmp_path)


def test_sound_alone_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48000)
        silence = np.zeros((2, 1024), dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(InputVideoError, match="holds no video"):
        probe(path)


@pytest.mark.parametrize(
    ("matrix", "degrees"),
    [
        (None, 0),
        ((65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30), 0),
        ((0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30), 90),
        ((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30), -90),
        ((-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30), 180),
    ],
)
def test_a_display_matrix_reads_as_degrees(matrix: tuple[int, ...] | None, degrees: int) -> None:
    assert rotation_degrees(matrix) == degrees


def test_the_shift_of_a_display_matrix_grows_with_the_picture() -> None:
    # A quarter turn clockwise brings the picture back by its height across.
    matrix = (0, 65536, 0, -65536, 0, 0, 1080 << 16, 0, 1 << 30)
    scaled = scale_display_matrix(matrix, source=Size(1080, 1920), target=Size(2700, 4800))
    assert scaled == (0, 65536, 0, -65536, 0, 0, 2700 << 16, 0, 1 << 30)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts", ".flv", ".nut", ".wmv"])
@pytest.mark.parametrize("offset_seconds", [20 * 3600, 2])
def test_a_start_offset_is_not_length(suffix: str, offset_seconds: int, tmp_path: Path) -> None:
    unit = Fraction(1, 1000)
    pts = tuple(offset_seconds * 1000 + at for at in range(0, 1000, 40))
    encoder = "wmv2" if suffix == ".wmv" else "libx264"
    options = () if suffix == ".wmv" else Clip().options
    clip = Clip(suffix=suffix, time_base=unit, pts=pts, encoder=encoder, options=options)

    info = probe(render(clip, tmp_path))

    assert info.duration_seconds == pytest.approx(1.0, abs=0.1)
    assert info.frame_rate is None or info.frame_rate < 100


@pytest.mark.parametrize("sound_seconds", [0.0, 0.2])
@pytest.mark.parametrize("flags", ["frag_discont+default_base_moof", "dash+frag_discont"])
def test_the_clock_of_a_recording_in_fragments_is_not_length(
    sound_seconds: float, flags: str, tmp_path: Path
) -> None:
    plain = render(Clip(pts=tuple(range(0, 25 * 512, 512)), sound_seconds=sound_seconds), tmp_path)
    path = tmp_path / "fragments.mp4"
    options = {"movflags": f"frag_keyframe+empty_moov+{flags}", "avoid_negative_ts": "disabled"}
    with av.open(str(plain)) as read, av.open(str(path), "w", options=options) as written:
        twins = {one.index: written.add_stream_from_template(one) for one in read.streams}
        for packet in [packet for packet in read.demux() if packet.size]:
            late = round(3600 / packet.time_base) if packet.stream.type == "video" else 0
            assert packet.pts is not None
            assert packet.dts is not None
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
            packet.stream = twins[packet.stream_index]
            written.mux(packet)

    assert probe(path).duration_seconds == pytest.approx(1.0, abs=0.05)


def test_the_time_before_the_first_frame_is_not_length(tmp_path: Path) -> None:
    pts = tuple(60_000 + at for at in range(0, 1000, 40))
    clip = Clip(suffix=".mkv", time_base=Fraction(1, 1000), pts=pts, sound_seconds=0.2)
    path = render(clip, tmp_path)
    # Other programs than FFmpeg do not tag the tracks with their lengths.
    path.write_bytes(path.read_bytes().replace(b"DURATION", b"LASTINGS"))

    info = probe(path)

    assert info.begins_seconds == 60
    assert info.duration_seconds == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("offset_seconds", [0, 2])
def test_a_subtitle_that_stays_on_is_not_length(offset_seconds: int, tmp_path: Path) -> None:
    clip = Clip(
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(offset_seconds * 1000 + at for at in range(0, 720, 40)),
        subtitles=("one", "two"),
        text_ms=9000,
    )
    assert probe(render(clip, tmp_path)).duration_seconds == pytest.approx(0.72, abs=0.05)


@pytest.mark.parametrize(
    ("key", "text", "seconds"),
    [
        ("DURATION", "00:00:00.500000000", 0.5),
        ("DURATION-eng", "00:00:00.500000000", 0.5),
        ("DURATION", "99:00:00.000000000", 1.0),
        ("DURATION", "soon", 1.0),
        ("DURATION", "00:00:00.000000000", 1.0),
    ],
)
def test_a_tag_can_only_shorten_what_the_file_says(
    key: str, text: str, seconds: float, tmp_path: Path
) -> None:
    source = render(Clip(pts=tuple(range(0, 25 * 512, 512))), tmp_path)
    path = tmp_path / "tagged.mkv"
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        # The muxer's own tag takes the same place, so the name of another language is used.
        stream.metadata[key if "-" in key else f"{key}-ger"] = text
        for packet in read.demux(read.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                written.mux(packet)
    assert probe(path).duration_seconds == pytest.approx(seconds, abs=0.05)


@pytest.mark.skipif("libsvtav1" not in av.codecs_available, reason="this build has no SVT-AV1")
def test_the_frames_of_an_animated_avif_are_its_video_and_its_still_is_nothing(
    tmp_path: Path,
) -> None:
    clip = Clip(suffix=".avif", encoder="libsvtav1", width=64, height=64, options=())

    info = probe(render(clip, tmp_path))

    assert info.frame_count == 8
    assert info.other_streams == ()

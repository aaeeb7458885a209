"""The timecode of a recording is kept, goes on with --start, or is said to be lost."""

from pathlib import Path

import av
import pytest

from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, picture
from tests.commands import upscale

CLIP = Clip(width=32, height=32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("timecode") / "reel.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options=dict(CLIP.options))
        stream.width, stream.height, stream.pix_fmt = CLIP.width, CLIP.height, "yuv420p"
        stream.metadata["timecode"] = "01:00:00:20"
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(picture(number, 32, 32), format="rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("suffix", "kept"), [(".mov", True), (".mp4", True), (".mkv", False)])
def test_it_is_kept_as_a_track_or_a_tag(
    suffix: str, kept: bool, source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / f"out{suffix}"

    assert upscale(source, target) == 0

    told = capfd.readouterr().err
    assert ("01:00:00:20 stays as a tag" in told) != kept
    assert ("lost" in told) != kept
    assert probe(target).timecode == "01:00:00:20"
    assert any(stream.is_timecode for stream in probe(target).other_streams) == kept
    assert not compare_files(source, target, content=False).lost


@pytest.mark.parametrize("suffix", [".mov", ".mkv"])
def test_it_goes_on_where_only_a_part_is_kept(suffix: str, source: Path, tmp_path: Path) -> None:
    target = tmp_path / f"out{suffix}"
    assert upscale(source, target, "--start", "0.4", "--end", "0.6") == 0
    # 0.4 s are ten frames.
    assert probe(target).timecode == "01:00:01:05"


def test_where_there_is_no_place_its_loss_is_said_and_found(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.ts"
    assert upscale(source, target) == 0
    assert "the timecode 01:00:00:20 will be lost" in capfd.readouterr().err
    assert [one.subject for one in compare_files(source, target, content=False).lost] == [
        "timecode"
    ]


def test_that_of_a_broadcast_file_becomes_a_track(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reel, target = tmp_path / "reel.mxf", tmp_path / "out.mp4"
    with av.open(str(reel), "w") as output:
        stream = output.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        output.metadata["timecode"] = "10:00:00:00"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(picture(number, 32, 32), format="rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    assert upscale(reel, target) == 0

    # What tells the old file from others is not true of the new one, so that nobody misses it.
    told = capfd.readouterr().err
    assert "timecode" not in told
    assert "umid" not in told
    found = compare_files(reel, target, content=False).findings
    assert [(one.subject, one.level) for one in found if "timecode" in one.subject] == [
        ("timecode", "ok")
    ]

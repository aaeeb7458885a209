"""What cannot be written is refused or leaves nothing, and nothing that exists is damaged."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import render_kind
from tests.helpers import decoded_pts
from tests.video.outputs import open_writer
from tests.video.write.writing import FAST, grey_frames, write_grey


def write_and_fail(
    target: Path, source: VideoInfo, failure: type[BaseException], *, overwrite: bool = False
) -> None:
    with open_writer(target, source=source, height=48, width=64, overwrite=overwrite) as writer:
        writer.write(grey_frames([0])[0])
        raise failure


class Interruption(BaseException):
    """Stands for Ctrl-C, which must not end the test run itself."""


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, Interruption])
def test_nothing_is_left_of_an_unfinished_file(
    failure: type[BaseException], tmp_path: Path
) -> None:
    source = probe(render_kind("sound", tmp_path))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(failure):
        write_and_fail(tmp_path / "out.mp4", source, failure)
    assert sorted(tmp_path.iterdir()) == before


def test_an_existing_file_survives_a_failed_overwrite(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(RuntimeError):
        write_and_fail(target, source, RuntimeError, overwrite=True)
    assert target.read_bytes() == b"precious"
    write_grey(target, source, [0, 512], overwrite=True)
    assert decoded_pts(target) == [0, 512]


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="already exists") as caught:
        write_grey(target, source, [0])
    assert "--overwrite" in caught.value.hint
    assert target.read_bytes() == b"precious"


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    target = tmp_path / "out.mp4"

    def write_while_somebody_else_does() -> None:
        with open_writer(target, source=source, height=48, width=64, options=FAST) as writer:
            writer.write(grey_frames([0])[0])
            target.write_bytes(b"somebody else's")

    with pytest.raises(OutputVideoError, match="could not be put in place"):
        write_while_somebody_else_does()
    assert target.read_bytes() == b"somebody else's"
    assert not list(tmp_path.glob(".*.part"))


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    path = render_kind("constant", tmp_path)
    with pytest.raises(UsageError, match="the input itself"):
        write_grey(path, probe(path), [0], overwrite=True)


def write_noise(target: Path, source: VideoInfo) -> None:
    noise = torch.rand(3, 480, 640, generator=torch.Generator().manual_seed(0))
    options = EncodeOptions(encoder="ffv1", threads=1)
    with open_writer(target, source=source, height=480, width=640, options=options) as writer:
        for index in range(4):
            writer.write(Frame(pixels=noise, pts=512 * index))


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    source = probe(render_kind("constant", tmp_path))
    target = tmp_path / "out.mkv"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # The system refuses to let the file grow on; for the muxer that is a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        with pytest.raises(OutputVideoError, match="could not be written") as caught:
            write_noise(target, source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "space" in caught.value.hint
    assert not target.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_that_vanishes_is_named_as_the_reason(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    folder = tmp_path / "drive"
    folder.mkdir()

    def write_while_somebody_unplugs_it() -> None:
        with open_writer(
            folder / "out.mp4", source=source, height=48, width=64, options=FAST
        ) as writer:
            writer.write(grey_frames([0])[0])
            shutil.rmtree(folder)

    with pytest.raises(OutputVideoError, match="could not be") as caught:
        write_while_somebody_unplugs_it()
    assert "folder is there no more" in caught.value.hint


def test_a_missing_folder_is_reported_before_any_work(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    with pytest.raises(OutputVideoError, match="does not exist"):
        write_grey(tmp_path / "absent" / "out.mp4", source, [0])


@pytest.mark.skipif(os.access("/", os.W_OK), reason="this user may write everywhere")
def test_a_folder_without_permission_is_reported_before_any_work(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputVideoError, match="nothing can be written"):
        write_grey(folder / "out.mp4", source, [0])


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("out.mp4", EncodeOptions(encoder="nonsense"), "no encoder called"),
        ("out.mp4", EncodeOptions(pixel_format="yuv422p12le"), "cannot store"),
        ("out.mp4", EncodeOptions(pixel_format="nonsense"), "no pixel format"),
        ("out.mp4", EncodeOptions(preset="nonsense"), "refuses"),
        ("out.mkv", EncodeOptions(encoder="ffv1", preset="slow"), "no presets"),
        ("out.webm", EncodeOptions(), "cannot hold"),
        ("out.wmv", EncodeOptions(), "does not say which kind"),
        ("out", EncodeOptions(), "does not say which kind"),
    ],
)
def test_what_cannot_work_fails_before_any_frame(
    name: str, options: EncodeOptions, complaint: str, tmp_path: Path
) -> None:
    source = probe(render_kind("constant", tmp_path))
    before = sorted(tmp_path.iterdir())
    with (
        pytest.raises(UsageError, match=complaint) as caught,
        open_writer(tmp_path / name, source=source, height=48, width=64, options=options),
    ):
        pytest.fail("the block must not be entered")
    assert caught.value.hint
    assert sorted(tmp_path.iterdir()) == before


def test_odd_sides_are_refused_where_chroma_is_shared(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    with pytest.raises(UsageError, match="multiples of 2x2"):
        open_writer(tmp_path / "out.mp4", source=source, height=47, width=64)


def test_a_frame_of_another_size_is_a_programming_error(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    with (
        pytest.raises(ValueError, match="expected"),
        open_writer(tmp_path / "out.mp4", source=source, height=48, width=64) as writer,
    ):
        writer.write(grey_frames([0], height=50)[0])

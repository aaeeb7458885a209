"""The contract of everything that is written: it is whole under its name, or as it was before."""

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import container_of, picture_container
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.frame_writer import FrameWriter
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.picture_names import PictureNames, picture_names
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from dscvsr_cli.video.write.sequence_writer import SequenceWriter
from dscvsr_cli.video.write.target_file import Naming, resolve_destination, unrecorded
from dscvsr_cli.video.write.writer import VideoWriter
from dscvsr_cli.video.write.y4m_writer import Y4mWriter
from tests.clips import render_kind
from tests.ctrl_c import CtrlC, ctrl_c_before_line
from tests.video.write.writing import FAST

OLD = b"precious"
WHERE_WRITERS_ARE = ("/dscvsr_cli/video/write/", "/dscvsr_cli/durable.py")
MOST_POINTS = 60
"""Lines at which a test interrupts a writer."""


def picture_spec(source: VideoInfo, target: Path, options: EncodeOptions) -> PictureSpec:
    container = (
        picture_container(target.suffix) if target.suffix == ".png" else container_of(target)
    )
    return settle_picture(source, container, height=48, width=64, options=options)


def video(target: Path, source: VideoInfo, naming: Naming) -> FrameWriter:
    spec = OutputSpec(picture=picture_spec(source, target, FAST), others=None)
    return VideoWriter(resolve_destination(target), spec, overwrite=True, naming=naming)


def y4m(target: Path, source: VideoInfo, naming: Naming) -> FrameWriter:
    picture = picture_spec(source, target, EncodeOptions(encoder="wrapped_avframe"))
    return Y4mWriter(resolve_destination(target), picture, overwrite=True, naming=naming)


def pictures(target: Path, source: VideoInfo, naming: Naming) -> FrameWriter:
    spec = picture_spec(source, target, EncodeOptions(encoder="png"))
    return SequenceWriter(picture_names(target, source), spec, overwrite=True, naming=naming)


def picture(target: Path, source: VideoInfo, naming: Naming) -> FrameWriter:
    spec = picture_spec(source, target, EncodeOptions(encoder="png"))
    names = PictureNames(folder=target.parent, pattern="", given=(target.name,), is_single=True)
    return SequenceWriter(names, spec, overwrite=True, naming=naming)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of output, with what is there before."""

    open: Callable[[Path, VideoInfo, Naming], FrameWriter]
    target: str
    made: tuple[str, ...]
    """Its files."""
    there: tuple[str, ...] = ()
    """Those that are there before it is made."""
    frames: int = 2


KINDS = {
    "video": Kind(open=video, target="out.mp4", made=("out.mp4",), there=("out.mp4",)),
    # Not Matroska, whose files have a random number in them.
    "new video": Kind(open=video, target="out.mov", made=("out.mov",)),
    "y4m": Kind(open=y4m, target="out.y4m", made=("out.y4m",), there=("out.y4m",)),
    "new folder of pictures": Kind(
        open=pictures, target="new/%d.png", made=("new/1.png", "new/2.png")
    ),
    "pictures in a folder": Kind(
        open=pictures,
        target="there/%d.png",
        made=("there/1.png", "there/2.png"),
        there=("there/1.png", "there/notes.txt"),
    ),
    "one picture": Kind(
        open=picture, target="out.png", made=("out.png",), there=("out.png",), frames=1
    ),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render_kind("constant", tmp_path_factory.mktemp("source")))


def make_ready(kind: Kind, folder: Path) -> dict[str, bytes]:
    """Make what is there before, and return it as ``files_in`` does."""
    folder.mkdir()
    for name in kind.there:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(OLD)
    return files_in(folder)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones and their folders too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def write_frames(writer: FrameWriter, count: int) -> None:
    with writer:
        for index in range(count):
            writer.write(Frame(pixels=torch.full((3, 48, 64), 0.5), pts=512 * index))


@EVERY_KIND
# A file that is being opened when Ctrl-C comes is closed only by the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:.*_io.FileIO")
def test_ctrl_c_at_any_line_leaves_whole_files_alone(
    kind: Kind, source: VideoInfo, tmp_path: Path
) -> None:
    make_ready(kind, tmp_path / "undisturbed")
    with ctrl_c_before_line(None, WHERE_WRITERS_ARE) as lines:
        write_frames(
            kind.open(tmp_path / "undisturbed" / kind.target, source, unrecorded), kind.frames
        )
    whole = files_in(tmp_path / "undisturbed")
    assert whole.keys() >= set(kind.made)
    for number in range(0, len(lines), max(1, len(lines) // MOST_POINTS)):
        folder = tmp_path / str(number)
        before = make_ready(kind, folder)
        with pytest.raises(CtrlC), ctrl_c_before_line(number, WHERE_WRITERS_ARE):
            write_frames(kind.open(folder / kind.target, source, unrecorded), kind.frames)
        for name, content in files_in(folder).items():
            is_hidden = any(part.startswith(".") for part in Path(name).parts)
            is_whole = content in (before.get(name), whole.get(name))
            assert is_hidden or is_whole, f"{name} is damaged by Ctrl-C at {lines[number]}"


@EVERY_KIND
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), RuntimeError(), CtrlC()])
@pytest.mark.parametrize("step", ["_open", "_write", "_finish", "_close", "taking its name"])
def test_nothing_is_left_where_a_step_fails(
    kind: Kind, step: str, failure: BaseException, source: VideoInfo, tmp_path: Path
) -> None:
    def refuse(_whole: Path) -> AbstractContextManager[None]:
        raise failure

    folder = tmp_path / "outputs"
    before = make_ready(kind, folder)
    writer = kind.open(folder / kind.target, source, refuse)
    if step != "taking its name":
        done = getattr(writer, step)

        def do_and_fail(*arguments: object) -> None:
            done(*arguments)
            raise failure

        setattr(writer, step, do_and_fail)
    with pytest.raises((type(failure), OutputVideoError)):
        write_frames(writer, kind.frames)
    assert files_in(folder) == before

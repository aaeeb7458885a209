"""Odd files from the real world, where a folder of them is given; nothing is shipped."""

import os
from pathlib import Path

import pytest
from torch.nn.functional import pad

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.passthrough.passthrough_plan import plan_passthrough
from dscvsr_cli.video.pixels.formats import required_multiple
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions, output_pixel_format
from tests.helpers import decoded_seconds
from tests.video.outputs import container_named, open_writer

FOLDER = os.environ.get("DSCVSR_CLIPS", "")
FILES = sorted(path for path in Path(FOLDER).iterdir() if path.is_file()) if FOLDER else []
MOST_FRAMES = 8

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER, reason="DSCVSR_CLIPS names no folder of clips"),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_file_is_refused_clearly_or_comes_through_whole(path: Path, tmp_path: Path) -> None:
    refusal = None
    try:
        source = probe(path)
    except InputVideoError as error:
        refusal = error
    if refusal is not None:
        assert refusal.hint
        return
    options = EncodeOptions(preset="ultrafast", threads=1)
    rows, columns = required_multiple(output_pixel_format(source, options))
    height, width = source.height + -source.height % rows, source.width + -source.width % columns
    target = tmp_path / "out.mp4"
    seconds = []
    with (
        VideoReader(path) as reader,
        open_writer(target, source=source, height=height, width=width, options=options) as writer,
    ):
        for frame, _ in zip(reader, range(MOST_FRAMES), strict=False):
            padding = (0, width - source.width, 0, height - source.height)
            pixels = pad(frame.pixels, padding, mode="replicate")
            writer.write(Frame(pixels=pixels, pts=frame.pts, duration=frame.duration))
            seconds.append(frame.pts * source.time_base)
    assert decoded_seconds(target) == seconds
    copied = [stream for stream in probe(target).other_streams if not stream.is_chapter_text]
    assert len(copied) == len(plan_passthrough(source, container_named("mp4")).streams)
    assert probe(target).rotation == source.rotation

"""Colours stay on their edges when the source has its chroma in an unusual place."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe

HEIGHT, WIDTH, SCALE = 48, 64, 4
DARK, LIGHT = 48, 208


def edge_with_chroma_at_the_top_left(folder: Path) -> Path:
    """Write two frames that are dark above row 24 and light from there on."""
    luma = np.full((HEIGHT, WIDTH), DARK, np.uint8)
    luma[HEIGHT // 2 :] = LIGHT
    # A sample at the top of its two rows is at 2k: half-way up at 23.5 is sample 11.75.
    chroma = np.full((HEIGHT // 2, WIDTH // 2), DARK, np.uint8)
    chroma[12:] = LIGHT
    chroma[12] = DARK + (LIGHT - DARK) * 2 // 3
    planes = np.concatenate([part.ravel() for part in (luma, chroma, chroma)])
    frame = av.VideoFrame.from_ndarray(planes.reshape(HEIGHT * 3 // 2, WIDTH), format="yuv420p")
    path = folder / "edge.mp4"
    with av.open(str(path), "w") as output:
        options = {"x264-params": "chromaloc=2", "crf": "1", "preset": "ultrafast"}
        stream = output.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(2):
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def edge_row(column: npt.NDArray[np.float64]) -> float:
    """Return where a column crosses the middle between its two ends."""
    middle = (column[:4].mean() + column[-4:].mean()) / 2
    after = int(np.argmax(column > middle))
    before = column[after - 1]
    return float(after - 1 + (middle - before) / (column[after] - before))


def test_chroma_at_the_top_left_ends_where_luma_does_and_the_tag_says_where_it_is(
    tmp_path: Path,
) -> None:
    source, target = edge_with_chroma_at_the_top_left(tmp_path), tmp_path / "out.mkv"
    assert (probe(source).colour.siting, probe(source).colour.row_siting) == ("left", "top")

    assert main(["upscale", str(source), "-s", str(SCALE), "-o", str(target), "--crf", "2"]) == 0

    colour = probe(target).colour
    assert (colour.siting, colour.row_siting) == ("left", "centre")
    with av.open(str(target)) as output:
        frame = next(output.decode(video=0))
    luma, *chroma = (
        np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
        for plane in frame.planes
    )
    wanted = HEIGHT // 2 * SCALE - 0.5
    assert abs(edge_row(luma[:, WIDTH].astype(np.float64)) - wanted) < 0.8
    for plane in chroma:
        # Between its two rows a sample is at 2k + 0.5. A row of the source is four here.
        assert abs(2 * edge_row(plane[:, WIDTH // 2].astype(np.float64)) + 0.5 - wanted) < 1

"""Previews, through the real command: which seconds of which input they show."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import Clip, render
from tests.helpers import decoded_pts
from tests.pipelines.compare.pages import read_page

FRAMES = 50
RATE = 10


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five seconds at ten frames a second, each of one grey that says its number."""
    path = tmp_path / "clip.y4m"
    header = f"YUV4MPEG2 W32 H32 F{RATE}:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".encode()
    path.write_bytes(
        header + b"".join(b"FRAME\n" + bytes([4 * n + 4]) * (32 * 32) for n in range(FRAMES))
    )
    return path


def numbers(path: Path) -> list[int]:
    with VideoReader(path) as reader:
        return [round((float(frame.pixels.mean()) * 255 - 4) / 4) for frame in reader]


def previewed(weights: Path, source: Path | str, target: Path, *options: str) -> list[int]:
    """Return the numbers of the frames that a preview shows."""
    fixed = ("-s", "2", "-w", str(weights), "--device", "cpu", "-o", str(target))
    assert main(["upscale", str(source), *fixed, *options]) == 0
    return numbers(target)


@pytest.mark.parametrize(("options", "shown"), [((), range(4)), (("--start", "2"), range(20, 24))])
def test_a_preview_of_a_pipe_takes_its_first_seconds(
    options: tuple[str, ...],
    shown: range,
    source: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    target = source.with_name("out.y4m")
    assert previewed(weights, "-", target, "--preview", "400ms", *options) == [*shown]


@pytest.mark.parametrize("place", [0, 1])
def test_a_pipe_cannot_be_verified_which_is_said_in_words(
    place: int, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [str(source)]
    paths.insert(place, "-")
    assert main(["verify", *paths]) == 2
    assert "standard input is a pipe" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((), range(23, 27)),
        (("--start", "0"), range(4)),
        (("--start", "2"), range(20, 24)),
        (("--end", "2"), range(8, 12)),
        (("--start", "2", "--end", "2.2"), range(20, 22)),
        (("--end", "0.2"), range(2)),
        # The end lies behind that of the video.
        (("--end", "60"), range(23, 27)),
    ],
)
def test_a_preview_is_the_middle_of_the_span_or_begins_where_the_person_says(
    options: tuple[str, ...], shown: range, source: Path, weights: Path
) -> None:
    target = source.with_name("out.y4m")
    assert previewed(weights, source, target, "--preview", "400ms", *options) == [*shown]


@pytest.mark.parametrize("options", [(), ("--start", "1.3"), ("--end", "3")])
def test_a_preview_is_verified_against_the_part_it_shows(
    options: tuple[str, ...], source: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = source.with_name("out.mkv")
    previewed(weights, source, target, "--preview", "400ms", *options)
    assert main(["verify", str(source), str(target)]) == 0
    assert f"was made from {source} with --start" in capfd.readouterr().out

    other = source.with_name("other.y4m")
    other.write_bytes(source.read_bytes())
    assert main(["verify", str(other), str(target), "--fast"]) == 1


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("options", "shown"), [((), range(23, 27)), (("--start", "2.5"), [25, 26])]
)
def test_a_preview_is_compared_with_the_part_it_shows(
    *,
    is_first: bool,
    options: tuple[str, ...],
    shown: Sequence[int],
    source: Path,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    target, page = source.with_name("out.mkv"), source.with_name("page.html")
    previewed(weights, source, target, "--preview", "400ms", "--lossless")
    paths = [source, target] if is_first else [target, source]
    if options and not is_first:
        # Seconds are those of the first video.
        options = ("--start", "0.2")
    fixed = ("-o", str(page), "--picture-format", "png", *options)

    capfd.readouterr()
    assert main(["compare", *map(str, paths), *fixed]) == 0
    # Neither the whole video nor Matroska says how many frames the part has.
    said = capfd.readouterr().out
    assert f"{len(shown)} of 4 frames" in said
    assert f"{page}: {len(shown)} frames" in said

    film = read_page(page)
    for video in (0, 1):
        pictures = [film.picture(video, frame) for frame in range(len(shown))]
        assert [round((float(one.mean()) * 255 - 4) / 4) for one in pictures] == [*shown]


SLOW = Clip(
    suffix=".mkv", width=32, height=32, time_base=Fraction(1, 1000), pts=(0, 1000, 2000, 2500)
)


@pytest.mark.parametrize(
    ("options", "start"), [((), 1000), (("--start", "2.2"), 2000), (("--start", "0"), 0)]
)
def test_a_preview_shorter_than_a_frame_shows_the_frame_of_its_time(
    options: tuple[str, ...], start: int, weights: Path, tmp_path: Path
) -> None:
    source = render(SLOW, tmp_path)
    reading = UpscaleJob(
        source=source,
        scale=2,
        preview_seconds=Fraction(1, 1000),
        preview_from_start=bool(options),
        reading=ReadOptions(span=TimeSpan(Fraction(options[1] if options else 0))),
    )
    assert settle_preview(reading).reading.span.start == Fraction(start, 1000)
    assert len(previewed(weights, source, tmp_path / "out.mkv", "--preview", "1ms", *options)) == 1


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".ts", ".avi"])
def test_no_container_has_a_preview_without_a_frame(
    suffix: str, source: Path, weights: Path, tmp_path: Path
) -> None:
    slow = tmp_path / f"slow{suffix}"
    assert main(["upscale", str(source), "-s", "2", "-w", str(weights), "-o", str(slow)]) == 0
    assert len(previewed(weights, slow, tmp_path / "out.mkv", "--preview", "1ms")) == 1


def test_a_preview_of_pictures_shows_one_at_least(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(5):
        save_png(folder / f"{number}.png", torch.full((3, 16, 16), (4 * number + 4) / 255))
    options = ("--fps", "1", "--preview", "1ms")
    assert previewed(weights, folder, tmp_path / "out.mkv", *options) == [2]


def test_a_preview_finds_the_middle_of_frames_that_begin_after_the_audio(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    late = tuple(range(12800, 12800 + 10 * 512, 512))
    source = render(Clip(width=32, height=32, pts=late, sound_seconds=1.4), tmp_path)
    target = tmp_path / "out.mp4"
    job = ["upscale", str(source), "-s", "2", "-w", str(weights), "-o", str(target)]

    assert main([*job, "--preview", "0.2"]) == 0
    assert "about 5 frames from 1.1 to 1.3 s" in capfd.readouterr().out
    assert len(decoded_pts(target)) == 5

    assert main([*job, "--overwrite", "--start", "0.1", "--end", "0.3"]) == 3
    assert "is 0.4 s long and begins at 1 s, after the audio" in capfd.readouterr().err

"""What an output cannot hold is said, and what it can hold is not refused."""

from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render, render_kind
from tests.helpers import decoded_seconds

TURNED = ("turned", "rotation by 90 degrees")
SQUEEZED = ("anamorphic", "sample aspect ratio")


def run(weights: Path, *arguments: str | Path) -> int:
    fixed = ("-s", "1.5", "-w", weights, "--device", "cpu", "--dtype", "float32")
    return main(["upscale", *map(str, (*arguments, *fixed))])


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (TURNED, "out.y4m"),
        (TURNED, "frames/%02d.png"),
        (SQUEEZED, "out.y4m"),
        (SQUEEZED, "frames/%02d.png"),
    ],
)
def test_bare_frames_do_not_lose_the_shape_that_people_saw_in_silence(
    case: tuple[str, str],
    name: str,
    weights: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    kind, loss = case
    source, target = render_kind(kind, tmp_path), tmp_path / name
    target.parent.mkdir(exist_ok=True)

    assert run(weights, source, "-o", target) == 0

    # y4m has a place for the sample aspect ratio, and frames are turned before they are stored.
    kept = case == TURNED or (case, name) == (SQUEEZED, "out.y4m")
    assert (loss in capfd.readouterr().err) is not kept


def test_a_part_of_a_recording_that_starts_late_fits_where_all_starts_at_once(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pts = tuple(range(126000, 126000 + 20 * 3600, 3600))
    clip = Clip(suffix=".ts", time_base=Fraction(1, 90000), pts=pts)
    source, target = render(clip, tmp_path), tmp_path / "out.avi"
    assert run(weights, source, "-o", target) == 2
    assert "shows the first frame at once" in capfd.readouterr().err

    part = ("--start", "0.2", "--end", "0.6")
    assert run(weights, source, "-o", target, *part) == 0

    assert decoded_seconds(target) == [Fraction(index, 25) for index in range(10)]
    assert main(["verify", str(source), str(target), *part, "--fast"]) == 0


@pytest.mark.parametrize("degrees", [90, 180])
@pytest.mark.parametrize("name", ["out.ts", "out.avi", "out.gif", "out.y4m"])
def test_frames_are_turned_where_nothing_else_could_tell_players_to(
    name: str, degrees: int, plain_weights: Path, tmp_path: Path
) -> None:
    clip = Clip(rotation=degrees, sample_aspect_ratio=Fraction(4, 3), pts=(0, 512, 1024))
    source, target = render(clip, tmp_path), tmp_path / name
    lossy = ("--drop-unsupported",) if name in {"out.avi", "out.gif"} else ()

    assert run(plain_weights, source, "-o", target, *lossy) == 0

    shown = (72, 96) if degrees == 90 else (96, 72)
    after = probe(target)
    assert (after.width, after.height, after.display_matrix) == (*shown, None)
    if not lossy:
        assert after.sample_aspect_ratio == (Fraction(3, 4) if degrees == 90 else Fraction(4, 3))
        assert main(["verify", str(source), str(target)]) == 0

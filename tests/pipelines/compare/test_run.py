"""compare(): what is on the page, frame by frame, and which pages are refused."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dscvsr_cli.errors import InputVideoError, OutputVideoError, UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.pipelines.compare.job import CompareJob, ComparePlan
from dscvsr_cli.pipelines.compare.run import compare
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import CLIPS, Clip, render
from tests.helpers import assert_frames_close
from tests.pipelines.compare.pages import read_page

SMALL = Clip(width=32, height=24)
LARGE = Clip(width=64, height=48)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return render(SMALL, tmp_path, name="small")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return render(LARGE, tmp_path, name="large")


def frames_of(path: Path) -> list[Tensor]:
    """Return all frames ``(3, H, W)``, rounded to 8 bits."""
    return [quantise(frame) for frame in decoded(path)]


def decoded(path: Path) -> list[Tensor]:
    with VideoReader(path) as reader:
        return [frame.pixels.clamp(0, 1) for frame in reader]


def job(first: Path, second: Path, **changes: Any) -> CompareJob:
    target = second.with_name("page.html")
    return replace(
        CompareJob(first=first, second=second, target=target, picture_format="png"), **changes
    )


def test_every_frame_of_both_videos_is_on_the_page_as_it_was(small: Path, large: Path) -> None:
    report = compare(job(small, large))
    page = read_page(report.target)
    assert page.pictures == 16
    assert [len(page.film["videos"]), len(page.film["frames"])] == [2, 8]
    for video, path in enumerate((small, large)):
        for place, expected in enumerate(frames_of(path)):
            assert_frames_close(page.picture(video, place), expected, tolerance="float")


def test_the_page_knows_sizes_times_and_names(small: Path, large: Path) -> None:
    film = read_page(compare(job(small, large, every=2)).target).film
    assert film["videos"] == [
        {"label": "small.mp4", "width": 32, "height": 24},
        {"label": "large.mp4", "width": 64, "height": 48},
    ]
    assert (film["width"], film["height"], film["sampleAspect"]) == (64, 48, 1)
    assert [frame["seconds"] for frame in film["frames"]] == [0, 0.08, 0.16, 0.24]
    assert film["secondsPerFrame"] == pytest.approx(0.08)
    assert film["reference"] is None


def test_a_small_video_loses_nothing_on_a_page_of_webp_or_jpeg(small: Path, large: Path) -> None:
    for name, kind in (("webp", "image/webp"), ("jpeg", "image/png")):
        made = compare(job(small, large, picture_format=name, overwrite=True, frames=1))
        page = read_page(made.target)
        assert page.media_types["picture-0-0"] == kind
        assert page.media_types["picture-1-0"] == f"image/{name}"
        assert_frames_close(page.picture(0, 0), frames_of(small)[0], tolerance="float")
        assert_frames_close(page.picture(1, 0), frames_of(large)[0], tolerance="encoded")


def test_the_page_refers_to_nothing_outside_and_may_load_nothing(small: Path, large: Path) -> None:
    target = compare(job(small, large)).target
    page = read_page(target)
    assert page.references == ["data:,"]
    assert "default-src 'none'" in page.policy
    text = re.sub(r"http://www\.w3\.org/2000/svg", "", target.read_text(encoding="utf-8"))
    assert not re.search(r"https?://|//cdn|@import|url\(", text)


def test_the_scripts_find_every_element_that_they_ask_for(small: Path, large: Path) -> None:
    page = read_page(compare(job(small, large)).target)
    asked = re.findall(r"(?:getElementById|control)\('([\w-]+)'\)", page.scripts["script"])
    assert len(asked) > 20
    assert set(asked) <= set(page.ids)


def test_a_name_cannot_put_anything_onto_the_page(tmp_path: Path, large: Path) -> None:
    hostile = large.with_name("<b></script><script>alert(1)&amp;.mp4".replace("/", "\u2215"))
    large.rename(hostile)
    plain = render(SMALL, tmp_path, name="a")
    page = read_page(compare(job(plain, hostile)).target)
    assert page.film["videos"][1]["label"] == hostile.name
    assert page.title == f"a.mp4 and {hostile.name} - dscvsr compare"


def test_two_videos_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths.append(render(SMALL, tmp_path / name))
    report = compare(job(*paths, target=tmp_path / "page.html"))
    assert report.labels == tuple(map(str, paths))


def test_psnr_is_that_of_the_frames_themselves(small: Path, large: Path, tmp_path: Path) -> None:
    exact = replace(LARGE, options=(("crf", "0"), ("preset", "ultrafast")))
    truth = render(exact, tmp_path, name="truth")
    report = compare(job(small, large, reference=truth, picture_format="webp", quality=1))
    assert report.reference == "truth.mp4"
    assert report.labels == ("small.mp4", "large.mp4", "truth.mp4")
    weights = torch.tensor([65.481, 128.553, 24.966], dtype=torch.float64)[:, None, None]
    size = Size(48, 64)
    for place, (low, high, wanted) in enumerate(
        zip(decoded(small), frames_of(large), frames_of(truth), strict=True)
    ):
        for video, made in enumerate((quantise(resize(low, size)), high)):
            error = ((made - wanted).double() * weights).sum(0).square().mean()
            expected = 10 * math.log10(255**2 / float(error))
            assert report.frames[place].psnr_db[video] == pytest.approx(expected, abs=1e-3)
        assert report.frames[place].psnr_db[2] is None
    first = [frame.psnr_db[0] for frame in report.frames]
    assert report.mean_psnr_db[0] == pytest.approx(sum(map(float, filter(None, first))) / 8)
    assert read_page(report.target).film["frames"][0]["psnr"][0] == first[0]


def test_one_of_the_two_may_be_the_reference_and_equal_frames_are_said_to_be(
    large: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(large.read_bytes())
    report = compare(job(large, copy, reference=large))
    assert report.labels == ("large.mp4", "copy.mp4")
    assert report.mean_psnr_db == (None, math.inf)
    page = read_page(report.target)
    assert page.pictures == 16
    assert page.film["reference"] == 0
    assert page.film["frames"][0]["psnr"] == [None, "equal"]


def test_turned_video_is_shown_upright(tmp_path: Path) -> None:
    turned = render(CLIPS["turned"], tmp_path, name="turned")
    page = read_page(compare(job(turned, turned, frames=1, target=tmp_path / "p.html")).target)
    assert (page.film["width"], page.film["height"]) == (48, 64)
    expected = torch.rot90(frames_of(turned)[0], 1, dims=(-2, -1))
    assert_frames_close(page.picture(0, 0), expected, tolerance="float")


def test_wide_pixels_are_shown_wide(tmp_path: Path) -> None:
    clip = render(CLIPS["anamorphic"], tmp_path)
    film = read_page(compare(job(clip, clip)).target).film
    assert film["sampleAspect"] == pytest.approx(64 / 45)


def test_frames_every_and_start_choose_what_is_shown(small: Path, large: Path) -> None:
    report = compare(job(small, large, start=Fraction("0.08"), every=3, frames=2))
    assert [frame.seconds for frame in report.frames] == [pytest.approx(0.08), pytest.approx(0.2)]
    page = read_page(report.target)
    for video, path in enumerate((small, large)):
        shown = frames_of(path)
        assert_frames_close(page.picture(video, 0), shown[2], tolerance="float")
        assert_frames_close(page.picture(video, 1), shown[5], tolerance="float")


def test_a_start_between_two_containers_clocks_pairs_the_same_frames(tmp_path: Path) -> None:
    # 30000/1001 frames per second: Matroska rounds 0.0334 s to 0.033 s, before the start.
    pts = tuple(range(0, 8 * 1001, 1001))
    exact = Clip(rate=30, time_base=Fraction(1, 30000), pts=pts)
    first = render(exact, tmp_path, name="exact")
    rounded = replace(
        exact,
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(round(value / 30) for value in pts),
    )
    second = render(rounded, tmp_path, name="rounded")
    for pair in ((first, second), (second, first)):
        report = compare(job(*pair, start=Fraction("0.0334"), overwrite=True))
        assert not report.warnings
        page = read_page(report.target)
        for place in range(len(report.frames)):
            apart = (page.picture(0, place) - page.picture(1, place)).abs().max()
            assert float(apart) < 0.1, "another frame would be two pixels away"


def test_pictures_of_a_folder_take_the_rate_of_the_video(tmp_path: Path, large: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for place, frame in enumerate(frames_of(large)):
        save_png(folder / f"{place}.png", frame)
    report = compare(job(folder, large, start=Fraction("0.16"), reference=large))
    assert report.mean_psnr_db[0] == math.inf
    assert len(report.frames) == 4


def test_videos_of_different_lengths_are_compared_as_far_as_both_go(
    large: Path, tmp_path: Path
) -> None:
    short = render(replace(LARGE, pts=LARGE.pts[:5]), tmp_path, name="short")
    plans: list[ComparePlan] = []
    report = compare(job(large, short), on_plan=plans.append)
    assert len(report.frames) == plans[0].frames == 5
    assert plans[0].warnings == (
        "the videos do not have the same number of frames: large.mp4 has 8, short.mp4 has 5",
    )
    # Once is enough.
    assert report.warnings == plans[0].warnings


def test_a_length_that_no_file_states_is_noticed_at_the_end(large: Path, tmp_path: Path) -> None:
    short = render(replace(LARGE, pts=LARGE.pts[:5], suffix=".mkv"), tmp_path, name="short")
    report = compare(job(large, short))
    assert report.warnings == ("short.mkv ended before large.mp4: the numbers of frames differ",)


def test_a_missing_frame_is_noticed_by_its_time(large: Path, tmp_path: Path) -> None:
    gap = render(
        replace(LARGE, pts=(*LARGE.pts[:3], *LARGE.pts[4:], 8 * 512)), tmp_path, name="gap"
    )
    report = compare(job(large, gap))
    assert any("their times differ by up to 0.04 s" in text for text in report.warnings)


def test_the_plan_comes_first_and_its_estimate_holds(small: Path, large: Path) -> None:
    order: list[str] = []
    plans: list[ComparePlan] = []

    def planned(plan: ComparePlan) -> None:
        assert not plan.target.exists()
        order.append("plan")
        plans.append(plan)

    def progressed(done: int, total: int) -> None:
        order.append(f"{done} of {total}")

    report = compare(job(small, large), on_plan=planned, on_progress=progressed)
    assert order == ["plan", *(f"{done} of 8" for done in range(1, 9))]
    assert report.size_bytes == report.target.stat().st_size
    assert plans[0].size_bytes == pytest.approx(report.size_bytes, rel=0.25)


REFUSED: list[tuple[Callable[[Path], dict[str, Any]], str]] = [
    (lambda _: {"frames": 0}, "--frames must be at least 1"),
    (lambda _: {"every": 0}, "--every must be at least 1"),
    (lambda _: {"quality": 0}, "from 1 to 100"),
    (lambda folder: {"target": folder / "page.mp4"}, "is not the name of a page"),
    (lambda folder: {"target": folder / "small.mp4"}, "is not the name of a page"),
    (lambda _: {"max_bytes": 30_000}, "would take about"),
    (lambda folder: {"reference": folder / "small.mp4"}, "is 32x24, smaller than large.mp4"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_what_cannot_work_is_refused_and_nothing_is_written(
    changes: Callable[[Path], dict[str, Any]], message: str, small: Path, large: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        compare(job(small, large, **changes(small.parent)))
    assert {path.name for path in small.parent.iterdir()} == {"small.mp4", "large.mp4"}


def test_videos_of_other_shapes_are_refused(large: Path, tmp_path: Path) -> None:
    square = render(Clip(width=48, height=48), tmp_path, name="square")
    with pytest.raises(UsageError, match=r"large.mp4 is 1.333 times as wide as high"):
        compare(job(large, square))


def test_a_start_after_the_end_is_refused(small: Path, large: Path) -> None:
    with pytest.raises(InputVideoError, match="no frame"):
        compare(job(small, large, start=Fraction(60)))


def test_an_existing_page_is_kept_until_overwritten(small: Path, large: Path) -> None:
    page = large.with_name("page.html")
    page.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="already exists"):
        compare(job(small, large))
    assert page.read_text(encoding="utf-8") == "mine"
    compare(job(small, large, overwrite=True))
    assert read_page(page).pictures == 16


def test_a_page_that_grows_too_large_ends_with_a_way_out_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    generator = torch.Generator().manual_seed(0)
    for place in range(4):
        noise = torch.rand(3, 48, 64, generator=generator)
        save_png(folder / f"{place}.png", noise if place else torch.zeros(3, 48, 64))
    with pytest.raises(OutputVideoError, match="grown beyond") as caught:
        compare(job(folder, folder, target=tmp_path / "page.html", max_bytes=60_000))
    assert "--frames 2" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


def test_the_page_is_named_after_the_second_video(small: Path, large: Path) -> None:
    report = compare(CompareJob(first=small, second=large, frames=1))
    assert report.target == large.with_name("large_compare.html")
    assert read_page(report.target).pictures == 2


@pytest.mark.parametrize("missing", [1, 60_000])
def test_a_full_disk_is_reported_and_leaves_the_page_that_was_there(
    missing: int, small: Path, large: Path
) -> None:
    resource = pytest.importorskip("resource")
    page = compare(job(small, large)).target
    before = page.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # The system refuses to let a file grow on; the last bytes are written by the last flush.
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - missing, hard))
        with pytest.raises(OutputVideoError, match="could not be written"):
            compare(job(small, large, overwrite=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert page.read_bytes() == before
    assert not list(page.parent.glob(".*.part"))

"""The page in headless Chromium: what it shows, and how it answers keys, pointers and touch.

Skipped without a browser. To run it: ``pip install playwright``, and Chromium from anywhere.
"""

import importlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.pipelines.compare.job import CompareJob
from dscvsr_cli.pipelines.compare.run import compare
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render
from tests.helpers import assert_frames_close

_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BROWSER: Final = next(filter(None, map(shutil.which, _NAMES)), None)

if BROWSER is None or importlib.util.find_spec("playwright") is None:
    pytest.skip("needs Chromium, and pip install playwright", allow_module_level=True)

pytestmark = pytest.mark.slow

SMALL: Final = Clip(width=60, height=40)
LARGE: Final = Clip(width=150, height=100)

SHOWN: Final = "#stage[data-frame='{}']"

PIXELS: Final = """(side) => {
  const canvas = document.querySelectorAll('canvas')[side];
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.width, canvas.height, Array.from(data.data)];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = importlib.import_module("playwright.sync_api")
    # Chromium's own sandbox needs a user other than root.
    arguments = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=BROWSER, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("compared")
    exact = replace(LARGE, options=(("crf", "0"), ("preset", "ultrafast")))
    paths = [
        render(clip, folder, name=name)
        for name, clip in (("small", SMALL), ("large", LARGE), ("truth", exact))
    ]
    job = CompareJob(
        first=paths[0],
        second=paths[1],
        reference=paths[2],
        target=folder / "page.html",
        picture_format="png",
    )
    return compare(job).target, paths[0], paths[1]


@pytest.fixture
def page(browser: Any, videos: tuple[Path, Path, Path]) -> Iterator[Any]:
    """Open the page from its file, offline; anything it asks for or complains about fails."""
    context = browser.new_context(
        viewport={"width": 900, "height": 700}, offline=True, has_touch=True
    )
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("request", lambda request: trouble.append(request.url))
    opened.goto(videos[0].as_uri())
    opened.wait_for_selector(SHOWN.format(0))
    yield opened
    assert trouble == [videos[0].as_uri()]
    context.close()


def pixels(page: Any, side: int) -> Tensor:
    """Return what a canvas shows -> ``(3, H, W)`` in [0, 1]."""
    width, height, values = page.evaluate(PIXELS, side)
    return torch.tensor(values).view(height, width, 4)[..., :3].permute(2, 0, 1) / 255


def frame_of(path: Path, index: int) -> Tensor:
    with VideoReader(path) as reader:
        return quantise([frame.pixels for frame in reader][index])


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("drawing")


def test_the_small_video_is_enlarged_by_the_same_bicubic_as_in_papers(
    page: Any, videos: tuple[Path, Path, Path]
) -> None:
    press(page, "ArrowRight")
    expected = quantise(resize(frame_of(videos[1], 1), Size(100, 150)).clamp(0, 1))
    assert_frames_close(pixels(page, 0), expected, tolerance=1.01 / 255)
    assert_frames_close(pixels(page, 1), frame_of(videos[2], 1), tolerance="float")


def test_nearest_repeats_pixels(page: Any, videos: tuple[Path, Path, Path]) -> None:
    page.select_option("#kernel", "nearest")
    page.evaluate("drawing")
    low, shown = frame_of(videos[1], 0), pixels(page, 0)
    for row, column in ((0, 0), (99, 149), (41, 83)):
        expected = low[:, int((row + 0.5) / 2.5), int((column + 0.5) / 2.5)]
        assert torch.allclose(shown[:, row, column], expected)


def test_the_difference_is_that_of_left_and_right(
    page: Any, videos: tuple[Path, Path, Path]
) -> None:
    press(page, "d")
    left = quantise(resize(frame_of(videos[1], 0), Size(100, 150)).clamp(0, 1))
    expected = (4 * (left - frame_of(videos[2], 0)).abs()).clamp(max=1)
    assert_frames_close(pixels(page, 0), expected, tolerance=4.04 / 255)
    assert "times 4" in page.inner_text("#pane-left .tag")
    assert not page.is_visible("#pane-right")
    page.focus("#gain")
    press(page, "End")
    assert "times 16" in page.inner_text("#pane-left .tag")
    press(page, "Shift")
    page.focus("#play")
    press(page, "s")
    assert page.is_visible("#pane-right")


def test_keys_step_through_the_frames_and_stop_at_the_ends(page: Any) -> None:
    for keys, place in ((["ArrowRight"] * 2, 3), (["ArrowLeft"] * 9, 1), (["End"], 8)):
        press(page, *keys)
        assert page.inner_text("#status").startswith(f"frame {place} of 8, ")
    press(page, "Home")
    assert page.inner_text("#status") == "frame 1 of 8, 0.000 s"
    assert page.get_attribute("#frame", "aria-valuetext") == "frame 1 of 8, 0.000 s"


def test_playing_goes_on_by_itself_until_it_is_stopped(page: Any) -> None:
    press(page, " ")
    page.wait_for_selector(SHOWN.format(3))
    assert page.get_attribute("#play", "aria-pressed") == "true"
    press(page, " ")
    stopped = page.inner_text("#status")
    page.wait_for_timeout(200)
    assert page.inner_text("#status") == stopped


def test_psnr_is_shown_for_the_frame_at_hand_and_listed_for_all(page: Any) -> None:
    press(page, "End")
    shown = page.inner_text("#legend")
    assert "PSNR against truth.mp4" in shown
    page.click("summary >> nth=0")
    last = page.inner_text("tbody tr:last-child").split("\t")
    assert last[0] == "8"
    assert f"small.mp4: {last[2]}" in shown
    assert f"large.mp4: {last[3]}" in shown
    box = page.locator("#chart").bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + 5)
    page.evaluate("drawing")
    assert page.inner_text("#status").startswith("frame 1 of 8")


def test_left_and_right_can_be_any_two_and_be_swapped(
    page: Any, videos: tuple[Path, Path, Path]
) -> None:
    page.select_option("#left", "2")
    assert "reference" in page.inner_text("#left option >> nth=2")
    page.focus("#play")
    press(page, "x")
    assert page.inner_text("#pane-right .tag") == "truth.mp4, 150\u00d7100"
    assert_frames_close(pixels(page, 0), frame_of(videos[2], 0), tolerance="float")


def test_the_divider_follows_mouse_finger_and_keys(page: Any) -> None:
    stage = page.locator("#stage").bounding_box()
    middle = stage["y"] + stage["height"] / 2

    def at(part: float) -> float:
        return float(stage["x"] + part * stage["width"])

    page.mouse.move(at(0.5), middle)
    page.mouse.down()
    page.mouse.move(at(0.25), middle)
    page.mouse.up()
    assert page.get_attribute("#divider", "aria-valuenow") == "25"
    page.touchscreen.tap(at(0.75), middle)
    assert page.get_attribute("#divider", "aria-valuenow") == "75"
    page.focus("#divider")
    press(page, "ArrowLeft", "ArrowLeft", "PageDown")
    assert page.get_attribute("#divider", "aria-valuenow") == "63"
    assert page.get_attribute("#divider", "aria-valuetext") == "63% left, 37% right"
    assert page.inner_text("#status").startswith("frame 1 of"), "the divider keeps its keys"


def test_zoom_keeps_the_place_under_the_pointer_and_dragging_moves_the_frame(page: Any) -> None:
    scale = page.evaluate("scaleNow()")
    stage = page.locator("#stage").bounding_box()
    x, y = stage["x"] + 0.45 * stage["width"], stage["y"] + 0.45 * stage["height"]
    place = f"""() => {{
      const box = document.querySelector('canvas').getBoundingClientRect();
      return [({x} - box.left) / box.width, ({y} - box.top) / box.height];
    }}"""
    before = page.evaluate(place)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -240)
    page.wait_for_timeout(100)
    assert page.evaluate("scaleNow()") == pytest.approx(2 * scale)
    assert page.evaluate(place) == pytest.approx(before, abs=0.01)
    page.mouse.down()
    page.mouse.move(x + 40, y + 10)
    page.mouse.up()
    moved = page.evaluate(place)
    assert moved[0] < before[0]
    assert page.get_attribute("#divider", "aria-valuenow") == "50"
    press(page, "1")
    assert page.inner_text("#zoom-value") == "100%"
    press(page, "0")
    assert page.evaluate("scaleNow()") == pytest.approx(scale)


def test_two_fingers_zoom(page: Any) -> None:
    scale = page.evaluate("scaleNow()")
    session = page.context.new_cdp_session(page)
    stage = page.locator("#stage").bounding_box()
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    touch("touchStart", 40)
    for apart in (50, 60, 70, 80):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    assert page.evaluate("scaleNow()") == pytest.approx(2 * scale, rel=0.1)


def test_everything_that_can_be_used_has_a_name(page: Any) -> None:
    nameless = page.evaluate("""() => [...document.querySelectorAll(
        'button, input, select, canvas, [role], [tabindex]')].filter((element) =>
        !(element.getAttribute('aria-label') || element.labels?.length
          || element.textContent.trim()) && element.checkVisibility()
      ).map((element) => element.outerHTML)""")
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (360, 640)])
def test_nothing_is_cut_off_in_light_or_dark_at_any_width(
    page: Any, scheme: str, width: int, height: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    stage = page.locator("#stage").bounding_box()
    assert stage["height"] >= 150
    channels = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
    assert (sum(map(int, channels)) < 300) == (scheme == "dark")

"""What plans, reports and interruptions say."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.upscale.follow import Lines
from dscvsr_cli.cli.upscale.output import (
    describe_dry_run,
    describe_openvino,
    describe_other_weights,
    describe_plan,
    describe_report,
    describe_uncompressed,
)
from dscvsr_cli.pipelines.upscale.disk_space import DiskNeed
from dscvsr_cli.pipelines.upscale.job import OtherWeights
from dscvsr_cli.video.span import WHOLE, TimeSpan


def plan(other: OtherWeights | None, dtype: str = "bfloat16") -> Any:
    return SimpleNamespace(other_weights=other, device="cpu", dtype=dtype)


def plan_for(source: SimpleNamespace, *, frames: int | None = None, span: TimeSpan = WHOLE) -> Any:
    return SimpleNamespace(
        source=source,
        frames=frames,
        span=span,
        **dict.fromkeys(["tile", "seconds", "steadied", "converted_first", "all_made"]),
        **dict.fromkeys(["ensemble", "scenes_at_once", "frames_done", "window", "look_ahead"], 1),
        **dict.fromkeys(["encoder", "pixel_format", "device", "dtype", "runtime", "weights"], "x"),
        **dict.fromkeys(["shown_source_size", "shown_size"], "1x1"),
    )


FASTER = OtherWeights(name="quick", seconds=1200, is_better=False)
BETTER = OtherWeights(name="fine", seconds=40, is_better=True)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (plan(None), None),
        (plan(FASTER), "quick would take about 20 min: -w quick"),
        (
            plan(FASTER, "float32"),
            "this processor computes in float32; quick would take about 20 min: -w quick",
        ),
        (plan(BETTER), "fine is better and would take about 40 s: -w fine"),
    ],
)
def test_other_weights_are_named_with_their_time_and_option(shown: Any, text: str | None) -> None:
    assert describe_other_weights(shown) == text


def test_weights_for_clean_frames_are_named_with_their_option() -> None:
    assert describe_uncompressed(cast("Any", SimpleNamespace(weights_if_uncompressed=None))) is None
    shown = cast("Any", SimpleNamespace(weights_if_uncompressed="clear"))
    said = describe_uncompressed(shown)
    assert said == "if this video was never compressed, clear makes more of it: -w clear"


def test_what_openvino_would_save_is_said_with_the_command_that_installs_it() -> None:
    assert describe_openvino(SimpleNamespace(seconds_with_openvino=None)) is None  # type: ignore[arg-type]
    text = describe_openvino(SimpleNamespace(seconds_with_openvino=600.0))  # type: ignore[arg-type]
    assert text is not None
    assert text.startswith("with OpenVINO this would take about 10 min: ")
    assert "install" in text
    assert "openvino" in text


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (TimeSpan(Fraction("2.5"), Fraction("3.5")), "about 10 frames from 2.5 to 3.5 s ->"),
        (TimeSpan(Fraction(3661, 2)), "about 10 frames from 1830.5 s ->"),
        (TimeSpan(end=Fraction("0.4")), "about 10 frames up to 0.4 s ->"),
        (WHOLE, "about 10 frames ->"),
    ],
)
def test_the_part_that_is_enlarged_is_named(span: TimeSpan, words: str) -> None:
    source = SimpleNamespace(path=Path("a.mkv"), frame_rate=None, frame_count=None)
    assert words in describe_plan(plan_for(source, frames=10, span=span))


@pytest.mark.parametrize(("frames", "words"), [(1, "1 frame ->"), (2, "2 frames, 25 frames/s ->")])
def test_a_single_picture_has_no_frame_rate(frames: int, words: str) -> None:
    source = SimpleNamespace(path=Path("a.png"), frame_rate=Fraction(25), frame_count=frames)
    assert words in describe_plan(plan_for(source, frames=frames))


def test_pipes_are_called_by_name_and_not_by_a_dash() -> None:
    source = SimpleNamespace(path=Path("-"), frame_rate=None, frame_count=None)
    assert describe_plan(plan_for(source)).startswith("standard input: 1x1, frames unknown -> 1x1")
    report = SimpleNamespace(
        target=Path("-"),
        frames_in=1,
        frames_out=1,
        damaged_frames=0,
        lost_packets=1,
        seconds=1.0,
        frames_per_second=1.0,
        peak_memory_bytes=1,
    )
    said = describe_report(cast("Any", report))
    assert said.startswith("standard output: 1 frame in = 1 frame out, 1 packet of audio")


@pytest.mark.parametrize(
    ("output_bytes", "in_one_go", "said"),
    [
        (None, False, "unknown, 9 B free"),
        (1, False, "about 2 B while it is made, 9 B free"),
        (1, True, "about 1 B, 9 B free"),
    ],
)
def test_only_what_is_joined_is_said_to_be(
    output_bytes: int | None, in_one_go: bool, said: str
) -> None:
    disk = DiskNeed(
        folder=Path("out"),
        output_bytes=output_bytes,
        work_bytes=0 if in_one_go else output_bytes,
        free_bytes=9,
        least_share=1,
        in_one_go=in_one_go,
    )
    plan = SimpleNamespace(target=Path("out.mkv"), shown_size="64x64", device="cpu")
    report = SimpleNamespace(
        plan=plan,
        frames=1,
        memory_bytes=1,
        seconds_per_frame=None,
        disk=disk,
        **dict.fromkeys(["copied", "converted", "lost"], ()),
    )
    assert dict(describe_dry_run(cast("Any", report)))["disk"] == said


@pytest.mark.parametrize(("kept", "said"), [(0, "no frames are kept"), (1, "1 frame kept")])
def test_an_interruption_does_not_say_which_frames_are_kept(
    kept: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Those of a cluster are made out of order.
    Lines(Terminal(), 1).interrupted(kept)
    assert f"interrupted; {said}, and the same command" in capsys.readouterr().err

"""Word the plans, reports and dry runs of ``dscvsr upscale``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dscvsr_cli.cli.units import format_duration, format_estimate
from dscvsr_cli.extras import install_command
from dscvsr_cli.wording import counted, format_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from dscvsr_cli.pipelines.upscale.disk_space import DiskNeed
    from dscvsr_cli.pipelines.upscale.dry_run import DryRunReport
    from dscvsr_cli.pipelines.upscale.job import UpscalePlan, UpscaleReport
    from dscvsr_cli.video.info import VideoInfo
    from dscvsr_cli.video.span import TimeSpan


def describe_plan(plan: "UpscalePlan") -> str:
    """Say in one line what will happen."""
    from dscvsr_cli.video.encoder_names import shown_encoder

    source = plan.source
    frames = _frames(plan)
    rate = ""
    if source.frame_rate is not None and source.frame_count != 1:
        rate = f", {float(source.frame_rate):.5g} frames/s"
    weights = plan.weights + (f", ensemble of {plan.ensemble}" if plan.ensemble > 1 else "")
    steadied = ", steadied" if plan.steadied else ""
    tile = "" if plan.tile is None else f", tiles of {plan.tile}"
    scenes = f", {plan.scenes_at_once} scenes at once" if plan.scenes_at_once > 1 else ""
    converting = " (converted first)" if plan.converted_first else ""
    takes = "" if plan.seconds is None else f", about {format_estimate(plan.seconds)}"
    resumed = _resumed(plan)
    encoder = shown_encoder(plan.encoder)
    return (
        f"{_name(source)}: {plan.shown_source_size}, {frames}{rate} -> {plan.shown_size} "
        f"{encoder} {plan.pixel_format} | {plan.device} {plan.dtype} {plan.runtime}{converting}, "
        f"{weights}{steadied}, window {plan.window}+{plan.look_ahead}{tile}{scenes}{resumed}{takes}"
    )


def _resumed(plan: "UpscalePlan") -> str:
    if plan.all_made:
        return ", all frames made by an earlier run"
    return f", continuing after {counted(plan.frames_done, 'frame')}" if plan.frames_done else ""


def _frames(plan: "UpscalePlan") -> str:
    if plan.frames is None:
        return "frames unknown" + _part(plan.span)
    # Only what is made, or a whole video with a count in its header, is known exactly.
    about = "" if plan.all_made or plan.frames == plan.source.frame_count else "about "
    return about + counted(plan.frames, "frame") + _part(plan.span)


def _part(span: "TimeSpan") -> str:
    """Say which seconds of the input are enlarged, if that is not all of it."""
    if span.is_whole:
        return ""
    start, end = f"{float(span.start):.7g}", "" if span.end is None else f"{float(span.end):.7g} s"
    if not end:
        return f" from {start} s"
    return f" from {start} to {end}" if span.start else f" up to {end}"


def _name(source: "VideoInfo") -> str:
    """Return the name of an input without its folder."""
    return "standard input" if str(source.path) == "-" else source.path.name


def _target(path: "Path") -> str:
    return "standard output" if str(path) == "-" else str(path)


def describe_other_weights(plan: "UpscalePlan") -> str | None:
    """Say in one line which other weights to think of, and what they would take."""
    other = plan.other_weights
    if other is None:
        return None
    name, takes = other.name, format_estimate(other.seconds)
    if other.is_better:
        return f"{name} is better and would take about {takes}: -w {name}"
    slow = "this processor computes in float32; " if _is_slow(plan) else ""
    return f"{slow}{name} would take about {takes}: -w {name}"


def describe_openvino(plan: "UpscalePlan") -> str | None:
    """Say in one line what OpenVINO would save, and how to install it."""
    if plan.seconds_with_openvino is None:
        return None
    takes = format_estimate(plan.seconds_with_openvino)
    return f"with OpenVINO this would take about {takes}: {install_command('openvino')}"


def describe_uncompressed(plan: "UpscalePlan") -> str | None:
    """Say in one line which weights to think of for a video in a lossless codec."""
    name = plan.weights_if_uncompressed
    if name is None:
        return None
    return f"if this video was never compressed, {name} makes more of it: -w {name}"


def _is_slow(plan: "UpscalePlan") -> bool:
    return plan.device == "cpu" and plan.dtype == "float32"


def describe_report(report: "UpscaleReport") -> str:
    """Say in one line what has happened."""
    damaged = f", {report.damaged_frames} damaged or missing" if report.damaged_frames else ""
    if report.lost_packets:
        damaged += f", {counted(report.lost_packets, 'packet')} of audio or subtitles lost"
    frames_in, frames_out = (
        counted(number, "frame") for number in (report.frames_in, report.frames_out)
    )
    speed = "all made by an earlier run"
    if report.frames_per_second is not None:
        speed = f"{report.frames_per_second:.2f} frames/s"
    return (
        f"{_target(report.target)}: {frames_in} in = {frames_out} out{damaged}, "
        f"{format_duration(report.seconds)}, {speed}, "
        f"peak memory {format_bytes(report.peak_memory_bytes)}"
    )


def describe_dry_run(report: "DryRunReport") -> Iterator[tuple[str, str]]:
    """Yield what would happen, as names and values."""
    yield "output", _target(report.plan.target)
    yield "size", str(report.plan.shown_size)
    yield "frames", "unknown" if report.frames is None else f"about {report.frames}"
    for name, values in (
        ("copied", report.copied),
        ("converted", report.converted),
        ("lost", report.lost),
    ):
        yield from ((name, value) for value in values)
    yield "memory", f"about {format_bytes(report.memory_bytes)} on {report.plan.device}"
    if report.seconds_per_frame is not None:
        whole = "" if report.seconds is None else f", {format_estimate(report.seconds)} in all"
        basis = "measured on a part" if report.measured else "as in earlier runs here"
        yield "time", f"about {report.seconds_per_frame:.3g} s a frame{whole} ({basis})"
    if report.disk is not None:
        yield "disk", _describe_disk(report.disk)


def _describe_disk(disk: "DiskNeed") -> str:
    needed, free = disk.needed_bytes, f"{format_bytes(disk.free_bytes)} free"
    if needed is None:
        return f"unknown, {free}"
    joined = "" if disk.in_one_go else " while it is made"
    return f"about {format_bytes(needed)}{joined}, {free}"

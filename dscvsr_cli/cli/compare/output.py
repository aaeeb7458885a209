"""Word the plans and reports of ``dscvsr compare``."""

from typing import TYPE_CHECKING

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.wording import counted, format_bytes

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.compare.job import ComparePlan, CompareReport


def describe_plan(plan: "ComparePlan") -> str:
    """Say in one line what will be on the page."""
    videos = ", ".join(
        f"{label} {size}" for label, size in zip(plan.labels, plan.sizes, strict=True)
    )
    frames = counted(plan.frames, "frame")
    if plan.frames_known is not None:
        frames = f"{plan.frames} of {counted(plan.frames_known, 'frame')}"
    return (
        f"{videos}: {frames}, shown in {plan.shown_size} -> {plan.target}, "
        f"about {format_bytes(plan.size_bytes)}"
    )


def show_report(terminal: Terminal, report: "CompareReport") -> None:
    """Print what has been measured, and where the page is."""
    measured = zip(report.labels, report.mean_psnr_db, strict=False)
    for label, value in measured:
        if value is not None:
            terminal.print(f"{label}: PSNR {value:.2f} dB against {report.reference}")
    frames, size = counted(len(report.frames), "frame"), format_bytes(report.size_bytes)
    terminal.print(f"{report.target}: {frames}, {size}")

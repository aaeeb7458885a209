"""Reports as rows of text: for the terminal, Markdown and CSV."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dscvsr_cli.benchmarking.bench_protocol import Channel
from dscvsr_cli.benchmarking.methods import MethodInfo
from dscvsr_cli.benchmarking.published import QuotedBlock, quoted_blocks
from dscvsr_cli.benchmarking.report import BenchReport, ClipScore, MeanScore, MeasuredQuality
from dscvsr_cli.benchmarking.speed import SpeedReport

MOST_CLIP_COLUMNS = 6
"""With more clips a table shows only their mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a header."""

    title: str
    """One line above the table."""

    header: tuple[str, ...]
    """Names of the columns."""

    rows: tuple[tuple[str, ...], ...]
    """As long as the header each."""

    notes: tuple[str, ...] = ()
    """Lines below the table."""

    def lines(self) -> list[tuple[str, ...]]:
        """Return the header and the rows."""
        return [self.header, *self.rows]


def report_tables(report: BenchReport, *, published: bool = False) -> tuple[Table, ...]:
    """Return what was measured and what it cost; then, if wanted, what others have published."""
    if not published:
        return (quality_table(report), cost_table(report))
    scales = list(dict.fromkeys(mean.scale for mean in report.means))
    blocks = quoted_blocks(report.protocol, scales)
    return (quality_table(report), cost_table(report), *map(quoted_table, blocks))


def quality_table(report: BenchReport) -> Table:
    """Return PSNR and SSIM of every method at every factor, per clip if they are few."""
    channel = report.protocol.channel
    clips = list(dict.fromkeys(score.clip for score in report.scores))
    shown = clips if 1 < len(clips) <= MOST_CLIP_COLUMNS else []
    by_run = {(score.scale, score.method, score.clip): score for score in report.scores}
    other = "RGB" if channel == "y" else "Y"
    header = ("factor", "method", *shown, "mean", "over bicubic", other)
    rows = []
    for mean in report.means:
        scores = [by_run.get((mean.scale, mean.method, clip)) for clip in shown]
        row = (
            f"x{mean.scale:g}",
            mean.method,
            *("" if score is None else _figures(score.quality, channel == "y") for score in scores),
            _figures(mean.quality, channel == "y"),
            _gain(mean.gain_db),
            _figures(mean.quality, channel != "y"),
        )
        if report.protocol.temporal:
            row = (*row, _warping(mean.quality), _flicker(mean.quality))
        if report.protocol.lpips:
            row = (*row, "" if mean.quality.lpips is None else f"{mean.quality.lpips:.4f}")
        if report.protocol.still:
            change = mean.quality.still_change
            row = (*row, "" if change is None else f"{change:.3f}")
        rows.append(row)
    if report.protocol.temporal:
        header = (*header, "warp (truth)", "flicker")
    if report.protocol.lpips:
        header = (*header, "LPIPS")
    if report.protocol.still:
        header = (*header, "still")
    name = "Y" if channel == "y" else "RGB"
    unfinished = "" if report.complete else ", broken off before the end"
    title = f"{report.protocol.dataset}, measured: PSNR in dB and SSIM on {name}{unfinished}"
    return Table(title=title, header=header, rows=tuple(rows))


def cost_table(report: BenchReport) -> Table:
    """Return what each method costs."""
    infos = {info.name: info for info in report.methods}
    rows = []
    for mean in report.means:
        info = infos[mean.method]
        rows.append(
            (
                f"x{mean.scale:g}",
                mean.method,
                "" if info.parameters is None else f"{info.parameters:,}",
                "" if mean.multiply_adds is None else f"{mean.multiply_adds:,.0f}",
                "" if mean.frames_per_second is None else f"{mean.frames_per_second:.2f}",
                "" if mean.peak_memory_bytes is None else f"{mean.peak_memory_bytes / 1e9:.2f} GB",
                info.device,
                info.dtype,
            )
        )
    header = ("factor", "method", "parameters", "multiply-adds per input pixel", "frames/s")
    return Table(
        title=f"cost, measured on {report.machine or 'this machine'}",
        header=(*header, "peak memory", "device", "dtype"),
        rows=tuple(rows),
    )


def quoted_table(block: QuotedBlock) -> Table:
    """Return published figures, marked as such."""
    rows = (
        (
            f"x{row.scale:g}",
            row.method,
            row.parameters,
            f"{row.psnr_db:.2f}" + ("" if row.ssim is None else f" {row.ssim:.4f}"),
            _gain(block.gain(row)),
        )
        for row in block.rows
    )
    return Table(
        title=f"{block.title}, quoted and not measured here: {block.source}",
        header=("factor", "method", "parameters", "PSNR SSIM", "over bicubic"),
        rows=tuple(rows),
        notes=(block.note,) if block.note else (),
    )


def speed_tables(report: SpeedReport, *, format_bytes: Callable[[int], str]) -> tuple[Table, ...]:
    """Return the machine's matrix product, and what the methods reach of it."""
    rates = tuple((kind, f"{rate / 1e9:,.1f}") for kind, rate in report.matmul_per_second.items())
    rows = (
        (
            row.method,
            row.dtype,
            row.runtime,
            row.source,
            f"x{row.scale:g}",
            str(row.size),
            f"{row.frames_per_second:.2f}" if row.frames else "too little memory",
            "" if row.share_of_peak is None else f"{100 * row.share_of_peak:.1f} %",
            "" if row.peak_memory_bytes is None else format_bytes(row.peak_memory_bytes),
            str(row.frames),
        )
        for row in report.rows
    )
    peak = Table(
        title=f"matrix product on {report.machine or report.device}",
        header=("dtype", "billion multiply-adds/s"),
        rows=rates,
    )
    header = ("method", "dtype", "runtime", "input", "factor", "output", "frames/s")
    return peak, Table(
        title=f"speed on synthetic frames, {report.device}, from frame to frame in main memory",
        header=(*header, "share of that rate", "peak memory", "frames timed"),
        rows=tuple(rows),
    )


def markdown(tables: Sequence[Table], statements: Sequence[str] = ()) -> str:
    """Write tables as Markdown, the protocol below them."""
    parts = []
    for table in tables:
        lines = [f"**{_escape(table.title)}**", ""]
        lines.append(f"| {' | '.join(map(_escape, table.header))} |")
        lines.append(f"|{'---|' * len(table.header)}")
        lines += [f"| {' | '.join(map(_escape, row))} |" for row in table.rows]
        lines += [line for note in table.notes for line in ("", _escape(note))]
        parts.append("\n".join(lines))
    if statements:
        parts.append("\n".join(["Protocol:", "", *(f"- {line}" for line in statements)]))
    return "\n\n".join(parts) + "\n"


def csv_text(report: BenchReport) -> str:
    """Write every score as CSV, the means as rows of the clip "mean"; empty if unknown."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_HEADER)
    infos = {info.name: info for info in report.methods}
    for score in report.scores:
        figures = _csv_row(report, score, score.clip, score.frames, score.frames_per_second)
        writer.writerow([*figures, *_csv_info(infos[score.method])])
    for mean in report.means:
        figures = _csv_row(report, mean, "mean", "", mean.frames_per_second)
        writer.writerow([*figures, *_csv_info(infos[mean.method])])
    return text.getvalue()


_CSV_HEADER = (
    "dataset",
    "degradation",
    "scale",
    "method",
    "clip",
    "frames",
    "psnr_y",
    "ssim_y",
    "psnr_rgb",
    "ssim_rgb",
    "warping",
    "true_warping",
    "frames_per_second",
    "peak_memory_bytes",
    "lpips",
    "flicker",
    "still_change",
    "parameters",
    "device",
    "dtype",
)


def _csv_row(
    report: BenchReport,
    score: ClipScore | MeanScore,
    clip: str,
    frames: int | str,
    speed: float | None,
) -> list[object]:
    quality = score.quality
    figures = (quality.psnr_y, quality.ssim_y, quality.psnr_rgb, quality.ssim_rgb)
    return [
        report.protocol.dataset,
        report.protocol.degradation,
        score.scale,
        score.method,
        clip,
        frames,
        *(f"{figure:.6f}" for figure in figures),
        *(_six_digits(value) for value in (quality.warping, quality.true_warping)),
        "" if speed is None else f"{speed:.4f}",
        "" if score.peak_memory_bytes is None else score.peak_memory_bytes,
        _six_digits(quality.lpips),
        _six_digits(quality.flicker),
        _six_digits(quality.still_change),
    ]


def _csv_info(info: MethodInfo) -> tuple[object, ...]:
    return ("" if info.parameters is None else info.parameters, info.device, info.dtype)


def _six_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _figures(quality: MeasuredQuality, luma: bool) -> str:  # noqa: FBT001
    channel: Channel = "y" if luma else "rgb"
    return f"{quality.psnr(channel):.2f} {quality.ssim(channel):.4f}"


def _gain(gain_db: float | None) -> str:
    return "" if gain_db is None else f"{gain_db:+.2f}"


def _warping(quality: MeasuredQuality) -> str:
    made, true = quality.warping, quality.true_warping
    return "" if made is None or true is None else f"{made:.2f} ({true:.2f})"


def _flicker(quality: MeasuredQuality) -> str:
    return "" if quality.flicker is None else f"{quality.flicker:.2f}"


def _escape(text: str) -> str:
    return text.replace("|", r"\|")

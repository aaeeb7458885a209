"""Write a benchmark's figures: to the terminal, files and crops; compare them with older ones."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dscvsr_cli.cli.console import FrameProgress, Terminal
from dscvsr_cli.errors import RegressionError, UsageError
from dscvsr_cli.wording import counted, format_bytes

if TYPE_CHECKING:
    from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
    from dscvsr_cli.benchmarking.bench_run import BenchRun
    from dscvsr_cli.benchmarking.contact_sheets import PictureSheets
    from dscvsr_cli.benchmarking.measure_clip import MeasuredFrame
    from dscvsr_cli.benchmarking.report import BenchReport, ClipScore
    from dscvsr_cli.benchmarking.speed import SpeedReport

TERMINAL = "-"


@dataclass(frozen=True, slots=True)
class BenchOutput:
    """Where a person wants the figures of a benchmark."""

    terminal: Terminal
    json: str | None = None
    """A file, or ``-`` for the terminal."""
    csv: Path | None = None
    markdown: Path | None = None
    plot: Path | None = None
    pictures: Path | None = None
    compare_with: Path | None = None
    tolerance_db: float = 0.02
    published: bool = False
    """Whether published figures follow what was measured."""

    @property
    def json_file(self) -> Path | None:
        """The file for JSON, if it goes to one."""
        return None if self.json in (None, TERMINAL) else Path(str(self.json))

    def check(self, *, resume: bool) -> None:
        """Refuse, before hours of work, what would fail after them.

        Raises:
            UsageError: A folder that does not exist, a plot that is no SVG, a resume without a
                file, or an older report that cannot be read.
        """
        from dscvsr_cli.benchmarking.report_file import load_report

        self._check_files()
        if resume and self.json_file is None:
            raise UsageError("--resume needs a file", hint="add --json FILE, the earlier run's")
        if self.compare_with is not None:
            load_report(self.compare_with)

    def check_older(self, protocol: "BenchProtocol") -> None:
        """Refuse to compare, if that is wanted, with a report measured by another protocol.

        Raises:
            UsageError: It was.
        """
        from dscvsr_cli.benchmarking.regression import check_comparable
        from dscvsr_cli.benchmarking.report_file import load_report

        if self.compare_with is not None:
            check_comparable(protocol, load_report(self.compare_with).protocol)

    def _check_files(self) -> None:
        for path in (self.json_file, self.csv, self.markdown, self.plot):
            if path is None:
                continue
            if not path.absolute().parent.is_dir():
                raise UsageError(
                    f"the folder {path.absolute().parent} does not exist", hint="create it first"
                )
            if path.is_dir():
                raise UsageError(f"{path} is a folder", hint="name a file in it")
        if self.plot is not None and self.plot.suffix.lower() != ".svg":
            raise UsageError(
                f"--plot draws SVG, not {self.plot.suffix or 'a file without a suffix'}",
                hint=f"name it {self.plot.with_suffix('.svg')}",
            )

    def check_speed(self) -> None:
        """Refuse outputs that speed alone does not fill, or that cannot be written.

        Raises:
            UsageError: One of these.
        """
        self._check_files()
        given = (self.csv, self.plot, self.pictures, self.compare_with)
        if any(path is not None for path in given):
            raise UsageError(
                "--speed writes only --json and --markdown",
                hint="leave out --csv, --plot, --pictures and --compare",
            )

    def earlier(self) -> "BenchReport":
        """Read the report to continue.

        Raises:
            UsageError: It is missing, or not a report.
        """
        from dscvsr_cli.benchmarking.report_file import load_report

        return load_report(Path(str(self.json)))

    def listen(self, run: "BenchRun", progress: FrameProgress) -> "BenchListener":
        """Return the listener of a run, which moves the bar and saves what is done."""
        from dscvsr_cli.benchmarking.contact_sheets import PictureSheets

        sheets = None if self.pictures is None else PictureSheets(self.pictures, run.methods_at)
        return BenchListener(self, run, progress, sheets)

    def show(self, report: "BenchReport") -> None:
        """Print the tables and write the files.

        Raises:
            UsageError: A file cannot be written.
        """
        from dscvsr_cli.benchmarking.report_file import report_to_json, save_report, save_text
        from dscvsr_cli.benchmarking.sweep_chart import sweep_chart
        from dscvsr_cli.benchmarking.tables import csv_text, markdown, report_tables
        from dscvsr_cli.svg_chart import draw_charts

        tables = report_tables(report, published=self.published)
        for statement in report.statements:
            self.terminal.print(statement)
        for table in tables if report.means else ():
            self.terminal.print()
            self.terminal.print(f"{table.title}:")
            self.terminal.print_rows(table.lines())
            for note in table.notes:
                self.terminal.print(note)
        if self.json == TERMINAL:
            self.terminal.print_json_text(report_to_json(report))
        elif self.json_file is not None:
            save_report(report, self.json_file)
        if self.csv is not None:
            save_text(csv_text(report), self.csv)
        if self.markdown is not None:
            save_text(markdown(tables, report.statements), self.markdown)
        chart = sweep_chart(report)
        if self.plot is not None and chart.series:
            save_text(draw_charts([chart]), self.plot)

    def compare(self, report: "BenchReport") -> None:
        """Compare with the older report, if one was named.

        Raises:
            UsageError: The reports cannot be compared.
            RegressionError: Figures fell past the tolerance.
        """
        if self.compare_with is None:
            return
        from dscvsr_cli.benchmarking.regression import compare_reports, unmatched
        from dscvsr_cli.benchmarking.report_file import load_report

        older = load_report(self.compare_with)
        changes = compare_reports(report, older, tolerance_db=self.tolerance_db)
        rows = [("factor", "method", "PSNR", "SSIM", "speed", "verdict")]
        rows += [
            (
                f"x{change.scale:g}",
                change.method,
                f"{change.psnr_db:+.3f}",
                f"{change.ssim:+.4f}",
                "" if change.speed is None else f"{change.speed:.2f} times",
                change.verdict,
            )
            for change in changes
        ]
        self.terminal.print()
        self.terminal.print(f"compared with {self.compare_with}:")
        self.terminal.print_rows(rows)
        for line in unmatched(report, older):
            self.terminal.print(line)
        worse = [change for change in changes if change.verdict == "worse"]
        if worse:
            raise RegressionError(
                f"{len(worse)} of {len(changes)} figures fell by more than "
                f"{self.tolerance_db:g} dB: {worse[0].method} at x{worse[0].scale:g} by "
                f"{-worse[0].psnr_db:.3f} dB",
                hint="find the change that did it, or allow more with --tolerance",
            )

    def show_speed(self, report: "SpeedReport") -> None:
        """Print speeds, and write the files.

        Raises:
            UsageError: A file cannot be written.
        """
        from dscvsr_cli.benchmarking.report_file import save_text, values_to_json
        from dscvsr_cli.benchmarking.tables import markdown, speed_tables

        tables = speed_tables(report, format_bytes=format_bytes)
        for table in tables:
            self.terminal.print(f"{table.title}:")
            self.terminal.print_rows(table.lines())
            self.terminal.print()
        if self.json == TERMINAL:
            self.terminal.print_json_text(values_to_json(report))
        elif self.json_file is not None:
            save_text(values_to_json(report) + "\n", self.json_file)
        if self.markdown is not None:
            save_text(markdown(tables), self.markdown)


class BenchListener:
    """Follows a run: moves the bar, prints each clip's figures, saves what is done."""

    def __init__(
        self,
        output: BenchOutput,
        run: "BenchRun",
        progress: FrameProgress,
        sheets: "PictureSheets | None",
    ) -> None:
        self._output = output
        self._run = run
        self._progress = progress
        self._sheets = sheets
        self._frames = itertools.count(1)

    def on_frame(self, frame: "MeasuredFrame") -> None:
        """Count a frame."""
        self._progress(next(self._frames))
        if self._sheets is not None:
            self._sheets.add(frame)

    def on_clip(self, score: "ClipScore") -> None:
        """Print a score, and save all of them: a run that dies later loses at most one clip."""
        quality = score.quality
        speed = score.frames_per_second
        self._output.terminal.note(
            f"x{score.scale:g} {score.clip} {score.method}: {quality.psnr_y:.2f} dB Y, "
            f"{quality.psnr_rgb:.2f} dB RGB, {counted(score.frames, 'frame')}"
            + ("" if speed is None else f", {speed:.2f} frames/s")
        )
        if self._output.json_file is not None:
            from dscvsr_cli.benchmarking.report_file import save_report

            save_report(self._run.report(), self._output.json_file)

    def close(self) -> None:
        """Write the last clip's pictures."""
        if self._sheets is None:
            return
        self._sheets.finish()
        for path in self._sheets.written:
            self._output.terminal.note(f"wrote {path}")

"""PSNR against scale: what a sweep's chart shows."""

import math

from dscvsr_cli.benchmarking.published import quoted_blocks
from dscvsr_cli.benchmarking.report import BenchReport
from dscvsr_cli.svg_chart import Chart, Series


def sweep_chart(report: BenchReport) -> Chart:
    """Return the chart of a sweep over factors; without series if nothing was measured."""
    return Chart(
        title=f"{report.protocol.dataset}: PSNR on {report.protocol.channel.upper()} "
        "at every scale",
        across="scale",
        upward="PSNR, dB",
        series=sweep_series(report),
        tick_prefix="x",
    )


def sweep_series(report: BenchReport) -> tuple[Series, ...]:
    """Return a series per measured method, then those that others published at every factor."""
    channel = report.protocol.channel
    scales = [mean.scale for mean in report.means]
    measured = [
        Series(
            name=info.name,
            points=tuple(
                (mean.scale, mean.quality.psnr(channel))
                for mean in report.means
                if mean.method == info.name and math.isfinite(mean.quality.psnr(channel))
            ),
        )
        for info in report.methods
    ]
    quoted = [
        Series(
            name=f"{block.rows[0].method} (quoted)",
            points=tuple((row.scale, row.psnr_db) for row in block.rows),
            dashed=True,
        )
        for block in quoted_blocks(report.protocol, scales)
        if len({row.method for row in block.rows}) == 1
    ]
    series = (
        Series(name=one.name, points=tuple(sorted(one.points)), dashed=one.dashed)
        for one in (*measured, *quoted)
    )
    return tuple(one for one in series if one.points)

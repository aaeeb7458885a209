"""The chart of a sweep."""

import xml.etree.ElementTree as ET

from dscvsr_cli.benchmarking.sweep_chart import sweep_chart
from dscvsr_cli.svg_chart import draw_charts
from tests.benchmarking.reports import report


def test_the_chart_shows_every_method_with_savsr_beside_it() -> None:
    chart = sweep_chart(report(scales=(1.5, 2.0, 2.7, 4.0)))
    assert [one.name for one in chart.series] == ["bicubic", "net", "SAVSR (quoted)"]
    assert [one.dashed for one in chart.series] == [False, False, True]
    assert [len(one.points) for one in chart.series] == [4, 4, 4]
    drawing = ET.fromstring(draw_charts([chart]))  # noqa: S314  # our own text
    texts = [part.text for part in drawing.iter() if part.tag.endswith("text")]
    assert {"x1.5", "scale", "PSNR, dB"} <= set(texts)

"""Charts: legends lie outside the axes and inside the figure, and bars have the heights of their values."""

from __future__ import annotations

import numpy
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from impasto.lab.figure import Bars, Chart, Panel, draw


@pytest.mark.parametrize("count", [2, 6, 12])
@pytest.mark.parametrize(
    "name", ["all", "style 1, as they are", "a name that is as long as names in studies get"]
)
@pytest.mark.parametrize("charts", [1, 3])
def test_a_legend_hides_no_line(count: int, name: str, charts: int) -> None:
    lines = {f"{name} {index}": ((0, 1), (index, count - index)) for index in range(count)}
    sheet = [[Panel(numpy.zeros((4, 4, 3), numpy.uint8), "beneath")]]
    figure = draw(sheet, charts=[Chart(lines, "x", "y")] * charts)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [
        axes.get_tightbbox(renderer, for_layout_only=False) for axes in figure.axes if not axes.get_legend()
    ]
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert len(legends) == charts
    found = [legend.get_window_extent(renderer) for legend in legends]
    for axes, box in zip([a for a in figure.axes if a.get_legend()], found, strict=True):
        assert box.y1 <= axes.xaxis.get_tightbbox(renderer).y0 + 1
        assert box.y0 >= 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert not any(box.overlaps(other) for other in [*boxes, *found] if other is not box)


def test_bars_have_their_values() -> None:
    figure = draw(charts=[Bars({"a": 0.25, "b": 1.5}, "seconds", level=0.5)])
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0.25, 1.5]
    assert [text.get_text() for text in axes.texts] == ["0.25", "1.5"]
    assert axes.lines[0].get_ydata() == [0.5, 0.5]
    assert axes.get_legend() is None

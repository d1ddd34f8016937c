from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from edge.reports.charts import HEIGHT, WIDTH, Bar, bar_chart, histogram

SVG = "{http://www.w3.org/2000/svg}"


def parsed(chart: Markup) -> ET.Element:
    return ET.fromstring(str(chart).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def bars(chart: Markup) -> list[tuple[float, float, str]]:
    """(height, y, title) of each bar."""
    found = parsed(chart).findall(f"{SVG}rect")
    return [(float(each.get("height", "")), float(each.get("y", "")), each[0].text or "") for each in found]


def test_bars_are_as_high_as_their_values_say() -> None:
    heights = [height for height, _, _ in bars(bar_chart([Bar("1.1", 10), Bar("1.2", 40), Bar("1.3", 0)], "d", "x", "y"))]
    assert heights[0] == pytest.approx(heights[1] / 4, abs=0.1)
    assert heights[2] == 0


def test_text_is_escaped_and_the_description_is_there() -> None:
    chart = bar_chart([Bar("<script>", 1, flagged=True)], 'a "b" <c>', "<x>", "<y>", mean=1.0)
    root = parsed(chart)
    assert root.get("aria-label") == 'a "b" <c>'
    assert "<script" not in chart
    assert "url(#hatch)" in chart
    assert "mean 1.0" in chart


@given(st.lists(st.floats(1, 400, allow_nan=False), min_size=1, max_size=200))
def test_a_histogram_holds_every_value_once(values: list[float]) -> None:
    found = bars(histogram(values, "d", "px"))
    assert sum(int(title.split(": ")[1]) for _, _, title in found) == len(values)
    assert len(found) <= 42


@given(st.lists(st.integers(0, 5000), min_size=0, max_size=50))
def test_everything_stays_inside_the_picture(values: list[int]) -> None:
    chart = bar_chart([Bar(str(value), value) for value in values], "d", "x", "y")
    for height, y, _ in bars(chart):
        assert y >= 0
        assert y + height <= HEIGHT
    assert all(0 <= float(x) <= WIDTH for x in re.findall(r'<rect x="([-\d.]+)"', chart))

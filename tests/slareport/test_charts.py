"""The charts: the same figures, the same bytes; and what draws them leaves the program as it was."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from sentinel.domain.attained import Seconds
from sentinel.history.sla_report import Day
from sentinel.slareport import charts
from tests.slareport import months

CHECK = """
import sys
import sentinel.slareport.charts
assert all(hasattr(finder, "find_spec") for finder in sys.meta_path), sys.meta_path
try:
    import a_module_that_is_not_there
except ModuleNotFoundError:
    pass
"""


def test_the_library_leaves_the_imports_of_the_program_alone() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", CHECK], check=True, timeout=60)  # noqa: S603  # our own text


@pytest.mark.parametrize("draw", [charts.burn_down, charts.trend, lambda one: charts.daily(one.days)])
def test_a_chart_is_shapes_and_texts_with_classes_and_no_colour_of_its_own(draw: object) -> None:
    assert callable(draw)
    found = draw(months.missed())
    assert found == draw(months.missed())
    root = ET.fromstring(found)  # noqa: S314  # our own
    names = {name for one in root.iter() for name in one.attrib}
    assert names <= {"class", "d", "x", "y", "width", "height", "transform", "cx", "cy", "r"} | {
        "viewBox",
        "role",
        "aria-label",
    }
    assert {one.tag for one in root.iter()} <= {"svg", "g", "title", "desc", "path", "rect", "circle", "text"}
    assert not re.search(r"20\d\d-\d\d-\d\d", found), "no date of drawing"


def test_a_missed_month_has_another_form_than_a_kept_one() -> None:
    drawn = charts.trend(months.missed())
    assert drawn.count("<circle") == 8
    assert drawn.count('<path class="dot"') == 3


def test_a_day_is_divided_by_roots_so_that_a_minute_can_be_seen() -> None:
    day = Day(date="2026-10-01", good=86_400 - 864, bad=864, unknown=0, excluded=0)
    drawn = charts.daily([day])
    heights = [float(one) for one in re.findall(r'height="([0-9.]+)" class="rect"', drawn)]
    assert len(heights) == 2
    assert heights[0] / sum(heights) == pytest.approx(0.1, abs=0.01)  # the root of 1 %


def test_a_day_without_service_time_has_no_bar_and_an_unknown_one_is_not_green() -> None:
    closed = Day(date="2026-10-03", good=0, bad=0, unknown=0, excluded=0)
    assert "<rect" not in charts.daily([closed])
    gone = Day(date="2026-10-04", good=0, bad=0, unknown=86_400, excluded=0)
    drawn = charts.daily([closed, gone])
    assert re.findall(r'class="series serie-(\d) color-\d"><g class="bars">', drawn) == ["1"]


def test_the_marks_beside_a_budget_are_round_numbers() -> None:
    marks = re.findall(r">(-?[0-9.]+ (?:h|min))<", charts.burn_down(months.over_budget()))
    assert marks == ["-4 h", "-2 h", "0 h", "2 h", "4 h"]


def test_a_month_without_figures_is_a_gap_and_not_a_line_across() -> None:
    story = months.missed()
    gone = replace(story.months[5], availability=None)
    section = replace(story, months=(*story.months[:5], gone, *story.months[6:]))
    attained = re.findall(r'serie-1 color-1">(.*?)</g>', charts.trend(section))[0]
    assert attained.count("M") == 2  # two strokes of the pen
    assert charts.trend(section).count("<circle") == 8


def test_perfection_has_a_scale_too() -> None:
    perfect = months.row((), Seconds(2_600_000, 0), objective=Decimal(1), leaf=False)
    drawn = charts.trend(months.section({}, whole=perfect, months=(perfect,)))
    assert drawn.count("<circle") == 1

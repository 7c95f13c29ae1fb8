"""The figures on the page about service levels are those that Sentinel computes."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from sentinel.domain.attained import Seconds
from sentinel.domain.attained_text import formula, percent_text, ratio_text
from sentinel.domain.burn import DAY, WORKBOOK, WORKBOOK_PERIOD, time_to_exhaust
from sentinel.domain.paces import Guard, factor

PAGE = (Path(__file__).parents[2] / "docs/explanation/service-levels.md").read_text(encoding="utf-8")
UNITS = {"min": 60, "h": 3600, "d": DAY}


def rows(first: str) -> list[list[str]]:
    """The cells of the table whose first header is that."""
    found = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def seconds(text: str) -> int:
    number, unit = text.split()
    return int(number) * UNITS[unit]


def test_the_formula() -> None:
    month = Seconds(good=43_079 * 60, bad=121 * 60, unknown=38 * 60, excluded=180 * 60)
    assert f"```text\n{formula(month)}\n```" in PAGE


def test_the_roundings() -> None:
    objective = Decimal("0.995")
    for exact, ratio, people in rows("exactly"):
        assert (ratio_text(Fraction(exact), objective), percent_text(Fraction(exact), objective)) == (ratio, people)


def test_the_policy() -> None:
    written = [
        (severity, Fraction(share.removesuffix(" %")) / 100, seconds(long), seconds(short), Fraction(rate))
        for severity, share, long, short, rate in rows("severity")
    ]
    assert written == [
        (one.severity.word, one.budget_share, one.long, one.short, one.factor(WORKBOOK_PERIOD)) for one in WORKBOOK
    ]
    exhausted = time_to_exhaust(WORKBOOK[0].factor(WORKBOOK_PERIOD), WORKBOOK_PERIOD)
    assert exhausted is not None
    assert exhausted // DAY == 2


def test_what_windows_left_as_they_are_would_mean() -> None:
    share, long = WORKBOOK[2].budget_share, WORKBOOK[2].long
    assert round(float(factor(share, 7 * DAY, long)), 2) == 0.23
    assert int(factor(share, 365 * DAY, long)) == 12


def test_the_guard() -> None:
    assert (Guard().judged_share, Guard().events) == (Fraction(1, 2), 100)
    assert "less than half was judged" in PAGE
    assert "must\n  have 100 of them" in PAGE

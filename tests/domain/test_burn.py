"""Budgets that burn too fast: the Workbook's policy, other periods, low volume, and the day on which a budget is gone."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.burn import (
    DAY,
    HOUR,
    MINUTE,
    WORKBOOK,
    WORKBOOK_PERIOD,
    forecast,
    limit,
    reaching_back,
    scaled,
    spent_share,
    time_to_detect,
    time_to_exhaust,
)
from sentinel.domain.paces import factor
from sentinel.domain.rules import Severity
from sentinel.domain.spans import NOTHING, Spans

NINES = Decimal("0.999")
OFFICE = Spans.of((day * DAY + 8 * HOUR, day * DAY + 18 * HOUR) for day in range(30) if day % 7 < 5)
"""Ten hours on five days of seven."""

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=6).map(
    lambda pairs: Spans.of((start, start + length) for start, length in pairs)
)


def test_the_policy_is_that_of_the_workbook() -> None:
    assert [float(pace.factor(WORKBOOK_PERIOD)) for pace in WORKBOOK] == [14.4, 6.0, 1.0]
    assert [(pace.long // HOUR, pace.short // MINUTE) for pace in WORKBOOK] == [(1, 5), (6, 30), (72, 360)]
    assert [pace.severity for pace in WORKBOOK] == [Severity.CRITICAL, Severity.CRITICAL, Severity.WARNING]


def test_windows_take_the_same_part_of_any_period() -> None:
    """So the burn rates stay, and no pace is warned of at which the budget lasts."""
    quarter = scaled(WORKBOOK, 90 * DAY, 600)
    assert [(pace.long, pace.short) for pace in quarter] == [(3 * HOUR, 1200), (18 * HOUR, 5400), (9 * DAY, 18 * HOUR)]
    assert [pace.factor(90 * DAY) for pace in quarter] == [Fraction(72, 5), 6, 1]


def test_a_window_is_no_shorter_than_what_a_figure_stands_for() -> None:
    month = scaled(WORKBOOK, 30 * DAY, 600)
    assert [pace.short for pace in month] == [600, 1800, 6 * HOUR]
    week = scaled(WORKBOOK, 7 * DAY, 600)
    assert [(pace.long, pace.short) for pace in week] == [(1200, 600), (5400, 600), (60_600, 5400)]
    assert min(pace.factor(7 * DAY) for pace in week) > Fraction(98, 100)


def test_a_period_shorter_than_its_windows_is_an_error() -> None:
    with pytest.raises(ValueError, match="longer than the period"):
        factor(Fraction(1, 10), DAY, 3 * DAY)
    with pytest.raises(ValueError, match="shorter than the time between two figures"):
        scaled(WORKBOOK, 500, 600)


def test_what_can_never_fire_is_an_error() -> None:
    fast = WORKBOOK[0]
    with pytest.raises(ValueError, match="no budget"):
        limit(fast, WORKBOOK_PERIOD, Decimal(1))
    with pytest.raises(ValueError, match="total outage"):
        limit(fast, WORKBOOK_PERIOD, Decimal("0.93"))
    assert limit(fast, WORKBOOK_PERIOD, Decimal("0.94")) < 1
    with pytest.raises(ValueError, match="longer than the period"):
        limit(fast, 1800, NINES)


def test_how_soon_it_is_noticed() -> None:
    share = limit(WORKBOOK[0], WORKBOOK_PERIOD, NINES)
    assert time_to_detect(share, HOUR, Fraction(1)) == Fraction(5184, 100)
    assert time_to_detect(share, HOUR, share) == HOUR
    assert time_to_detect(share, HOUR, share * Fraction(99, 100)) is None
    assert time_to_detect(share, HOUR, Fraction(0)) is None


def test_how_long_a_budget_lasts() -> None:
    assert time_to_exhaust(Fraction(2), 28 * DAY) == 14 * DAY
    assert time_to_exhaust(Fraction(0), DAY) is None
    assert spent_share(Fraction(72, 5), WORKBOOK_PERIOD, HOUR) == Fraction(2, 100)


def test_the_day_on_which_a_budget_is_used_up_counts_opening_hours_only() -> None:
    at = 18 * HOUR
    assert forecast(3600, Fraction(1), at, OFFICE) == DAY + 9 * HOUR
    assert forecast(3600, Fraction(1, 100), at, OFFICE) == 14 * DAY + 18 * HOUR, "a hundred hours of ten a day"
    assert forecast(3600, Fraction(1, 1000), at, OFFICE) is None, "it outlasts the period"
    assert forecast(3600, Fraction(0), at, OFFICE) is None
    assert forecast(0, Fraction(0), at, OFFICE) == at
    assert forecast(3600, Fraction(1), at, NOTHING) is None


def test_a_window_reaches_back_over_the_night() -> None:
    monday = 7 * DAY + 8 * HOUR + 1800
    assert reaching_back(OFFICE, monday, HOUR) == 4 * DAY + 18 * HOUR - 1800
    assert reaching_back(OFFICE, monday, 1800) == 7 * DAY + 8 * HOUR
    assert reaching_back(OFFICE, 9 * HOUR, DAY) == 8 * HOUR, "no further than there is service time"
    assert reaching_back(NOTHING, monday, HOUR) == monday


@given(spans, st.integers(0, 80), st.integers(1, 30), st.integers(1, 8), st.integers(1, 8))
def test_both_agree_with_counting_second_by_second(service: Spans, at: int, seconds: int, bad: int, of: int) -> None:
    share = Fraction(min(bad, of), of)
    left, gone = seconds, None
    spent = Fraction(0)
    for second in range(at, 80):
        spent += share if service.holds(second) else 0
        if spent >= left:
            gone = second + 1
            break
    assert forecast(seconds, share, at, service) == gone
    start, held = at, 0
    while held < seconds and start > 0:
        start -= 1
        held += service.holds(start)
    found = reaching_back(service, at, seconds)
    assert service.clip(found, at).seconds == held
    if held == seconds:
        assert found == start

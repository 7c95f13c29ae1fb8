"""Months, quarters, years and rolling days of a place: where they begin on nights that the clock is changed, and their names."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.calendars import ALWAYS, Calendar, Dated, Weekly
from sentinel.domain.periods import Day, Period, stretch, working_day

ZURICH = "Europe/Zurich"
ZONES = [
    ZURICH,
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Havana",
    "Africa/Cairo",
    "Australia/Lord_Howe",
]
HOUR, DAY = 3600, 86400

instants = st.integers(0, 2_500_000_000)
periods = st.sampled_from(["month", "quarter", "year", "1d", "7d", "30d", "365d"]).map(Period.parse)
zones = st.sampled_from(ZONES)


def unix(text: str, zone: str = ZURICH) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("period", "start", "end", "name"),
    [
        ("month", "2026-11-01", "2026-12-01", "November 2026"),
        ("quarter", "2026-10-01", "2027-01-01", "Q4 2026"),
        ("year", "2026-01-01", "2027-01-01", "2026"),
        ("30d", "2026-10-30", "2026-11-29", "30 days to 28 Nov 2026"),
        ("1d", "2026-11-28", "2026-11-29", "1 day to 28 Nov 2026"),
    ],
)
def test_each_holds_the_instant_it_is_asked_for(period: str, start: str, end: str, name: str) -> None:
    made = Period.parse(period)
    for clock in ("00:00:00", "20:48:36", "23:59:59"):
        at = unix(f"2026-11-28T{clock}")
        assert made.bounds(at, ZURICH) == (unix(start), unix(end))
        assert made.around(at, ZURICH).name == name
    assert made.text == period


def test_the_ones_before_and_after() -> None:
    now = Period.parse("month").around(unix("2026-01-15"), ZURICH)
    assert [now.previous(n).name for n in (0, 1, 2, 13, -1)] == [
        "January 2026", "December 2025", "November 2025", "December 2024", "February 2026",
    ]  # fmt: skip
    assert Period.parse("quarter").around(unix("2026-02-01"), ZURICH).previous().name == "Q4 2025"
    assert Period.parse("year").around(unix("2026-02-01"), ZURICH).previous(2).name == "2024"
    week = Period.parse("7d").around(unix("2026-03-31"), ZURICH)
    assert (week.previous().name, week.seconds) == ("7 days to 24 Mar 2026", 7 * DAY - HOUR)
    assert week.previous().end == week.start


def test_a_day_on_which_the_clock_is_changed_is_longer_or_shorter() -> None:
    for month, short in (("2026-03-01", "2026-03-29"), ("2026-10-01", "2026-10-25")):
        days = Period.parse("month").around(unix(month), ZURICH).days()
        odd = {str(day.date): (day.end - day.start) // HOUR for day in days if day.end - day.start != DAY}
        assert odd == {short: 23 if "-03-" in short else 25}
        assert len(days) == 31


def test_a_midnight_that_the_clock_skips_or_shows_twice_begins_its_day_once() -> None:
    skipped = Period.parse("1d").around(unix("2026-04-24T12:00", "Africa/Cairo"), "Africa/Cairo")
    assert (skipped.start, skipped.seconds) == (unix("2026-04-24T01:00", "Africa/Cairo"), 23 * HOUR)
    twice = Period.parse("1d").around(unix("2026-11-01T12:00", "America/Havana"), "America/Havana")
    assert twice.seconds == 25 * HOUR


def test_a_day_that_a_place_left_out_is_none() -> None:
    days = Period.parse("month").around(unix("2011-12-05", "Pacific/Apia"), "Pacific/Apia").days()
    assert len(days) == 30
    assert date(2011, 12, 30) not in [day.date for day in days]


@pytest.mark.fault(23)
def test_a_leap_year_has_its_day() -> None:
    assert [len(Period.parse("year").around(unix(f"{year}-06-01"), ZURICH).days()) for year in (2027, 2028)] == [
        365,
        366,
    ]


@pytest.mark.parametrize(
    "text", ["", "week", "Month", "0d", "30", "30 d", "1.5d", "3661d", "9999d", "-7d", "٣٠d", "24h"]
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="a period is"):
        Period.parse(text)


def test_any_span_has_its_seconds_and_the_days_that_it_touches() -> None:
    span = stretch(unix("2026-03-28T22:00") + 0.5, unix("2026-03-29T04:00") - 0.5, ZURICH)
    assert (span.start, span.end, span.seconds) == (unix("2026-03-28T22:00"), unix("2026-03-29T04:00"), 5 * HOUR)
    assert (span.first, span.after, span.name) == (date(2026, 3, 28), date(2026, 3, 30), "2 days to 29 Mar 2026")
    assert stretch(7.0, 7.0, ZURICH).seconds == 1


def test_a_report_waits_for_the_first_working_day() -> None:
    november = unix("2026-11-01")  # a Sunday
    assert working_day(november, ZURICH) == Day(date(2026, 11, 2), unix("2026-11-02"), unix("2026-11-03"))
    assert working_day(november + 40 * HOUR, ZURICH) == working_day(november, ZURICH), "that of the instant counts"
    always = working_day(november, "UTC", ALWAYS(ZURICH))
    assert always is not None
    assert always.date == date(2026, 11, 1)
    office = Calendar(
        name="office", timezone=ZURICH, hours=(Weekly(days=frozenset(range(5))),),
        holidays=[date(2026, 11, 2)], dates=(Dated(day=date(2026, 11, 3)),),
    )  # fmt: skip
    found = working_day(november, "UTC", office)
    assert found is not None
    assert found.date == date(2026, 11, 4)
    assert working_day(november, ZURICH, Calendar(name="never", timezone=ZURICH, hours=())) is None


@given(periods, instants, zones)
def test_days_add_up_and_periods_touch(period: Period, at: int, zone: str) -> None:
    term = period.around(at, zone)
    assert term.start <= at < term.end
    days = term.days()
    assert (days[0].start, days[-1].end) == (term.start, term.end)
    assert all(one.end == other.start for one, other in itertools.pairwise(days))
    assert sum(day.end - day.start for day in days) == term.seconds
    assert term.previous().end == term.start
    assert term.previous().previous(-1) == term
    if period.length == 0:
        assert period.around(term.end - 1, zone) == term
        assert period.around(term.end, zone) == term.previous(-1)


@given(instants, zones)
def test_a_day_is_the_seconds_on_which_the_clock_shows_its_date(at: int, zone: str) -> None:
    (day,) = Period.parse("1d").around(at, zone).days()
    shown = [datetime.fromtimestamp(second, ZoneInfo(zone)).date() for second in (day.start, at, day.end - 1)]
    assert shown == [day.date] * 3
    assert datetime.fromtimestamp(day.start - 1, ZoneInfo(zone)).date() < day.date
    assert datetime.fromtimestamp(day.end, ZoneInfo(zone)).date() > day.date
    assert timedelta(hours=22) < timedelta(seconds=day.end - day.start) < timedelta(hours=50)

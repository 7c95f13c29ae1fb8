"""Hours on the clock of a place: nights on which the clock is set, ends of months, holidays, days that never were."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sentinel.domain.calendars import ALWAYS, EVERY_DAY, Calendar, Dated, Maintenance, Weekly
from sentinel.domain.matchers import Matchers

HOUR = 3600
SUNDAY = frozenset({6})
OFFICE = Weekly(days=frozenset(range(5)), start=7 * HOUR, end=19 * HOUR)


def at(text: str) -> int:
    """A Unix second from `2026-03-29 01:00`, in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def shown(calendar: Calendar | Maintenance, start: str, end: str) -> list[str]:
    """The spans between two dates as `03-29 00:00 - 03-29 02:00`, in UTC."""
    spans = (calendar.open if isinstance(calendar, Calendar) else calendar.spans)(at(start), at(end))
    return [" - ".join(f"{datetime.fromtimestamp(edge, UTC):%m-%d %H:%M}" for edge in pair) for pair in spans.pairs()]


def weekly(zone: str = "Europe/Zurich", **window: object) -> Maintenance:
    return Maintenance(name="work", matchers=Matchers(), timezone=zone, weekly=Weekly(**window))  # type: ignore[arg-type]


@pytest.mark.fault(22, 96)
def test_a_night_window_names_hours_of_the_clock_also_on_the_nights_on_which_it_is_set() -> None:
    night = weekly(days=SUNDAY, start=HOUR, end=4 * HOUR)
    assert shown(night, "2026-03-22", "2026-03-23") == ["03-22 00:00 - 03-22 03:00"]
    assert shown(night, "2026-03-29", "2026-03-30") == ["03-29 00:00 - 03-29 02:00"], "two hours: one is skipped"
    assert shown(night, "2026-10-24", "2026-10-26") == ["10-24 23:00 - 10-25 03:00"], "four hours: one is there twice"


def test_a_window_over_an_hour_that_is_there_twice_takes_both() -> None:
    night = weekly(days=SUNDAY, start=2 * HOUR, end=2 * HOUR + 1800)
    assert shown(night, "2026-10-25", "2026-10-26") == ["10-25 00:00 - 10-25 01:30"]


def test_a_window_that_crosses_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = weekly(days=SUNDAY, start=22 * HOUR, end=6 * HOUR)
    assert shown(night, "2026-11-22", "2026-11-24") == ["11-22 21:00 - 11-23 05:00"]
    assert shown(night, "2026-11-23", "2026-11-24") == ["11-23 00:00 - 11-23 05:00"], "asked for after it began"


def test_days_of_the_month_are_counted_from_either_end() -> None:
    closing = weekly("UTC", days_of_month=((-3, -1),), start=0, end=24 * HOUR)
    assert shown(closing, "2028-02-01", "2028-03-10") == ["02-27 00:00 - 03-01 00:00"], "a leap year"
    assert shown(closing, "2027-04-01", "2027-05-10") == ["04-28 00:00 - 05-01 00:00"]
    second_sunday = weekly("UTC", days=SUNDAY, days_of_month=((8, 14),), start=0, end=HOUR)
    assert shown(second_sunday, "2026-11-01", "2026-12-31") == [
        "11-08 00:00 - 11-08 01:00",
        "12-13 00:00 - 12-13 01:00",
    ]


def test_a_calendar_is_closed_on_holidays_and_a_date_says_otherwise_before_everything_else() -> None:
    calendar = Calendar(
        name="office",
        timezone="UTC",
        hours=(OFFICE,),
        holidays=frozenset({date(2026, 12, 25), date(2026, 12, 28)}),
        dates=(Dated(day=date(2026, 12, 24)), Dated(day=date(2026, 12, 28), hours=((8 * HOUR, 12 * HOUR),))),
    )
    assert shown(calendar, "2026-12-23", "2026-12-30") == [
        "12-23 07:00 - 12-23 19:00",
        "12-28 08:00 - 12-28 12:00",
        "12-29 07:00 - 12-29 19:00",
    ]


def test_a_recurring_maintenance_keeps_within_its_first_and_last_date() -> None:
    work = Maintenance(
        name="work",
        matchers=Matchers(),
        timezone="UTC",
        weekly=Weekly(start=23 * HOUR, end=HOUR),
        first=date(2026, 11, 10),
        last=date(2026, 11, 11),
    )
    assert shown(work, "2026-11-01", "2026-12-01") == ["11-10 23:00 - 11-11 01:00", "11-11 23:00 - 11-12 01:00"]


def test_a_dated_maintenance_runs_from_its_start_to_just_before_its_end() -> None:
    work = Maintenance(name="work", matchers=Matchers(), timezone="UTC", start=1000, end=2000)
    assert [work.holds(instant) for instant in (999.9, 1000, 1999.9, 2000)] == [False, True, True, False]
    assert [work.until(instant) for instant in (999.9, 1000, 1999.9, 2000)] == [None, 2000, 2000, None]
    assert work.spans(1500, 5000).pairs() == [(1500, 2000)]


def test_the_end_of_a_maintenance_is_that_of_the_window_it_runs_on_into() -> None:
    days = weekly("UTC", days=frozenset({5, 6}), start=0, end=24 * HOUR)
    assert days.until(at("2026-11-28 12:00")) == at("2026-11-30"), "Saturday and Sunday are one window"
    assert days.until(at("2026-11-30")) is None
    for_ever = weekly("UTC", days=EVERY_DAY, start=0, end=24 * HOUR)
    assert for_ever.until(at("2026-11-28")) == at("2026-12-31"), "no further than somebody would look"


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("Europe/Zurich", "2026-03-28", "2026-03-31"),
        ("America/Havana", "2026-10-31", "2026-11-03"),  # 01:00 becomes 00:00: the day begins twice
        ("America/Sao_Paulo", "2018-11-03", "2018-11-06"),  # 00:00 does not exist
        ("Pacific/Apia", "2011-12-28", "2012-01-02"),  # neither does a whole Friday
        ("Australia/Lord_Howe", "2026-04-03", "2026-04-07"),
    ],
)
def test_what_is_always_open_has_no_hole_on_any_night(zone: str, start: str, end: str) -> None:
    assert ALWAYS(zone).open(at(start), at(end)).pairs() == [(at(start), at(end))]


def test_a_day_that_the_clock_left_out_has_no_hours() -> None:
    friday = Calendar(name="friday", timezone="Pacific/Apia", hours=(Weekly(days=frozenset({4})),))
    assert shown(friday, "2011-12-25", "2012-01-08") == ["01-05 10:00 - 01-06 10:00"], "not on 2011-12-30"


def test_instants_beyond_all_dates_are_closed_rather_than_an_error() -> None:
    assert ALWAYS("UTC").open(10**15, 10**15 + 5).pairs() == []
    assert not weekly("UTC").holds(-1e15)

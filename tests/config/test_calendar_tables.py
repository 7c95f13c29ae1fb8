"""Calendars and maintenance of a rules file: what they become, and that what is written two ways means the same."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.holiday_sets import PublicHolidays
from sentinel.config.loader import load
from sentinel.domain.calendars import Calendar, Dated, Maintenance, Weekly
from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.errors import ConfigError
from tests.config.test_loader import BREACH, DESK, RULE, SOURCE
from tests.effort import effort

GOOD = Path(__file__).parent / "testdata/good"
HOUR = 3600
WHOLE = f"{SOURCE}{DESK}{RULE}{BREACH}"


def calendar(lines: str) -> Calendar:
    return load(text=f'{WHOLE}[[calendar]]\nname = "c"\n{lines}').rulebook.calendars[0]


def maintenance(lines: str, head: str = "") -> Maintenance:
    return load(text=f'{head}{WHOLE}[[maintenance]]\nname = "m"\n{lines}').rulebook.maintenance[0]


def codes(lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text=WHOLE + lines)
    return [problem.code for problem in caught.value.problems]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_calendar_becomes_what_it_says() -> None:
    office, nights, always, one_day = load(GOOD / "calendars.toml").rulebook.calendars
    assert office == Calendar(
        name="office",
        timezone="Europe/Zurich",
        hours=(Weekly(days=frozenset(range(5)), start=7 * HOUR, end=19 * HOUR),),
        holiday_set="CH-ZH",
        dates=(
            Dated(day=date(2026, 12, 24)),
            Dated(day=date(2026, 12, 31), hours=((7 * HOUR, 10 * HOUR), (10 * HOUR, 12 * HOUR))),
            Dated(day=date(2027, 1, 4)),
        ),
    )
    assert nights.timezone == "UTC", "the zone of [defaults]"
    assert [sorted(weekly.days) for weekly in nights.hours] == [[0, 1, 2, 3, 6], [0, 4, 5, 6]]
    assert always.hours == (Weekly(),)
    assert one_day.hours == ()
    assert [one.line for one in (office, nights, always, one_day)] == [14, 33, 42, 45]


def test_a_maintenance_becomes_what_it_says() -> None:
    patching, closing, server, network = load(GOOD / "maintenance.toml").rulebook.maintenance
    assert patching == Maintenance(
        name="Patching",
        matchers=Matchers(
            service=(NamePattern("Exchange*"),), rule=(NamePattern("r"),), node=(NodePattern("Europe/**"),)
        ),
        timezone="America/New_York",
        weekly=Weekly(days=frozenset({6}), days_of_month=((8, 14),), start=22 * HOUR, end=2 * HOUR),
        first=date(2026, 12, 1),
        last=date(2027, 6, 30),
    )
    assert closing.weekly == Weekly(days_of_month=((-3, -1), (1, 1)))
    assert closing.matchers == Matchers(), "everything"
    assert (server.start, server.end) == (at("2026-12-05 21:00"), at("2026-12-06 03:00:30"))
    assert (network.start, network.end) == (at("2026-12-06 03:00"), at("2026-12-06 04:00"))


def test_days_run_over_the_end_of_the_week() -> None:
    assert sorted(calendar('days = "fri-mon"\n').hours[0].days) == [0, 4, 5, 6]
    assert calendar('days = ["mon", "Wednesday - Friday"]\n').hours[0].days == {0, 2, 3, 4}
    assert calendar('from = "22:00"\nto = "06:00"\n').hours == (Weekly(start=22 * HOUR, end=6 * HOUR),), "every day"


def test_windows_may_touch_also_over_midnight_and_over_the_end_of_the_week() -> None:
    touching = calendar(
        'hours = [{ days = "sun", from = "22:00", to = "06:00" }, { days = "mon", from = "06:00", to = "22:00" }]\n'
    )
    monday = at("2026-11-29 22:00")
    assert touching.open(monday, monday + 48 * HOUR).pairs() == [(monday, monday + 24 * HOUR)]


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOWS = st.lists(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS), st.integers(0, 7), st.integers(0, 8)).filter(
        lambda one: one[2] != one[3]
    ),
    min_size=2,
    max_size=3,
)


@effort(150)
@given(WINDOWS)
def test_hours_are_said_to_overlap_exactly_when_some_of_them_do(windows: list[tuple[str, str, int, int]]) -> None:
    """Counted in eighths of days, one by one, round and round the week."""
    lines, taken = "", []
    for first, last, opens, closes in windows:
        lines += f'[[calendar.hours]]\ndays = "{first}-{last}"\nfrom = "{opens * 3:02}:00"\nto = "{closes * 3:02}:00"\n'
        days = [DAYS.index(first)]
        while DAYS[days[-1]] != last:
            days.append((days[-1] + 1) % 7)
        length = (closes - opens) % 8 or 8
        taken.append({(day * 8 + opens + step) % 56 for day in days for step in range(length)})
    overlaps = sum(bool(one & other) for one, other in combinations(taken, 2))
    try:
        found = [problem.code for problem in load(text=f'{WHOLE}[[calendar]]\nname = "c"\n{lines}').warnings]
    except ConfigError as refused:
        found = [problem.code for problem in refused.problems]
    assert set(found) == ({"E139"} if overlaps else set())


def test_dates_and_times_of_toml_itself_are_understood() -> None:
    written = calendar(
        "from = 07:00:00\nto = 19:00:00\nclosed = [2026-12-24]\n[[calendar.date]]\ndate = 2026-12-31\nclosed = true\n"
    )
    quoted = calendar(
        'from = "07:00"\nto = "19:00"\nclosed = ["2026-12-24"]\n[[calendar.date]]\ndate = "2026-12-31"\nclosed = true\n'
    )
    assert written == quoted
    zone = 'timezone = "Europe/Zurich"\n'
    assert maintenance(f"start = 2026-12-05T22:00:00\nend = 2026-12-06 04:00:00\n{zone}") == maintenance(
        f'start = "2026-12-05T22:00"\nend = "2026-12-06T04:00"\n{zone}'
    )


def test_a_dated_maintenance_over_a_change_of_the_clock_has_every_hour_that_it_names() -> None:
    zurich = '[defaults]\ntimezone = "Europe/Zurich"\n'
    autumn = maintenance('start = "2026-10-25T02:30"\nend = "2026-10-25T02:45"\n', zurich)
    assert (autumn.start, autumn.end) == (at("2026-10-25 00:30"), at("2026-10-25 01:45"))
    spring = maintenance('start = "2026-03-29T02:30"\nend = "2026-03-29T24:00"\n', zurich)
    assert (spring.start, spring.end) == (at("2026-03-29 01:30"), at("2026-03-29 22:00"))


@pytest.mark.parametrize(
    ("name", "kept", "not_kept"),
    [
        ("CH", ["2026-08-01", "2026-12-25", "2030-05-30"], ["2026-12-26", "2026-05-01", "2026-08-03"]),
        ("CH-ZH", ["2026-08-01", "2026-12-26", "2026-05-01"], ["2026-03-19"]),
        ("CH-TI", ["2026-03-19"], ["2026-04-03"]),
        ("US", ["2026-11-26", "2021-12-31"], ["2026-11-27"]),
    ],
)
def test_holidays_are_those_of_the_country_and_of_the_part_that_is_named(
    name: str, kept: list[str], not_kept: list[str]
) -> None:
    holidays = calendar(f'days = "mon-sun"\nholidays = "{name}"\n').holidays
    assert [day for day in kept if date.fromisoformat(day) not in holidays] == []
    assert [day for day in not_kept if date.fromisoformat(day) in holidays] == []


def test_a_calendar_is_closed_on_the_holidays_it_names() -> None:
    office = load(GOOD / "calendars.toml").rulebook.calendars[0]
    start, end = at("2026-12-23 00:00"), at("2027-01-06 00:00")
    opened = [datetime.fromtimestamp(first, UTC).date().isoformat() for first, _ in office.open(start, end).pairs()]
    assert opened == [
        *("2026-12-23", "2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31"),
        "2027-01-05",
    ], "neither Christmas, Saint Stephen's, New Year, Berchtold's nor the dates that are closed"


def test_a_calendar_can_be_sent_to_another_process_and_is_the_same_there() -> None:
    office = load(GOOD / "calendars.toml").rulebook.calendars[0]
    copy = pickle.loads(pickle.dumps(office))  # noqa: S301  # our own
    assert copy == office
    assert date(2026, 12, 25) in copy.holidays


def test_other_holidays_are_another_calendar_and_another_line_is_the_same_one() -> None:
    office = load(GOOD / "calendars.toml").rulebook.calendars[0]
    assert office == replace(office, line=99)
    assert office != replace(office, holiday_set="CH", holidays=PublicHolidays("CH", ""))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ('[[calendar]]\nname = "c"\ndays = []\n', ["E106"]),
        ('[[calendar]]\nname = "c"\ndays = [1]\n', ["E137"]),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nto = "12:00"\n', ["E104"]),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nholidays = "CH-"\n', ["E141"]),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nholidays = "XX"\n', ["E141"]),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nholidays = ""\n', ["E106"]),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nclosed = ["0001-01-01", "9999-12-31", "2026-02-30"]\n', ["E136"] * 3),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nclosed = [2026-12-24T00:00:00]\n', ["E136"]),
        ('[[calendar]]\nname = "c"\ndays = "mon"\nclosed = ["20261224"]\n', ["E136"]),
        ('[[maintenance]]\nname = "m"\nend = "2026-12-24T00:00"\n', ["E104"]),
        ('[[maintenance]]\nname = "m"\nstart = 2026-12-24\nend = 2026-12-25\n', ["E136", "E136"]),
        ('[[maintenance]]\nname = "m"\nstart = "2026-12-24T10:00+15:00"\nend = "2026-12-25T00:00"\n', ["E136"]),
        ('[[maintenance]]\nname = "m"\nstart = "2026-12-24T10:00"\nend = "2026-12-24T10:00"\n', ["E138"]),
        ('[[maintenance]]\nname = "m"\ndays = "sun"\nfirst = "2026-12-24"\nlast = "2026-12-23"\n', ["E138"]),
        ('[[maintenance]]\nname = "m"\ndays_of_month = [true]\n', ["E137"]),
        ('[[maintenance]]\nname = "m"\ndays_of_month = "29:-31"\n', ["E137"]),
        ('[[maintenance]]\nname = "m"\n', ["E142"]),
        ('[[maintenance]]\nname = "m"\nfirst = "2026-12-24"\n', ["E142"]),
    ],
)
def test_what_cannot_be_is_told_by_its_code(lines: str, found: list[str]) -> None:
    assert codes(lines) == found


def test_planned_work_on_what_is_only_declared_or_only_promised_is_on_something() -> None:
    declared = '[[service]]\nname = "SAP ERP"\nuid = "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"\n'
    promised = (
        '[[sla]]\nid = "s"\nservice = "Citrix*"\nhierarchy = "Location"\nlevel = "Site"\n'
        'good = "devices_with_errors / devices <= 10%"\nobjective = "99.5%"\n'
    )
    work = '[[maintenance]]\nname = "m"\ndays = "sun"\nservice = ["SAP ERP", "citrix one"]\n'
    assert load(text=f"{WHOLE}{declared}{promised}{work}").warnings == ()
    assert [one.code for one in load(text=f"{WHOLE}{work}").warnings] == ["W136", "W136"]


def test_a_day_that_only_some_months_have_is_one() -> None:
    assert maintenance('days_of_month = [31, "30:31", "-31"]\n').weekly is not None


def test_several_mistakes_in_one_list_hide_no_other_table() -> None:
    """They once took the whole table, and all of its kind, with them."""
    found = codes('[[calendar]]\nname = "c"\ndays = ["x", "y"]\ntimezone = "Z"\n[[calendar]]\nname = "d"\n')
    assert found == ["E137", "E137", "E119", "E140"]

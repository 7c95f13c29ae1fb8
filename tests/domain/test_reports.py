"""When which report is due: on the first working day after a period, in the morning, where the agreement is at home."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sentinel.domain.calendars import Calendar, Weekly
from sentinel.domain.patterns import NamePattern
from sentinel.domain.periods import Period
from sentinel.domain.reports import OVERDUE, as_of, due_reports, is_report, parse_name
from sentinel.domain.sla import Objective, Sla

OFFICE = Calendar(
    name="office",
    timezone="Europe/Zurich",
    hours=(Weekly(days=frozenset(range(5)), start=7 * 3600, end=19 * 3600),),
    holidays=frozenset({date(2026, 11, 2)}),
)


def sla(period: str = "month", *, calendar: str | None = None, zone: str = "Europe/Zurich", name: str = "mail") -> Sla:
    return Sla(
        id=name,
        summary="Mail",
        services=(NamePattern("Exchange Online"),),
        source="portal",
        hierarchy="Location",
        objectives=(Objective(Decimal("0.995")),),
        period=Period.parse(period),
        calendar=calendar,
        timezone=zone,
        report_to=("workplace",),
    )


def at(text: str, zone: str = "Europe/Zurich") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("agreed", "when", "name"),
    [
        pytest.param(sla(), "2026-11-02T07:00", "2026-10", id="November begins on a Sunday"),
        pytest.param(sla(), "2026-12-01T07:00", "2026-11", id="December begins on a Tuesday"),
        pytest.param(sla(calendar="office"), "2026-11-03T07:00", "2026-10", id="the Monday is a holiday there"),
        pytest.param(sla("quarter"), "2026-10-01T07:00", "2026-Q3", id="a quarter"),
        pytest.param(sla("year"), "2026-01-01T07:00", "2025", id="a year, without a calendar that knows New Year"),
        pytest.param(sla("30d"), "2026-11-02T07:00", "2026-10", id="a rolling window, once a month"),
    ],
)
def test_it_is_due_in_the_morning_of_the_first_working_day(agreed: Sla, when: str, name: str) -> None:
    moment = at(when)
    assert [*due_reports([agreed], [OFFICE], moment - 1)] == []
    [found] = due_reports([agreed], [OFFICE], moment)
    assert found.at == moment
    assert found.name.startswith(f"report-{name}-")
    assert parse_name(found.name, [sla(name="other"), agreed]) == (agreed, name)


def test_a_month_in_which_nobody_works_delays_a_report_and_loses_none() -> None:
    """A school is closed all August: on the first of September it hears of July, and of August."""
    closed = frozenset(date(2026, 8, day) for day in range(1, 32))
    school = Calendar(name="school", timezone="Europe/Zurich", hours=OFFICE.hours, holidays=closed)
    agreed = sla(calendar="school")
    assert [*due_reports([agreed], [school], at("2026-08-15T07:00"))] == []
    found = [one.name[:14] for one in due_reports([agreed], [school], at("2026-09-01T07:00"))]
    assert found == ["report-2026-07", "report-2026-08"]


def test_it_stays_due_until_it_is_long_overdue() -> None:
    morning = at("2026-11-02T07:00")
    assert len([*due_reports([sla()], [], morning + OVERDUE - 1)]) == 1
    assert [*due_reports([sla()], [], morning + OVERDUE)] == []


def test_the_name_is_the_same_whenever_it_is_asked_for() -> None:
    names = {one.name for day in range(2, 12) for one in due_reports([sla()], [], at(f"2026-11-{day:02d}T12:00"))}
    assert len(names) == 1


def test_morning_is_where_the_agreement_is_at_home() -> None:
    tokyo = sla(zone="Asia/Tokyo")
    assert [one.at for one in due_reports([tokyo], [], at("2026-11-02T07:00", "Asia/Tokyo"))] == [
        at("2026-11-02T07:00", "Asia/Tokyo")
    ]


def test_a_rolling_window_is_that_of_the_end_of_the_month_whenever_it_is_made() -> None:
    assert as_of(sla("30d"), "2026-10") == at("2026-11-01") - 1
    assert as_of(sla("30d"), "2026-12") == at("2027-01-01") - 1
    assert as_of(sla(), "2026-10") is None


def test_nobody_to_report_to_means_no_report() -> None:
    from dataclasses import replace  # noqa: PLC0415  # for this one

    assert [*due_reports([replace(sla(), report_to=())], [], at("2026-11-02T07:00"))] == []


def test_a_calendar_that_never_opens_is_not_waited_for() -> None:
    never = Calendar(name="office", timezone="Europe/Zurich", hours=())
    assert len([*due_reports([sla(calendar="office")], [never], at("2026-11-02T07:00"))]) == 1


def test_a_name_of_something_else_is_no_report() -> None:
    assert not is_report("sn-abcdefghijkl")
    assert not is_report("test-7")
    assert parse_name("report-2026-10-00000000", [sla()]) is None
    assert parse_name("sn-1", [sla()]) is None

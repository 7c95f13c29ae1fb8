"""Nights with 23 and 25 hours, 29 February, the turn of the year, 2038: time goes on as on any other day.

Each is told twice, the second time with a restart after every tick.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sentinel.domain.rules import Rule
from sentinel.domain.sentences import between
from tests.domain.polls import MINUTE, Run, a_rule, threshold

HOUR = 3600.0
ZURICH = "Europe/Zurich"
NIGHTS = {
    "into summer time": datetime(2026, 3, 29, 0, tzinfo=ZoneInfo(ZURICH)),
    "out of summer time": datetime(2026, 10, 25, 0, tzinfo=ZoneInfo(ZURICH)),
    "29 February": datetime(2028, 2, 28, 22, tzinfo=UTC),
    "no 29 February": datetime(2100, 2, 28, 22, tzinfo=UTC),
    "turn of the year": datetime(2026, 12, 31, 22, tzinfo=UTC),
    "2038": datetime(2038, 1, 19, 1, tzinfo=UTC),
}


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


@pytest.fixture(params=NIGHTS)
def midnight(request: pytest.FixtureRequest) -> float:
    """When the night begins."""
    return NIGHTS[request.param].timestamp()


def a_zurich_rule(**changes: object) -> Rule:
    return replace(a_rule(**changes), timezone=ZURICH)  # type: ignore[arg-type]


@pytest.mark.fault(22, 23)
def test_timers_and_durations_are_those_of_any_other_night(midnight: float, forgetful: bool) -> None:
    """Bad for two hours across the date: told after twenty minutes, recovered after as long, two hours in all."""
    critical = threshold("value > 10", hold=20 * MINUTE, recover_for=20 * MINUTE)
    run = Run((a_zurich_rule(critical=critical),), forgetful=forgetful, now=midnight)
    for poll in range(48):
        run.good({"Paris": 50.0 if 6 <= poll < 18 else 0.0, "Rome": 0.0})
    (incident,) = run.incidents.values()
    assert [round((notice.at - midnight) / MINUTE) for notice in run.notices] == [80, 200]
    assert incident.resolved_at is not None
    assert incident.resolved_at - incident.opened_at == 2 * HOUR
    assert run.notices[-1].line.startswith("Recovered after 2 h, ")


@pytest.mark.fault(22)
@pytest.mark.parametrize(
    ("night", "hours", "span"),
    [
        ("into summer time", 2, "00:30 CET and 03:30 CEST"),
        ("out of summer time", 2, "00:30 and 02:30 CEST"),
        ("out of summer time", 3, "00:30 CEST and 02:30 CET"),
    ],
)
def test_times_are_told_by_the_clock_on_the_wall(night: str, hours: int, span: str) -> None:
    start = NIGHTS[night].timestamp()
    run = Run((a_zurich_rule(),), now=start + 0.5 * HOUR)
    run.good({"Paris": 50.0})
    run.now = start + 0.5 * HOUR + hours * HOUR
    run.good({"Paris": 0.0})
    assert run.notices[-1].line.startswith(f"Recovered between {span} (Sentinel was down)")
    (incident,) = run.incidents.values()
    assert incident.resolved_at is not None
    assert incident.resolved_at - incident.opened_at == hours * HOUR


@pytest.mark.fault(23)
def test_a_span_over_the_turn_of_the_year_names_the_days(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful, now=NIGHTS["turn of the year"].timestamp())
    run.good({"Paris": 50.0})
    run.now += 4 * HOUR
    run.good({"Paris": 0.0})
    (incident,) = run.incidents.values()
    assert between(incident.facts).startswith("between 2026-12-31 22:00 and 2027-01-01 02:10 UTC")


@pytest.mark.fault(21)
def test_after_eight_hours_of_sleep_one_tick_counts_and_timers_begin_anew(forgetful: bool) -> None:
    """The gap is longer than any missing data that is tolerated: what was pending waits again, what was bad stays."""
    critical = threshold("value > 10", hold=20 * MINUTE, recover_for=20 * MINUTE)
    run = Run((a_rule(critical),), forgetful=forgetful)
    for _ in range(3):
        run.good({"Paris": 50.0, "Rome": 0.0})
    run.good({"Paris": 50.0, "Rome": 50.0})
    run.now += 8 * HOUR
    run.good({"Paris": 0.0, "Rome": 50.0})
    assert run.told == ["degraded"]
    assert (run.state("Paris").value, run.state("Rome").value) == ("critical", "pending")
    run.good({"Paris": 0.0, "Rome": 50.0})
    assert run.told == ["degraded"]
    run.good({"Paris": 0.0, "Rome": 50.0})
    assert sorted(run.told) == ["degraded", "degraded", "recovered"]

"""Who hears what: routes that change with severity and place, `continue`, reminders, sources in trouble.

Each is told twice, the second time with a restart after every tick.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.notices import Notice
from sentinel.domain.reading import Reason
from sentinel.domain.rules import Address
from tests.domain.polls import TEAM, Run, a_route, a_rule, threshold

PAGER = Address("pager", "slack", "#pager")
ZUG = Address("zug", "email", "zug@example.com")
HOUR = 3600.0


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def heard(run: Run, address: Address) -> list[str]:
    """What one address is told, in order."""
    return [notice.kind.value for notice in run.notices if notice.address == address and notice.told]


def minutes(run: Run, address: Address = TEAM) -> list[float]:
    """When an address is told something, in minutes from the first."""
    told = [notice.at for notice in run.notices if notice.address == address and notice.told]
    return [(at - told[0]) / 60 for at in told]


def test_the_first_route_that_matches_wins_and_continue_goes_on(forgetful: bool) -> None:
    routes = (a_route(PAGER, severity=("critical",), onwards=True), a_route(TEAM), a_route(ZUG))
    run = Run((a_rule(),), routes=routes, forgetful=forgetful)
    run.good({"Paris": 50.0})
    assert (heard(run, PAGER), heard(run, TEAM), heard(run, ZUG)) == (["degraded"], ["degraded"], [])


def test_one_address_on_two_matching_routes_is_told_once(forgetful: bool) -> None:
    routes = (a_route(TEAM, severity=("critical",), onwards=True), a_route(TEAM))
    run = Run((a_rule(),), routes=routes, forgetful=forgetful)
    run.good({"Paris": 50.0})
    run.good({"Paris": 0.0})
    assert heard(run, TEAM) == ["degraded", "recovered"]


def test_who_is_routed_to_later_hears_from_then_on_and_hears_the_end(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    routes = (a_route(PAGER, severity=("critical",)), a_route(TEAM, severity=("warning",)))
    run = Run((rule,), routes=routes, forgetful=forgetful)
    for value in (25.0, 15.0, 25.0, 0.0):
        run.good({"Paris": value})
    assert heard(run, PAGER) == ["degraded", "deescalated", "escalated", "recovered"]
    assert heard(run, TEAM) == ["deescalated", "escalated", "recovered"]


def test_whoever_is_told_for_the_first_time_is_called_and_the_others_only_informed(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    routes = (a_route(PAGER, severity=("critical",)), a_route(TEAM, severity=("warning",)))
    run = Run((rule,), routes=routes, forgetful=forgetful)
    run.good({"Paris": 25.0})
    run.good({"Paris": 15.0})
    eased: dict[Address | None, Notice] = {notice.address: notice for notice in run.notices[-2:]}
    assert (eased[PAGER].quiet, eased[TEAM].quiet) == (True, False)


def test_a_trouble_that_shrinks_to_one_teams_place_is_told_to_that_team(forgetful: bool) -> None:
    routes = (a_route(ZUG, node=(NodePattern("CH/Zug"),)), a_route(TEAM))
    run = Run((a_rule(),), routes=routes, forgetful=forgetful)
    run.good({"CH/Zug": 50.0, "CH/Bern": 50.0, "FR/Lyon": 0.0})
    assert heard(run, ZUG) == []
    run.good({"CH/Zug": 50.0, "CH/Bern": 0.0, "FR/Lyon": 0.0})
    run.good({"CH/Zug": 0.0, "CH/Bern": 0.0, "FR/Lyon": 0.0})
    assert heard(run, ZUG) == ["narrowed", "recovered"]
    assert heard(run, TEAM) == ["degraded", "narrowed", "recovered"]


@pytest.mark.parametrize("interval", [60.0, 300.0, 700.0])
def test_reminders_keep_to_the_clock_for_any_polling(interval: float, forgetful: bool) -> None:
    run = Run(
        (a_rule(every=interval),),
        routes=(a_route(TEAM, remind_every=HOUR),),
        step=0,
        interval=interval,
        forgetful=forgetful,
    )
    until = run.now + 3.5 * HOUR
    while run.now <= until:
        run.good({"Paris": 50.0})
    assert heard(run, TEAM) == ["degraded", "reminder", "reminder", "reminder"]
    assert all(0 <= at - due < interval / 60 for at, due in zip(minutes(run), (0, 60, 120, 180), strict=True))


def test_a_reminder_that_falls_on_a_failed_poll_comes_with_the_next_good_one(forgetful: bool) -> None:
    run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    for poll in range(13):
        if poll == 6:
            run.bad()
        else:
            run.good({"Paris": 50.0})
    assert minutes(run) == [0, 70, 120]


def test_a_reminder_due_while_sentinel_was_down_comes_once(forgetful: bool) -> None:
    run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    run.good({"Paris": 50.0})
    run.skip(30)
    for _ in range(6):
        run.good({"Paris": 50.0})
    assert minutes(run) == [0, 310, 360]


def test_whoever_was_just_told_of_a_step_is_not_reminded_on_top(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = Run((rule,), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    for poll in range(9):
        run.good({"Paris": 15.0 if poll < 6 else 25.0})
    assert heard(run, TEAM) == ["degraded", "escalated"]


def test_a_clock_set_back_repeats_no_reminder(forgetful: bool) -> None:
    run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    for _ in range(7):
        run.good({"Paris": 50.0})
    run.now -= 1800
    for _ in range(4):
        run.good({"Paris": 50.0})
    assert heard(run, TEAM) == ["degraded", "reminder"]


def test_nobody_is_reminded_of_what_nobody_knows(forgetful: bool) -> None:
    """Figures gone for hours: said once, reminded of again when there are figures."""
    run = Run((a_rule(rollup=None),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    run.good({"Paris": 50.0, "Rome": 0.0})
    for _ in range(20):
        run.good({"Rome": 0.0})
    assert heard(run, TEAM) == ["degraded", "unknown"]
    run.good({"Paris": 50.0, "Rome": 0.0})
    assert heard(run, TEAM) == ["degraded", "unknown", "reminder"]


def test_levels_that_share_an_incident_do_not_each_remind_of_it(forgetful: bool) -> None:
    run = Run((a_rule(levels=("Country", "Site")),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    for _ in range(13):
        run.good({"CH": 50.0}, level="Country", wait=1.0)
        run.good({"CH/Zug": 50.0, "CH/Bern": 50.0}, level="Site", wait=599.0)
    assert heard(run, TEAM) == ["degraded", "reminder", "reminder"]


@pytest.mark.fault(45)
@pytest.mark.promise("P6")
def test_many_queries_of_a_failing_source_are_one_incident_and_one_reminder_an_hour(forgetful: bool) -> None:
    levels = ("Country", "Site", "Building", "Floor")
    run = Run((a_rule(levels=levels),), routes=(a_route(TEAM, remind_every=HOUR),), forgetful=forgetful)
    for level in levels:
        run.good({"a": 50.0}, level=level, wait=1.0)
    run.notices.clear()
    run.now += 596
    for _ in range(13):
        for level in levels:
            run.bad(level=level, wait=1.0)
        run.now += 596
    assert run.told_of_source == ["degraded", "reminder"]
    assert run.told == []


@pytest.mark.fault(63)
def test_a_source_half_of_whose_queries_fail_recovers_when_the_last_of_them_answers(forgetful: bool) -> None:
    run = Run((a_rule(levels=("Country", "Site")),), forgetful=forgetful)
    for country_fails in (True, True, True, False):
        if country_fails:
            run.bad(level="Country", wait=1.0)
        else:
            run.good({"CH": 0.0}, level="Country", wait=1.0)
        run.good({"CH/Zug": 0.0}, level="Site", wait=599.0)
    assert run.told_of_source == ["degraded", "recovered"]


def test_a_source_in_trouble_again_soon_is_the_same_incident(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    for answers in "EE.EE.":
        if answers == "E":
            run.bad(wait=300.0)
        else:
            run.good({"Paris": 0.0}, wait=300.0)
    assert run.told_of_source == ["degraded", "recovered", "reopened", "recovered"]
    assert len(run.source_incidents) == 1


def test_a_single_hiccup_of_a_source_is_no_news_unless_it_has_lasted(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    run.good({"Paris": 0.0})
    run.bad()
    run.good({"Paris": 0.0}, wait=1800.0)
    assert run.told_of_source == []
    run.bad()
    assert run.told_of_source == ["degraded"]


@pytest.mark.promise("P4", "P6")
@pytest.mark.parametrize("reason", [Reason.EMPTY, Reason.HTML, Reason.TIMEOUT, Reason.TRUNCATED, Reason.THROTTLED])
def test_no_kind_of_failure_ends_or_opens_anything_behind_the_source(reason: Reason, forgetful: bool) -> None:
    run = Run((a_rule("value > 20", warning=threshold("value > 10")),), forgetful=forgetful)
    run.good({"Paris": 50.0, "Rome": 15.0, "Bari": 0.0, "Bern": 0.0, "Nice": 0.0})
    before = run.open_places
    for _ in range(30):
        run.bad(reason)
    assert run.open_places == before
    assert set(run.told) == {"degraded"}
    assert run.told_of_source == ["degraded"]


@pytest.mark.promise("P3")
def test_an_end_without_an_opening_is_told_to_nobody(forgetful: bool) -> None:
    """The route is added while the incident is open, and the incident only ends."""
    run = Run((a_rule(),), routes=(), forgetful=forgetful)
    run.good({"Paris": 50.0})
    run.routes = (a_route(TEAM),)
    run.good({"Paris": 0.0})
    assert run.told == []


def test_the_owner_and_the_runbook_come_from_the_rule_of_now(forgetful: bool) -> None:
    rule = a_rule(runbook="https://wiki.example.com/errors", owner="workplace")
    run = Run((rule,), forgetful=forgetful)
    run.good({"Paris": 50.0})
    (incident,) = run.incidents.values()
    assert (incident.facts.owner, incident.facts.runbook) == ("workplace", "https://wiki.example.com/errors")
    run.rules = (replace(rule, owner="network"),)
    run.good({"Paris": 80.0})
    (incident,) = run.incidents.values()
    assert incident.facts.owner == "network"
    assert run.told == ["degraded"]

"""Nobody has it in hand: others are told, once each, and hear of everything from then on.

Each is told twice, the second time with a restart after every tick.
"""

from __future__ import annotations

import pytest

from sentinel.domain.notices import Notice
from sentinel.domain.requests import Deed
from sentinel.domain.rules import ITSELF, Address, Flapping, Rulebook, Severity
from sentinel.domain.selfcheck import Sighting, Symptom, judge
from tests.domain.polls import TEAM, Run, a_route, a_rule, a_silence, threshold

HOUR, MINUTE = 3600.0, 60.0
BOSS = Address("boss", "email", "boss@example.com")
PAGER = Address("pager", "slack", "#pager")
BAD, WELL = {"Paris": 50.0}, {"Paris": 0.0}


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def a_run(*, forgetful: bool, to: tuple[Address, ...] = (BOSS,), remind_every: float = 0.0, **rule: object) -> Run:
    """Polled every ten minutes; after half an hour without an acknowledgement the boss is told."""
    route = a_route(TEAM, remind_every=remind_every, escalate_after=30 * MINUTE, escalate_to=to)
    return Run((a_rule(**rule),), routes=(route,), forgetful=forgetful)


def heard(run: Run, address: Address) -> list[tuple[float, str]]:
    """What one address is told: minutes since the beginning, and the kind."""
    told = [one for one in run.notices if one.address == address and one.told]
    return [((one.at - run.notices[0].at) / MINUTE, one.kind.value) for one in told]


def polls(run: Run, count: int, figures: dict[str, float] | None = None) -> None:
    for _ in range(count):
        run.good(figures or BAD)


def test_after_half_an_hour_without_an_acknowledgement_others_are_told_once_and_hear_the_rest(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 9)
    run.good(WELL)
    assert heard(run, BOSS) == [(30, "reminder"), (90, "recovered")]
    assert heard(run, TEAM) == [(0, "degraded"), (30, "reminder"), (90, "recovered")]
    (first,) = [one for one in run.notices if one.address == BOSS and one.kind.value == "reminder"]
    assert first.line == "Escalated to boss: acknowledged by nobody for 30 min. Critical at Paris: 50 > 10"
    assert not first.quiet


def test_those_who_know_see_who_was_told_and_are_not_called(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 4)
    mine: list[Notice] = [one for one in run.notices if one.address == TEAM]
    assert [(one.kind.value, one.quiet) for one in mine] == [("degraded", False), ("reminder", True)]
    assert [event.kind for event in run.events] == ["degraded", "reminder"]


def test_whoever_acknowledges_in_time_keeps_it_from_others(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 3)
    run.asks(Deed.ACK)
    polls(run, 12)
    assert heard(run, BOSS) == []


def test_given_back_it_has_its_time_anew(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 2)
    run.asks(Deed.ACK, wait=0.0)
    polls(run, 6)
    run.asks(Deed.UNACK, wait=0.0)
    given_back_at = run.now
    polls(run, 8)
    ((at, kind),) = heard(run, BOSS)
    assert (run.notices[0].at + at * MINUTE - given_back_at, kind) == (30 * MINUTE, "reminder")


def test_what_was_due_while_sentinel_was_down_is_told_with_the_next_poll_once(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.good(BAD)
    run.skip(20)
    polls(run, 6)
    assert heard(run, BOSS) == [(210, "reminder")]


def test_opened_again_it_counts_from_then_and_nobody_is_told_twice(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 2)
    run.good(WELL)
    polls(run, 2)
    assert heard(run, BOSS) == [], "bad for 40 minutes in all, and opened again ten minutes ago"
    polls(run, 2)
    assert heard(run, BOSS) == [(60, "reminder")]
    run.good(WELL)
    polls(run, 6)
    assert [kind for _, kind in heard(run, BOSS)] == ["reminder", "recovered", "reopened"]


def test_what_may_be_over_in_a_moment_wakes_nobody(forgetful: bool) -> None:
    """Within the limit, and recovered only when it stays so: told if it is bad again, not before."""
    run = a_run(forgetful=forgetful, critical=threshold("value > 10", recover_for=HOUR))
    polls(run, 3)
    polls(run, 3, WELL)
    assert heard(run, BOSS) == []
    run.good(BAD)
    assert heard(run, BOSS) == [(60, "reminder")]


def test_without_figures_nobody_is_told_and_with_the_next_ones_they_are(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 2)
    for _ in range(3):
        run.bad()
    assert heard(run, BOSS) == []
    run.good(BAD)
    assert heard(run, BOSS) == [(50, "reminder")]


def test_the_reminder_of_that_moment_is_not_sent_on_top(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful, remind_every=30 * MINUTE)
    polls(run, 7)
    assert heard(run, TEAM) == [(0, "degraded"), (30, "reminder"), (60, "reminder")]
    assert heard(run, BOSS) == [(30, "reminder")]


def test_who_knows_already_is_called_but_joins_no_second_time(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful, to=(TEAM, BOSS))
    polls(run, 9)
    reminded = [one for one in run.notices if one.address == TEAM and one.kind.value == "reminder"]
    assert [one.quiet for one in reminded] == [False]
    (incident,) = run.incidents.values()
    assert incident.audience == (TEAM, BOSS)


def test_each_route_calls_its_own_in_its_own_time(forgetful: bool) -> None:
    routes = (
        a_route(TEAM, onwards=True, escalate_after=20 * MINUTE, escalate_to=(BOSS,)),
        a_route(escalate_after=40 * MINUTE, escalate_to=(PAGER, BOSS)),
    )
    run = Run((a_rule(),), routes=routes, forgetful=forgetful)
    polls(run, 9)
    assert (heard(run, BOSS)[0], heard(run, PAGER)) == ((20, "reminder"), [(40, "reminder")])
    assert [event.text.split(":")[0] for event in run.events[1:]] == ["Escalated to boss", "Escalated to pager"]


def test_a_clock_set_back_tells_nobody_twice_and_nobody_early(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    polls(run, 4)
    run.now -= HOUR
    polls(run, 12)
    assert [kind for _, kind in heard(run, BOSS)] == ["reminder"]


@pytest.mark.parametrize("announced", [True, False])
def test_what_flaps_is_escalated_only_where_people_have_it_for_open(announced: bool, forgetful: bool) -> None:
    """With three changes the third is a reopening: whoever has it for over is called by that. With four it is a recovery."""
    flapping = Flapping(changes=4 if announced else 3, within=4 * HOUR, quiet=12 * HOUR)
    run = a_run(forgetful=forgetful, flapping=flapping, reopen_within=HOUR)
    for figures in (BAD, WELL, BAD, WELL) if announced else (BAD, WELL, BAD):
        run.good(figures)
    (incident,) = run.incidents.values()
    assert (incident.is_flapping, incident.flaps.announced) == (True, announced)
    polls(run, 3, WELL)
    assert heard(run, BOSS) == [], "within the limit at present"
    polls(run, 6)
    assert [kind for _, kind in heard(run, BOSS)] == (["reminder"] if announced else [])


def test_what_is_muted_is_escalated_to_nobody_and_has_its_time_when_people_hear_of_it(forgetful: bool) -> None:
    """An hour of silence from the beginning: the team is told at its end, and has its half hour then."""
    run = a_run(forgetful=forgetful)
    run.silences = (a_silence(0, HOUR),)
    polls(run, 6)
    assert [one for one in run.notices if one.told] == []
    polls(run, 9)
    opened = run.notices[0].at
    told = [((one.at - opened) / MINUTE, one.address, one.kind.value) for one in run.notices if one.told]
    assert told == [(60, TEAM, "degraded"), (90, TEAM, "reminder"), (90, BOSS, "reminder")]


def test_a_silence_puts_an_escalation_off(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.silences = (a_silence(20 * MINUTE, 50 * MINUTE),)
    polls(run, 9)
    assert heard(run, BOSS) == [(80, "reminder")]


def test_trouble_with_a_source_is_escalated_too(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    for _ in range(8):
        run.bad()
    assert [kind for _, kind in heard(run, BOSS)] == ["reminder"]
    assert run.source_incidents[0].audience == (TEAM, BOSS)


def test_trouble_with_itself_is_escalated_around_what_is_broken() -> None:
    """Slack is down: the pager, which is a channel of it, is not waited for."""
    other = Address("other", "webhook", "tool")
    route = a_route(BOSS, escalate_after=30 * MINUTE, escalate_to=(PAGER, other))
    book = Rulebook(rules=(), routes=(route,), sources=(), addresses=(TEAM, BOSS, PAGER, other))
    ill = Symptom(
        rule="sentinel/outbox",
        subject="slack",
        summary="Slack takes nothing",
        detail="503",
        severity=Severity.CRITICAL,
        broken=frozenset({PAGER.channel}),
    )
    found = (Sighting(rule="sentinel/outbox", symptoms=(ill,)),)
    first = judge(book, found, {}, 0.0)
    assert first is not None
    later = judge(book, found, first.books, 1800.0)
    assert later is not None
    assert [(one.address, one.kind.value) for one in later.notices] == [(BOSS, "reminder"), (other, "reminder")]
    assert next(iter(later.books))[2] == ITSELF

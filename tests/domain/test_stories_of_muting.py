"""Silences and maintenance windows: everything is recorded, nobody is told, and in the end people know what is true.

Each is told twice, the second time with a restart after every tick. A poll every ten minutes, nothing waits for timers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.mutes import in_force
from sentinel.domain.rules import Address
from tests.domain.muted import BAD, GOOD, HOUR, TWO, WHY, WORSE, a_run, fed, last, only, withheld
from tests.domain.polls import MINUTE, START, TEAM, a_route, a_silence, a_window


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def test_what_begins_in_a_silence_is_told_at_the_first_poll_after_it(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, HOUR), forgetful=forgetful), WORSE, *[WORSE] * 5)
    assert run.told == []
    assert withheld(run) == [("degraded", TEAM, WHY)]
    assert only(run).audience == ()
    fed(run, WORSE)
    assert run.told == ["degraded"]
    assert last(run).line == f"Critical at Paris: 50 > 20, for 1 h; not told before: {WHY}"
    assert not last(run).quiet
    fed(run, WORSE, GOOD)
    assert run.told == ["degraded", "recovered"]
    assert not last(run).quiet


def test_a_silence_that_is_ended_early_is_over_at_the_next_poll(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 10 * HOUR), forgetful=forgetful), WORSE, WORSE)
    ended = a_silence(0, 10 * HOUR, expired_at=run.now - 1, expired_by="otto")
    run.silences = (ended,)
    fed(run, WORSE)
    assert run.told == ["degraded"]


def test_a_window_of_the_rules_file_does_the_same(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.maintenance = (a_window(0, HOUR),)
    fed(run, *[WORSE] * 7)
    assert run.told == ["degraded"]
    assert withheld(run) == [("degraded", TEAM, "maintenance: patching")]


def test_what_begins_and_ends_in_a_silence_is_history_only(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, HOUR), forgetful=forgetful), WORSE, BAD, GOOD, *[GOOD] * 5)
    assert run.told == []
    assert withheld(run) == [("degraded", TEAM, WHY), ("deescalated", TEAM, WHY), ("recovered", None, WHY)]
    assert [event.kind for event in run.events] == ["degraded", "deescalated", "recovered"]
    assert only(run).hush.by == WHY


def test_what_was_announced_before_is_closed_at_once_quietly_and_once(forgetful: bool) -> None:
    run = fed(a_run(a_silence(5 * MINUTE, 2 * HOUR), forgetful=forgetful), WORSE, WORSE, GOOD)
    assert run.told == ["degraded", "recovered"]
    assert last(run).quiet
    fed(run, *[GOOD] * 12)
    assert run.told == ["degraded", "recovered"]


def test_the_close_is_quiet_at_the_very_first_poll_of_a_silence_too(forgetful: bool) -> None:
    run = fed(a_run(a_silence(5 * MINUTE, 2 * HOUR), forgetful=forgetful), WORSE, GOOD)
    assert run.told == ["degraded", "recovered"]
    assert last(run).quiet


def test_a_close_right_after_a_silence_is_as_loud_as_any(forgetful: bool) -> None:
    run = fed(a_run(a_silence(5 * MINUTE, 15 * MINUTE), forgetful=forgetful), WORSE, WORSE, GOOD)
    assert run.told == ["degraded", "recovered"]
    assert not last(run).quiet


def test_what_was_bad_until_the_last_poll_of_a_silence_and_is_well_at_the_next_is_not_told(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 15 * MINUTE), forgetful=forgetful), WORSE, WORSE, GOOD)
    assert run.told == []


@pytest.mark.parametrize(
    ("figures", "told", "line"),
    [
        ((WORSE, WORSE), ["escalated"], "Critical now, was warning: 50 > 20"),
        ((WORSE, BAD), [], ""),
        ((WORSE, BAD, WORSE), ["escalated"], "Critical now, was warning: 50 > 20"),
        ((BAD, BAD), [], ""),
    ],
    ids=["worse", "worse for a while", "back and forth", "as it was"],
)
def test_what_changes_in_a_silence_is_made_up_for_in_one_notice(
    figures: Sequence[float], told: list[str], line: str, forgetful: bool
) -> None:
    run = fed(a_run(a_silence(5 * MINUTE, HOUR), forgetful=forgetful), BAD, *figures)
    assert run.told == ["degraded"]
    fed(run, *[figures[-1]] * 6)
    assert run.told == ["degraded", *told]
    if told:
        assert last(run).line == f"{line}; not told before: {WHY}"


def test_an_escalation_at_the_poll_after_a_silence_is_one_notice_of_the_present_truth(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 15 * MINUTE), forgetful=forgetful), BAD, BAD, WORSE)
    assert run.told == ["degraded"]
    assert last(run).line.startswith("Critical at Paris: 50 > 20, for 20 min")
    fed(run, WORSE, BAD)
    assert run.told == ["degraded", "deescalated"]


def test_bad_again_in_a_silence_is_told_after_it_if_it_lasts(forgetful: bool) -> None:
    run = fed(a_run(a_silence(15 * MINUTE, HOUR), forgetful=forgetful), WORSE, GOOD, WORSE)
    assert run.told == ["degraded", "recovered"]
    fed(run, *[WORSE] * 4)
    assert run.told == ["degraded", "recovered", "reopened"]
    assert len(run.incidents) == 1


def test_bad_again_and_well_again_in_a_silence_is_nobodys_business(forgetful: bool) -> None:
    run = fed(a_run(a_silence(15 * MINUTE, HOUR), forgetful=forgetful), WORSE, GOOD, WORSE, GOOD, *[GOOD] * 4)
    assert run.told == ["degraded", "recovered"]


def test_what_was_never_told_and_is_bad_again_after_a_silence_is_an_opening_for_people(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 15 * MINUTE), forgetful=forgetful), WORSE, GOOD, WORSE, GOOD)
    assert run.told == ["degraded", "recovered"]
    assert (only(run).reopened, withheld(run)[-1]) == (1, ("recovered", None, WHY))


def test_reminders_wait_and_say_why(forgetful: bool) -> None:
    run = a_run(a_silence(5 * MINUTE, 85 * MINUTE), forgetful=forgetful, routes=(a_route(remind_every=1800.0),))
    fed(run, *[WORSE] * 9)
    assert run.told == ["degraded"]
    assert withheld(run) == [("reminder", TEAM, WHY)] * 2
    fed(run, WORSE)
    assert run.told == ["degraded", "reminder"]


def test_nobody_else_is_called_before_those_who_are_told_had_their_time(forgetful: bool) -> None:
    boss = Address("boss", "slack", "#boss")
    routes = (a_route(escalate_after=20 * MINUTE, escalate_to=(boss,)),)
    run = fed(a_run(a_silence(0, 55 * MINUTE), forgetful=forgetful, routes=routes), *[WORSE] * 8)
    assert run.told == ["degraded"]
    fed(run, WORSE)
    assert [one.address for one in run.notices if one.told and not one.quiet] == [TEAM, boss]
    run = fed(a_run(a_silence(5 * MINUTE, 45 * MINUTE), forgetful=forgetful, routes=routes), *[WORSE] * 7)
    assert run.told == ["degraded"], "those who know of it are not overruled in a silence either"
    fed(run, WORSE)
    assert [one.address for one in run.notices if one.told and not one.quiet] == [TEAM, boss]


def test_a_silence_for_warnings_lets_what_is_critical_through(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 10 * HOUR, severity="warning"), forgetful=forgetful), BAD, BAD)
    assert run.told == []
    fed(run, WORSE)
    assert run.told == ["degraded"]
    fed(run, BAD, BAD)
    assert run.told == ["degraded"], "a warning again, and that is silenced"
    fed(run, GOOD)
    assert run.told == ["degraded", "recovered"]


@pytest.mark.parametrize(
    ("matchers", "hits"),
    [
        ({}, True),
        ({"node": "Paris"}, True),
        ({"node": ("Rome", "Par*")}, True),
        ({"node": "Rome"}, False),
        ({"service": "mail"}, True),
        ({"service": "SAP"}, False),
        ({"rule": "err*"}, True),
        ({"rule": "other"}, False),
        ({"source": "portal"}, True),
        ({"source": "other"}, False),
        ({"owner": "workplace"}, True),
        ({"owner": "network"}, False),
        ({"severity": "critical"}, True),
        ({"severity": "warning"}, False),
        ({"service": "mail", "node": "Rome"}, False),
    ],
)
def test_all_that_is_asked_for_must_fit(matchers: dict[str, object], hits: bool) -> None:
    run = a_run(a_silence(0, HOUR, **matchers), rule=replace(TWO, owner="workplace"), forgetful=False)
    fed(run, WORSE)
    assert (run.told == []) is hits


def test_what_is_said_of_a_country_holds_for_what_is_below_it() -> None:
    run = a_run(a_silence(0, HOUR, node="Europe"), forgetful=False)
    run.good({"Europe/FR/Paris": WORSE, "Asia/JP/Tokyo": GOOD})
    assert run.told == []


@pytest.mark.fault(90)
def test_of_several_that_overlap_all_are_named_in_order_and_it_lasts_as_long_as_the_last(forgetful: bool) -> None:
    run = a_run(
        a_silence(0, 45 * MINUTE, name="sl-2"),
        a_silence(0, 25 * MINUTE, name="sl-1", node="Paris"),
        forgetful=forgetful,
    )
    run.maintenance = (a_window(0, 15 * MINUTE, node="Paris"),)
    fed(run, *[WORSE] * 5)
    assert run.told == []
    assert only(run).hush.by == "silence sl-2: deploy (anna)"
    assert withheld(run) == [("degraded", TEAM, "maintenance: patching")]
    fed(run, WORSE)
    assert run.told == ["degraded"]


@given(st.lists(st.tuples(st.integers(-200_000, 200_000), st.integers(0, 200_000)), max_size=4), st.data())
def test_whatever_is_asked_in_whatever_order_the_windows_are_those_that_run(
    spans: list[tuple[int, int]], data: st.DataObject
) -> None:
    windows = tuple(a_window(since, since + lasts, name=str(n)) for n, (since, lasts) in enumerate(spans))
    for at in data.draw(st.lists(st.floats(START - 300_000, START + 500_000), min_size=1, max_size=6)):
        found = [one.text for one in in_force(windows, (), at)]
        assert found == [f"maintenance: {one.name}" for one in windows if one.holds(at)]

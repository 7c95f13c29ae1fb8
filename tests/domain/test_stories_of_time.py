"""Slots, gaps, restarts and clocks: what counts towards `for` and recovery, and what does not.

Each is told twice, the second time with a restart after every tick.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.expressions import parse
from sentinel.domain.rules import NoData
from tests.domain.polls import MINUTE, START, TEAM, UNITS, Run, a_route, a_rule, threshold

DAY = 86400.0


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def held(minutes: float, recover: float = 0.0) -> object:
    """Critical above ten once that has stood for so long."""
    return threshold("value > 10", hold=minutes * MINUTE, recover_for=recover * MINUTE)


def paris(run: Run, *values: float, wait: float | None = None) -> str:
    """One poll per figure; NaN is a cell without a figure. What is shown after the last."""
    for value in values:
        run.good({"Paris": value, "Rome": 0.0}, wait=wait)
    return run.state("Paris").value


def test_two_nodes_keep_their_own_time(forgetful: bool) -> None:
    """Below a hundred for a minute, polled every five: one dips twice, the other once."""
    run = Run((a_rule(threshold("value < 100", hold=60.0), every=300.0),), step=0, interval=300.0, forgetful=forgetful)
    seen = []
    for one, other in zip((75, 85, 95, 105, 105, 95, 85), (80, 90, 100, 110, 120, 130, 140), strict=True):
        run.good({"Paris": one, "Rome": other})
        seen.append((run.state("Paris").value, run.state("Rome").value))
    assert [a for a, _ in seen] == ["pending", "critical", "critical", "ok", "ok", "pending", "critical"]
    assert [b for _, b in seen] == ["pending", "critical", "ok", "ok", "ok", "ok", "ok"]


def test_a_failure_inside_the_good_streak_begins_it_anew(forgetful: bool) -> None:
    """Two bad samples to fire, three good ones to end."""
    run = Run((a_rule(held(10, recover=20)),), forgetful=forgetful)
    fired = [paris(run, 50.0 if mark == "F" else 0.0) == "critical" for mark in "FFSFSSFSSS"]
    assert fired == [False, True, True, True, True, True, True, True, True, False]


@pytest.mark.fault(21)
@pytest.mark.parametrize(
    ("hold", "interval", "instants", "expected"),
    [
        pytest.param(1, 1, (1, 2, 5, 6, 20), "P F F F F", id="active stays through gaps"),
        pytest.param(1, 1, (1, 5, 6), "P P F", id="a long gap starts the wait anew"),
        pytest.param(3, 3, (1, 3, 5), "P P F", id="no gap at all"),
        pytest.param(3, 1, (1, 3, 4, 5, 6), "P P P P F", id="a short gap stops the clock"),
    ],
)
def test_gaps_in_what_was_recorded(
    hold: float, interval: float, instants: tuple[float, ...], expected: str, forgetful: bool
) -> None:
    rule = a_rule(threshold("value > 10", hold=hold), every=interval, no_data_after=2.5)
    run = Run((rule,), step=0, forgetful=forgetful)
    shown = []
    for instant in instants:
        run.now = START + instant
        shown.append("F" if paris(run, 50.0) == "critical" else "P")
    assert " ".join(shown) == expected


@pytest.mark.fault(21)
@pytest.mark.parametrize(("gap", "expected"), [(30 * MINUTE, "pending"), (30 * MINUTE + 600, "pending")])
def test_a_gap_of_just_no_data_after_stops_the_wait_and_a_longer_one_begins_it_anew(
    gap: float, expected: str, forgetful: bool
) -> None:
    run = Run((a_rule(held(20)),), forgetful=forgetful)
    paris(run, 50.0, 50.0)
    run.now += gap - 600
    assert paris(run, 50.0) == expected
    assert paris(run, 50.0) == ("critical" if gap == 30 * MINUTE else "pending")
    assert paris(run, 50.0) == "critical"


def test_a_restart_takes_no_more_than_its_own_time_from_for(forgetful: bool) -> None:
    """`for` of five minutes, polled every two: four minutes seen, two polls missed, a minute left."""
    run = Run((a_rule(threshold("value > 10", hold=300.0), every=120.0),), step=0, interval=120.0, forgetful=forgetful)
    paris(run, 50.0, 50.0, 50.0)
    run.skip(2)
    assert paris(run, 50.0) == "pending"
    assert paris(run, 50.0) == "critical"


def test_the_recovery_goes_on_after_a_restart_and_is_told_once(forgetful: bool) -> None:
    run = Run((a_rule(held(0, recover=30)),), forgetful=forgetful)
    paris(run, 50.0, 0.0, 0.0, 0.0)
    assert run.told == ["degraded"]
    paris(run, 0.0)
    assert run.told == ["degraded", "recovered"]


@pytest.mark.fault(17)
def test_a_recovery_that_happened_while_sentinel_was_down_is_told(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    paris(run, 50.0)
    run.skip(50)
    paris(run, 0.0)
    assert run.told == ["degraded", "recovered"]


@pytest.mark.promise("P5")
def test_ten_restarts_in_ten_minutes_are_silent() -> None:
    run = Run((a_rule(every=60.0),), routes=(a_route(TEAM, remind_every=4 * 3600.0),), interval=60.0, forgetful=True)
    paris(run, *[50.0] * 11)
    assert run.told == ["degraded"]


@pytest.mark.fault(92)
def test_a_figure_missing_in_one_slot_stops_the_clock_for_that_slot_however_often_it_is_asked(forgetful: bool) -> None:
    often = Run((a_rule(held(20), every=60.0),), interval=60.0, forgetful=forgetful)
    seldom = Run((a_rule(held(20)),), forgetful=forgetful)
    for value in (50.0, float("nan"), 50.0, 50.0):
        paris(seldom, value)
        paris(often, *[value] * 10)
    assert seldom.state("Paris").value == "critical"
    assert often.state("Paris").value == "critical"
    assert [n.at for n in often.notices] == [n.at for n in seldom.notices]


def test_a_failed_poll_made_good_within_its_slot_costs_nothing(forgetful: bool) -> None:
    run = Run((a_rule(held(20)),), forgetful=forgetful)
    paris(run, 50.0)
    run.bad(wait=60.0)
    run.bad(wait=60.0)
    paris(run, 50.0, wait=480.0)
    assert paris(run, 50.0) == "critical"


def test_only_the_slots_that_stayed_without_an_answer_are_taken_from_for(forgetful: bool) -> None:
    run = Run((a_rule(held(20)),), forgetful=forgetful)
    paris(run, 50.0)
    run.bad()
    run.bad(wait=60.0)
    assert paris(run, 50.0, wait=540.0) == "pending"
    assert paris(run, 50.0) == "critical"


@pytest.mark.fault(92)
def test_polls_that_fall_now_before_now_after_the_edge_of_a_slot_miss_nothing(forgetful: bool) -> None:
    """The answer comes a second early or late: one slot is asked twice, one not at all, and no poll was missed."""
    run = Run((a_rule(held(20)),), forgetful=forgetful)
    begin = run.now
    shown = []
    for seconds in (1.0, 599.0, 1201.0, 1799.0, 2401.0):
        run.now = begin + seconds
        shown.append(paris(run, 50.0))
    assert shown == ["pending", "pending", "critical", "critical", "critical"]


def test_polling_slower_than_the_source_moves_counts_the_time_between(forgetful: bool) -> None:
    run = Run((a_rule(held(60), every=1800.0),), interval=1800.0, forgetful=forgetful)
    assert paris(run, 50.0, 50.0) == "pending"
    assert paris(run, 50.0) == "critical"


@pytest.mark.fault(19)
@pytest.mark.parametrize("back", [60.0, 3600.0, 365 * DAY])
def test_a_clock_set_back_ends_nothing_and_opens_nothing_early(back: float, forgetful: bool) -> None:
    run = Run((a_rule(held(20, recover=20)),), forgetful=forgetful)
    paris(run, 50.0, 50.0)
    run.now -= back + 570
    assert paris(run, 50.0, wait=30.0) == "pending", "half a minute later by any honest clock"
    run.now += 60
    assert paris(run, 50.0, wait=600.0) in ("pending", "critical")
    assert paris(run, 50.0, 50.0) == "critical"
    paris(run, 0.0)
    run.now -= back
    assert paris(run, 0.0) == "critical"
    assert paris(run, 0.0, 0.0) == "ok"
    assert run.told == ["degraded", "recovered"]


def test_a_minute_back_over_the_edge_of_a_slot_does_not_count_the_slot_twice(forgetful: bool) -> None:
    run = Run((a_rule(held(20), every=60.0),), interval=60.0, forgetful=forgetful)
    run.now = START + 30
    paris(run, 50.0)
    run.now = START + 610
    paris(run, 50.0)
    run.now = START + 580
    paris(run, 50.0)
    run.now = START + 640
    assert paris(run, 50.0) == "pending"
    run.now = START + 1210
    assert paris(run, 50.0) == "critical"


@pytest.mark.fault(19)
def test_times_in_the_record_never_run_backwards(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    paris(run, 50.0)
    run.now -= 7200
    paris(run, 0.0)
    turns = [turn.at for done in run.plans for turn in done.transitions]
    assert turns == sorted(turns)
    assert all(one.resolved_at is None or one.resolved_at >= one.opened_at for one in run.incidents.values())


def test_how_long_it_lasted_is_never_less_than_nothing(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    paris(run, 50.0)
    run.now -= 7200
    paris(run, 0.0)
    assert run.notices[-1].line == "Recovered after 0 s, worst 50"


def test_an_end_ahead_of_a_clock_set_back_is_no_reason_to_reopen_for_hours(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    paris(run, 50.0, 0.0)
    run.now -= 4 * 3600
    paris(run, 50.0)
    assert run.told == ["degraded", "recovered", "degraded"]


@pytest.mark.fault(20)
def test_a_clock_set_forward_fires_nothing(forgetful: bool) -> None:
    run = Run((a_rule(held(60)),), forgetful=forgetful)
    paris(run, 50.0, 50.0)
    run.now += 8 * 3600
    assert paris(run, 50.0) == "pending"
    assert run.told == []


def test_the_same_answer_handed_in_twice_is_one(forgetful: bool) -> None:
    run = Run((a_rule(held(10)),), forgetful=forgetful)
    paris(run, 50.0)
    paris(run, 50.0, wait=0.0)
    notices, incidents = list(run.notices), dict(run.incidents)
    done = run.good({"Paris": 0.0, "Rome": 0.0})
    assert (done.transitions, done.notices, done.changed) == ((), (), ())
    assert (run.notices, run.incidents) == (notices, incidents)


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("policy", "expected"),
    [("breach", ["degraded"]), ("ok", []), ("unknown", [])],
)
def test_a_source_that_fails_is_never_taken_for_what_no_data_says(
    policy: str, expected: list[str], forgetful: bool
) -> None:
    """A day of failed polls decides nothing. After it, a row that stays away counts as the rule wants."""
    run = Run((a_rule("value > 10", no_data=NoData(policy)),), forgetful=forgetful)
    paris(run, 0.0)
    for _ in range(144):
        run.bad()
    assert run.told == []
    for _ in range(4):
        run.good({"Rome": 0.0})
    assert run.told == expected


@pytest.mark.promise("P4")
@pytest.mark.parametrize("policy", ["breach", "ok", "unknown"])
def test_what_is_active_stays_active_behind_a_failing_source(policy: str, forgetful: bool) -> None:
    run = Run((a_rule("value > 10", no_data=NoData(policy)),), forgetful=forgetful)
    paris(run, 50.0)
    for _ in range(20):
        run.bad()
    assert run.told == ["degraded"]
    assert run.open_places == ["Paris"]
    paris(run, 50.0)
    assert run.told == ["degraded"]
    assert run.told_of_source == ["degraded", "recovered"]


def test_at_night_only_if_wavers_and_nobody_is_told_twice(forgetful: bool) -> None:
    """Nineteen, twenty, nineteen devices: unknown and bad by turns, one incident, one open."""
    rule = a_rule("devices_with_errors / devices > 10%")
    rule = replace(rule, criteria=replace(rule.criteria, only_if=parse("devices >= 20", UNITS)))
    run = Run((rule,), forgetful=forgetful)
    for _ in range(12):
        for devices in (19, 20):
            run.good({"Paris": {"devices": devices, "devices_with_errors": 5}, "Rome": {"devices": 0}})
    assert run.told == ["degraded"]
    assert run.open_places == ["Paris"]


@pytest.mark.parametrize(
    ("failed", "devices", "expected"),
    [(1, 2, "ok"), (1, 19, "ok"), (1, 20, "ok"), (2, 20, "critical"), (30, 500, "critical"), (0, 0, "ok")],
)
def test_too_few_devices_prove_nothing(failed: float, devices: float, expected: str, forgetful: bool) -> None:
    rule = a_rule("devices_with_errors / devices > 5%")
    rule = replace(rule, criteria=replace(rule.criteria, only_if=parse("devices >= 20", UNITS)))
    run = Run((rule,), forgetful=forgetful)
    quiet = {"devices": 100.0, "devices_with_errors": 0.0}
    run.good({"Paris": quiet})
    run.good({"Paris": {"devices": devices, "devices_with_errors": failed}})
    assert run.state("Paris").value == expected


def test_a_source_that_comes_and_goes_delays_by_what_it_hid_and_no_more(forgetful: bool) -> None:
    run = Run((a_rule(held(20, recover=20)),), forgetful=forgetful)
    for _ in range(2):
        assert paris(run, 50.0) == "pending"
        run.bad()
    assert paris(run, 50.0) == "critical"
    for _ in range(3):
        run.bad()
        paris(run, 0.0)
    assert run.told == ["degraded", "recovered"]

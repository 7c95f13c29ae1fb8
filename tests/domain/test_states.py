"""The state machine as people see it: one row per story, polls of ten minutes, the path in the name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.expressions import parse
from sentinel.domain.rules import NoData
from tests.domain.polls import MINUTE, UNITS, Run, a_rule, threshold

LETTERS = {"ok": "I", "pending": "P", "critical": "F", "warning": "W", "unknown": "U"}


def states(run: Run, values: str) -> str:
    """Feed one letter or figure per poll (E failed poll, _ missing row) and write down what is shown after each."""
    shown = []
    for value in values.split():
        if value == "E":
            run.bad()
        elif value == "_":
            run.good({"Rome": 0})
        else:
            run.good({"Paris": float(value), "Rome": 0})
        shown.append(LETTERS[run.state("Paris").value])
    return " ".join(shown)


@pytest.mark.parametrize(
    ("hold", "recover_for", "values", "expected", "told"),
    [
        pytest.param(0, 0, "5 50 5", "I F I", ["degraded", "recovered"], id="ok=>active=>ok"),
        pytest.param(10, 0, "50 5", "P I", [], id="pending=>ok says nothing"),
        pytest.param(10, 0, "50 50 5", "P F I", ["degraded", "recovered"], id="pending=>active=>ok"),
        pytest.param(20, 0, "50 50 50", "P P F", ["degraded"], id="for of two slots needs three bad samples"),
        pytest.param(0, 10, "50 5 5", "F F I", ["degraded", "recovered"], id="active=>recovering=>ok"),
        pytest.param(0, 20, "50 5 50 5 5 5", "F F F F F I", ["degraded", "recovered"], id="a breach ends the recovery"),
        pytest.param(10, 0, "50 50 E E 5", "P F F F I", ["degraded", "recovered"], id="failed polls freeze active"),
        pytest.param(20, 0, "50 E 50 50", "P P P F", ["degraded"], id="a failed poll does not count towards for"),
        pytest.param(20, 0, "50 _ 50 50", "P P P F", ["degraded"], id="a missing row does not count towards for"),
        pytest.param(
            0, 0, "50 _ _ _ 50", "F F F U F", ["degraded", "unknown"], id="data gone shows unknown after 30 min"
        ),
        pytest.param(0, 0, "5 _ _ _ 5", "I I I U I", [], id="unknown without an incident tells nobody"),
    ],
)
def test_one_severity(hold: int, recover_for: int, values: str, expected: str, told: list[str]) -> None:
    wanted = threshold("value > 10", hold=hold * MINUTE, recover_for=recover_for * MINUTE)
    run = Run((a_rule(wanted),))
    assert states(run, values) == expected
    assert run.told == told


def test_hysteresis_between_breach_and_clear_nothing_moves() -> None:
    """Problem above 20, cleared at 15: 20 and 16 lie between."""
    run = Run((a_rule(threshold("value > 20", clear="value <= 15")),))
    assert states(run, "18 21 20 16 15 18 21") == "I F F F I I F"


def test_warning_and_critical_share_one_incident() -> None:
    """Warn warn crit crit warn ok: opened, escalated, eased, ended."""
    run = Run((a_rule("value > 20", warning=threshold("value > 10")),))
    assert states(run, "15 15 25 25 15 5") == "W W F F W I"
    assert run.told == ["degraded", "escalated", "deescalated", "recovered"]
    assert len(run.incidents) == 1


def test_asking_the_same_slot_again_advances_no_timer() -> None:
    """Ten polls of one ten-minute bucket are one sample."""
    run = Run((a_rule(threshold("value > 10", hold=20 * MINUTE)),))
    for _ in range(10):
        run.good({"Paris": 50.0}, wait=MINUTE - 1)
    assert run.state("Paris").value == "pending"


def test_time_while_sentinel_was_down_does_not_count_towards_for() -> None:
    """Polled every minute, for five minutes: four minutes seen, two down, one more to go."""
    run = Run((a_rule(threshold("value > 10", hold=300), every=60.0),), step=0, interval=60.0)
    for _ in range(5):
        run.good({"Paris": 50.0})
    run.skip()
    run.good({"Paris": 50.0})
    assert run.state("Paris").value == "pending"
    run.good({"Paris": 50.0})
    assert run.state("Paris").value == "critical"


def test_a_long_gap_restarts_a_pending_timer_but_ends_nothing() -> None:
    rule = a_rule(threshold("value > 10", hold=20 * MINUTE))
    run = Run((rule,))
    states(run, "50 50 50")
    other = Run((rule,))
    states(other, "50 50")
    for one in (run, other):
        one.skip(12)
    assert states(run, "50") == "F"
    assert states(other, "50 50 50") == "P P F"
    assert run.told == ["degraded"]


@pytest.mark.parametrize(("policy", "expected"), [("breach", "I I I F"), ("ok", "I I I I"), ("unknown", "I I I U")])
def test_what_missing_data_counts_as_once_it_has_lasted(policy: str, expected: str) -> None:
    run = Run((a_rule("value > 10", no_data=NoData(policy)),))
    assert states(run, "5 _ _ _") == expected


def test_where_only_if_is_false_the_verdict_is_unknown_and_nothing_recovers() -> None:
    """At night the few devices left are no proof of health."""
    rule = a_rule("devices_with_errors / devices > 10%")
    rule = replace(rule, criteria=replace(rule.criteria, only_if=parse("devices >= 20", UNITS)))
    run = Run((rule,), interval=3600.0)
    shown = []
    for devices, bad in ((400, 60), (380, 57), (15, 0), (3, 0), (390, 58)):
        run.good({"Paris": {"devices": devices, "devices_with_errors": bad}})
        shown.append(LETTERS[run.state("Paris").value])
    assert " ".join(shown) == "F F U U F"
    assert run.told == ["degraded", "unknown"]


def test_a_raised_for_does_not_demote_what_is_active() -> None:
    rule = a_rule(threshold("value > 10", hold=600))
    run = Run((rule,))
    states(run, "50 50")
    longer = replace(rule, criteria=replace(rule.criteria, critical=threshold("value > 10", hold=36000)))
    run.rules = (longer,)
    assert states(run, "50 50") == "F F"
    assert run.told == ["degraded"]


def test_a_clock_set_back_keeps_durations_true() -> None:
    run = Run((a_rule(threshold("value > 10", hold=20 * MINUTE)),))
    states(run, "5 50 50")
    run.now -= 3600
    assert states(run, "50 50 50") == "P F F"

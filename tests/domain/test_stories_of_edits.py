"""Rules edited while something is open: nothing is announced twice, nothing is left open, no edit is a recovery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.incidents import CloseReason
from sentinel.domain.rules import Rollup
from tests.domain.polls import MINUTE, Run, a_rule, an_override, edited, threshold

BOTH = ("Country", "Site")


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def reasons(run: Run) -> dict[str, str | None]:
    """Why each incident ended, by its last place."""
    return {"/".join(one.node): one.close_reason.value if one.close_reason else None for one in run.incidents.values()}


def test_a_removed_rule_ends_its_incidents_with_one_close_each_and_no_recovery(forgetful: bool) -> None:
    rule = a_rule(rollup=None)
    run = Run((rule,), forgetful=forgetful)
    run.good({"Paris": 50.0, "Rome": 50.0, "Bern": 0.0})
    edited(run)
    assert run.told == ["degraded", "degraded", "closed", "closed"]
    assert {one.close_reason for one in run.incidents.values()} == {CloseReason.RULE_REMOVED}
    edited(run)
    assert len(run.notices) == 4


def test_saving_the_same_rules_tells_nothing(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    run.good({"Paris": 50.0})
    for _ in range(3):
        edited(run, a_rule())
        run.good({"Paris": 50.0})
    assert run.told == ["degraded"]


def test_a_line_added_above_a_rule_does_not_turn_its_recovery_into_an_edit(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    run.good({"Paris": 50.0})
    rule = a_rule()
    edited(run, replace(rule, line=40, criteria=replace(rule.criteria, line=40)))
    run.good({"Paris": 0.0})
    assert run.told == ["degraded", "recovered"]


def test_what_is_bad_under_the_new_limit_too_recovers_like_anything_else(forgetful: bool) -> None:
    run = Run((a_rule("value > 10"),), forgetful=forgetful)
    run.good({"Paris": 50.0})
    edited(run, a_rule("value > 20"))
    run.good({"Paris": 50.0})
    run.good({"Paris": 50.0})
    run.good({"Paris": 0.0})
    assert run.told == ["degraded", "recovered"]


def test_what_the_new_limit_lets_pass_is_no_recovery_even_after_its_wait(forgetful: bool) -> None:
    run = Run((a_rule(threshold("value > 10", recover_for=20 * MINUTE)),), forgetful=forgetful)
    run.good({"Paris": 50.0})
    edited(run, a_rule(threshold("value > 60", recover_for=20 * MINUTE)))
    for _ in range(3):
        run.good({"Paris": 50.0})
    assert run.told == ["degraded", "closed"]
    assert list(reasons(run).values()) == ["rule_changed"]


def test_a_severity_taken_out_of_the_rule_eases_what_still_has_the_other(forgetful: bool) -> None:
    run = Run((a_rule("value > 20", warning=threshold("value > 10")),), forgetful=forgetful)
    run.good({"Paris": 50.0})
    edited(run, a_rule(None, warning=threshold("value > 10")))
    run.good({"Paris": 50.0})
    assert run.told == ["degraded", "deescalated"]
    run.good({"Paris": 0.0})
    assert run.told == ["degraded", "deescalated", "recovered"]


def test_a_node_switched_off_by_an_override_is_closed_as_edited(forgetful: bool) -> None:
    rule = a_rule()
    run = Run((rule,), forgetful=forgetful)
    run.good({"Paris": 50.0, "Rome": 0.0})
    edited(run, replace(rule, overrides=(an_override("Paris", rule, critical=None),)))
    run.good({"Paris": 50.0, "Rome": 0.0})
    assert list(reasons(run).values()) == ["rule_changed"]
    assert run.told == ["degraded", "closed"]


def test_a_level_taken_out_closes_what_stood_on_it_alone_and_leaves_the_rest(forgetful: bool) -> None:
    rule = a_rule(levels=BOTH)
    run = Run((rule,), forgetful=forgetful)
    run.good({"CH": 50.0, "FR": 0.0}, level="Country", wait=1.0)
    run.good({"CH/Zug": 0.0, "CH/Bern": 0.0, "FR/Lyon": 50.0, "FR/Nice": 0.0, "FR/Brest": 0.0}, level="Site")
    assert run.open_places == ["CH", "FR/Lyon"]
    edited(run, replace(rule, levels=("Site",)))
    assert reasons(run) == {"CH": "rule_removed", "FR/Lyon": None}
    run.good({"CH/Zug": 0.0, "CH/Bern": 0.0, "FR/Lyon": 0.0, "FR/Nice": 0.0, "FR/Brest": 0.0})
    assert reasons(run) == {"CH": "rule_removed", "FR/Lyon": "recovered"}


def test_what_stood_on_two_levels_stands_on_the_one_left_after_the_next_reading(forgetful: bool) -> None:
    rule = a_rule(levels=BOTH)
    run = Run((rule,), forgetful=forgetful)
    site = {"CH/Zug": 50.0, "CH/Bern": 0.0, "CH/Chur": 0.0}
    run.good({"CH": 50.0, "FR": 0.0}, level="Country", wait=1.0)
    run.good(site, level="Site")
    assert run.open_places == ["CH"]
    edited(run, replace(rule, levels=("Site",)))
    run.good(site)
    assert run.open_places == ["CH/Zug"]
    assert run.told == ["degraded", "narrowed"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(Rollup(), None, ["CH"]), (None, Rollup(), ["CH"]), (Rollup(), Rollup(min_share=0.9), ["CH"])],
)
def test_another_roll_up_tells_no_new_problem(
    before: Rollup | None, after: Rollup | None, expected: list[str], forgetful: bool
) -> None:
    """Alone, a rolled-up incident stays one; single ones merge at the next reading, restart or not."""
    figures = {"CH/a": 50.0, "CH/b": 50.0, "CH/c": 0.0, "FR/d": 0.0, "FR/e": 0.0}
    run = Run((a_rule(rollup=before),), forgetful=forgetful)
    run.good(figures)
    opened = run.told.count("degraded")
    edited(run, a_rule(rollup=after))
    run.good(figures)
    assert run.open_places == expected
    assert run.told.count("degraded") == opened
    assert "recovered" not in run.told


def test_trouble_of_a_source_that_nothing_is_asked_of_any_more_is_closed(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    run.bad()
    run.bad()
    assert run.told_of_source == ["degraded"]
    edited(run)
    assert run.told_of_source == ["degraded", "closed"]


def test_a_failing_query_that_is_dropped_keeps_its_source_in_trouble_no_longer(forgetful: bool) -> None:
    rule = a_rule(levels=BOTH)
    run = Run((rule,), forgetful=forgetful)
    for _ in range(2):
        run.bad(level="Country", wait=1.0)
        run.good({"CH/Zug": 0.0}, level="Site")
    assert run.told_of_source == ["degraded"]
    edited(run, replace(rule, levels=("Site",)))
    run.good({"CH/Zug": 0.0})
    assert run.told_of_source == ["degraded", "recovered"]

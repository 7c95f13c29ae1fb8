"""Mutes together with what else may happen: flapping, edits of the rules, sources that fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.incidents import CloseReason
from sentinel.domain.reading import Reason
from sentinel.domain.rules import Flapping, NoData
from tests.domain.muted import BAD, GOOD, HOUR, TWO, WORSE, a_run, fed, last, only, withheld
from tests.domain.polls import MINUTE, a_rule, a_silence, edited

SHAKY = replace(a_rule(flapping=Flapping(changes=4, within=2 * HOUR, quiet=1500.0)), reopen_within=HOUR)


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def test_what_flaps_in_a_silence_is_told_as_that_after_it(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 55 * MINUTE), rule=SHAKY, forgetful=forgetful), *[WORSE, GOOD] * 3)
    assert run.told == []
    fed(run, WORSE)
    assert run.told == ["degraded"]
    assert "Flapping, " in last(run).line
    fed(run, GOOD, GOOD, GOOD, GOOD)
    assert run.told == ["degraded", "recovered"]


def test_a_silence_that_ends_in_a_good_moment_of_what_flaps_says_that_it_flaps(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 65 * MINUTE), rule=SHAKY, forgetful=forgetful), *[WORSE, GOOD] * 4)
    assert run.told == ["degraded"]
    assert last(run).line.startswith("Flapping, ")
    fed(run, GOOD, GOOD, GOOD)
    assert run.told == ["degraded", "recovered"]


def test_what_flaps_and_is_steady_within_a_silence_is_history(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 10 * HOUR), rule=SHAKY, forgetful=forgetful), *[WORSE, GOOD] * 3, *[GOOD] * 5)
    assert run.told == []
    assert not only(run).is_open


def test_what_flapped_before_a_silence_and_is_steady_in_it_is_closed_quietly(forgetful: bool) -> None:
    run = fed(a_run(a_silence(45 * MINUTE, 10 * HOUR), rule=SHAKY, forgetful=forgetful), *[WORSE, GOOD] * 2, WORSE)
    before = run.told
    assert before[-1] == "flapping"
    fed(run, GOOD, *[GOOD] * 4)
    assert run.told == [*before, "recovered"]
    assert last(run).quiet


def test_what_was_never_told_and_flaps_from_its_return_on_is_an_opening_that_says_so(forgetful: bool) -> None:
    rule = replace(SHAKY, flapping=Flapping(changes=3, within=2 * HOUR, quiet=1500.0))
    run = fed(a_run(a_silence(0, 15 * MINUTE), rule=rule, forgetful=forgetful), WORSE, GOOD, WORSE)
    assert run.told == ["degraded"]
    assert last(run).line.startswith("Bad again: Critical at Paris: 50 > 10. Flapping, 3 changes in 20 min")
    fed(run, GOOD, GOOD, GOOD, GOOD)
    assert run.told == ["degraded", "recovered"]


def test_flapping_that_begins_and_ends_bad_in_a_silence_is_no_news_for_who_has_it_for_open(forgetful: bool) -> None:
    rule = replace(SHAKY, criteria=TWO.criteria)
    run = fed(a_run(a_silence(5 * MINUTE, 3 * HOUR), rule=rule, forgetful=forgetful), BAD, WORSE, BAD, WORSE, BAD)
    fed(run, *[BAD] * 20)
    assert run.told == ["degraded"]


@pytest.mark.parametrize("known", [True, False])
def test_a_rule_that_is_taken_away_in_a_silence_closes_only_what_people_know(known: bool, forgetful: bool) -> None:
    run = fed(a_run(a_silence(5 * MINUTE if known else 0, HOUR), forgetful=forgetful), WORSE, WORSE)
    edited(run)
    assert run.told == (["degraded", "closed"] if known else [])
    assert only(run).close_reason is CloseReason.RULE_REMOVED


def test_a_node_that_is_retired_in_a_silence_is_closed_as_that(forgetful: bool) -> None:
    rule = replace(TWO, retire_after=2 * HOUR)
    run = a_run(a_silence(5 * MINUTE, 10 * HOUR), rule=rule, forgetful=forgetful)
    run.good({"Paris": WORSE, "Rome": GOOD})
    for _ in range(16):
        run.good({"Rome": GOOD})
    assert run.told == ["degraded", "closed"]


@pytest.mark.promise("P4")
def test_a_failed_poll_after_a_silence_tells_nothing_of_what_lies_behind_the_source(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 15 * MINUTE, node="Paris"), forgetful=forgetful), WORSE, WORSE, None, None)
    assert (run.told, run.told_of_source) == ([], ["degraded"])
    fed(run, WORSE)
    assert run.told == ["degraded"]


def test_where_missing_figures_count_as_a_breach_nobody_waits_for_the_source(forgetful: bool) -> None:
    rule = replace(TWO, criteria=replace(TWO.criteria, no_data=NoData.BREACH, no_data_after=600.0))
    run = fed(a_run(a_silence(0, 35 * MINUTE, node="Paris"), rule=rule, forgetful=forgetful), WORSE, None, None, None)
    assert run.told == []
    assert withheld(run)[0][0] == "degraded"
    fed(run, None)
    assert run.told == ["degraded"]


def test_trouble_with_the_source_is_muted_by_its_name_and_told_after_it(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 45 * MINUTE, source="portal"), forgetful=forgetful), GOOD, *[None] * 4)
    assert run.told_of_source == []
    fed(run, None)
    assert run.told_of_source == ["degraded"]
    fed(run, GOOD)
    assert run.told_of_source == ["degraded", "recovered"]


def test_trouble_with_the_source_that_was_told_is_closed_quietly(forgetful: bool) -> None:
    run = a_run(a_silence(25 * MINUTE, 10 * HOUR, source="portal"), forgetful=forgetful)
    fed(run, GOOD, None, None)
    run.bad(Reason.UNAUTHORIZED)
    assert run.told_of_source == ["degraded"]
    fed(run, GOOD)
    assert run.told_of_source == ["degraded", "recovered"]
    assert last(run).quiet


def test_a_window_over_nodes_says_nothing_of_the_source(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, HOUR, node="**", service="*"), forgetful=forgetful), GOOD, None, None)
    assert run.told_of_source == ["degraded"]


def test_nothing_is_told_where_no_route_leads_anywhere(forgetful: bool) -> None:
    run = fed(a_run(a_silence(0, 15 * MINUTE), forgetful=forgetful, routes=()), WORSE, WORSE, WORSE, GOOD)
    assert run.told == []
    assert [reason for _, _, reason in withheld(run)][:2] == ["no route matches", "no route matches"]

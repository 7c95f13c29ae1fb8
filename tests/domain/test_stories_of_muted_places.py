"""A hierarchy of which some is muted: those nodes are apart from the others until the mute ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.incidents import CloseReason
from sentinel.domain.rules import Address
from tests.domain.muted import GOOD, HOUR, TWO, WORSE, a_run, cities, last
from tests.domain.polls import MINUTE, TEAM, a_route, a_silence


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def test_a_muted_leaf_is_no_reason_to_call_its_country_bad(forgetful: bool) -> None:
    run = a_run(a_silence(0, HOUR, node="CH/b"), forgetful=forgetful)
    cities(run, "CH/a CH/b")
    assert run.open_places == ["CH/a", "CH/b"]
    assert [(one.kind.value, one.told) for one in run.notices] == [("degraded", True), ("degraded", False)]
    for _ in range(5):
        cities(run, "CH/a CH/b")
    cities(run, "CH/a CH/b")
    assert run.open_places == ["CH"]
    assert run.told == ["degraded", "widened"]
    assert [one.close_reason for one in run.incidents.values() if not one.is_open] == [CloseReason.MERGED]
    cities(run, "")
    assert run.told == ["degraded", "widened", "recovered"]


def test_muted_leaves_leave_the_denominators(forgetful: bool) -> None:
    rule = replace(TWO, rollup=replace(TWO.rollup, min_share=1.0))  # type: ignore[type-var]
    run = a_run(a_silence(0, HOUR, node="CH/c"), rule=rule, forgetful=forgetful)
    cities(run, "CH/a CH/b")
    assert run.open_places == ["CH"], "of the two that count both are bad"
    assert run.told == ["degraded"]


def test_muted_leaves_roll_up_among_themselves(forgetful: bool) -> None:
    run = a_run(a_silence(0, HOUR, node="CH"), forgetful=forgetful)
    cities(run, "CH/a CH/b FR/a FR/b FR/c")
    assert run.open_places == ["CH", "FR"]
    assert run.told == ["degraded"]
    for _ in range(6):
        cities(run, "CH/a CH/b FR/a FR/b FR/c")
    assert run.open_places == [""]
    assert run.told == ["degraded", "widened"]


def test_two_that_begin_at_one_place_at_once_one_of_them_muted_are_two(forgetful: bool) -> None:
    run = a_run(a_silence(0, HOUR, node=("CH/a", "CH/b")), forgetful=forgetful)
    names = [f"CH/{town}" for town in "abcd"]
    for _ in range(3):
        run.good(dict.fromkeys(names, WORSE))
    assert run.open_places == ["CH", "CH"]
    assert run.told == ["degraded"]
    for _ in range(4):
        run.good(dict.fromkeys(names, WORSE))
    assert (run.open_places, run.told) == (["CH"], ["degraded"]), "the place is known; the message counts four"
    run.good(dict.fromkeys(names, GOOD))
    assert run.told == ["degraded", "recovered"]


def test_a_silence_over_part_of_an_open_incident_takes_its_nodes_out_of_it(forgetful: bool) -> None:
    run = a_run(a_silence(5 * MINUTE, HOUR, node="CH/b"), forgetful=forgetful)
    for _ in range(3):
        cities(run, "CH/a CH/b")
    assert run.open_places == ["CH/a", "CH/b"]
    assert run.told == ["degraded", "narrowed"]
    cities(run, "CH/b")
    assert run.told == ["degraded", "narrowed", "recovered"]
    for _ in range(3):
        cities(run, "CH/b")
    assert run.told == ["degraded", "narrowed", "recovered", "degraded"]


def test_what_is_known_and_muted_as_a_whole_ends_with_its_own_nodes_whatever_else_begins(forgetful: bool) -> None:
    run = cities(a_run(a_silence(5 * MINUTE, HOUR), forgetful=forgetful), "CH/a")
    cities(run, "CH/a CH/b")
    cities(run, "CH/b")
    assert run.told == ["degraded", "recovered"]
    for _ in range(4):
        cities(run, "CH/b")
    assert run.told == ["degraded", "recovered", "degraded"]
    assert run.open_places == ["CH/b"]


def test_known_incidents_do_not_merge_while_they_are_muted(forgetful: bool) -> None:
    run = cities(a_run(a_silence(5 * MINUTE, 35 * MINUTE), forgetful=forgetful), "CH/a FR/a")
    for _ in range(3):
        cities(run, "CH/a CH/b FR/a FR/b")
    assert [one.told for one in run.notices] == [True, True, False]
    cities(run, "CH/a CH/b FR/a FR/b")
    assert run.open_places == [""]
    assert sorted(run.told) == ["closed", "degraded", "degraded", "widened"]


def test_who_knows_only_of_the_one_that_joins_after_a_silence_hears_of_the_other(forgetful: bool) -> None:
    pager = Address("pager", "slack", "#pager")
    routes = (a_route(pager, node=(NodePattern("CH/c"),)), a_route(TEAM))
    run = a_run(a_silence(5 * MINUTE, 35 * MINUTE, node=("CH/a", "CH/b")), forgetful=forgetful, routes=routes)
    cities(run, "CH/a CH/b")
    for _ in range(4):
        cities(run, "CH/a CH/b CH/c")
    assert (run.open_places, run.told) == (["CH"], ["degraded", "widened"])
    assert [one.kind.value for one in run.notices if one.told and one.address == pager] == [
        "degraded",
        "closed",
        "widened",
    ]


def test_figures_that_are_gone_in_a_silence_are_made_up_for(forgetful: bool) -> None:
    run = a_run(a_silence(5 * MINUTE, 95 * MINUTE), forgetful=forgetful)
    run.good({"Paris": WORSE, "Rome": GOOD})
    for _ in range(9):
        run.good({"Rome": GOOD})
    assert run.told == ["degraded"]
    run.good({"Rome": GOOD})
    assert run.told == ["degraded", "unknown"]
    assert last(run).quiet


def test_two_levels_are_muted_each_by_its_own_nodes(forgetful: bool) -> None:
    rule = replace(TWO, levels=("Country", "Site"))
    run = a_run(a_silence(0, 55 * MINUTE, node="CH/a"), rule=rule, forgetful=forgetful)
    for _ in range(3):
        run.good({"CH": WORSE, "FR": GOOD}, level="Country", wait=0.0)
        run.good({"CH/a": WORSE, "CH/b": GOOD}, level="Site")
    assert run.open_places == ["CH", "CH/a"]
    assert run.told == ["degraded"]
    for _ in range(3):
        run.good({"CH": WORSE, "FR": GOOD}, level="Country", wait=0.0)
        run.good({"CH/a": WORSE, "CH/b": GOOD}, level="Site")
    run.good({"CH": WORSE, "FR": GOOD}, level="Country", wait=0.0)
    assert run.open_places == ["CH"]
    assert run.told == ["degraded"], "the country is known to be bad"

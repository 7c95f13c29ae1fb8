"""Where incidents stand: roll-up, widening, narrowing, merging, reopening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from sentinel.domain.incidents import CloseReason
from sentinel.domain.reading import Reason
from sentinel.domain.rollup import places, tree_of
from sentinel.domain.rules import Address, Rollup
from tests.domain.polls import TEAM, Run, a_route, a_rule, an_override, threshold

SITES = {"emea": ("zrh", "ber"), "us": ("nyc", "sfo")}
LEAVES = [
    ("world", region, site, f"{site}{n}") for region, sites in SITES.items() for site in sites for n in (1, 2, 3, 4)
]


def roots(status: Mapping[str, str], **shares: float) -> list[str]:
    """Last names of the incident places over four leaves a site: B bad, U unknown, all others ok."""
    marks = [status.get(leaf[-1], "O") for leaf in LEAVES]
    active = np.array([mark == "B" for mark in marks])
    judged = np.array([mark != "U" for mark in marks])
    found = places(tree_of(LEAVES), active, judged, Rollup(**shares))  # type: ignore[arg-type]
    return sorted({place[-1] for place in found.values()})


def bad(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "B")


def site(name: str, marks: str = "BBBB") -> dict[str, str]:
    return {f"{name}{n}": mark for n, mark in enumerate(marks, start=1)}


@pytest.mark.parametrize(
    ("status", "shares", "expected"),
    [
        pytest.param(site("zrh") | site("ber") | site("nyc") | site("sfo"), {}, ["world"], id="everything"),
        pytest.param(
            site("zrh") | site("ber"), {}, ["emea"], id="one region, although the world has half its leaves bad"
        ),
        pytest.param(site("zrh"), {}, ["zrh"], id="one site"),
        pytest.param(bad("zrh1"), {}, ["zrh1"], id="one leaf"),
        pytest.param(bad("zrh1", "nyc2"), {}, ["nyc2", "zrh1"], id="two strangers stay two"),
        pytest.param(site("zrh") | bad("ber1"), {}, ["emea"], id="a site and one leaf of its sibling"),
        pytest.param(site("zrh") | bad("ber1"), {"min_share": 0.8}, ["ber1", "zrh"], id="the same, more share asked"),
        pytest.param(site("zrh", "BBUU"), {}, ["zrh"], id="unknown leaves leave the denominator"),
        pytest.param(site("zrh", "BBUU"), {"min_coverage": 0.6}, ["zrh1", "zrh2"], id="but coverage limits the claim"),
        pytest.param(site("zrh", "BUUU"), {}, ["zrh1"], id="one branch explains nothing"),
    ],
)
def test_the_incident_stands_at_the_node_that_explains_it(
    status: Mapping[str, str], shares: Mapping[str, float], expected: list[str]
) -> None:
    assert roots(status, **shares) == expected


def poll(run: Run, zrh: str, ber: str = "OOOO") -> None:
    """One answer for two sites of four leaves each."""
    figures = {
        f"emea/{name}/{name}{n}": 50.0 if mark == "B" else 0.0
        for name, marks in (("zrh", zrh), ("ber", ber))
        for n, mark in enumerate(marks, start=1)
    }
    run.good(figures)


def test_scope_grows_and_shrinks_under_one_incident() -> None:
    run = Run((a_rule(),))
    places_seen = []
    for zrh, ber in (("BBBB", "OOOO"), ("BBBB", "BBBB"), ("BBBB", "OOOO"), ("OOOO", "OOOO")):
        poll(run, zrh, ber)
        places_seen.append(run.open_places)
    assert places_seen == [["emea/zrh"], ["emea"], ["emea/zrh"], []]
    assert run.told == ["degraded", "widened", "narrowed", "recovered"]
    assert len(run.incidents) == 1


def test_two_incidents_under_one_node_merge_into_the_older() -> None:
    run = Run((a_rule(),))
    poll(run, "BOOO")
    poll(run, "BOOO", "OOOB")
    older, younger = sorted(run.incidents.values(), key=lambda one: one.opened_at)
    assert run.open_places == ["emea/ber/ber4", "emea/zrh/zrh1"]
    poll(run, "BBBB", "BBBB")
    assert run.open_places == ["emea"]
    closed = run.incidents[younger.id]
    assert (closed.close_reason, closed.merged_into) == (CloseReason.MERGED, older.id)
    poll(run, "OOOO")
    assert sorted(run.told) == ["closed", "degraded", "degraded", "recovered", "widened"]


def test_an_incident_that_loses_its_share_stays_one_incident() -> None:
    """Three of eight are no longer half, but nobody is told three new problems for what they know already."""
    run = Run((a_rule(),))
    poll(run, "BBOO", "BBOO")
    poll(run, "BOOO", "BBOO")
    assert len(run.incidents) == 1
    poll(run, "OOOO", "OOOO")
    assert run.told[0] == "degraded"
    assert run.told[-1] == "recovered"
    assert run.told.count("degraded") == 1


def test_bad_again_within_reopen_within_is_the_same_incident() -> None:
    run = Run((a_rule(),))
    poll(run, "BOOO")
    poll(run, "OOOO")
    poll(run, "BOOO")
    assert run.told == ["degraded", "recovered", "reopened"]
    assert [one.reopened for one in run.incidents.values()] == [1]
    poll(run, "OOOO")
    poll(run, "OOOO")
    poll(run, "OOOO")
    poll(run, "BOOO")
    assert run.told[-2:] == ["recovered", "degraded"]
    assert len(run.incidents) == 2


def test_five_hundred_sites_failing_in_one_poll_are_one_notice() -> None:
    run = Run((a_rule(),))
    run.good({f"site{s}/leaf{n}": 50.0 for s in range(25) for n in range(20)})
    assert run.told == ["degraded"]
    incident = next(iter(run.incidents.values()))
    assert (incident.node, incident.members, len(incident.facts.worst)) == ((), 500, 10)


def test_without_rollup_every_node_is_an_incident_of_its_own() -> None:
    run = Run((a_rule(rollup=None),))
    poll(run, "BBOO")
    assert run.open_places == ["emea/zrh/zrh1", "emea/zrh/zrh2"]


def test_a_parent_that_breaches_by_its_own_figures_explains_its_children() -> None:
    run = Run((a_rule(levels=("Country", "Site")),))
    run.good({"CH/Zug": 50.0, "CH/Bern": 0.0, "FR/Lyon": 0.0}, level="Site", wait=1.0)
    run.good({"CH": 50.0, "FR": 0.0}, level="Country")
    assert run.open_places == ["CH"]
    assert run.told == ["degraded", "widened"]
    run.good({"CH/Zug": 0.0, "CH/Bern": 0.0, "FR/Lyon": 0.0}, level="Site", wait=1.0)
    assert run.open_places == ["CH"]
    run.good({"CH": 0.0, "FR": 0.0}, level="Country")
    assert run.told == ["degraded", "widened", "recovered"]


def test_the_parents_own_rows_are_not_judged_by_a_rule_for_the_level_below() -> None:
    run = Run((a_rule(),))
    run.good({"CH*": 99.0, "CH/Zug": 0.0})
    assert run.told == []


def test_the_first_override_that_matches_wins() -> None:
    rule = a_rule("value > 5")
    rule = replace(
        rule,
        overrides=(
            an_override("CH/**", rule, critical=threshold("value > 20")),
            an_override("CH/Zug", rule, critical=threshold("value > 1")),
        ),
    )
    run = Run((rule,))
    run.good({"CH/Zug": 15.0, "FR/Lyon": 6.0, "FR/Nice": 0.0})
    assert run.open_places == ["FR/Lyon"]


def test_every_announced_incident_gets_its_close_where_it_was_announced() -> None:
    """An address that only hears of critical ones hears the end too, although the incident is a warning by then."""
    pager = Address("pager", "slack", "#pager")
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = Run((rule,), routes=(a_route(pager, severity=("critical",), onwards=True), a_route(TEAM)))
    for value in (15.0, 25.0, 15.0, 0.0):
        run.good({"Zug": value})
    told = [(n.kind.value, n.address.receiver) for n in run.notices if n.address]
    assert told == [
        ("degraded", "team"),
        ("escalated", "team"),
        ("escalated", "pager"),
        ("deescalated", "team"),
        ("deescalated", "pager"),
        ("recovered", "team"),
        ("recovered", "pager"),
    ]


def test_without_a_route_the_notice_is_kept_with_its_reason() -> None:
    run = Run((a_rule(),), routes=())
    run.good({"Zug": 50.0})
    run.good({"Zug": 0.0})
    assert [(n.told, n.reason) for n in run.notices] == [
        (False, "no route matches"),
        (False, "the opening was told to nobody"),
    ]


def test_a_reminder_comes_by_the_clock_whatever_the_polling() -> None:
    for interval in (600.0, 1200.0):
        run = Run((a_rule(),), routes=(a_route(TEAM, remind_every=3600.0),), interval=interval)
        for _ in range(int(3 * 3600 / interval) + 1):
            run.good({"Zug": 50.0, "Bern": 0.0})
        assert run.told == ["degraded", "reminder", "reminder", "reminder"]


def test_a_source_that_fails_is_one_incident_at_the_second_failed_poll() -> None:
    run = Run((a_rule(),))
    run.good({"Zug": 50.0, "Bern": 0.0})
    run.bad()
    assert run.source_incidents == []
    run.bad()
    assert run.told_of_source == ["degraded"]
    run.bad()
    run.good({"Zug": 50.0, "Bern": 0.0})
    assert run.told_of_source == ["degraded", "recovered"]
    assert run.told == ["degraded"], "nothing behind a failing source is told meanwhile"
    assert run.open_places == ["Zug"]
    assert "server_error" in run.source_incidents[0].facts.detail


def test_refused_credentials_are_told_at_once() -> None:
    run = Run((a_rule(),))
    run.bad(Reason.UNAUTHORIZED)
    assert run.told_of_source == ["degraded"]


def test_a_much_shorter_answer_is_held_and_nothing_recovers() -> None:
    run = Run((a_rule(),))
    run.good({f"site{n}": 50.0 if n < 6 else 0.0 for n in range(10)})
    run.good({f"site{n}": 0.0 for n in range(6, 10)})
    run.good({f"site{n}": 0.0 for n in range(6, 10)})
    assert run.told == ["degraded"]
    assert run.told_of_source == ["degraded"]
    assert "lacks 6 of 10" in run.source_incidents[0].facts.detail


def test_a_node_that_is_no_longer_reported_closes_as_such() -> None:
    run = Run((a_rule(retire_after=86400.0),))
    run.good({"Zug": 50.0, "Bern": 0.0, "Lyon": 0.0, "Nice": 0.0})
    for _ in range(145):
        run.good({"Bern": 0.0, "Lyon": 0.0, "Nice": 0.0})
    incident = next(iter(run.incidents.values()))
    assert incident.close_reason is CloseReason.NOT_REPORTED
    assert "recovered" not in run.told


def test_the_same_tick_twice_adds_nothing() -> None:
    run = Run((a_rule(),))
    run.good({"Zug": 50.0})
    before = dict(run.incidents)
    run.now -= 600
    run.good({"Zug": 50.0})
    assert run.incidents == before
    assert run.told == ["degraded"]


def test_a_changed_rule_that_finds_no_fault_is_no_recovery() -> None:
    run = Run((a_rule("value > 10"),))
    run.good({"Zug": 50.0})
    run.rules = (a_rule("value > 60"),)
    run.good({"Zug": 50.0})
    incident = next(iter(run.incidents.values()))
    assert incident.close_reason is CloseReason.RULE_CHANGED
    assert run.told == ["degraded", "closed"]

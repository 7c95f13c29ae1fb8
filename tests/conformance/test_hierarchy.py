"""Cases HIE: where an incident stands, what it explains, and that nobody is left without a close."""

from __future__ import annotations

from math import nan

from sentinel.domain.alerts import State
from sentinel.domain.expressions import parse
from sentinel.domain.incidents import CloseReason
from sentinel.domain.metrics import Unit
from sentinel.domain.rules import Rollup, Threshold
from tests.conformance.cases import Case, conforms
from tests.conformance.played import letter, opens_and_closes, rule, run_of
from tests.domain.polls import START, Run, a_rule

SITES = {"zrh": "emea", "ber": "emea", "nyc": "us", "sfo": "us"}
BOTH = ("Country", "Site")


def poll(run: Run, status: dict[str, str]) -> None:
    """One answer for four leaves a site: B bad, U no figure, M not there, all others ok."""
    figures: dict[str, float] = {}
    for site, region in SITES.items():
        for n in range(1, 5):
            mark = status.get(f"{site}{n}", "O")
            if mark != "M":
                figures[f"world/{region}/{site}/{site}{n}"] = {"B": 1.0, "U": nan}.get(mark, 0.0)
    run.good(figures)


def last_names(run: Run) -> list[str]:
    return sorted(place.rpartition("/")[2] for place in run.open_places)


@conforms("HIE-11", "HIE-12", "HIE-13", "HIE-14", "HIE-15", "HIE-16", "HIE-17", "HIE-18", "HIE-19", "HIE-20", "HIE-21", "HIE-22")  # fmt: skip
def test_the_incident_stands_at_the_node_that_explains_it(case: Case) -> None:
    params = case.given["params"]
    run = run_of(rule(rollup=Rollup() if params == "defaults" else Rollup(**params)))
    poll(run, case.given["leaf_status"])
    assert last_names(run) == sorted(case.expect["incident_roots"])


@conforms("HIE-04")
def test_a_child_that_was_announced_before_its_parent_is_closed_with_it(case: Case) -> None:
    """One incident that widens to the parent: one opening, one close, whoever clears first."""
    given = case.given
    run = run_of(rule(levels=BOTH), poll_s=60)
    at = {name: given[name] for name in given}
    for second in range(0, 601, 60):
        run.now = START + second
        parent = at["parent_fires_s"] <= second < at["parent_clears_s"]
        child = at["child_open_announced_s"] <= second < at["child_clears_s"]
        run.good({"country": float(parent)}, level="Country", wait=0.0)
        run.good({"country/site": float(child)}, level="Site")
    assert opens_and_closes(run) == ["open@0", f"close@{at['parent_clears_s']}"]
    assert "widened" in run.told
    assert all(not one.is_open for one in run.incidents.values())
    assert case.expect["sentinel"][-1].startswith("parent close@600")


@conforms("HIE-09")
def test_a_child_of_a_node_in_trouble_is_recorded_and_told_with_it(case: Case) -> None:
    assert case.expect["sentinel"].startswith("child is evaluated and recorded")
    run = run_of(rule(levels=BOTH), poll_s=60)
    for child in (0.0, 1.0):
        run.good({"country": 1.0}, level="Country", wait=0.0)
        run.good({"country/site": child}, level="Site")
    turns = [turn for plan in run.plans for turn in plan.transitions if turn.node == ("country", "site")]
    assert [turn.after for turn in turns] == [State.CRITICAL]
    assert [one.partition("@")[0] for one in opens_and_closes(run)] == ["open"]


@conforms("HIE-10")
def test_trouble_above_holds_back_no_close(case: Case) -> None:
    above = rule(levels=("Country",), id="above")
    below = rule(levels=("Site",), id="below")
    runs = [run_of(one, poll_s=60) for one in (above, below)]
    for child in (1.0, 1.0, 0.0):
        runs[0].good({"country": 1.0})
        runs[1].good({"country/site": child})
    assert opens_and_closes(runs[0]) == ["open@0"]
    assert any(one.startswith("close") for one in opens_and_closes(runs[1])) is case.expect["close_sent"]
    together = run_of(rule(levels=BOTH), poll_s=60)
    for sites, country in (((1.0, 1.0), 0.0), ((1.0, 1.0), 1.0), ((0.0, 1.0), 1.0), ((0.0, 0.0), 0.0)):
        together.good({"country/a": sites[0], "country/b": sites[1], "country/c": 0.0, "country/d": 0.0, "country/e": 0.0}, level="Site", wait=0.0)  # fmt: skip
        together.good({"country": country}, level="Country")
    words = [one.partition("@")[0] for one in opens_and_closes(together)]
    assert words.count("open") == words.count("close") == 2, "two announced sites became one incident; each is closed"


@conforms("HIE-23")
def test_a_storm_of_leaves_is_one_incident_that_names_ten(case: Case) -> None:
    given = case.given
    run = run_of(rule())
    run.good({f"root/site{s}/leaf{n}": 1.0 for s in range(given["sites"]) for n in range(given["leaves_per_site"])})
    assert len(run.notices) == case.expect["root_messages"]
    assert last_names(run) == [case.expect["incident_scope"]]
    (incident,) = run.incidents.values()
    assert (len(incident.facts.worst), incident.facts.affected) == (10, given["breaching"])


@conforms("HIE-24")
def test_the_scope_grows_and_shrinks_under_one_message(case: Case) -> None:
    run = run_of(rule())
    scopes = []
    for status in case.given["polls"]:
        poll(run, {f"{site}{n}": mark for site, marks in status.items() for n, mark in enumerate(marks, 1)})
        scopes.append((last_names(run) or [None])[0])
    assert scopes == case.expect["scope"]
    words = [one.partition("@")[0] for one in opens_and_closes(run)]
    assert (words.count("open"), words.count("close")) == (case.expect["root_messages"], case.expect["close_messages"])
    assert run.told[1:-1] == ["widened", "narrowed"]


@conforms("HIE-25")
def test_two_incidents_under_one_node_become_the_older(case: Case) -> None:
    run = run_of(rule())
    for n, status in enumerate(case.given["polls"], 1):
        poll(run, {f"{site}{k}": mark for site, marks in status.items() for k, mark in enumerate(marks, 1)})
        assert last_names(run) == sorted(case.expect[f"poll{n}"])
    survivor, other = sorted(run.incidents.values(), key=lambda one: not one.is_open)
    assert (other.close_reason, other.merged_into) == (CloseReason.MERGED, survivor.id)
    assert not any("recovered" in notice.line.lower() for notice in run.notices)


@conforms("HIE-26", "HIE-27")
def test_each_level_is_judged_by_its_own_figures(case: Case) -> None:
    given = case.given
    known = {"failed": Unit.COUNT, "active": Unit.COUNT}
    breach = parse(given["rule"], known)
    guard = parse(f"active >= {given['min_devices']}", known) if "min_devices" in given else None
    run = run_of(a_rule(Threshold(breach=breach, hold=0.0, recover_for=0.0), only_if=guard, levels=BOTH))
    row = lambda figures: {"active": float(figures[0]), "failed": float(figures[1])}  # noqa: E731
    run.good({"parent": row(given["parent"])}, level="Country", wait=0.0)
    leaves = {f"parent/leaf{n}": row(figures) for n, figures in enumerate(given["leaf"], 1)}
    run.good({**leaves, "parent*": row(given["parent"])}, level="Site")
    assert last_names(run) == [one.split()[0] for one in case.expect["incidents"]]
    assert round(given["parent"][1] / given["parent"][0], 4) == case.expect["parent_ratio"]
    if "parent" in case.expect:
        assert letter(run, "parent") == "I"
    if "leaf" in case.expect:
        assert [letter(run, leaf) for leaf in leaves] == case.expect["leaf"].split()[: len(leaves)]

"""Cases FOR: `for`, the hold of a recovery, errors of the source, gaps."""

from __future__ import annotations

import json
import re

import numpy as np

from sentinel.collect.parse import Expected, parse
from sentinel.domain.alerts import State
from sentinel.domain.reading import Query
from sentinel.engine.backoff import Patience
from tests.conformance.cases import Case, conforms
from tests.conformance.played import letter, opens_and_closes, played, rule, run_of
from tests.domain.polls import START, Run, edited
from tests.engine.crowd import crowd


@conforms("FOR-02")
def test_nodes_have_their_own_timers(case: Case) -> None:
    given = case.given
    run = run_of(rule(given["rule"], for_s=given["for_s"]), poll_s=given["poll_s"])
    seen: dict[str, list[str]] = {"node0": [], "node1": []}
    for zero, one in zip(given["node0"], given["node1"], strict=True):
        run.good({"node0": zero, "node1": one})
        for node, letters in seen.items():
            letters.append(letter(run, node))
    assert {node: " ".join(letters) for node, letters in seen.items()} == case.expect


@conforms("FOR-04")
def test_what_was_only_pending_is_in_the_history_alone(case: Case) -> None:
    run = run_of(rule(for_s=case.given["for_s"]), poll_s=case.given["poll_s"])
    assert played(run, case.given["breach"].split()) == case.expect["states"]
    assert opens_and_closes(run) == case.expect["notices"]
    turns = [turn for plan in run.plans for turn in plan.transitions]
    words = {State.PENDING: "pending", State.OK: "pending_cleared"}
    assert [f"{words[turn.after]}@{turn.at - START:g}" for turn in turns] == case.expect["history"]


@conforms("FOR-06")
def test_the_hold_of_a_recovery_counts_from_the_first_clear_poll(case: Case) -> None:
    given = case.given
    run = run_of(rule(given["rule"], for_s=given["for_s"], keep_s=given["keep_s"]), poll_s=given["poll_s"])
    assert played(run, given["value"]) == case.expect["states"]
    assert opens_and_closes(run)[-1] == f"close@{case.expect['close_at_s']}"


@conforms("FOR-08")
def test_a_breach_during_the_hold_cancels_it(case: Case) -> None:
    run = run_of(rule(for_s=case.given["for_steps"], keep_s=case.given["keep_steps"]), poll_s=1)
    assert played(run, case.given["breach"].split()) == case.expect["states"]
    assert opens_and_closes(run) == case.expect["notices"]


@conforms("FOR-10")
def test_a_longer_for_binds_the_next_episode(case: Case) -> None:
    """One poll an hour is expected, so that the last one is no gap."""
    run = run_of(rule(for_s=case.given["for_s"]), poll_s=3600)
    shown = []
    for at, event in case.given["events"]:
        run.now = START + at
        if event == "eval":
            run.good({"node": 1.0})
            shown.append(f"{letter(run)}@{at}")
        else:
            edited(run, run_of(rule(for_s=float(event.partition("for=")[2])), poll_s=3600).rules[0])
    states, _, notices = case.expect["sentinel"].partition(", ")
    assert shown == states.split()
    assert notices == "one open notice only"
    assert [one.partition("@")[0] for one in opens_and_closes(run)] == ["open"]


@conforms("FOR-11")
async def test_more_than_the_limit_at_once_are_one_digest_and_nothing_is_closed(case: Case, sqlite_url: str) -> None:
    limit, count = min(one for one in case.given["limits"] if one > 0), case.given["breaching_series"]
    assert case.expect["sentinel_limit_1"] == "state kept for both, ONE storm notice with count=2, no false close"
    async with crowd(sqlite_url, patience=Patience(storm_after=limit)) as it:
        it.open(*range(count))
        await it.tell(30)
        (root,) = it.roots
        assert f"{count} incidents" in root.text
        assert it.lines == []


@conforms("FOR-12")
def test_a_source_that_fails_freezes_the_state(case: Case) -> None:
    run = run_of(rule(for_s=case.given["for_s"]), poll_s=case.given["poll_s"])
    assert played(run, case.given["seq"].split()) == case.expect["states"]
    assert opens_and_closes(run) == case.expect["service_notices"]
    assert run.told_of_source == ["degraded", "recovered"], "by the source rule"


@conforms("FOR-14")
def test_a_gap_freezes_a_timer_and_never_takes_back_what_fires(case: Case) -> None:
    """Theirs drops to pending after any gap. Ours: as theirs up to the first F, which stays."""
    assert "a firing state does not" in case.note
    for given, theirs in zip(case.given["runs"], case.expect["states"], strict=True):
        run = run_of(rule(for_s=given["for_s"]), poll_s=given["interval_s"])
        shown = []
        for at in given["ts"]:
            run.now = START + at
            run.good({"node": 1.0})
            shown.append(letter(run))
        before, fired, after = theirs.partition("F")
        assert " ".join(shown) == before + fired + re.sub(r"\w", "F", after)


@conforms("FOR-16")
def test_two_rows_of_one_node_are_no_figure_at_all(case: Case) -> None:
    """Neither row is picked; the node is unknown with a remark, and what it was stays."""
    rows = [{"service": service, "Site": node, "devices": value} for service, node, value in case.given["rows"]]
    rows.append({"service": "svc-a", "Site": "node-2", "devices": 3})
    query = Query("portal", "svc-a", "Location", "Site")
    found = parse(json.dumps(rows).encode(), "application/json", Expected(query, "svc-a", {}, ("Site",)))
    figures = found.figures
    assert figures.rows.nodes == (("node-1",), ("node-2",))
    assert np.isnan(figures.column("devices")[0]) is not case.expect["silently_pick_one"]
    assert any("2 rows" in one for one in found.remarks)
    run = run_of(rule())
    played(run, ["1"])
    run.good({"node": float("nan")})
    assert letter(run) == "F"


@conforms("FOR-17")
def test_a_row_that_is_missing_is_unknown_and_closes_nothing(case: Case) -> None:
    assert case.expect["sentinel"].startswith("foo, foo1 become UNKNOWN")
    run = run_of(rule(for_s=case.given["for_s"], no_data_after=180.0, rollup=None))
    for (row,) in case.given["polls"]:
        run.good({row: 1.0})
    for _ in range(3):
        run.good({"foo2": 1.0})
    assert [letter(run, node) for node in ("foo", "foo1", "foo2")] == ["U", "U", "F"]
    assert [one.partition("@")[0] for one in opens_and_closes(run)] == ["open"] * 3
    run.good({"foo": 0.0, "foo1": 1.0, "foo2": 1.0})
    assert opens_and_closes(run)[-1].startswith("close@"), "an OK row closes, and only its own"
    assert run.open_places == ["foo1", "foo2"]


@conforms("FOR-18")
def test_asking_more_often_than_the_figures_move_shortens_nothing(case: Case) -> None:
    given, bucket = case.given, case.given["source_bucket_s"]
    run = Run((rule(for_s=(given["for_samples"] - 1) * bucket),), step=bucket, interval=given["poll_s"])
    for _ in range(10):
        run.good({"node": 1.0})
    assert len({plan.query.last_at for plan in run.plans}) == case.expect["distinct_samples"]
    assert letter(run) == case.expect["state"]
    assert opens_and_closes(run) == case.expect["notices"]


@conforms("FOR-19")
def test_a_rolling_window_delays_the_recovery(case: Case) -> None:
    given = case.given
    width = given["window_s"] // given["bucket_s"]
    buckets = [given["good_bucket_ratio"]] * width + [given["bad_bucket_ratio"]] * given["bad_buckets"]
    run = run_of(rule(given["threshold"].replace("ratio", "value")), poll_s=given["bucket_s"])
    seen: dict[str, float] = {}
    for good in range(width + 1):
        window = (buckets + [given["good_bucket_ratio"]] * good)[-width:]
        seen[str(good)] = round(sum(window) / width, 6)
        run.good({"node": seen[str(good)]})
    assert {key: seen[key] for key in case.expect["window_ratio_after_good_buckets"]} == case.expect[
        "window_ratio_after_good_buckets"
    ]
    assert (
        sum(plan.books[key].alerts[run.query().key].active.any() for plan in run.plans[:-1] for key in plan.books)
        == (case.expect["breach_polls"])
    )
    assert letter(run) == "I"

"""Cases RST: what a restart, a reload and a gap do to timers and to what was told."""

from __future__ import annotations

from dataclasses import replace

from sentinel.domain.incidents import CloseReason
from tests.conformance.cases import Case, conforms
from tests.conformance.played import letter, opens_and_closes, played, rule, run_of
from tests.domain.polls import START, Run, a_route, edited


def since(run: Run, *nodes: str) -> list[float]:
    """When the running timers of these nodes began, in seconds from the start."""
    (alerts,) = run.books["errors", run.service, "portal"].alerts.values()
    return [float(alerts.critical_since[alerts.nodes.index((node,))]) - START for node in nodes]


@conforms("RST-02")
def test_after_a_long_outage_a_pending_timer_starts_anew(case: Case) -> None:
    given = case.given
    run = run_of(rule(for_s=given["for_s"], no_data_after=given["tolerance_s"]), poll_s=300, forgetful=True)
    for at, nodes in ((0, (1.0, 0.0)), (given["last_eval_s"], (1.0, 1.0)), (given["restart_eval_s"], (1.0, 1.0))):
        run.now = START + at
        run.good({"a": nodes[0], "b": nodes[1]})
    assert since(run, "a", "b") == case.expect["active_at_after_s"]


@conforms("RST-03")
def test_what_was_announced_and_is_over_after_the_restart_is_closed(case: Case) -> None:
    assert case.expect["sentinel_extra"].endswith("a close notice IS sent")
    run = run_of(rule(case.given["rule"], rollup=None), poll_s=300, forgetful=True)
    run.good({"a": 90.0, "b": 95.0})
    run.now = START + 3000
    run.good(dict(zip("ab", case.given["values_at_3000s"], strict=True)))
    assert len(run.open_places) == case.expect["active"]
    assert opens_and_closes(run) == ["open@0", "open@0", "close@3000", "close@3000"]


@conforms("RST-06")
def test_a_short_for_goes_on_where_it_was_and_downtime_does_not_count(case: Case) -> None:
    given = case.given
    run = run_of(rule(for_s=given["for_s"]), poll_s=60, forgetful=True)
    fired = None
    for at in (*range(given["active_at_s"], given["last_eval_s"] + 1, 60), *range(given["restart_eval_s"], 700, 60)):
        run.now = START + at
        run.good({"node": 1.0})
        fired = at if fired is None and letter(run) == "F" else fired
    assert f"fires at {fired}s" in case.expect["sentinel"]


@conforms("RST-08")
def test_the_hold_of_a_recovery_survives_the_restart(case: Case) -> None:
    run = run_of(rule(keep_s=case.given["keep_s"]), poll_s=case.given["restart_at_s"], forgetful=True)
    run.now = START - 600
    played(run, ["1", "0", "0", "0", "0"])
    assert case.given["clear_after"]
    assert opens_and_closes(run)[-1] == f"close@{case.expect['sentinel_close_at_s']}"


@conforms("RST-10")
def test_after_a_restart_good_polls_are_counted_from_none(case: Case) -> None:
    given = case.given
    poll = 60
    made = rule(for_s=(given["fail"] - 1) * poll, keep_s=(given["succ"] - 1) * poll)
    run = run_of(made, poll_s=poll, forgetful=True)
    played(run, ["F"] * given["fail"])
    triggered = [played(run, [one]) == "F" for one in given["after_restart"].split()]
    assert triggered == case.expect["triggered"]
    assert [one.partition("@")[0] for one in opens_and_closes(run)] == ["open", "close"]


@conforms("RST-10b")
def test_the_clock_of_reminders_survives_the_restart(case: Case) -> None:
    given = case.given
    route = a_route(remind_every=given["reminder_s"])
    run = run_of(rule(), poll_s=30, forgetful=True, routes=(route,))
    for at in (given["last_message_s"], *range(given["next_failing_poll_s"], 3661, 30)):
        run.now = START + at
        run.good({"node": 1.0})
    reminded = [notice.at - START for notice in run.notices if notice.kind.value == "reminder"]
    assert reminded == [case.expect["sentinel_reminder_at_s"]]


@conforms("RST-11")
def test_a_loop_of_restarts_is_silent(case: Case) -> None:
    given = case.given
    run = run_of(rule(), poll_s=given["elapsed_s"] / given["restarts"], forgetful=True,
                 routes=(a_route(remind_every=given["reminder_s"]),))  # fmt: skip
    played(run, ["1"])
    told = len(run.notices)
    played(run, ["1"] * given["restarts"])
    assert len(run.notices) - told == case.expect["messages"]


@conforms("RST-12")
def test_a_removed_rule_closes_its_incidents_without_a_recovery(case: Case) -> None:
    run = run_of(rule(rollup=None))
    run.good(dict.fromkeys("ab"[: case.given["open_incidents"]], 1.0))
    edited(run)
    closed = [one for one in run.incidents.values() if one.close_reason is CloseReason.RULE_REMOVED]
    assert len(closed) == case.expect["closed"]
    assert closed[0].close_reason is not None
    assert closed[0].close_reason.value == case.expect["close_reason"]
    ends = [notice for notice in run.notices if notice.kind.value in ("closed", "recovered")]
    assert [notice.kind.value for notice in ends] == ["closed"] * case.expect["closed"]
    assert not any("recovered" in notice.line.lower() for notice in ends)
    assert replace(closed[0]).resolved_at is not None

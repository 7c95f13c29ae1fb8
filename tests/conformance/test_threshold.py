"""Cases THR and UNK: thresholds, hysteresis, missing and failing data, small samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sentinel.config.loader import load
from sentinel.domain.alerts import Phase, State
from sentinel.domain.asking import needed
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.incidents import CloseReason
from sentinel.domain.memory import Replay
from sentinel.domain.metrics import Unit
from sentinel.domain.reading import Failure, Figures, Reading, Reason
from sentinel.domain.rules import SOURCE_RULE, Rulebook, Service, SourceTraits
from sentinel.errors import ConfigError
from tests.conformance.cases import Case, conforms
from tests.conformance.played import answer, letter, opens_and_closes, played, rule, run_of
from tests.domain.polls import START, Run, a_route, a_rule, threshold

SOURCE = """
[[source]]
name = "portal"
url = "https://portal.example.com"
columns = { latency = "Latency", value = { column = "V", unit = "" } }
[[receiver]]
name = "a"
console = true
[[route]]
to = ["a"]
"""
RULE = '[[rule]]\nid = "a"\nservice = "Mail"\nhierarchy = "Location"\nlevel = "Site"\n'


@conforms("THR-02")
def test_a_clear_condition_of_its_own(case: Case) -> None:
    given = case.given
    run = run_of(rule(f"value {given['problem']}", clear=f"value {given['recovery']}"))
    assert played(run, given["value"]) == case.expect["state"]


@conforms("THR-04")
def test_without_one_the_complement_clears(case: Case) -> None:
    for op, complement in zip(case.given["alert_op"], case.expect["recover_op"], strict=True):
        plain, spelt = (run_of(rule(f"value {op} 10", clear=clear)) for clear in ("", f"value {complement} 10"))
        bad = 11.0 if ">" in op else 9.0
        sequence = [bad, 10.0, bad, 20.0 - bad, bad]
        assert played(plain, sequence) == played(spelt, sequence)
        assert played(plain, [20.0 - bad]) == "I"


@conforms("THR-06")
def test_a_recovery_on_the_wrong_side_is_an_error(case: Case) -> None:
    assert case.given["critical"] == "> 90"
    for limit, verdict in zip(case.given["critical_recovery"], case.expect["lint"], strict=True):
        text = f'{SOURCE}{RULE}critical = {{ breach = "value > 90", clear = "value <= {limit}" }}\n'
        if verdict == "ok":
            assert load(text=text).rulebook.rules
        else:
            with pytest.raises(ConfigError) as refused:
                load(text=text)
            assert [one.code for one in refused.value.problems if one.severity == "error"] == ["E107"]


@conforms("THR-08")
def test_severities_change_within_one_incident(case: Case) -> None:
    poll = 60.0
    criteria = {"hold": (case.given["for_polls"]) * poll}
    run = run_of(a_rule(threshold("value > 20", **criteria), warning=threshold("value > 10", **criteria)), poll_s=poll)
    for word in case.given["seq"].split():
        run.good({"node": {"warn": 15.0, "crit": 25.0, "ok": 0.0}[word]})
    assert len(run.incidents) == case.expect["incident_count"]
    assert run.told == ["degraded", "escalated", "deescalated", "recovered"]
    quiet = [notice.kind.value for notice in run.notices if notice.quiet]
    assert quiet == ["deescalated"], "in the thread only"
    assert len(case.expect["messages"]) == len(run.notices)


@conforms("THR-09")
def test_the_narrowest_override_stands_first_and_its_line_is_known(case: Case) -> None:
    given = case.given
    text = (
        f'{SOURCE}{RULE.replace("Mail", "*")}critical = "value > {given["default"]}"\n'
        f'[[rule.override]]\nnode = "zrh1"\nservice = "vpn"\ncritical = "value > {given["node_zrh1_vpn"]}"\n'
        f'[[rule.override]]\nservice = "vpn"\ncritical = "value > {given["service_vpn"]}"\n'
        f'[[rule.override]]\nnode = "*"\ncritical = "value > {given["level_site"]}"\n'
    )
    (made,) = load(text=text).rulebook.rules
    effective = []
    for service, node in given["queries"]:
        won = next(one.criteria for one in made.overrides if one.applies(service, (node,)))
        assert won.critical is not None
        effective.append(int(won.critical.breach.limit.removeprefix("> ")))
        assert text.splitlines()[won.line - 1] == "[[rule.override]]"
    assert effective == case.expect["effective"]


@conforms("UNK-02")
def test_a_source_that_is_down_is_one_incident(case: Case) -> None:
    """The state underneath is frozen; after `no_data_after`, here an hour, it would be shown as unknown."""
    given = case.given
    services = [Service("portal", f"service {n}", "") for n in range(given["services"])]
    made = rule(no_data_after=3600.0, rollup=None)
    book = Rulebook(rules=(made,), routes=(a_route(),), sources=(SourceTraits(name="portal", step=0.0),))
    asked = needed(book, services)
    replay = Replay(book, asked)
    rows = NodeList.of([("site", str(n)) for n in range(given["nodes"] // given["services"])])
    opened, closed, source = 0, 0, set()
    for poll in range(4):
        for number, one in enumerate(asked):
            at = START + poll * given["source_for_s"]
            bad = [1.0 if n == 0 and number < given["breaching_before"] else 0.0 for n in range(len(rows.nodes))]
            figures = Figures(rows, {"value": np.array(bad)})
            failure = Failure(Reason.SERVER_ERROR, "503")
            reading = Reading(one.query, at, at, *((figures, None) if poll == 0 else (None, failure)))
            plan = replay.feed(reading)
            assert plan is not None
            source |= {incident.id for incident in plan.incidents if incident.rule == SOURCE_RULE}
            if poll:
                opened += sum(n.kind.value == "degraded" for n in plan.notices if n.incident not in source)
                closed += sum(n.kind.value in ("recovered", "closed") for n in plan.notices)
    assert len(source) == case.expect["source_incidents"]
    assert (opened, closed) == (case.expect["service_opens"], case.expect["service_closes"])
    active = [alerts for found in replay.memory.books.values() for alerts in found.alerts.values()]
    assert (
        f"{sum(int((one.critical == Phase.ACTIVE).sum()) for one in active)} firing (frozen)"
        in case.expect["states_after"]
    )


@conforms("UNK-04")
def test_a_node_that_is_missing_is_unknown_and_closed_only_when_it_is_gone_for_good(case: Case) -> None:
    assert case.expect["sentinel"]["stale_after"] == "UNKNOWN, no close"
    poll = case.given["interval_s"]
    run = run_of(rule(no_data_after=2.0 * poll, retire_after=7 * 86400.0), poll_s=poll)
    run.good({"there": 0.0, "gone": 1.0})
    for _ in range(case.given["n"]):
        run.good({"there": 0.0})
    assert letter(run, "gone") == "U"
    assert opens_and_closes(run) == ["open@0"]
    run.now = START + 7 * 86400
    run.good({"there": 0.0})
    (incident,) = run.incidents.values()
    assert incident.close_reason is CloseReason.NOT_REPORTED
    assert run.told[-1] == "closed"


@conforms("UNK-06")
def test_no_data_must_take_two_intervals(case: Case) -> None:
    every = f"{case.given['interval_s']}s"
    for seconds, verdict in zip(case.given["no_data_s"], case.expect["lint"], strict=True):
        text = f'[defaults]\nevery = "{every}"\nfor = "{every}"\nno_data_after = "{seconds}s"\n{SOURCE}{RULE}critical = "value > 1"\n'
        codes = []
        try:
            load(text=text)
        except ConfigError as refused:
            codes = [one.code for one in refused.problems if one.severity == "error"]
        assert codes == (["E118"] if verdict == "error" else [])


@conforms("UNK-10")
def test_shares_have_open_bounds_and_no_share_of_nothing(case: Case) -> None:
    low, high = case.given["min_pct"], case.given["max_pct"]
    share = "matching / (matching + other)"
    units = {"matching": Unit.COUNT, "other": Unit.COUNT, "share": Unit.RATIO}
    run = run_of(a_rule(replace(threshold("value > 0"), breach=parse(f"{share} < {low}% or {share} > {high}%", units))))
    nodes = {str(n): {"matching": matching, "other": other} for n, (matching, other) in enumerate(case.given["rows"])}
    answer(run, nodes)
    states = [run.state(node) for node in nodes]
    assert [state is State.CRITICAL for state in states] == case.expect["breach"]
    assert states[:2] == [State.UNKNOWN, State.UNKNOWN], "0/0 and a missing figure are no verdict"
    direct = run_of(a_rule(replace(threshold("value > 0"), breach=parse(f"share < {low}% or share > {high}%", units))))
    answer(direct, {str(n): {"share": pct / 100} for n, pct in enumerate(case.given["direct_pct"])})
    assert [direct.state(str(n)) is State.CRITICAL for n in range(2)] == case.expect["direct_breach"]


def guarded(limit: str, least: int, **changes: object) -> Run:
    """A rule over shares of devices that judges no node of fewer than `least`."""
    units = {"failed": Unit.COUNT, "active": Unit.COUNT}
    made = a_rule(
        replace(threshold("value > 0"), breach=parse(f"failed / active > {limit}", units)),
        only_if=parse(f"active >= {least}", units),
        **changes,
    )
    return run_of(made, poll_s=3600)


@conforms("UNK-11")
def test_small_samples_are_unknown(case: Case) -> None:
    run = guarded("0.05", case.given["min_devices"])
    nodes = {str(n): {"failed": failed, "active": active} for n, (failed, active) in enumerate(case.given["rows"])}
    answer(run, nodes)
    words = {State.UNKNOWN: "U", State.OK: "OK", State.CRITICAL: "BREACH"}
    assert [words[run.state(node)] for node in nodes] == case.expect["verdict"]


@conforms("UNK-12")
def test_a_population_that_goes_to_sleep_recovers_nothing(case: Case) -> None:
    run = guarded("10%", case.given["min_devices"], no_data_after=3600.0)
    letters, day, last = [], 0, 0
    for hour, active, failed in case.given["hours"]:
        day += 24 if hour < last else 0
        last = hour
        run.now = START + (day + hour) * 3600
        answer(run, {"node": {"failed": failed, "active": active}})
        letters.append(letter(run))
    assert " ".join(letters) == case.expect["states"]
    assert [f"{word}@{int(at) // 3600}" for word, _, at in (one.partition("@") for one in opens_and_closes(run))] == (
        case.expect["notices"]
    )


@conforms("UNK-16")
def test_an_allowance_that_depends_on_the_size_can_be_said(case: Case) -> None:
    units = {"devices": Unit.COUNT, "outliers": Unit.COUNT}
    text = "(devices < 100 and outliers / devices > 10%) or (devices >= 100 and outliers > 10)"
    run = run_of(a_rule(replace(threshold("value > 0"), breach=parse(text, units)), rollup=None))
    for devices, most in zip(case.given["devices"], case.expect["max_outliers"], strict=True):
        answer(
            run, {"most": {"devices": devices, "outliers": most}, "more": {"devices": devices, "outliers": most + 1}}
        )
        assert (letter(run, "most"), letter(run, "more")) == ("I", "F")

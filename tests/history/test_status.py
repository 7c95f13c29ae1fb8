"""What `status` says of a run: alerts, queries, outbox, and that standing still is told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sentinel.domain.reading import Reason
from sentinel.domain.rules import SOURCE_RULE
from sentinel.history import alerts
from sentinel.history.filters import Filters
from sentinel.history.status import Status, status
from sentinel.store.database import Database
from tests.domain.polls import START, a_rule, threshold
from tests.history.ledger import recorded

MINUTE = 60.0
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


@pytest.fixture
def ask(snapshot: Any) -> Any:
    def asked(at: float, **filters: Any) -> Status:
        with snapshot() as record:
            return status(record, at, Filters(**filters))

    return asked


def test_nothing_was_ever_asked(ask: Any) -> None:
    found = ask(START)
    assert found.as_json() == {
        "at": "2026-03-02T08:00:00Z",
        "queries": [],
        "alerts": [],
        "outbox": {"waiting": 0, "unclear": 0, "abandoned": 0, "oldest_waiting_seconds": None},
        "lulls": 0,
    }
    assert not found.is_wrong


def test_an_open_outage_has_every_key_of_the_contract(database: Database, ask: Any) -> None:
    run = recorded(database)
    run.figures()
    run.figures(zurich=33.5)
    shape = ask(run.now).as_json()
    assert ISO.fullmatch(shape["at"])
    (query,) = shape["queries"]
    assert {key: query[key] for key in ("source", "service", "hierarchy", "level", "state")} == {
        "source": "portal",
        "service": "Mail",
        "hierarchy": "Location",
        "level": "Site",
        "state": "ok",
    }
    assert query["last_reading_at"] == "2026-03-02T08:10:00Z"
    (alert,) = shape["alerts"]
    incident = next(iter(run.incidents))
    wanted = {
        "rule": "errors",
        "service": "Mail",
        "node": ["Europe", "Zürich"],
        "state": "critical",
        "severity": "critical",
        "value": 33.5,
        "since": "2026-03-02T08:10:00Z",
        "incident": incident,
        "muted_by": None,
    }
    assert {key: alert[key] for key in wanted} == wanted
    assert shape["outbox"] == {"waiting": 1, "unclear": 0, "abandoned": 0, "oldest_waiting_seconds": 600.0}
    assert ask(run.now).is_wrong


def test_the_worst_comes_first_and_pending_is_not_wrong(database: Database, ask: Any) -> None:
    rule = a_rule(critical=threshold("value > 30", hold=1200.0), warning=threshold("value > 10"), rollup=None)
    run = recorded(database, rule)
    run.figures()
    run.figures(paris=15)
    run.figures(paris=15, tokyo=40)
    run.figures(paris=15, tokyo=40)
    run.figures(paris=15, tokyo=40, lyon=11)
    found = ask(run.now)
    assert [(alert.state, alert.node[-1]) for alert in found.alerts] == [
        ("critical", "Tokyo"),
        ("warning", "Paris"),
        ("warning", "Lyon"),
    ]
    pending = recorded(database, a_rule(critical=threshold("value > 30", hold=1200.0), id="slow"))
    pending.now = run.now
    pending.figures(zurich=40)
    only = ask(pending.now, rule=("slow",))
    assert [(alert.state, alert.severity) for alert in only.alerts] == [("pending", None)]
    assert not only.is_wrong


def test_filters_take_globs_and_everything_below_a_node(database: Database, ask: Any) -> None:
    run = recorded(database, a_rule(rollup=None))
    run.figures()
    run.figures(paris=20, zurich=20, tokyo=20)
    places = lambda **filters: [alert.node[-1] for alert in ask(run.now, **filters).alerts]  # noqa: E731
    assert places(node=("Europe",)) == ["Paris", "Zürich"]
    assert places(node=("Europe/*",)) == ["Paris", "Zürich"]
    assert places(node=("France",)) == ["Paris"]
    assert places(node=("*kyo", "Zürich")) == ["Tokyo", "Zürich"]
    assert places(node=("Africa/**",)) == []
    assert places(service=("ma*",)) == ["Tokyo", "Paris", "Zürich"]
    assert places(service=("Teams",)) == []
    assert ask(run.now, service=("Teams",)).queries == ()
    assert places(severity=("warning",)) == []
    assert places(state=("critical",), limit=2) == ["Tokyo", "Paris"]


def test_a_failing_source_is_an_alert_of_its_own_and_its_query_says_why(database: Database, ask: Any) -> None:
    run = recorded(database)
    run.figures()
    run.bad(Reason.TIMEOUT)
    run.bad(Reason.TIMEOUT)
    found = ask(run.now)
    assert [(alert.rule, alert.service, alert.node, alert.state) for alert in found.alerts] == [
        (SOURCE_RULE, None, (), "critical")
    ]
    (query,) = found.queries
    assert query.state == "failing"
    assert query.trouble == "the Portal said timeout"
    assert query.last_good_at == START


def test_data_gone_for_too_long_is_unknown_not_ok(database: Database, ask: Any) -> None:
    run = recorded(database)
    run.figures(tokyo=20)
    for _ in range(4):
        run.bad()
    states = [(alert.node, alert.state, alert.severity) for alert in ask(run.now).alerts if alert.node]
    assert (("Asia", "Tokyo"), "unknown", "critical") in states
    assert "ok" not in [state for _, state, _ in states]


@pytest.mark.parametrize("interval", [60.0, 600.0, 3600.0])
def test_a_query_is_stale_three_intervals_after_its_last_reading(database: Database, ask: Any, interval: float) -> None:
    run = recorded(database, interval=interval, step=interval)
    for _ in range(5):
        run.figures()
    last = run.now - interval
    assert [query.state for query in ask(last + 3 * interval).queries] == ["ok"]
    (stale,) = ask(last + 3 * interval + 1).queries
    assert (stale.state, stale.interval) == ("stale", interval)
    assert ask(last + 3 * interval + 1).is_wrong


def test_one_pause_does_not_make_the_interval_long(database: Database, ask: Any) -> None:
    run = recorded(database)
    for _ in range(3):
        run.figures()
    run.skip(100)
    run.figures()
    run.figures()
    assert [query.interval for query in ask(run.now).queries] == [600.0]


def test_before_a_second_reading_ten_minutes_are_taken_for_the_interval(database: Database, ask: Any) -> None:
    recorded(database, interval=60.0).figures()
    assert [query.state for query in ask(START + 1800).queries] == ["ok"]
    assert [query.state for query in ask(START + 1801).queries] == ["stale"]


def test_the_constants_are_those_of_the_domain_and_the_store() -> None:
    from sentinel.history import record  # noqa: PLC0415
    from sentinel.store.tables import REVISION  # noqa: PLC0415

    assert alerts.SOURCE_RULE == SOURCE_RULE
    assert record.REVISION == REVISION


def test_what_flaps_is_wrong_also_in_a_good_moment(database: Database, ask: Any) -> None:
    run = recorded(database, a_rule(every=300.0), step=300.0, interval=300.0)
    for zurich in (20, 1) * 3:
        run.figures(zurich=zurich)
    found = ask(run.now)
    assert (found.alerts, found.lulls, found.is_wrong, found.as_json()["lulls"]) == ((), 1, True, 1)
    assert ask(run.now, service=("Mail",), node=("Europe/*",)).lulls == 1
    assert ask(run.now, node=("Asia",)).lulls == 0
    for _ in range(3):
        run.figures()
    assert (ask(run.now).lulls, ask(run.now).is_wrong) == (0, False)


def test_figures_of_more_nodes_than_an_incident_names_are_written_as_those_it_names(
    database: Database, ask: Any
) -> None:
    """A column of percentages with one 0.0763359 in it is read wrongly."""
    run = recorded(database, a_rule("devices_with_errors / devices > 5%"))
    run.good({f"Asia/S{n:02}": {"devices_with_errors": 10.0 + n, "devices": 131.0} for n in range(14)})
    shown = [alert.shown_value for alert in ask(START + MINUTE).alerts]
    assert len(shown) == 14
    assert {"7.63 %", "17.6 %"} <= set(shown)
    assert all(text.endswith(" %") for text in shown)

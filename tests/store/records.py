"""Records for the store's tests: whole and plausible, every value of one's choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sentinel.domain.alerts import Alerts, State, Transition
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.incidents import Event, Facts, Incident, Member
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason
from sentinel.domain.records import Book, BookKey, Plan, QueryState, Touched
from sentinel.domain.rules import Address, Severity
from sentinel.store.database import Database
from sentinel.store.due import REACH, due
from sentinel.store.notices import Lane
from sentinel.store.unit_of_work import commit

AT = 1_772_438_400.0
"""2 March 2026, 08:00 UTC."""

QUERY = Query("portal", "Exchange Online", "Location", "Site")
BOOK: BookKey = ("devices-in-error", "Exchange Online", "portal")
SLACK = Address("workplace", "slack", "#workplace-alerts")
MAIL = Address("workplace", "email", "workplace@example.com")
PARIS: Node = ("Europe", "Paris")
ROME: Node = ("Europe", "Rome")


def a_reading(at: float = AT, nodes: Sequence[Node] = (PARIS, ROME), **changes: Any) -> Reading:
    """A good answer with one figure for each node."""
    columns = {"devices": np.arange(len(nodes), dtype=np.float64)}
    figures = Figures(NodeList.of(nodes), columns)
    return Reading(**{"query": QUERY, "at": at, "sample_at": at - at % 600, "figures": figures, **changes})


def a_failed_reading(at: float = AT) -> Reading:
    """No answer, with its reason."""
    failure = Failure(Reason.THROTTLED, "the Portal answered 429", "poll less often", 30.0)
    return Reading(QUERY, at, at - at % 600, None, failure, ("late",))


def an_incident(name: str = "sn-one", **changes: Any) -> Incident:
    """An open incident at Paris."""
    plain: dict[str, Any] = {
        "id": name,
        "rule": BOOK[0],
        "service": BOOK[1],
        "source": BOOK[2],
        "hierarchy": "Location",
        "node": PARIS,
        "severity": Severity.CRITICAL,
        "worst_severity": Severity.CRITICAL,
        "opened_at": AT,
        "changed_at": AT,
        "members": 1,
        "peak_members": 1,
        "step": 1,
        "value": 0.142,
        "worst_value": "14.2 %",
        "audience": (SLACK, MAIL),
        "facts": Facts(
            summary="Devices with errors",
            subject="devices",
            value="14.2 %",
            limit="> 10 %",
            hold=600.0,
            affected=1,
            judged=2,
            worst=(Member(PARIS, Severity.CRITICAL, "14.2 %"),),
        ),
    }
    return Incident(**{**plain, **changes})


def an_event(step: int = 1, incident: str = "sn-one", kind: str = "degraded") -> Event:
    """A line of its timeline."""
    return Event(incident=incident, step=step, at=AT, kind=kind, text=f"step {step}", value="14.2 %")


def a_notice(step: int = 1, address: Address | None = SLACK, incident: str = "sn-one", **changes: Any) -> Notice:
    """A step to be told at once."""
    plain: dict[str, Any] = {
        "incident": incident,
        "step": step,
        "kind": NoticeKind.DEGRADED if step == 1 else NoticeKind.WIDENED,
        "address": address,
        "at": AT + step,
        "not_before": AT + step,
        "line": f"step {step}",
    }
    return Notice(**{**plain, **changes})


def a_transition(node: Node = PARIS, **changes: Any) -> Transition:
    """From ok to critical."""
    plain: dict[str, Any] = {
        "rule": BOOK[0],
        "service": BOOK[1],
        "node": node,
        "query": QUERY.key,
        "before": State.OK,
        "after": State.CRITICAL,
        "at": AT,
        "value": 0.142,
        "why": "14.2 %, limit > 10 %",
        "incident": "sn-one",
    }
    return Transition(**{**plain, **changes})


def some_alerts(nodes: Sequence[Node], **columns: Any) -> Alerts:
    """Alerts of one incident that are critical, with a timer and a value each."""
    count = len(nodes)
    plain = Alerts(
        nodes=tuple(nodes),
        warning=np.full(count, 1, np.uint8),
        warning_since=np.full(count, AT),
        critical=np.full(count, 2, np.uint8),
        critical_since=np.full(count, AT - 600),
        blind=np.zeros(count, bool),
        good_at=np.full(count, np.nan),
        missing_since=np.full(count, AT),
        shown=np.full(count, 3, np.uint8),
        changed_at=np.full(count, AT),
        value=np.arange(count, dtype=np.float64),
        place=tuple(nodes),
        incident=("sn-one",) * count,
    )
    return plain.evolve(**columns)


def a_query_state(reading: Reading, **changes: Any) -> QueryState:
    """What is remembered after that reading."""
    known = reading.figures.rows if reading.figures else None
    state = QueryState(
        query=reading.query,
        last_at=reading.sample_at,
        last_good_at=reading.sample_at if known else None,
        last_reading_at=reading.at,
        failures=0 if known else 1,
        failing_since=None if known else reading.sample_at,
        failure=reading.failure,
        known=known,
    )
    return state.evolve(**changes)


def a_plan(
    reading: Reading,
    *,
    alerts: Alerts | None = None,
    incidents: Iterable[Incident] = (),
    gone: Iterable[Node] = (),
    **changes: Any,
) -> Plan:
    """What a tick decided, with all of `alerts` changed."""
    alerts = alerts if alerts is not None else Alerts()
    found = tuple(incidents)
    book = Book(BOOK, {QUERY.key: alerts}, {one.id: one for one in found})
    plain: dict[str, Any] = {
        "at": reading.at,
        "query": a_query_state(reading),
        "books": {BOOK: book},
        "changed": (Touched(BOOK, QUERY.key, np.arange(len(alerts.nodes))),),
        "gone": tuple((BOOK, QUERY.key, node) for node in gone),
        "incidents": found,
    }
    return Plan(**{**plain, **changes})


def a_bad_tick(reading: Reading | None = None) -> tuple[Plan, Reading]:
    """Paris goes critical: everything a tick can leave behind, once."""
    reading = reading if reading is not None else a_reading()
    plan = a_plan(
        reading,
        alerts=some_alerts([PARIS]),
        incidents=[an_incident()],
        transitions=(a_transition(),),
        events=(an_event(),),
        notices=(a_notice(), a_notice(address=MAIL), a_notice(address=None, told=False, reason="no route matches")),
    )
    return plan, reading


def same_alerts(one: Alerts, other: Alerts) -> bool:
    """Whether two sets of alerts hold the same, in whatever order."""
    return _by_node(one) == _by_node(other)


def _by_node(alerts: Alerts) -> dict[Node, list[Any]]:
    columns = ("warning", "warning_since", "critical", "critical_since", "blind", "good_at", "missing_since", "shown")
    lists = [getattr(alerts, name).tolist() for name in (*columns, "changed_at", "value")]
    rows = zip(*lists, alerts.place, alerts.incident, strict=True)
    return {node: [None if v != v else v for v in row] for node, row in zip(alerts.nodes, rows, strict=True)}  # noqa: PLR0124  # NaN


def due_lanes(database: Database, at: float, limit: int = REACH) -> list[Lane]:
    """The lanes that may be offered now, the longest waiting first."""
    return [one.lane for one in due(database, at, limit)]


def record(
    db: Database,
    changed: Iterable[Incident],
    happened: Iterable[Event] = (),
    decided: Iterable[Notice] = (),
    *,
    epoch: int | None = None,
) -> None:
    """Put incidents with their timeline and notices into the record, in one transaction."""
    nothing = QueryState(query=Query("", "", ""))
    commit(
        db,
        Plan(AT, nothing, incidents=tuple(changed), events=tuple(happened), notices=tuple(decided)),
        None,
        epoch=epoch,
    )

"""Alerts that are not quietly ok: one row each, columns in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, select

from sentinel.domain.alerts import STATES, Alerts
from sentinel.domain.reading import Floats
from sentinel.domain.records import AlertKey, BookKey, Plan
from sentinel.store.digests import digest, digests, query_digest
from sentinel.store.inserting import Row, put
from sentinel.store.tables import PHASES, alerts, queries

_PHASE = {word: code for code, word in enumerate(PHASES)}
_SLICE = 500
_IDENTITY = frozenset({"rule", "service", "source", "query", "node"})
_SHOWN = {state.value: code for code, state in enumerate(STATES)}


def alert_digest(key: AlertKey) -> str:
    """What stands for one alert."""
    (rule, service, source), query, node = key
    return digest("alert", rule, service, source, query, node)


def save(connection: Connection, plan: Plan) -> None:
    """Write the alerts that changed and delete those that are quietly ok again."""
    gone = [alert_digest(key) for key in plan.gone]
    for start in range(0, len(gone), _SLICE):
        connection.execute(delete(alerts).where(alerts.c.digest.in_(gone[start : start + _SLICE])))
    put(connection, alerts, _changed_rows(plan), fixed=_IDENTITY)


def _changed_rows(plan: Plan) -> list[Row]:
    rows: list[Row] = []
    for part in plan.changed:
        columns = plan.books[part.book].alerts[part.query]
        rows.extend(_rows(part.book, part.query, columns.take(part.positions)))
    return rows


def _rows(book: BookKey, query: str, columns: Alerts) -> Iterable[Row]:
    rule, service, source = book
    behind = query_digest(query)
    digest_of = digests("alert", rule, service, source, query)
    lists = zip(
        columns.nodes,
        columns.warning.tolist(),
        columns.warning_since.tolist(),
        columns.critical.tolist(),
        columns.critical_since.tolist(),
        columns.blind.tolist(),
        columns.good_at.tolist(),
        columns.missing_since.tolist(),
        columns.shown.tolist(),
        columns.changed_at.tolist(),
        columns.value.tolist(),
        columns.place,
        columns.incident,
        strict=True,
    )
    for node, warn, warn_at, crit, crit_at, blind, good_at, missing, shown, changed, value, place, incident in lists:
        yield {
            "digest": digest_of(node),
            "rule": rule,
            "service": service,
            "source": source,
            "query": behind,
            "node": node,
            "warning": PHASES[warn],
            "warning_since": warn_at,
            "critical": PHASES[crit],
            "critical_since": crit_at,
            "blind": blind,
            "good_at": good_at,
            "missing_since": missing,
            "shown": STATES[shown].value,
            "changed_at": changed,
            "value": None if value != value else value,  # noqa: PLR0124  # NaN, and this is the hot path
            "place": place,
            "incident": incident,
        }


def load(connection: Connection) -> dict[BookKey, dict[str, Alerts]]:
    """All alerts, per book and query key, in the order of their nodes."""
    statement = select(alerts, queries.c.key).join(queries, queries.c.digest == alerts.c.query)
    parts: dict[tuple[BookKey, str], list[Any]] = {}
    for row in sorted(connection.execute(statement), key=lambda row: row.node):
        parts.setdefault(((row.rule, row.service, row.source), row.key), []).append(row)
    books: dict[BookKey, dict[str, Alerts]] = {}
    for (book, query), rows in parts.items():
        books.setdefault(book, {})[query] = _columns(rows)
    return books


def _columns(rows: Sequence[Any]) -> Alerts:
    return Alerts(
        nodes=tuple(row.node for row in rows),
        warning=np.array([_PHASE[row.warning] for row in rows], np.uint8),
        warning_since=_floats(row.warning_since for row in rows),
        critical=np.array([_PHASE[row.critical] for row in rows], np.uint8),
        critical_since=_floats(row.critical_since for row in rows),
        blind=np.array([row.blind for row in rows], bool),
        good_at=_floats(row.good_at for row in rows),
        missing_since=_floats(row.missing_since for row in rows),
        shown=np.array([_SHOWN[row.shown] for row in rows], np.uint8),
        changed_at=_floats(row.changed_at for row in rows),
        value=_floats(row.value for row in rows),
        place=tuple(row.place for row in rows),
        incident=tuple(row.incident for row in rows),
    )


def _floats(values: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)

"""Ledgers as rows: written with the tick that they belong to, loaded where they stand, read for any span of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from sentinel.domain.accounts import Account
from sentinel.domain.hierarchy import Node
from sentinel.domain.ledger import Entry, Ledger, LedgerKey
from sentinel.domain.spans import Spans
from sentinel.store.database import Database
from sentinel.store.digests import digest
from sentinel.store.inserting import put
from sentinel.store.ledger_tables import (
    ledger_counts,
    ledger_nodes,
    ledger_runs,
    ledger_spans,
    ledger_weights,
    ledgers,
)
from sentinel.store.packing import pack_columns, unpack_columns


def save(connection: Connection, entries: Iterable[Entry]) -> None:
    """Write what a tick adds. The same entries twice add nothing."""
    found = list(entries)
    if not found:
        return
    numbers = _numbers(connection, found)
    spans: list[dict[str, Any]] = []
    for entry in found:
        ledger = numbers[entry.key]
        spans.append({"ledger": ledger, "start": entry.covered[0], "until": entry.covered[1]})
        _save_columns(connection, ledger, entry)
    put(connection, ledger_spans, spans)


def _save_columns(connection: Connection, ledger: int, entry: Entry) -> None:
    new = enumerate(entry.nodes, start=entry.first)
    put(connection, ledger_nodes, [{"ledger": ledger, "number": number, "node": node} for number, node in new])
    runs = zip(entry.numbers.tolist(), entry.standing.tolist(), strict=True)
    at = {"ledger": ledger, "start": entry.at}
    put(connection, ledger_runs, [{**at, "number": number, "standing": standing} for number, standing in runs])
    weights = zip(entry.weighed.tolist(), entry.weights.tolist(), strict=True)
    put(connection, ledger_weights, [{**at, "number": number, "weight": weight} for number, weight in weights])
    if entry.counted.size:
        columns = {"number": entry.counted.astype(np.float64), "good": entry.good, "total": entry.total}
        put(connection, ledger_counts, [{"ledger": ledger, "at": entry.at, "packed": pack_columns(columns)}])


def _numbers(connection: Connection, entries: Iterable[Entry]) -> Mapping[LedgerKey, int]:
    """The ledgers' own rows, brought up to date, and their ids."""
    rows = {_digest(one.key): one for one in entries}
    for key, entry in rows.items():
        values = {"digest": key, "sla": entry.key[0], "service": entry.key[1], "query": entry.key[2]}
        _touch(connection, values, entry)
    chosen = select(ledgers.c.id, ledgers.c.digest).where(ledgers.c.digest.in_(list(rows)))
    return {rows[row.digest].key: row.id for row in connection.execute(chosen)}


def _touch(connection: Connection, values: dict[str, Any], entry: Entry) -> None:
    moved: dict[str, Any] = {"sampled_at": entry.at}
    if entry.counted.size:
        moved["counted_at"] = entry.at
    known = ledgers.c.digest == values["digest"]
    if not connection.execute(ledgers.update().where(known).values(**moved)).rowcount:
        connection.execute(ledgers.insert().values(**values, **moved))


def _digest(key: LedgerKey) -> str:
    return digest("ledger", *key)


def load(connection: Connection) -> dict[LedgerKey, Ledger]:
    """Where every ledger stands."""
    found: dict[LedgerKey, Ledger] = {}
    for row in connection.execute(select(ledgers)):
        nodes = _nodes(connection, row.id)
        size = len(nodes)
        numbers, starts, standings = _columns(connection, _last(connection, ledger_runs, row.id, "standing"))
        standing, since = np.zeros(size, np.uint8), np.zeros(size, np.int64)
        standing[numbers], since[numbers] = standings.astype(np.uint8), starts
        weighed, _, weights = _columns(connection, _last(connection, ledger_weights, row.id, "weight"))
        weight = np.full(size, np.nan)
        weight[weighed] = weights
        span = select(ledger_spans.c.start, ledger_spans.c.until).where(ledger_spans.c.ledger == row.id)
        last = connection.execute(span.order_by(ledger_spans.c.start.desc()).limit(1)).first()
        found[row.sla, row.service, row.query] = Ledger(
            nodes=nodes,
            standing=standing,
            since=since,
            weight=weight,
            covered_from=last.start if last else None,
            covered_until=last.until if last else None,
            sampled_at=row.sampled_at,
            counted_at=row.counted_at,
        )
    return found


def services(db: Database, sla: str) -> frozenset[str]:
    """The services of which an agreement has a ledger."""
    with db.reading() as connection:
        return frozenset(connection.execute(select(ledgers.c.service).where(ledgers.c.sla == sla)).scalars())


def read(db: Database, key: LedgerKey, since: int, until: int, window: int = 0) -> Account | None:
    """What a ledger says of the time from `since` until before `until`; None when there is no such ledger.

    `window`: how many seconds of events one sample counts: those that began before `until` are read, though they end after.
    """
    with db.reading() as connection:
        ledger = connection.execute(select(ledgers.c.id).where(ledgers.c.digest == _digest(key))).scalar()
        return None if ledger is None else read_account(connection, ledger, since, until, window)


def begun(db: Database, sla: str) -> int | None:
    """The first second of which any ledger of an agreement knows something, Unix time; None while there is none."""
    chosen = select(func.min(ledger_spans.c.start)).join(ledgers, ledgers.c.id == ledger_spans.c.ledger)
    with db.reading() as connection:
        return connection.execute(chosen.where(ledgers.c.sla == sla)).scalar()


def read_account(connection: Connection, ledger: int, since: int, until: int, window: int = 0) -> Account:
    """As `read`, for the ledger with that id."""
    numbers, starts, standing = _columns(
        connection, *_within(connection, ledger_runs, ledger, "standing", since, until)
    )
    weighed, weighed_at, weights = _columns(
        connection, *_within(connection, ledger_weights, ledger, "weight", since, until)
    )
    return Account(
        nodes=_nodes(connection, ledger),
        number=numbers,
        start=starts,
        standing=standing.astype(np.uint8),
        covered=_covered(connection, ledger, since, until),
        weighed=weighed,
        weighed_at=weighed_at,
        weight=weights,
        counts=_counts(connection, ledger, since, until + window),
    )


def _nodes(connection: Connection, ledger: int) -> tuple[Node, ...]:
    chosen = select(ledger_nodes.c.node).where(ledger_nodes.c.ledger == ledger).order_by(ledger_nodes.c.number)
    return tuple(connection.execute(chosen).scalars())


def _last(connection: Connection, table: Any, ledger: int, name: str, until: int | None = None) -> Select[Any]:
    """Of every node its latest row, or the latest that begins by `until`.

    In each database's own words: a join of the table with itself is a matter of luck to a Postgres that has not looked
    at the table's size yet, and one index is all that either needs.
    """
    mine = table.c.ledger == ledger if until is None else (table.c.ledger == ledger) & (table.c.start <= until)
    if connection.dialect.name == "sqlite":  # where max() is asked for, the other columns are those of its row
        latest = select(table.c.number, func.max(table.c.start).label("start"), table.c[name])
        return latest.where(mine).group_by(table.c.number)
    newest_first = (table.c.number, table.c.start.desc())
    rows = select(table.c.number, table.c.start, table.c[name]).where(mine)
    return rows.ext(distinct_on(table.c.number)).order_by(*newest_first)


def _within(
    connection: Connection, table: Any, ledger: int, name: str, since: int, until: int
) -> tuple[Select[Any], Select[Any]]:
    """The rows that hold at `since`, and those that begin later, before `until`."""
    later = select(table.c.number, table.c.start, table.c[name]).where(
        (table.c.ledger == ledger) & (table.c.start > since) & (table.c.start < until)
    )
    return _last(connection, table, ledger, name, since), later


def _columns(connection: Connection, *chosen: Select[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three columns of what is selected, by number and start: in Python the sorting is cheaper than in the database."""
    rows = [tuple(row) for one in chosen for row in connection.execute(one)]
    found = np.array(rows, np.float64).reshape(-1, 3)
    order = np.lexsort((found[:, 1], found[:, 0]))
    return found[order, 0].astype(np.int64), found[order, 1].astype(np.int64), found[order, 2]


def _covered(connection: Connection, ledger: int, since: int, until: int) -> Spans:
    chosen = select(ledger_spans.c.start, ledger_spans.c.until).where(
        (ledger_spans.c.ledger == ledger) & (ledger_spans.c.until > since) & (ledger_spans.c.start < until)
    )
    return Spans.of((row.start, row.until) for row in connection.execute(chosen))


def _counts(connection: Connection, ledger: int, since: int, until: int) -> tuple[tuple[int, Any, Any, Any], ...]:
    chosen = select(ledger_counts.c.at, ledger_counts.c.packed).where(
        (ledger_counts.c.ledger == ledger) & (ledger_counts.c.at > since) & (ledger_counts.c.at <= until)
    )
    found = []
    for row in connection.execute(chosen.order_by(ledger_counts.c.at)):
        columns = unpack_columns(row.packed)
        found.append((row.at, columns["number"].astype(np.int64), columns["good"], columns["total"]))
    return tuple(found)

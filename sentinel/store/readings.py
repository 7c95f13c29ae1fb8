"""Readings: the history that charts, SLA figures and backtests live on."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select, tuple_

from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.store import node_lists
from sentinel.store.database import Database
from sentinel.store.digests import query_digest
from sentinel.store.inserting import Row, add_missing
from sentinel.store.node_lists import digest_of, lists
from sentinel.store.packing import pack_columns, unpack_columns
from sentinel.store.queries import failure_columns, failure_from
from sentinel.store.tables import queries, readings


@dataclass(frozen=True, slots=True)
class Packed:
    """A reading in its stored form, made before the transaction starts."""

    row: Row
    rows: NodeList | None


def pack(reading: Reading) -> Packed:
    """The stored form of a reading; the slow part of storing it, without the database."""
    figures = reading.figures
    row = {
        "query": query_digest(reading.query.key),
        "at": reading.at,
        "sample_at": reading.sample_at,
        "rows": digest_of(figures.rows) if figures else None,
        "figures": pack_columns(figures.columns) if figures else None,
        **failure_columns(reading.failure),
        "remarks": list(reading.remarks),
    }
    return Packed(row, figures.rows if figures else None)


def save(connection: Connection, packed: Packed) -> None:
    """Store a reading, once. Its query and node list must be stored."""
    add_missing(connection, readings, [packed.row])


def add(db: Database, found: Sequence[Reading]) -> int:
    """Store readings of any queries in one transaction, those that are not there yet; how many that were.

    A query that is new to the record is noted as one that nobody asks.
    """
    packed = [pack(reading) for reading in found]
    unasked = {one.query: None for one in found}
    keys = tuple_(readings.c.query, readings.c.at)
    wanted = [(one.row["query"], one.row["at"]) for one in packed]
    with db.transaction() as connection:
        add_missing(connection, queries, [_unasked(query) for query in unasked])
        node_lists.keep(connection, [one.rows for one in packed if one.rows is not None])
        there = select(readings.c.query, readings.c.at).where(keys.in_(wanted))
        known = {(row.query, row.at) for row in connection.execute(there)}
        fresh = [one.row for one, key in zip(packed, wanted, strict=True) if key not in known]
        add_missing(connection, readings, fresh)
    return len(fresh)


def _unasked(query: Query) -> Row:
    return {"digest": query_digest(query.key), "key": query.key, "failures": 0, "asked": False}


def latest(db: Database, query_key: str) -> Reading | None:
    """The last reading of a query, None before the first."""
    chosen = readings.c.query == query_digest(query_key)
    with db.reading() as connection:
        found = _read(connection, _select().where(chosen).order_by(readings.c.at.desc()).limit(1))
        return next(iter(found), None)


def between(db: Database, query_key: str, since: float, until: float, *, page: int = 200) -> Iterator[Reading]:
    """The readings of a query received from `since` until before `until`, oldest first, a page at a time.

    No transaction stays open between two pages, so a slow caller holds nothing up.
    """
    start, inclusive = since, True
    while True:
        after = readings.c.at >= start if inclusive else readings.c.at > start
        chosen = (readings.c.query == query_digest(query_key)) & after & (readings.c.at < until)
        with db.reading() as connection:
            found = list(_read(connection, _select().where(chosen).order_by(readings.c.at).limit(page)))
        yield from found
        if len(found) < page:
            return
        start, inclusive = found[-1].at, False


def recorded_queries(db: Database) -> tuple[Query, ...]:
    """Every query of which there are readings, asked today or not, in the order of their keys."""
    some = exists().where(readings.c.query == queries.c.digest)
    with db.reading() as connection:
        keys = connection.execute(select(queries.c.key).where(some)).scalars()
        return tuple(Query.from_key(key) for key in sorted(keys))


@dataclass(frozen=True, slots=True)
class Span:
    """How many readings of a query there are, and when the first and the last were received (Unix seconds)."""

    query: Query
    readings: int
    first_at: float
    last_at: float


def spans(db: Database) -> tuple[Span, ...]:
    """What is recorded of each query, in the order of their keys."""
    at = readings.c.at
    each = select(readings.c.query, func.count().label("n"), func.min(at).label("first"), func.max(at).label("last"))
    summed = each.group_by(readings.c.query).subquery()
    joined = select(summed, queries.c.key).join(queries, queries.c.digest == summed.c.query)
    with db.reading() as connection:
        rows = connection.execute(joined).all()
    found = (Span(Query.from_key(row.key), row.n, row.first, row.last) for row in rows)
    return tuple(sorted(found, key=lambda one: one.query.key))


def count(db: Database, wanted: Iterable[Query], since: float, until: float) -> int:
    """How many readings `stream` would give."""
    with db.reading() as connection:
        chosen = select(func.count()).select_from(readings).where(_among(wanted) & _in_time(since, until))
        return int(connection.execute(chosen).scalar_one())


def stream(
    db: Database,
    wanted: Iterable[Query],
    since: float,
    until: float,
    *,
    page: int = 500,
    metrics: Container[str] | None = None,
) -> Iterator[Reading]:
    """The readings of these queries received from `since` until before `until`, oldest first, a page at a time.

    `metrics`: only their columns, which is much quicker; None for all. No transaction stays open between two pages.
    Equal rows are one object all the way, as in a live run.
    """
    known = {query_digest(query.key): query for query in wanted}
    rows: dict[str, NodeList] = {}
    chosen = select(readings).where(_among(known.values()) & _in_time(since, until))
    ordered = chosen.order_by(readings.c.at, readings.c.query).limit(page)
    after: ColumnElement[bool] | None = None
    while True:
        with db.reading() as connection:
            found = connection.execute(ordered if after is None else ordered.where(after)).all()
            missing = {row.rows for row in found if row.rows is not None} - rows.keys()
            rows.update(lists(connection, missing))
        for row in found:
            figures = Figures(rows[row.rows], unpack_columns(row.figures, metrics)) if row.rows is not None else None
            yield Reading(known[row.query], row.at, row.sample_at, figures, failure_from(row), tuple(row.remarks))
        if len(found) < page:
            return
        last = found[-1]
        after = (readings.c.at > last.at) | ((readings.c.at == last.at) & (readings.c.query > last.query))


def _among(wanted: Iterable[Query]) -> ColumnElement[bool]:
    return readings.c.query.in_([query_digest(query.key) for query in wanted])


def _in_time(since: float, until: float) -> ColumnElement[bool]:
    return (readings.c.at >= since) & (readings.c.at < until)


def _select() -> Select[Any]:
    return select(readings, queries.c.key).join(queries, queries.c.digest == readings.c.query)


def _read(connection: Connection, statement: Select[Any]) -> Iterable[Reading]:
    rows = connection.execute(statement).all()
    known = lists(connection, (row.rows for row in rows if row.rows is not None))
    for row in rows:
        figures = Figures(known[row.rows], unpack_columns(row.figures)) if row.rows is not None else None
        query = Query.from_key(row.key)
        yield Reading(query, row.at, row.sample_at, figures, failure_from(row), tuple(row.remarks))

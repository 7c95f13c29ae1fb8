"""Readings: the history that charts, SLA figures and backtests live on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures, Query, Reading
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


def _select() -> Select[Any]:
    return select(readings, queries.c.key).join(queries, queries.c.digest == readings.c.query)


def _read(connection: Connection, statement: Select[Any]) -> Iterable[Reading]:
    rows = connection.execute(statement).all()
    known = lists(connection, (row.rows for row in rows if row.rows is not None))
    for row in rows:
        figures = Figures(known[row.rows], unpack_columns(row.figures)) if row.rows is not None else None
        query = Query.from_key(row.key)
        yield Reading(query, row.at, row.sample_at, figures, failure_from(row), tuple(row.remarks))

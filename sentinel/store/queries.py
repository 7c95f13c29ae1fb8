"""What is remembered of each query: rows to QueryState and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select, update

from sentinel.domain.reading import Failure, Query, Reason
from sentinel.domain.records import QueryState
from sentinel.errors import StoreBusy
from sentinel.store.database import Database
from sentinel.store.digests import query_digest
from sentinel.store.inserting import Row, put
from sentinel.store.lease import check_epoch
from sentinel.store.node_lists import digest_of, lists
from sentinel.store.tables import queries


def failure_columns(failure: Failure | None) -> Row:
    """A failure as its four columns."""
    return {
        "failure_reason": failure.reason.value if failure else None,
        "failure_text": failure.text if failure else None,
        "failure_hint": failure.hint if failure else None,
        "retry_after": failure.retry_after if failure else None,
    }


def failure_from(row: Any) -> Failure | None:
    """The failure of a row with those columns."""
    if row.failure_reason is None:
        return None
    return Failure(Reason(row.failure_reason), row.failure_text, row.failure_hint or "", row.retry_after)


def save(connection: Connection, state: QueryState) -> None:
    """Write one query's state. Its node list must be stored."""
    row = {
        "digest": query_digest(state.query.key),
        "key": state.query.key,
        "last_at": state.last_at,
        "last_good_at": state.last_good_at,
        "last_reading_at": state.last_reading_at,
        "failures": state.failures,
        "failing_since": state.failing_since,
        **failure_columns(state.failure),
        "known": digest_of(state.known) if state.known is not None else None,
        "held_since": state.held_since,
        "asked": True,
    }
    put(connection, queries, [row])


def check_last(connection: Connection, query: Query, expected: float | None) -> None:
    """Refuse when the record does not know the tick that its writer remembers; nothing is expected of a new query.

    Only a database that was put back to an earlier state knows less than its one writer: a fail-over that lost
    acknowledged transactions, a restored copy.
    """
    if expected is None:
        return
    row = select(queries.c.last_reading_at).where(queries.c.digest == query_digest(query.key))
    if connection.execute(row).scalar() != expected:
        raise StoreBusy(
            "the database has forgotten the last ticks: it was put back to an earlier state",
            hint="nothing was written; what it knows is read again",
        )


def ask_only(db: Database, keys: Iterable[str], *, epoch: int | None = None) -> None:
    """From now on only these queries are asked; the others keep their readings, but nobody waits for new ones.

    Raises:
        LeaseLost: another instance writes now.
    """
    wanted = [query_digest(key) for key in keys]
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        connection.execute(update(queries).values(asked=queries.c.digest.in_(wanted)))


def load(connection: Connection) -> dict[str, QueryState]:
    """The queries that are asked, by key."""
    rows = connection.execute(select(queries).where(queries.c.asked)).all()
    known = lists(connection, (row.known for row in rows if row.known is not None))
    return {
        row.key: QueryState(
            query=Query.from_key(row.key),
            last_at=row.last_at,
            last_good_at=row.last_good_at,
            last_reading_at=row.last_reading_at,
            failures=row.failures,
            failing_since=row.failing_since,
            failure=failure_from(row),
            known=known.get(row.known),
            held_since=row.held_since,
        )
        for row in rows
    }

"""One tick, one transaction: everything a plan decided is recorded, or nothing is."""

from __future__ import annotations

from sqlalchemy import Connection

from sentinel.domain.alerts import Transition
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Reading
from sentinel.domain.records import Plan
from sentinel.store import alerts, incidents, ledgers, node_lists, notices, queries, readings, requests
from sentinel.store.database import Database
from sentinel.store.digests import digest, node_digest, query_digest
from sentinel.store.inserting import Row, add_missing
from sentinel.store.lease import check_epoch
from sentinel.store.tables import transitions


def commit(
    db: Database, plan: Plan, reading: Reading | None, *, epoch: int | None = None, after: float | None = None
) -> None:
    """Record a tick. The same plan twice adds nothing.

    `reading` None: the plan comes from an edit of the rules or from people, and no query is written. With an `epoch` the lease must
    still be ours. `after` is when the query was last judged, as the plan knows it: the record must know the same.

    Raises:
        StoreBusy: the tick may be repeated whole, after reading again what the record knows.
        LeaseLost: another instance writes now; nothing was written.
    """
    packed = readings.pack(reading) if reading is not None else None
    lists: list[NodeList] = [
        rows for rows in (plan.query.known if packed else None, packed.rows if packed else None) if rows is not None
    ]
    for rows in lists:
        node_lists.digest_of(rows)  # prepares the stored form before the write lock is taken
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        if packed is not None:
            queries.check_last(connection, plan.query.query, after)
            node_lists.keep(connection, lists)
            queries.save(connection, plan.query)
            readings.save(connection, packed)
        write(connection, plan)


def write(connection: Connection, plan: Plan) -> None:
    """All that a plan decided but for the query itself, within a transaction."""
    incidents.save(connection, plan.incidents, plan.events)
    alerts.save(connection, plan)
    add_missing(connection, transitions, map(_transition_row, plan.transitions))
    notices.add(connection, plan.notices)
    requests.answer(connection, plan.answers)
    ledgers.save(connection, plan.entries)


def _transition_row(one: Transition) -> Row:
    return {
        "digest": digest("transition", one.rule, one.service, one.node, one.query, one.at, one.after.value),
        "rule": one.rule,
        "service": one.service,
        "query": query_digest(one.query),
        "node": one.node,
        "node_digest": node_digest(one.node),
        "before": one.before.value,
        "after": one.after.value,
        "at": one.at,
        "value": one.value,
        "why": one.why,
        "incident": one.incident,
    }

"""Forgetting what is older than its retention, never anything of an incident that still lasts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, exists, or_, select

from sentinel.store import requests, silences
from sentinel.store.database import Database
from sentinel.store.tables import (
    alerts,
    events,
    incidents,
    is_undelivered,
    node_lists,
    notices,
    queries,
    readings,
    threads,
    transitions,
)

_SLICE = 500
"""Rows per transaction: a tick never waits long for housekeeping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long is remembered, in seconds. Incidents go with their timeline, notices and transitions."""

    readings: float
    incidents: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many rows went."""

    readings: int = 0
    transitions: int = 0
    notices: int = 0
    incidents: int = 0
    node_lists: int = 0


def purge(db: Database, at: float, retention: Retention) -> Purged:
    """Forget what is older than the retention says, in many short transactions, and cut SQLite's log.

    Open incidents keep their timeline, notices, threads and transitions whatever their age; so does every incident
    with a notice that is not delivered yet, and abandoned notices stay until their incident goes.

    Raises:
        StoreBusy: some of it is done; the rest may be done later.
    """
    before = at - retention.incidents
    purged = Purged(
        readings=purge_readings(db, at - retention.readings),
        incidents=_purge_incidents(db, before),
        transitions=_purge_transitions(db, before),
        notices=_purge_notices(db, before),
        node_lists=_purge_node_lists(db),
    )
    requests.purge(db, at - requests.KEPT)
    silences.purge(db, before)
    db.write_back()
    return purged


def purge_readings(db: Database, before: float) -> int:
    """Forget readings received before that instant; how many went."""
    gone = 0
    while True:
        with db.transaction() as connection:
            chosen = select(readings.c.query, readings.c.at).where(readings.c.at < before).limit(_SLICE)
            keys = connection.execute(chosen).all()
            for query, instant in keys:
                connection.execute(delete(readings).where((readings.c.query == query) & (readings.c.at == instant)))
        gone += len(keys)
        if len(keys) < _SLICE:
            return gone


def _purge_incidents(db: Database, before: float) -> int:
    owed = exists().where((notices.c.incident == incidents.c.id) & is_undelivered)
    held = exists().where(alerts.c.incident == incidents.c.id)
    chosen = select(incidents.c.id).where((incidents.c.resolved_at < before) & ~owed & ~held).limit(_SLICE)
    gone = 0
    while True:
        with db.transaction() as connection:
            ids = list(connection.execute(chosen).scalars())
            _forget(connection, ids)
        gone += len(ids)
        if len(ids) < _SLICE:
            return gone


def _forget(connection: Connection, ids: list[str]) -> None:
    for table in (events, transitions, notices, threads):
        connection.execute(delete(table).where(table.c.incident.in_(ids)))
    connection.execute(delete(incidents).where(incidents.c.id.in_(ids)))


def _purge_transitions(db: Database, before: float) -> int:
    """Transitions that led to no incident, or whose incident is gone."""
    lasting = exists().where(incidents.c.id == transitions.c.incident)
    chosen = select(transitions.c.id).where((transitions.c.at < before) & ~lasting).limit(_SLICE)
    gone = 0
    while True:
        with db.transaction() as connection:
            ids = list(connection.execute(chosen).scalars())
            connection.execute(delete(transitions).where(transitions.c.id.in_(ids)))
        gone += len(ids)
        if len(ids) < _SLICE:
            return gone


def _purge_notices(db: Database, before: float) -> int:
    """Notices of no incident: tests and what belonged to incidents that are gone."""
    lasting = exists().where(incidents.c.id == notices.c.incident)
    settled = ~is_undelivered
    chosen = select(notices.c.id).where(and_(notices.c.at < before, settled, ~lasting)).limit(_SLICE)
    gone = 0
    while True:
        with db.transaction() as connection:
            ids = list(connection.execute(chosen).scalars())
            connection.execute(delete(notices).where(notices.c.id.in_(ids)))
            lost = ~exists().where(incidents.c.id == threads.c.incident)
            unused = ~exists().where(notices.c.incident == threads.c.incident)
            connection.execute(delete(threads).where(and_(lost, unused)))
        gone += len(ids)
        if len(ids) < _SLICE:
            return gone


def _purge_node_lists(db: Database) -> int:
    """Node lists that no reading and no query refers to."""
    used = or_(
        exists().where(readings.c.rows == node_lists.c.digest),
        exists().where(queries.c.known == node_lists.c.digest),
    )
    with db.transaction() as connection:
        return connection.execute(delete(node_lists).where(~used)).rowcount

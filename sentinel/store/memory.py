"""What the last commit left: read once at start, kept by the engine from then on."""

from __future__ import annotations

from sentinel.domain.incidents import Incident
from sentinel.domain.memory import Memory
from sentinel.domain.records import Book, BookKey
from sentinel.store import alerts, incidents, ledgers, queries
from sentinel.store.database import Database

RECENT = 7 * 86400.0
"""Seconds before the last reading within which ended incidents are remembered: far longer than any `reopen_within`."""


def load(db: Database, *, recent_since: float | None = None) -> Memory:
    """Everything a tick needs to know, as the last commit left it.

    Ended incidents come along when they ended at or after `recent_since` (Unix seconds; None: a week before the last
    reading).
    """
    with db.reading() as connection:
        states = queries.load(connection)
        if recent_since is None:
            newest = max((one.last_reading_at for one in states.values() if one.last_reading_at), default=0.0)
            recent_since = newest - RECENT
        columns = alerts.load(connection)
        standing = ledgers.load(connection)
        episodes: dict[BookKey, dict[str, Incident]] = {}
        for incident in incidents.load(connection, recent_since):
            key = (incident.rule, incident.service, incident.source)
            episodes.setdefault(key, {})[incident.id] = incident
    keys = sorted(columns.keys() | episodes.keys(), key=str)
    books = {key: Book(key, columns.get(key, {}), episodes.get(key, {})) for key in keys}
    return Memory(states, books, ledgers=standing)

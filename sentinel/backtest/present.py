"""What the record knows now: the memory of the last tick, and the last reading of everything that is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sentinel.domain.memory import Memory
from sentinel.domain.reading import Query, Reading
from sentinel.store import memory, readings
from sentinel.store.database import Database


@dataclass(frozen=True, slots=True)
class Present:
    """Of one instant, more or less: a tick may have been committed in between."""

    memory: Memory
    latest: Mapping[Query, Reading]
    _db: Database

    def before(self, query: Query, since: float, until: float) -> Iterable[Reading]:
        """The readings of a query from `since` until before `until` (Unix seconds), oldest first."""
        return readings.between(self._db, query.key, since, until)


@contextmanager
def present(url: str) -> Iterator[Present]:
    """Read it from a database.

    Raises:
        StoreError: the database cannot be used.
    """
    db = Database.open(url, read_only=True)
    try:
        remembered = memory.load(db)
        found = (readings.latest(db, key) for key in remembered.queries)
        yield Present(remembered, {one.query: one for one in found if one is not None}, db)
    finally:
        db.close()

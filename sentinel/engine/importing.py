"""Readings of another database, or of long ago, taken into the record: for backtests, never judged live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from sentinel.domain.reading import Reading
from sentinel.store import readings
from sentinel.store.database import Database

BATCH = 200
"""Readings of one transaction: a live instance that writes to the same database waits a moment at most."""


def take_in(db: Database, found: Iterable[Reading], *, on_batch: Callable[[int], None] = lambda _: None) -> int:
    """Record readings; those that are there already stay as they are. How many were new.

    `on_batch` is called with the number of readings of every batch that is committed.

    Raises:
        StoreError: some of them are recorded; doing it again adds the rest.
    """
    new = 0
    for batch in _batches(found):
        new += readings.add(db, batch)
        on_batch(len(batch))
    return new


def _batches(found: Iterable[Reading]) -> Iterator[list[Reading]]:
    rest = iter(found)
    while batch := list(islice(rest, BATCH)):
        yield batch

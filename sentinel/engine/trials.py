"""Test notices: put into the same outbox as all others, so that they prove the whole way out."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel.domain.rules import Address
from sentinel.store import outbox
from sentinel.store.database import Database

LINE = "Test notice: this channel works"


def enqueue_tests(db: Database, addresses: Iterable[Address], at: float) -> list[int]:
    """One test notice for each address; their ids.

    Raises:
        StoreBusy: the database takes no write for the moment.
    """
    return [outbox.enqueue_test(db, address, at, LINE) for address in addresses]

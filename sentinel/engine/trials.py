"""What a person does to the outbox: test notices through the same way out as all others, and another try."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sentinel.domain.rules import Address
from sentinel.store import outbox, rearming
from sentinel.store.database import Database

LINE = "Test notice: this channel works"


def enqueue_tests(db: Database, addresses: Iterable[Address], at: float) -> list[int]:
    """One test notice for each address; their ids.

    Raises:
        StoreBusy: the database takes no write for the moment.
    """
    return [outbox.enqueue_test(db, address, at, LINE) for address in addresses]


def try_again(db: Database, ids: Sequence[int], at: float) -> int:
    """Offer abandoned and waiting notices again, now; how many there were of these.

    Raises:
        StoreBusy: the database takes no write for the moment.
    """
    return rearming.retry(db, ids, at)

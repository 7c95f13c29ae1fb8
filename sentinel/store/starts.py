"""When the program was started on a host, and whether it ended as it should."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from sentinel.store.database import Database
from sentinel.store.tables import starts

KEPT = 86400.0
"""Seconds that a start is remembered."""


def begin(db: Database, host: str, at: float) -> int:
    """Record a start; its number."""
    with db.transaction() as connection:
        connection.execute(delete(starts).where(starts.c.at < at - KEPT))
        done = connection.execute(insert(starts).values(host=host, at=at))
        assert done.inserted_primary_key is not None
        return int(done.inserted_primary_key[0])


def end(db: Database, number: int, at: float) -> None:
    """That start has come to a proper end."""
    with db.transaction() as connection:
        connection.execute(update(starts).where(starts.c.id == number).values(ended_at=at))


def crashed(db: Database, host: str, since: float) -> tuple[float, ...]:
    """The instants of starts on that host since then that came to no proper end, oldest first."""
    mine = (starts.c.host == host) & (starts.c.at >= since) & starts.c.ended_at.is_(None)
    with db.reading() as connection:
        return tuple(connection.execute(select(starts.c.at).where(mine).order_by(starts.c.at)).scalars())

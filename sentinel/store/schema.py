"""Which schema a database has, and the way to this program's. What migrates is loaded only where there is something to do."""

from __future__ import annotations

from sqlalchemy.pool import NullPool

from sentinel.store.addresses import place_of
from sentinel.store.complaints import translated
from sentinel.store.database import make_engine, revision_of
from sentinel.store.tables import REVISION


def current_revision(url: str) -> str | None:
    """The schema that a database has; None without any, or while there is no database file.

    Raises:
        StoreBusy, StoreError: the database cannot be used.
    """
    place = place_of(url)
    if place.path is not None and not place.path.exists():
        return None
    engine = make_engine(place, mode="ro", poolclass=NullPool)
    with translated(place.shown), engine.execution_options(sentinel_reads=True).connect() as connection:
        return revision_of(connection)


def bring_up(url: str) -> None:
    """See to it that a database has this program's schema, creating a SQLite file that is not there.

    Raises:
        SchemaOutOfDate: a newer program has upgraded it already.
        StoreBusy, StoreError: the database cannot be used.
    """
    if current_revision(url) == REVISION:
        return
    from sentinel.store.migrations import upgrade  # noqa: PLC0415  # only where there is something to do

    upgrade(url)

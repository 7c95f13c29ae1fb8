"""Where recorded readings come from: a database, or an archive that was exported from one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sentinel.domain.reading import Query, Reading
from sentinel.store import readings
from sentinel.store.archive import Archive
from sentinel.store.database import Database
from sentinel.store.readings import Span


class Past(Protocol):
    """Recorded readings, open. Instants in Unix seconds; streams are oldest first, with the columns of `metrics` alone.

    Raises:
        StoreError: on every use: it cannot be read.
    """

    def recorded_queries(self) -> tuple[Query, ...]: ...
    def spans(self) -> tuple[Span, ...]: ...
    def count(self, wanted: Iterable[Query], since: float, until: float) -> int: ...
    def stream(
        self, wanted: Iterable[Query], since: float, until: float, *, metrics: Container[str] | None = None
    ) -> Iterator[Reading]: ...


@dataclass(frozen=True, slots=True)
class Place:
    """The URL of a database, or the path of an archive: exactly one."""

    database: str | None = None
    archive: Path | None = None

    @contextmanager
    def opened(self) -> Iterator[Past]:
        """The readings there, until the end of the block.

        Raises:
            StoreError: there is none, or it cannot be read.
        """
        if self.archive is not None:
            archive = Archive.open(self.archive)
            try:
                yield archive
            finally:
                archive.close()
            return
        assert self.database is not None, "one of the two is given"
        db = Database.open(self.database, read_only=True)
        try:
            yield _OfDatabase(db)
        finally:
            db.close()


@dataclass(frozen=True, slots=True)
class _OfDatabase:
    db: Database

    def recorded_queries(self) -> tuple[Query, ...]:
        return readings.recorded_queries(self.db)

    def spans(self) -> tuple[Span, ...]:
        return readings.spans(self.db)

    def count(self, wanted: Iterable[Query], since: float, until: float) -> int:
        return readings.count(self.db, wanted, since, until)

    def stream(
        self, wanted: Iterable[Query], since: float, until: float, *, metrics: Container[str] | None = None
    ) -> Iterator[Reading]:
        return readings.stream(self.db, wanted, since, until, metrics=metrics)

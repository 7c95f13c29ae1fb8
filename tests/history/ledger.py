"""Databases as a run leaves them: polls decided by the domain and committed by the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.domain.plan import Plan
from sentinel.domain.reading import Reading
from sentinel.store.database import Database
from sentinel.store.migrations import upgrade
from sentinel.store.unit_of_work import commit
from tests.domain.polls import Run, a_rule

MINUTE = 60.0


@dataclass
class RecordedRun(Run):
    """A run in miniature whose every tick is committed."""

    db: Database | None = None
    readings: list[Reading] = field(default_factory=list)

    def feed(self, reading: Reading) -> Plan:
        done = super().feed(reading)
        assert self.db is not None
        commit(self.db, done, reading)
        self.readings.append(reading)
        return done


def url_of(path: Path) -> str:
    return f"sqlite:///{path / 'sentinel.db'}"


@contextmanager
def recorded(path: Path, *rules: object, **options: object) -> Iterator[RecordedRun]:
    """A run on a fresh SQLite file in that directory."""
    upgrade(url_of(path))
    db = Database.open(url_of(path))
    try:
        yield RecordedRun(rules=rules or (a_rule(),), db=db, **options)  # type: ignore[arg-type]
    finally:
        db.close()


def an_outage(run: RecordedRun) -> None:
    """Paris goes bad at 08:10, a second site of Europe at 08:20 widens it, all is well again at 08:40."""
    for paris, lyon, zurich in ((1, 1, 1), (20, 1, 1), (20, 15, 1), (12, 15, 1), (1, 1, 1)):
        run.good({"Europe/France/Paris": paris, "Europe/France/Lyon": lyon, "Europe/Zürich": zurich, "Asia/Tokyo": 1})

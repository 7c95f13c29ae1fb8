"""Databases as a run leaves them: polls decided by the domain and committed by the store."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.domain.plan import Plan
from sentinel.domain.reading import Reading
from sentinel.domain.rules import Rule
from sentinel.store.database import Database
from sentinel.store.unit_of_work import commit
from tests.domain.polls import Run, a_rule

PARIS, LYON, ZURICH, TOKYO = "Europe/France/Paris", "Europe/France/Lyon", "Europe/Zürich", "Asia/Tokyo"


@dataclass
class RecordedRun(Run):
    """A run in miniature whose every tick is committed."""

    db: Database | None = None

    def feed(self, reading: Reading) -> Plan:
        done = super().feed(reading)
        assert self.db is not None
        commit(self.db, done, reading)
        return done

    def figures(self, paris: float = 1, lyon: float = 1, zurich: float = 1, tokyo: float = 1) -> Plan:
        """One good answer of four sites; more than 10 is bad."""
        return self.good({PARIS: paris, LYON: lyon, ZURICH: zurich, TOKYO: tokyo})

    def an_outage(self) -> None:
        """Paris goes bad at 08:10, Lyon at 08:20 (so it is France), all is well at 08:40. The next poll is at 08:50."""
        for paris, lyon in ((1, 1), (20, 1), (20, 15), (12, 15), (1, 1)):
            self.figures(paris, lyon)


def recorded(db: Database, *rules: Rule, **options: object) -> RecordedRun:
    """A run on that database, of a rule over sites unless others are given."""
    return RecordedRun(rules=rules or (a_rule(),), db=db, **options)  # type: ignore[arg-type]

"""A record with an outage of the past and one that lasts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentinel.store.database import Database
from tests.history.ledger import RecordedRun, recorded


@pytest.fixture
def run(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedRun]:
    """France from 08:10 to 08:40, Tokyo from 08:50 on; the environment names the database."""
    monkeypatch.setenv("SENTINEL_DATABASE_URL", sqlite_url)
    db = Database.open(sqlite_url)
    run = recorded(db)
    run.an_outage()
    run.figures(tokyo=33.5)
    yield run
    db.close()

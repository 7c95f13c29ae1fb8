"""Every question about the past is asked of SQLite and Postgres, and of SQLite by both ways in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sentinel.history.record import Record, opened, reading
from sentinel.store.database import Database

Open = Callable[[], Iterator[Record]]


@pytest.fixture(params=["by the store's connection", "by the URL"])
def snapshot(request: pytest.FixtureRequest, database: Database, database_url: str) -> object:
    """What opens the record in a `with`."""

    @contextmanager
    def ask() -> Iterator[Record]:
        with reading(database) if "store" in request.param else opened(database_url) as record:
            yield record

    return ask

"""What a SQLite file is worth after a crash, and how large its log may become."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention, purge
from sentinel.store.memory import load
from sentinel.store.unit_of_work import commit
from tests.store.records import AT, BOOK, a_bad_tick, a_plan, a_reading


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database.open(sqlite_url)
    yield opened
    opened.close()


@pytest.mark.fault(32)
@pytest.mark.promise("P5")
def test_what_was_committed_is_in_the_files_while_the_process_still_has_them_open(
    database: Database, path: Path, tmp_path: Path
) -> None:
    """A copy of the files at that moment is what a machine finds that lost its power right after the commit."""
    commit(database, *a_bad_tick(), epoch=None)
    (tmp_path / "after").mkdir()
    for part in (path, path.with_name(path.name + "-wal")):
        shutil.copyfile(part, tmp_path / "after" / part.name)
    found = Database.open(f"sqlite:///{tmp_path / 'after' / path.name}")
    assert load(found).books[BOOK].open_incidents == load(database).books[BOOK].open_incidents != ()
    found.close()


AUTOMATIC = 1000 * 4096 * 1.2
"""SQLite writes its log back after a thousand pages, and then begins it anew."""


def fill(database: Database, first: int) -> None:
    """Several times as many pages as SQLite keeps in its log of its own accord."""
    dice = np.random.default_rng(first)
    rows = NodeList.of([("Europe", f"Site {number}") for number in range(10_000)])
    for number in range(first, first + 100):
        reading = a_reading(AT + 600.0 * number, figures=Figures(rows, {"devices": dice.random(10_000)}))
        commit(database, a_plan(reading), reading, epoch=None)


@pytest.mark.fault(33)
def test_the_log_is_written_back_and_begun_anew_while_running(database: Database) -> None:
    fill(database, 0)
    assert 0 < database.wal_bytes() < AUTOMATIC


@pytest.mark.fault(33)
def test_a_log_that_grew_under_a_long_reader_is_cut_by_housekeeping(database: Database) -> None:
    with database.reading() as slow:
        slow.exec_driver_sql("SELECT count(*) FROM readings")
        fill(database, 0)
        assert database.wal_bytes() > AUTOMATIC
    fill(database, 100)
    assert database.wal_bytes() > AUTOMATIC, "begun anew, but as long as before"
    purge(database, AT, Retention(readings=1e9, incidents=1e9))
    assert database.wal_bytes() == 0
    assert load(database).queries

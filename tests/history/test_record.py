"""Opening the record: the quick way for a file as it should be, the store's words for everything else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sentinel.errors import SchemaOutOfDate, StoreBusy, StoreError
from sentinel.history.filters import Filters
from sentinel.history.incidents import incidents
from sentinel.history.record import SqliteRecord, iso, opened, seconds, text_of
from sentinel.history.status import status
from sentinel.store.columns import Moment
from sentinel.store.database import Database
from tests.domain.polls import START
from tests.history.ledger import recorded


def test_a_plain_sqlite_file_is_read_without_the_database_library(sqlite_url: str) -> None:
    with opened(sqlite_url) as record:
        assert isinstance(record, SqliteRecord)


def test_reading_sees_one_moment_although_ticks_go_on(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    run = recorded(db)
    run.figures()
    with opened(sqlite_url) as record:
        before = status(record, START)
        run.figures(tokyo=20)
        assert status(record, START) == before
    with opened(sqlite_url) as record:
        assert status(record, START) != before
    db.close()


def test_reading_cannot_write(sqlite_url: str) -> None:
    with opened(sqlite_url) as record, pytest.raises(StoreError):
        list(record.rows("DELETE FROM incidents", {}))


def test_no_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutOfDate, match="no database yet"), opened(f"sqlite:///{tmp_path / 'x.db'}"):
        pass
    assert not (tmp_path / "x.db").exists()


def test_another_schema_is_named(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaOutOfDate, match="newer"), opened(sqlite_url):
        pass


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("Dear diary, " * 100)
    with pytest.raises(StoreError), opened(f"sqlite:///{tmp_path / 'notes.db'}"):
        pass


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "nonsense"])
def test_urls_of_no_use_are_refused(url: str) -> None:
    with pytest.raises(StoreError), opened(url):
        pass


def test_a_server_that_is_away_is_busy_and_the_password_stays_secret() -> None:
    with pytest.raises(StoreBusy) as away, opened("postgresql://u:hunter2@127.0.0.1:1/x?connect_timeout=1"):
        pass
    assert "hunter2" not in f"{away.value}{away.value.hint}"


def test_what_databases_refuse_comes_back_as_it_was(database: Database, snapshot: object) -> None:
    run = recorded(database, service="Mail\x00\ud800\x1a")
    run.good({"Z\u202e\x00\ud800": 20.0})
    with snapshot() as record:  # type: ignore[operator]
        (found,) = incidents(record, Filters())
    assert found.service == "Mail\x00\ud800\x1a"
    assert found.node == ("Z\u202e\x00\ud800",)


def test_instants_are_written_as_the_store_writes_them() -> None:
    from sqlalchemy.dialects.sqlite import dialect  # noqa: PLC0415

    for at in (0.0, START, START + 0.0004, START + 0.9996, START + 0.25):
        assert text_of(at) == Moment().process_bind_param(at, dialect())
        assert seconds(text_of(at)) == round(at, 3)
    assert iso(START) == "2026-03-02T08:00:00Z"
    assert iso(START + 0.25) == "2026-03-02T08:00:00.250Z"

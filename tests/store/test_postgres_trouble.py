"""Postgres is a server: restarted, out of reach, slow, locked, or read-only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from sentinel.errors import SchemaOutOfDate, StoreBusy, StoreError
from sentinel.store import database as database_module
from sentinel.store import lease, migrations
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.tables import REVISION
from sentinel.store.unit_of_work import commit
from tests.fakes.postgres import Postgres
from tests.store.records import a_bad_tick

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres: Postgres, migrated_postgres: str) -> Iterator[str]:
    made = postgres.create(template=migrated_postgres)
    yield made
    postgres.drop(made)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


def cut_all_connections(postgres: Postgres, url: str) -> None:
    """What a restart of the server does to its clients."""
    name = make_url(url).database
    postgres.run(
        sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(sql.Literal(name))
    )


@pytest.mark.fault(37)
def test_connections_that_died_between_two_ticks_are_replaced(database: Database, postgres: Postgres, url: str) -> None:
    """C 37: after a restart of the server the next tick simply works."""
    commit(database, *a_bad_tick(), epoch=None)
    cut_all_connections(postgres, url)
    commit(database, *a_bad_tick(), epoch=None)
    assert len(load(database).books) == 1


@pytest.mark.fault(37)
def test_a_connection_that_dies_within_a_tick_holds_it(database: Database, postgres: Postgres, url: str) -> None:
    """C 38, C 39: busy, and the same tick again is harmless whatever became of the first."""

    def tick() -> None:
        with database.transaction() as connection:
            connection.execute(text("SELECT 1"))
            cut_all_connections(postgres, url)
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreBusy):
        tick()
    commit(database, *a_bad_tick(), epoch=None)
    assert len(load(database).books) == 1


@pytest.mark.promise("P8")
def test_a_server_that_does_not_answer_is_busy_and_its_password_is_not_shown() -> None:
    """P8: the message names host and database, the mend comes from outside."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreBusy, match="cannot be reached") as refused:
            Database.open(f"postgresql://sentinel:s3cret@127.0.0.1:{port}/sentinel")
    assert f"127.0.0.1:{port}/sentinel" in refused.value.message
    assert "s3cret" not in f"{refused.value.message} {refused.value.hint} {refused.value.__cause__}"


def test_a_database_that_does_not_exist_is_an_error_with_a_hint(postgres: Postgres) -> None:
    """Trying again would not help."""
    server = make_url(postgres.url)
    with pytest.raises(StoreError, match="nobody"):
        Database.open(server.set(username="nobody").render_as_string(hide_password=False))
    missing = server.set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreError, match="nowhere") as refused:
        Database.open(missing)
    assert not isinstance(refused.value, StoreBusy)
    assert "SENTINEL_DATABASE_URL" in refused.value.hint


@pytest.mark.fault(43)
def test_a_statement_that_takes_too_long_is_stopped(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """C 43: a slow server holds a tick, it does not hang it."""
    monkeypatch.setattr(database_module, "STATEMENT_SECONDS", 0.05)
    with pytest.raises(StoreBusy, match="too long"), database.transaction() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))


@pytest.mark.fault(27)
def test_a_lock_held_by_another_program_holds_the_tick(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C 27: and the tick goes through afterwards."""
    with psycopg.connect(url) as other, monkeypatch.context() as patch:
        patch.setattr(database_module, "BUSY_SECONDS", 0.05)
        other.execute("LOCK TABLE notices")
        with pytest.raises(StoreBusy, match="locked"):
            commit(database, *a_bad_tick(), epoch=None)
    commit(database, *a_bad_tick(), epoch=None)
    assert len(load(database).books) == 1


@pytest.mark.fault(41)
def test_a_transaction_that_stands_idle_is_ended_by_the_server(
    database: Database, postgres: Postgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C 41: a paused instance does not keep its locks."""
    monkeypatch.setattr(database_module, "IDLE_SECONDS", 0.05)

    def paused() -> None:
        with psycopg.connect(postgres.url, autocommit=True) as watcher, database.transaction() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            while watcher.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
                pass
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreBusy):
        paused()


@pytest.mark.fault(29)
def test_a_read_only_server_is_found_at_the_start(postgres: Postgres, url: str) -> None:
    """C 29: after a fail-over the old address may be a standby."""
    name = make_url(url).database
    assert name is not None
    postgres.run(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(sql.Identifier(name)))
    with pytest.raises(StoreBusy, match="read-only"):
        Database.open(url)
    Database.open(url, read_only=True).close()


@pytest.mark.fault(40)
def test_a_transaction_that_loses_against_another_may_be_repeated(database: Database) -> None:
    """C 40: serialization failures and deadlocks are busy, not broken."""
    with pytest.raises(StoreBusy, match="in favour of another"), database.transaction() as connection:
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"))


@pytest.mark.parametrize(
    ("state", "words", "kind"),
    [
        ("53100", "short of disk", StoreBusy),
        ("53300", "short of disk", StoreBusy),
        ("57P03", "starting, stopping", StoreBusy),
        ("XX001", "damaged", StoreError),
        ("42P01", "x", SchemaOutOfDate),
        ("22012", "x", StoreError),
    ],
)
def test_what_the_server_complains_about_is_sorted(
    database: Database, state: str, words: str, kind: type[StoreError]
) -> None:
    """Busy may pass by itself; the rest needs a person."""
    with pytest.raises(StoreError, match=words) as raised, database.transaction() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"))
    assert type(raised.value) is kind


@pytest.mark.promise("P2")
def test_a_taker_of_the_lease_waits_for_a_commit_that_is_under_way(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: between the check of the epoch and the commit nobody else can become the writer."""
    mine = lease.acquire(database, "first", 0.0, "rules")
    other = Database.open(url)
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    with database.transaction() as connection:
        lease.check_epoch(connection, mine)
        with pytest.raises(StoreBusy, match="locked"):
            lease.acquire(other, "second", 60, "rules")
    assert lease.acquire(other, "second", 60, "rules") == 2
    other.close()


def test_an_upgrade_waits_for_another_one(postgres: Postgres) -> None:
    """Two replicas that start together: an advisory lock, not luck."""
    empty = postgres.create()
    done: list[str] = []
    with psycopg.connect(empty) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [migrations._LOCK])
        second = threading.Thread(target=lambda: done.append(migrations.upgrade(empty)))
        second.start()
        with psycopg.connect(empty, autocommit=True) as watcher:
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not watcher.execute(waiting).fetchone():
                pass
        assert done == []
    second.join()
    assert done == [REVISION]
    postgres.drop(empty)

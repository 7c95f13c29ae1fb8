"""A database looked at: SQLite and Postgres, healthy, sick, and beside a running instance."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from sentinel.clock import SystemClock
from sentinel.findings import Finding, Findings, State
from sentinel.store import examination, lease
from sentinel.store.database import Database
from sentinel.store.examination import examine, note_encryption
from sentinel.store.tables import REVISION
from tests.fakes.postgres import Postgres

CLOCK = SystemClock()
OURS = "a" * 64


def room(folder: Path, found: Findings) -> None:
    """How the disk is judged is tested where it is judged."""
    found.ok("disk", f"{folder} has room")


def looked_at(url: str, rules_hash: str | None = OURS) -> dict[str, Finding]:
    found = Findings(4)
    examine(url, rules_hash, CLOCK.now, found, room=room)
    named = {one.check: one for one in found}
    assert len(named) == len(found), found
    return named


def run_sql(url: str, statement: str) -> None:
    db = Database.open(url, check_schema=False, thorough=False)
    with db.transaction() as connection:
        connection.exec_driver_sql(statement)
    db.close()


def path_of(url: str) -> Path:
    return Path(str(make_url(url).database))


def test_a_healthy_database_takes_a_write_and_nobody_uses_it(database_url: str) -> None:
    found = looked_at(database_url)
    assert {one.state for one in found.values()} == {State.OK}
    assert list(found)[-4:] == ["reachable", "schema", "instance", "write"]
    assert found["schema"].text == f"{REVISION}, the newest"
    assert found["reachable"].text.startswith(("SQLite 3.", "Postgres 1"))


def test_an_address_that_is_none_is_told_without_its_password() -> None:
    found = looked_at("mysql://sentinel:canary@db.example.com/sentinel")
    assert found["address"].text == "mysql is not supported"
    assert "sqlite:///sentinel.db" in found["address"].mend
    assert found["write"].state is State.SKIPPED


@pytest.mark.fault(34)
def test_a_file_on_a_network_file_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_named: "files:/export /srv nfs4 rw 0 0\n")
    found = looked_at("sqlite:////srv/sentinel.db")
    assert "network file system (nfs4)" in found["address"].text
    assert "use Postgres" in found["address"].mend
    asked_for = looked_at("sqlite:////srv/sentinel.db?network_file_system=allowed")
    assert asked_for["address"].state is State.WARNING
    assert "because the URL says so" in asked_for["address"].text


def test_a_file_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    found = looked_at(f"sqlite:///{tmp_path}/sentinel.db")
    assert (found["reachable"].state, found["schema"].state) == (State.OK, State.SKIPPED)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_one_with_the_command(tmp_path: Path) -> None:
    found = looked_at(f"sqlite:///{tmp_path}/data/sentinel.db")
    assert (found["disk"].state, found["disk"].code) == (State.FAILED, 4)
    assert found["disk"].mend == f"create it: mkdir -p {tmp_path}/data"


@pytest.mark.parametrize(("revision", "word"), [("0000", "older"), ("9999", "newer")])
def test_another_schema_is_told_with_what_to_do(database_url: str, revision: str, word: str) -> None:
    run_sql(database_url, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608  # ours
    found = looked_at(database_url)
    assert found["schema"].text == f"its schema {revision} is {word} than this program's {REVISION}"
    assert ("db upgrade" in found["schema"].mend) is (word == "older")
    assert (found["instance"].state, found["write"].state) == (State.SKIPPED, State.SKIPPED)


def test_a_database_without_tables_is_told_apart(empty_database_url: str) -> None:
    if empty_database_url.startswith("sqlite"):
        sqlite3.connect(path_of(empty_database_url)).close()
        path_of(empty_database_url).touch()
    assert looked_at(empty_database_url)["schema"].text == "it has no tables of Sentinel yet"


def test_a_file_that_is_no_database_names_the_way_back(tmp_path: Path) -> None:
    (tmp_path / "sentinel.db").write_bytes(b"these are not the bytes you are looking for" * 100)
    found = looked_at(f"sqlite:///{tmp_path}/sentinel.db")
    assert "not a SQLite database" in found["reachable"].text
    assert "backup" in found["reachable"].mend


def test_a_file_that_another_program_holds_locked_says_who_to_look_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel.store.database.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path_of(sqlite_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = looked_at(sqlite_url)
    assert found["schema"].state is State.OK
    assert found["write"].state is State.FAILED
    assert "locked" in found["write"].text
    assert f"fuser -v {path_of(sqlite_url)}" in found["write"].mend


def test_beside_a_running_instance_a_file_is_only_read(sqlite_url: str) -> None:
    running = Database.open(sqlite_url)
    running.claim()
    lease.acquire(running, "host:1", 60.0, OURS)
    written = path_of(sqlite_url).with_name("sentinel.db-wal").stat().st_size
    found = looked_at(sqlite_url)
    assert path_of(sqlite_url).with_name("sentinel.db-wal").stat().st_size == written
    running.close()
    assert found["instance"].text.startswith("pid ")
    assert found["instance"].text.endswith(" runs with these rules")
    assert found["write"].state is State.SKIPPED
    assert looked_at(sqlite_url)["write"].state is State.OK, "and it left no lock behind"


@pytest.fixture
def leading(database_url: str) -> Iterator[str]:
    """Somebody leads with other rules than ours."""
    running = Database.open(database_url)
    running.claim()
    lease.acquire(running, "other-host:1:abc", 60.0, "b" * 64)
    yield database_url
    running.close()


def test_a_leader_with_other_rules_is_a_warning(leading: str) -> None:
    found = looked_at(leading)
    assert found["instance"].state is State.WARNING
    assert "runs with other rules than this file" in found["instance"].text
    assert looked_at(leading, None)["instance"].state is State.OK, "without a file of ours there is nothing to compare"


@pytest.mark.postgres
def test_on_postgres_the_lease_says_who_leads(postgres: Postgres, migrated_postgres: str) -> None:
    url = postgres.create(template=migrated_postgres)
    db = Database.open(url)
    lease.acquire(db, "other-host:1:abc", 60.0, OURS)
    assert looked_at(url)["instance"].text == "other-host:1:abc runs with these rules"
    lease.acquire(db, "other-host:1:abc", -1.0, OURS)
    assert looked_at(url)["instance"].text == "no instance runs on it"
    db.close()
    postgres.drop(url)


@pytest.mark.postgres
def test_on_postgres_its_clock_is_compared(migrated_postgres: str) -> None:
    late = examine(migrated_postgres, None, lambda: CLOCK.now() - 300.0, Findings(), room=room)
    assert late.ahead is not None
    assert 290 < late.ahead < 310


@pytest.mark.postgres
def test_postgres_refusals_name_the_variable_and_no_password(postgres: Postgres) -> None:
    nowhere = make_url(postgres.url).set(database="nowhere").render_as_string(hide_password=False)
    found = looked_at(nowhere)
    assert 'database "nowhere" does not exist' in found["reachable"].text
    assert "SENTINEL_DATABASE_URL" in found["reachable"].mend
    away = looked_at("postgresql://sentinel:canary@127.0.0.1:1/sentinel")["reachable"]
    assert "cannot be reached" in away.text
    assert "canary" not in away.text + away.mend
    assert "that the server runs" in away.mend


@pytest.mark.parametrize(
    ("url", "encrypted", "state", "words"),
    [
        ("postgresql://u@db.example.com/s", False, State.WARNING, "nothing is encrypted on the way to db.example.com"),
        ("postgresql://u@db.example.com/s?sslmode=require", True, State.OK, "nobody checks who answers"),
        ("postgresql://u@db.example.com/s?sslmode=verify-full", True, State.OK, "certificate is checked"),
        ("postgresql:///s?host=db.example.com", False, State.WARNING, "db.example.com"),
        ("postgresql://u@127.0.0.1/s", False, None, ""),
        ("postgresql:///s?host=/run/postgresql", False, None, ""),
    ],
)
def test_the_way_to_another_machine_ought_to_be_encrypted(
    url: str, encrypted: bool, state: State | None, words: str
) -> None:
    found = Findings()
    note_encryption(make_url(url), found, encrypted=encrypted)
    assert [one.state for one in found] == ([] if state is None else [state])
    assert all(words in one.text for one in found)


@pytest.mark.postgres
def test_a_role_that_may_only_read_is_told_what_it_needs(postgres: Postgres, migrated_postgres: str) -> None:
    url = postgres.create(template=migrated_postgres)
    run_sql(url, "ALTER DATABASE " + str(make_url(url).database) + " SET default_transaction_read_only = on")
    write = looked_at(url)["write"]
    postgres.drop(url)
    assert write.state is State.FAILED
    assert "the role needs to write into its tables" in write.mend


def test_a_write_ahead_log_that_grows_is_a_warning(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "WAL_LARGE", 1000)
    with closing(sqlite3.connect(path_of(sqlite_url), isolation_level=None)) as reader:
        run_sql(sqlite_url, "UPDATE lease SET epoch = 7")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM lease").fetchall()
        run_sql(sqlite_url, "UPDATE lease SET epoch = 8")
        log: Any = looked_at(sqlite_url)["log"]
    assert log.state is State.WARNING
    assert "write-ahead log has grown to" in log.text

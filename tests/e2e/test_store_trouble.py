"""The database goes away for a while: the program stays, says so, and goes on by itself with nothing half-written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from sentinel.store.database import Database
from tests.e2e.audit import audit
from tests.e2e.stage import Stage, stage
from tests.fakes.postgres import Postgres
from tests.fakes.program import Program, eventually

pytestmark = pytest.mark.process


def red(program: Program, reason: str) -> None:
    """Wait until health is red for that reason."""

    def told() -> bool:
        status, body = program.get("/healthz")
        return status == 503 and reason in body

    eventually(told, f"health is red: {reason}")


def green(program: Program) -> None:
    eventually(lambda: program.get("/healthz")[0] == 200, "health is green again")


def ends_well(it: Stage, program: Program, url: str) -> None:
    """The site recovers, and after a clean stop the record and Slack agree."""
    it.bad = set()
    eventually(lambda: it.roots and "recovered" in it.roots[0].text.lower(), "the recovery")
    assert program.terminate() == 0
    database = Database.open(url)
    found = audit(it, database)
    database.close()
    assert (found.lost, found.repeated, found.open, found.incidents) == ((), (), 0, 1)


@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(27)
def test_a_database_locked_by_another_program(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        program.start(until="polling")
        it.polled()
        with closing(sqlite3.connect(tmp_path / "sentinel.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            it.bad = {it.sites[0]}
            program.says("tick held")
            red(program, "locked")
            assert it.kinds == []
            other.execute("ROLLBACK")
        eventually(lambda: it.kinds == ["posted"], "the opening, late")
        green(program)
        ends_well(it, program, sqlite_url)


@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(30)
def test_a_database_directory_that_is_gone_and_comes_back(tmp_path: Path, migrated_sqlite: Path) -> None:
    place, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    place.mkdir()
    (place / "sentinel.db").write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{place / 'sentinel.db'}"
    with stage(tmp_path, url) as it, it.program() as program:
        program.start(until="polling")
        it.polled()
        place.rename(elsewhere)
        it.bad = {it.sites[0]}
        program.says("tick held")
        red(program, "deleted or replaced")
        assert it.kinds == []
        elsewhere.rename(place)
        eventually(lambda: it.kinds == ["posted"], "the opening, late")
        green(program)
        assert "Traceback" not in program.log
        ends_well(it, program, url)


@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(29, 37)
@pytest.mark.postgres
def test_a_postgres_that_refuses_writes_and_drops_its_connections(
    postgres: Postgres, migrated_postgres: str, tmp_path: Path
) -> None:
    url = postgres.create(template=migrated_postgres)
    name = make_url(url).database
    with stage(tmp_path, url) as it, it.program() as program:
        program.start(until="polling")
        it.polled()
        with psycopg.connect(postgres.url, autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')  # type: ignore[arg-type]
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            admin.execute(cut, (name,))
            it.bad = {it.sites[0]}
            program.says("tick held")
            red(program, "read-only")
            assert it.kinds == []
            admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = off')  # type: ignore[arg-type]
            admin.execute(cut, (name,))
            eventually(lambda: it.kinds == ["posted"], "the opening, late")
            green(program)
            admin.execute(cut, (name,))
        assert program.running
        ends_well(it, program, url)

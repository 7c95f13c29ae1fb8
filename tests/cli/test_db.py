"""`sentinel db upgrade` and `db check`."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.tables import REVISION
from sentinel.store.unit_of_work import commit
from tests.cli.terminal import call
from tests.store.records import BOOK, a_bad_tick


def _checked(url: str, code: int) -> dict[str, Any]:
    done = call("db", "check", "--database", url, "--json")
    assert done.exit_code == code, done.output
    shape: dict[str, Any] = json.loads(done.stdout)
    return shape


def test_a_new_database_is_made_and_then_left_alone(empty_database_url: str) -> None:
    first = json.loads(call("db", "upgrade", "--database", empty_database_url, "--json").stdout)
    assert (first["before"], first["after"]) == (None, REVISION)
    second = call("db", "upgrade", "--database", empty_database_url)
    assert (second.exit_code, second.stdout) == (0, "")
    assert f"schema {REVISION} is the newest" in second.stderr


def test_a_good_database_passes(database_url: str) -> None:
    shape = _checked(database_url, 0)
    assert shape["ok"] is True
    assert [(one["check"], one["ok"]) for one in shape["checks"]] == [("schema", True), ("integrity", True)]
    assert call("db", "check", "--database", database_url).stdout.startswith("ok    schema")


def test_no_database_is_4_and_none_is_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    shape = _checked(url, 4)
    assert shape["checks"][0]["hint"] == "run `sentinel db upgrade`"
    assert list(tmp_path.iterdir()) == []
    done = call("db", "check", "--database", url)
    assert "hint: run `sentinel db upgrade`" in done.stderr


def test_a_table_that_is_not_as_it_should_be_is_4(sqlite_url: str) -> None:
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute("ALTER TABLE events DROP COLUMN value")
    connection.close()
    shape = _checked(sqlite_url, 4)
    assert not shape["checks"][0]["ok"]


def test_a_damaged_file_is_4(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 12] = b"\xff" * 4096 * 9
    path.write_bytes(data)
    shape = _checked(sqlite_url, 4)
    assert not shape["ok"]


def test_a_url_of_no_use_is_4_and_shows_no_password() -> None:
    done = call("db", "check", "--database", "mysql://u:hunter2@host/x")
    assert done.exit_code == 4
    assert "hunter2" not in done.output


def test_the_database_may_be_named_by_a_file(sqlite_url: str, tmp_path: Path) -> None:
    named = tmp_path / "url"
    named.write_text(sqlite_url + "\n")
    assert call("status", "--json", env={"SENTINEL_DATABASE_URL_FILE": str(named)}).exit_code == 0
    lost = call("status", env={"SENTINEL_DATABASE_URL_FILE": str(tmp_path / "lost")})
    assert lost.exit_code == 2


def test_the_default_is_that_of_the_settings() -> None:
    from sentinel.cli.options import DATABASE, RULES  # noqa: PLC0415
    from sentinel.config.settings import Settings  # noqa: PLC0415

    assert Settings.load({}).database_url.get_secret_value() == DATABASE
    assert str(Settings.load({}).rules) == RULES


@pytest.mark.fault(31)
def test_a_damaged_database_is_replaced_by_its_last_copy(sqlite_url: str, tmp_path: Path) -> None:
    """As the complaint about the damage says; the copy was made while the database was open and being written."""
    path, copy = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "copy.db"
    running = Database.open(sqlite_url)
    commit(running, *a_bad_tick(), epoch=None)
    made = json.loads(call("db", "backup", str(copy), "--database", sqlite_url, "--json").stdout)
    assert made["bytes"] == copy.stat().st_size
    assert copy.stat().st_mode & 0o077 == 0
    running.close()
    path.write_bytes(b"\xff" * 4096 + path.read_bytes()[4096:])
    assert _checked(sqlite_url, 4)["checks"][0]["ok"] is False
    for part in tmp_path.glob("sentinel.db*"):
        part.rename(tmp_path / f"damaged-{part.name}")
    copy.rename(path)
    assert _checked(sqlite_url, 0)["ok"] is True
    again = Database.open(sqlite_url)
    assert load(again).books[BOOK].open_incidents
    again.close()


def test_a_copy_overwrites_nothing_and_leaves_nothing_half_done(sqlite_url: str, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("mine")
    done = call("db", "backup", str(there), "--database", sqlite_url)
    assert (done.exit_code, there.read_text()) == (4, "mine")
    assert "there already" in done.stderr
    nowhere = call("db", "backup", str(tmp_path / "no" / "copy.db"), "--database", sqlite_url)
    assert nowhere.exit_code == 4
    assert "cannot be written" in nowhere.stderr
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 12] = b"\xff" * 4096 * 9
    path.write_bytes(data)
    assert call("db", "backup", str(tmp_path / "copy.db"), "--database", sqlite_url).exit_code == 4
    assert sorted(one.name for one in tmp_path.iterdir() if "copy" in one.name) == []


def test_postgres_is_copied_by_its_own_tools(tmp_path: Path) -> None:
    done = call("db", "backup", str(tmp_path / "copy"), "--database", "postgresql://nobody@127.0.0.1:9/none")
    assert done.exit_code == 4
    assert "pg_dump" in done.stderr

"""SQLite is a file: locked, full, read-only, deleted, replaced, damaged, or another's."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from sentinel.errors import AlreadyRunning, SchemaOutOfDate, StoreBusy, StoreError
from sentinel.store import database as database_module
from sentinel.store import lease
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.migrations import upgrade
from sentinel.store.unit_of_work import commit
from tests.store.records import AT, a_bad_tick, a_plan, a_reading


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is waited for as briefly as may be."""
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)


@pytest.fixture
def database(impatient: None, sqlite_url: str) -> Iterator[Database]:
    opened = Database.open(sqlite_url)
    yield opened
    opened.close()


@pytest.mark.promise("P5")
@pytest.mark.fault(32)
def test_every_connection_has_the_settings_that_keep_what_was_acknowledged(database: Database) -> None:
    """WAL, FULL, foreign keys: C 32."""
    with database.transaction() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_a_write_takes_the_lock_before_it_reads(database: Database) -> None:
    """A transaction that would only find out later that it cannot write is none."""
    statements: list[str] = []
    event.listen(database.engine, "checkout", lambda raw, *_: raw.set_trace_callback(statements.append))
    commit(database, *a_bad_tick(), epoch=None)
    assert next(one for one in statements if not one.startswith("PRAGMA")) == "BEGIN IMMEDIATE"


@pytest.mark.fault(27)
def test_a_database_locked_by_another_program_holds_the_tick(database: Database, path: Path) -> None:
    """C 27: busy, nothing written, and the same tick goes through afterwards."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked by another program"):
        commit(database, *a_bad_tick(), epoch=None)
    assert load(database).books == {}
    other.execute("COMMIT")
    other.close()
    commit(database, *a_bad_tick(), epoch=None)
    assert len(load(database).books) == 1


@pytest.mark.fault(27)
def test_a_thread_that_writes_for_too_long_holds_the_tick_as_well(database: Database) -> None:
    """Within one process the turn is waited for without asking the file."""
    with (
        database.transaction(),
        pytest.raises(StoreBusy, match="locked by another thread"),
        database.transaction(),
    ):
        pass


@pytest.mark.promise("P5")
@pytest.mark.fault(28)
def test_a_full_disk_holds_the_tick_and_leaves_nothing_half_written(database: Database) -> None:
    """C 28: and it goes on by itself once there is room."""
    limits = {"pages": 1}

    def limit(connection: sqlite3.Connection, *_rest: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limits['pages']}")

    event.listen(database.engine, "checkout", limit)
    nodes = [("Europe", f"Site {number}") for number in range(20_000)]
    plan, reading = a_bad_tick(a_reading(nodes=nodes))
    with pytest.raises(StoreBusy, match="disk is full"):
        commit(database, plan, reading, epoch=None)
    assert load(database).queries == {}
    limits["pages"] = 1_000_000
    commit(database, plan, reading, epoch=None)
    assert len(load(database).queries) == 1


@pytest.mark.fault(29)
def test_a_file_that_may_not_be_written_is_found_at_the_start(sqlite_url: str, path: Path) -> None:
    """C 29: by a test write, before anything is polled."""
    locked_up = path.with_name("readonly.db")
    shutil.copyfile(path, locked_up)
    with pytest.raises(StoreBusy, match="read-only"):
        _open_read_only_file(locked_up)


def _open_read_only_file(path: Path) -> None:
    """As root every file may be written, so the file system's refusal is played by SQLite's own read-only mode."""
    database = Database.open(f"sqlite:///{path}", thorough=False)
    event.listen(database.engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA query_only = 1"))
    try:
        database.check()
    finally:
        database.close()


def test_a_database_opened_for_reading_refuses_writes_and_changes_no_file(database: Database, sqlite_url: str) -> None:
    """`sentinel status` beside a running instance."""
    commit(database, *a_bad_tick(), epoch=None)
    reader = Database.open(sqlite_url, read_only=True)
    assert len(load(reader).books) == 1
    with pytest.raises(StoreError, match="reading only"), reader.transaction():
        pass
    reader.close()


@pytest.mark.fault(30)
@pytest.mark.parametrize("deed", ["deleted", "replaced"])
def test_a_file_that_goes_away_stops_the_writing(database: Database, path: Path, deed: str) -> None:
    """C 30: SQLite itself would go on writing into a file that nobody can find again."""
    path.rename(path.with_name("old.db"))
    if deed == "replaced":
        shutil.copyfile(path.with_name("old.db"), path)
    with pytest.raises(StoreError, match="deleted or replaced") as stopped:
        commit(database, *a_bad_tick(), epoch=None)
    assert not isinstance(stopped.value, StoreBusy)
    with pytest.raises(StoreError, match="deleted or replaced"):
        database.check()
    with pytest.raises(StoreError, match="deleted or replaced"):
        load(database)


@pytest.mark.fault(30)
def test_a_file_that_comes_back_is_used_again(database: Database, path: Path) -> None:
    """Somebody moved it by mistake."""
    path.rename(path.with_name("old.db"))
    with pytest.raises(StoreError):
        database.check()
    path.with_name("old.db").rename(path)
    database.check()


@pytest.mark.fault(31)
def test_a_damaged_file_is_refused_with_the_way_to_restore_it(sqlite_url: str, path: Path) -> None:
    """C 31: it is neither opened nor made anew."""
    damaged = bytearray(path.read_bytes())
    for start in range(4096, len(damaged), 4096):
        damaged[start : start + 512] = os.urandom(512)
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="damaged") as refused:
        Database.open(sqlite_url)
    assert "sentinel db backup" in refused.value.hint
    assert path.read_bytes()[4096:4100] == damaged[4096:4100]


@pytest.mark.fault(31)
def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A text file under that name stays as it is."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but longer than any header that SQLite would look at" * 40)
    before = other.read_bytes()
    with pytest.raises(StoreError, match="not a SQLite database"):
        Database.open(f"sqlite:///{other}")
    assert other.read_bytes() == before


def test_a_missing_file_is_not_created_by_opening(tmp_path: Path) -> None:
    """Only an upgrade creates a database."""
    missing = tmp_path / "sentinel.db"
    with pytest.raises(SchemaOutOfDate, match="no database yet") as refused:
        Database.open(f"sqlite:///{missing}")
    assert "sentinel db upgrade" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    """A directory under that name, or none to put it into."""
    with pytest.raises(StoreError, match="not a file"):
        Database.open(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreError, match="directory does not exist"):
        Database.open(f"sqlite:///{tmp_path / 'no' / 'sentinel.db'}")


@pytest.mark.fault(14)
def test_a_second_instance_is_told_which_process_has_the_file(sqlite_url: str) -> None:
    """A 14: two pollers on one file would each tell everything."""
    first, second = Database.open(sqlite_url), Database.open(sqlite_url)
    first.claim()
    first.claim()
    assert first.claimed
    with pytest.raises(AlreadyRunning, match=rf"already running, pid {os.getpid()}"):
        second.claim()
    assert not second.claimed
    first.close()
    second.claim()
    second.close()


@pytest.mark.promise("P5")
def test_the_claim_of_a_killed_process_is_gone_with_it(sqlite_url: str, path: Path) -> None:
    """P5: no file has to be removed by hand after kill -9."""
    program = (
        "import sys; from sentinel.store.database import Database; d = Database.open(sys.argv[1]); d.claim();"
        "print('claimed', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", program, sqlite_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "claimed\n"
    database = Database.open(sqlite_url)
    with pytest.raises(AlreadyRunning, match=f"pid {holder.pid}"):
        database.claim()
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    assert path.with_name(path.name + "-lock").exists()
    database.claim()
    database.close()


@pytest.mark.threat("symlink")
def test_a_lock_that_is_a_link_is_not_followed(sqlite_url: str, path: Path, tmp_path: Path) -> None:
    """Whoever may write beside the database could have any file of ours emptied."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path.with_name(path.name + "-lock").symlink_to(victim)
    database = Database.open(sqlite_url)
    with pytest.raises(StoreBusy, match="-lock"):
        database.claim()
    database.close()
    assert victim.read_text() == "precious"


@pytest.mark.threat("data-at-rest")
def test_a_new_database_and_what_belongs_to_it_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        url = f"sqlite:///{tmp_path / 'new.db'}"
        upgrade(url)
        database = Database.open(url)
        database.claim()
        commit(database, *a_bad_tick(), epoch=None)
        modes = {one.name: oct(one.stat().st_mode & 0o777) for one in tmp_path.glob("new.db*")}
        database.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("new.db", "new.db-lock", "new.db-wal", "new.db-shm"), "0o600")


def test_commands_may_write_beside_the_running_instance(database: Database, sqlite_url: str) -> None:
    """An acknowledgement needs a short write, not the file for itself."""
    database.claim()
    beside = Database.open(sqlite_url)
    commit(beside, *a_bad_tick(), epoch=None)
    beside.close()
    assert len(load(database).books) == 1


def test_a_relative_path_is_held_on_to(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A change of directory does not move the database."""
    monkeypatch.chdir(path.parent)
    database = Database.open(f"sqlite:///{path.name}")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    database.check()
    database.close()


def test_names_with_blanks_and_signs_are_paths_like_any_other(path: Path) -> None:
    """`?`, `#` and `%` mean something in a URL of SQLite."""
    odd = path.with_name("a b #1 50% ä.db")
    path.rename(odd)
    database = Database.open(f"sqlite:///{odd}")
    reading = a_reading(AT)
    commit(database, a_plan(reading), reading, epoch=None)
    assert lease.current(database).epoch == 0
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM readings")).scalar_one() == 1
    database.close()
    assert odd.exists()

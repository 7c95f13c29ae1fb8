"""An open database: short transactions, checked files, and complaints in the words of the error tree."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, text, update
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

from sentinel.errors import SchemaOutOfDate, StoreBusy, StoreError
from sentinel.store.addresses import Place, place_of
from sentinel.store.complaints import HELD, RESTORE, UPGRADE, replaced, translated
from sentinel.store.instance import InstanceLock
from sentinel.store.tables import REVISION, lease

BUSY_SECONDS = 5.0
"""How long a write waits for another one before the tick is held."""

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 30
IDLE_SECONDS = 15
"""How long the server waits for the next statement of a transaction. Who was cut off in the middle of one holds the lease's
row until then, and nobody can take over; between two statements of ours lie milliseconds."""

_WAL_TRIES = 20

Mode = Literal["ro", "rw", "rwc"]


class Database:
    """SQLite or Postgres, open. Safe to use from several threads; every use is one short transaction."""

    def __init__(self, place: Place, engine: Engine, *, read_only: bool) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.read_only = read_only
        self.shown = place.shown
        self._path = place.path
        self._identity: tuple[int, int] | None = _identity(place.path) if place.path is not None else None
        self._instance = InstanceLock(place.path) if place.path is not None else None
        self._writing = threading.Lock()
        self._readers = engine.execution_options(sentinel_reads=True)

    @classmethod
    def open(cls, url: str, *, read_only: bool = False, check_schema: bool = True, thorough: bool = True) -> Database:
        """Open an existing database. Nothing is migrated and no file is created.

        `thorough` looks through a SQLite file for damage and makes a test write; it is left out for `read_only`.

        Raises:
            SchemaOutOfDate: there are no tables, or those of an older or newer program.
            StoreBusy: it is locked, read-only, full or out of reach.
            StoreError: it is damaged, or the URL is of no use.
        """
        place = place_of(url)
        if place.path is not None:
            _must_exist(place)
        database = cls(place, make_engine(place, mode="ro" if read_only else "rw"), read_only=read_only)
        try:
            if thorough and not read_only:
                database._look_for_damage()
            if check_schema:
                database._check_schema()
            if thorough and check_schema and not read_only:
                database.check()
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close all connections and let go of the instance lock."""
        self.engine.dispose()
        if self._instance is not None:
            self._instance.release()

    def claim(self) -> None:
        """Be the one instance that polls and tells with this SQLite file, until `close`. Postgres has the lease.

        Raises:
            AlreadyRunning: another process is.
        """
        if self._instance is not None:
            self._instance.acquire()

    @property
    def folder(self) -> Path | None:
        """Where the SQLite file lies; None for Postgres."""
        return self._path.parent if self._path is not None else None

    @property
    def claimed(self) -> bool:
        """Whether this process is the one instance of a SQLite file."""
        return self._instance is not None and self._instance.held

    @property
    def in_use(self) -> bool:
        """Whether some process, this or another, is the one instance of a SQLite file. False for Postgres."""
        return self._instance is not None and self._instance.is_taken()

    def check(self) -> None:
        """Prove that the database takes a write.

        Raises:
            StoreBusy: it does not, for the moment.
            StoreError: its file is not the one that was opened.
        """
        with self.transaction() as connection:
            connection.execute(update(lease).values(epoch=lease.c.epoch))

    def wal_bytes(self) -> int:
        """The length of SQLite's write-ahead log; 0 on Postgres."""
        log = self._path.with_name(self._path.name + "-wal") if self._path is not None else None
        return log.stat().st_size if log is not None and log.exists() else 0

    def write_back(self) -> None:
        """Move what stands in SQLite's write-ahead log into the file and cut the log.

        SQLite does the first by itself all the time, but never shortens a log that grew while somebody was reading.

        Raises:
            StoreBusy: not now.
        """
        if self._path is None:
            return
        with translated(self.shown), self._one_writer():
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing: committed at the end of the block, undone when it raises.

        Raises:
            StoreBusy: nothing was written, or on a lost connection nobody knows; the same work may be tried again.
            StoreError: the database cannot be used.
        """
        if self.read_only:
            raise StoreError(f"{self.shown}: it was opened for reading only")
        with translated(self.shown), self._one_writer(), self.engine.begin() as connection:
            _limit(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot; a write inside fails.

        Raises:
            StoreBusy: it is out of reach for the moment.
            StoreError: the database cannot be used.
        """
        with translated(self.shown):
            self._same_file()
            with self._readers.begin() as connection:
                _limit(connection, reads=True)
                yield connection

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        """SQLite has one writer at a time: threads of this process queue here instead of polling its lock."""
        if self._path is None:
            yield
            return
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise StoreBusy(f"{self.shown}: it is locked by another thread", hint=HELD)
        try:
            self._same_file()
            yield
        finally:
            self._writing.release()

    def _same_file(self) -> None:
        if self._path is not None and _identity(self._path) != self._identity:
            raise replaced(self.shown)

    def _look_for_damage(self) -> None:
        if self.dialect != "sqlite":
            return
        with self.reading() as connection:
            found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":
            raise StoreError(f"{self.shown}: it is damaged ({found})", hint=RESTORE)

    def _check_schema(self) -> None:
        with self.reading() as connection:
            found = revision_of(connection)
        if found == REVISION:
            return
        if found is None:
            raise SchemaOutOfDate(f"{self.shown}: it has no tables of Sentinel yet", hint=UPGRADE)
        if found > REVISION:
            raise SchemaOutOfDate(
                f"{self.shown}: its schema {found} is newer than this program's {REVISION}",
                hint="use the Sentinel that upgraded it, or a newer one",
            )
        raise SchemaOutOfDate(f"{self.shown}: its schema {found} is older than this program's {REVISION}", hint=UPGRADE)


def revision_of(connection: Connection) -> str | None:
    """The migration that the database stands at; None without any."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def make_engine(place: Place, *, mode: Mode = "rw", **options: Any) -> Engine:
    """An engine with the settings that every connection of Sentinel has.

    `mode` is about SQLite files: `ro` never writes, `rw` needs an existing file, `rwc` creates it.
    """
    if place.path is None:
        wanted = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "sentinel",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": STATEMENT_SECONDS * 1000,
        }
        arguments = {key: value for key, value in wanted.items() if key not in place.url.query}
        engine = create_engine(
            place.url,
            connect_args={**arguments, "prepare_threshold": None},
            pool_pre_ping=True,
            hide_parameters=True,
            **options,
        )
        from sentinel.store.answering import bound_waiting  # noqa: PLC0415  # its driver is for those who use Postgres

        bound_waiting(engine)
        return engine
    path = place.path

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )

    engine = create_engine(place.url, creator=connect, hide_parameters=True, **options)
    if mode != "ro":
        event.listen(engine, "connect", _settle_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _settle_sqlite(connection: DBAPIConnection, _record: object) -> None:
    """WAL lets readers go on while a tick is written; FULL keeps an acknowledged commit through a power cut."""
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """Done once in a file's life. Alone among all statements it does not wait for a lock, so a transaction does."""
    for _ in range(_WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        else:
            return
    cursor.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    """Straight to the driver: every transaction begins here, and nothing of what the library adds to a statement is needed."""
    reads = connection.get_execution_options().get("sentinel_reads", False)
    cursor = connection.connection.cursor()
    if connection.info.get("sentinel_reads") is not reads:  # kept with the file's connection, as the setting itself
        cursor.execute(f"PRAGMA query_only = {int(reads)}")
        connection.info["sentinel_reads"] = reads
    cursor.execute("BEGIN" if reads else "BEGIN IMMEDIATE")
    cursor.close()


def _limit(connection: Connection, *, reads: bool = False) -> None:
    """Limits that hold for one Postgres transaction, so that they also hold behind a pooler that shares sessions.

    Writing is what the server makes of it: asking for it by name would override an administrator's read-only setting.
    """
    if connection.dialect.name == "postgresql":
        snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;" if reads else ""
        connection.exec_driver_sql(
            f"{snapshot}SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s';"
            f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s';"
            f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
        )


def _must_exist(place: Place) -> None:
    path = place.path
    if path is None or path.is_file():
        return
    if path.exists():
        raise StoreError(f"{place.shown}: it is not a file")
    if not path.parent.is_dir():
        raise StoreError(f"{place.shown}: the directory does not exist", hint=f"create {path.parent}")
    raise SchemaOutOfDate(f"{place.shown}: there is no database yet", hint=UPGRADE)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # hot path: a Path costs more than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino

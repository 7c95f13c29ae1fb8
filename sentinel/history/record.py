"""The record, opened for reading: one snapshot, plain SELECTs, rows as tuples.

The same SELECTs run over the standard library's SQLite and over any open `Database`. The first exists because a command
that answers one question should not spend its time on loading a database library: for a SQLite file that is as it
should be, nothing else is imported; whatever is unusual is left to `Database`, which has the words for it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sentinel.store.database import Database

REVISION = "0007"
"""The schema that these SELECTs are written for; a test compares it with the store's."""

BUSY_SECONDS = 5.0

Row = tuple[Any, ...]
Node = tuple[str, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AWKWARD = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


class Record(Protocol):
    """One consistent snapshot of the record."""

    def rows(self, select: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of a SELECT with `:name` places, as the database gives them: see the functions below.

        Raises:
            StoreBusy: it is out of reach for the moment.
            StoreError: it cannot be used.
        """

    def instant(self, at: float) -> Any:
        """Unix seconds as this database compares them."""


class SqliteRecord:
    """A SQLite file through the standard library."""

    def __init__(self, connection: sqlite3.Connection, shown: str) -> None:
        self._connection = connection
        self._shown = shown

    def rows(self, select: str, values: Mapping[str, Any]) -> Iterator[Row]:
        try:
            yield from self._connection.execute(select, values)
        except sqlite3.Error as error:
            from sentinel.store.complaints import translated  # noqa: PLC0415  # only when something is wrong

            with translated(self._shown):
                raise error from None

    def instant(self, at: float) -> str:
        return text_of(at)


class DatabaseRecord:
    """Any database through the store's own connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, select: str, values: Mapping[str, Any]) -> Iterator[Row]:
        from sqlalchemy import text  # noqa: PLC0415  # loaded by whoever made the connection

        found = self._connection.execute(text(select), dict(values))
        yield from map(tuple, found)

    def instant(self, at: float) -> Any:
        return text_of(at) if self._connection.dialect.name == "sqlite" else _EPOCH + timedelta(seconds=at)


@contextmanager
def reading(db: Database) -> Iterator[Record]:
    """A snapshot of an open database."""
    with db.reading() as connection:
        yield DatabaseRecord(connection)


@contextmanager
def opened(url: str) -> Iterator[Record]:
    """A snapshot of the database at a URL. Nothing is created, nothing is migrated.

    Raises:
        SchemaOutOfDate: there are no tables, or those of an older or newer program.
        StoreBusy: it is out of reach for the moment.
        StoreError: it cannot be used, or the URL is none.
    """
    quick = _quick(url)
    if quick is not None:
        connection, shown = quick
        try:
            yield SqliteRecord(connection, shown)
        finally:
            connection.close()
        return
    from sentinel.store.database import Database  # noqa: PLC0415  # see the module's docstring

    db = Database.open(url, read_only=True)
    try:
        with reading(db) as record:
            yield record
    finally:
        db.close()


def _quick(url: str) -> tuple[sqlite3.Connection, str] | None:
    """A read transaction on a plain SQLite file with the expected schema; None for everything else."""
    scheme, _, name = url.partition(":///")
    if scheme not in ("sqlite", "sqlite+pysqlite") or not name or "?" in name or name.startswith((":", "file:")):
        return None
    path = Path(unquote(name)).expanduser().absolute()
    if not path.is_file():
        return None
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("BEGIN")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        found = None
    if connection is not None and (found is None or found[0] != REVISION):
        connection.close()
        return None
    return None if connection is None else (connection, str(path))


def seconds(value: Any) -> float:
    """An instant that the database gave, in Unix seconds, to the millisecond."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return float(round((moment - _EPOCH) / timedelta(milliseconds=1)) / 1000)


def maybe_seconds(value: Any) -> float | None:
    """As `seconds`; NULL is None."""
    return None if value is None else seconds(value)


def words(value: str | None) -> str:
    """A text that the database gave: what databases refuse stands in it as U+001A and four hex digits."""
    if value is None or "\x1a" not in value:
        return value or ""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


def kept(text: str) -> str:
    """A text to compare with what the database has: the reverse of `words`."""
    return _AWKWARD.sub(lambda found: f"\x1a{ord(found[0]):04x}", text)


def maybe_words(value: str | None) -> str | None:
    """As `words`; NULL is None."""
    return None if value is None else words(value)


def node(value: str) -> Node:
    """A node that the database gave."""
    return tuple(json.loads(value))


def text_of(at: float) -> str:
    """An instant as a SQLite file has it: `2026-03-02T08:00:00.000Z`."""
    return (_EPOCH + timedelta(milliseconds=round(at * 1000))).isoformat(timespec="milliseconds")[:23] + "Z"


def iso(at: float) -> str:
    """An instant in ISO 8601, UTC with a Z; milliseconds only where there are some."""
    return text_of(at).replace(".000Z", "Z")


def maybe_iso(at: float | None) -> str | None:
    """As `iso`; None stays None."""
    return None if at is None else iso(at)

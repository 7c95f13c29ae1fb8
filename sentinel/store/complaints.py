"""What a database complains about, in the words of the error tree: busy for the moment, out of date, or unusable."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sentinel.errors import SchemaOutOfDate, StoreBusy, StoreError

UPGRADE = "run `sentinel db upgrade`"
RESTORE = (
    "stop Sentinel, move the damaged file away and put the last copy made by `sentinel db backup` in its place; "
    "nothing was changed"
)
HELD = "nothing was written; the same work is tried again"

_SQLITE_BUSY = {
    3: "access was denied",
    5: "it is locked by another program",
    6: "it is locked by another connection",
    7: "memory ran out",
    8: "it is read-only",
    9: "the work was interrupted",
    10: "reading or writing the disk failed",
    13: "the disk is full",
    14: "the file cannot be opened",
    15: "its lock protocol failed",
}
"""Primary result codes of SQLite that may pass by themselves or by mending the machine, not the database."""

_SQLITE_DAMAGED = {11: "it is damaged", 26: "it is not a SQLite database"}
_SQLITE_MOVED = 1032

_POSTGRES_BUSY = {
    "08": "the connection was lost",
    "25006": "it is read-only",
    "25P03": "a transaction stood idle for too long",
    "40": "it stopped this transaction in favour of another",
    "53": "it is short of disk, memory or connections",
    "55": "what is needed is locked",
    "57": "it is starting, stopping, or stopped a statement that took too long",
    "58": "its machine had a fault",
}
"""SQLSTATE values, or their first two characters, of the same kind (PostgreSQL documentation, appendix A)."""

_REFUSED = re.compile(r"authentication failed|no password supplied|does not exist|no pg_hba.conf entry", re.IGNORECASE)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Run database work; whatever the library raises comes out as a StoreError.

    `where` names the database as people may see it: never with its password.
    """
    try:
        yield
    except DBAPIError as error:
        raise _of_driver(where, error.orig) from error
    except PoolTimeout as error:
        raise StoreBusy(f"{where}: all connections are in use", hint=HELD) from error
    except SQLAlchemyError as error:
        raise StoreError(f"{where}: {type(error).__name__}", hint="this is a mistake in Sentinel") from error
    except sqlite3.Error as error:
        raise _of_driver(where, error) from error


def _of_driver(where: str, error: BaseException | None) -> StoreError:
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(where, error)
    return _of_postgres(where, error)


def _of_sqlite(where: str, error: sqlite3.Error) -> StoreError:
    extended = getattr(error, "sqlite_errorcode", None) or 0
    code = extended & 0xFF
    said = str(error)
    if extended == _SQLITE_MOVED:
        return replaced(where)
    if code in _SQLITE_BUSY:
        return StoreBusy(f"{where}: {_SQLITE_BUSY[code]} ({said})", hint=HELD)
    if code in _SQLITE_DAMAGED:
        return StoreError(f"{where}: {_SQLITE_DAMAGED[code]} ({said})", hint=RESTORE)
    if said.startswith(("no such table", "no such column")):
        return SchemaOutOfDate(f"{where}: {said}", hint=UPGRADE)
    return StoreError(f"{where}: {said}")


def _of_postgres(where: str, error: BaseException | None) -> StoreError:
    state = getattr(error, "sqlstate", None) or ""
    said = (str(error).strip().splitlines() or ["no answer"])[0]
    if state.startswith("42P01") or state == "42703":
        return SchemaOutOfDate(f"{where}: {said}", hint=UPGRADE)
    if state.startswith(("28", "3D")) or (not state and _REFUSED.search(said)):
        return StoreError(f"{where}: {said}", hint="check user, password and database in SENTINEL_DATABASE_URL")
    if state.startswith("XX"):
        return StoreError(f"{where}: it is damaged ({said})", hint="look into the server's log; restore a backup")
    words = _POSTGRES_BUSY.get(state) or _POSTGRES_BUSY.get(state[:2])
    if words is not None:
        return StoreBusy(f"{where}: {words} ({said})", hint=HELD)
    if not state and type(error).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout"):
        return StoreBusy(f"{where}: it cannot be reached ({said})", hint=HELD)
    return StoreError(f"{where}: {said}")


def replaced(where: str) -> StoreError:
    """The file under the open database is not the one that was opened."""
    return StoreError(
        f"{where}: the file was deleted or replaced while Sentinel was using it",
        hint="put the file back and restart Sentinel; what it recorded since then is in the old file",
    )

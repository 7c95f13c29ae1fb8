"""A copy of a SQLite database that is whole, made beside a running instance."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sentinel.errors import StoreError
from sentinel.store.addresses import place_of
from sentinel.store.complaints import translated


def copy(url: str, target: Path) -> int:
    """Copy the database to a new file that only its owner can read, look through it, and name it last; its bytes.

    Raises:
        StoreError: the database is not a SQLite file, is damaged, or the target is there already or cannot be written.
    """
    place = place_of(url)
    if place.path is None:
        raise StoreError(f"{place.shown}: Postgres is copied by its own tools", hint="use pg_dump")
    if not place.path.is_file():
        raise StoreError(f"{place.shown}: there is no database")
    if target.exists():
        raise StoreError(f"{target}: it is there already", hint="choose another name; nothing is overwritten")
    half = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(half, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        with translated(str(target)):
            _fill(place.path, half)
        half.rename(target)
    except OSError as refused:
        raise StoreError(f"{target}: it cannot be written ({refused.strerror})") from refused
    finally:
        half.unlink(missing_ok=True)
    return target.stat().st_size


def _fill(source: Path, half: Path) -> None:
    """One consistent moment of the source; writers go on meanwhile."""
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original:
        with closing(sqlite3.connect(half)) as made:
            original.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")
            found = made.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(
                f"{source}: it is damaged ({found})", hint="the copy was thrown away; keep the last good one"
            )
    with half.open("rb") as written:
        os.fsync(written.fileno())

"""A database looked at: its address, its place, its schema, who writes to it. Beside a running instance it is only read."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.pool import NullPool

from sentinel.errors import StoreError
from sentinel.findings import Findings
from sentinel.store import lease
from sentinel.store.addresses import Place, place_of
from sentinel.store.complaints import translated
from sentinel.store.database import Database, make_engine, revision_of
from sentinel.store.instance import InstanceLock
from sentinel.store.migrations import head_revision

DISK_LOW = 0.10
"""Share of a disk that is left, below which it is a warning."""

DISK_FULL = 100 * 2**20
"""Bytes below which a tick may not find room any more."""

WAL_LARGE = 64 * 2**20
"""Bytes of write-ahead log; SQLite folds it into the file after some 4 MB unless a reader never ends."""

CHECKS = ("disk", "reachable", "schema", "instance", "write")

_UPGRADE = "run `sentinel db upgrade`; `sentinel run` does it by itself"


@dataclass(frozen=True, slots=True)
class Seen:
    """What others need to know: how far the database's clock is ahead of ours (seconds), None where it has none."""

    ahead: float | None = None


def examine(url: str, rules_hash: str | None, now: Callable[[], float], found: Findings) -> Seen:
    """Note how the database is. `rules_hash` is that of our rules file, None when it cannot be read."""
    try:
        place = place_of(url)
    except StoreError as error:
        found.failed("address", error.message, error.hint)
        found.rest(CHECKS, "the address cannot be used")
        return Seen()
    found.ok("address", place.shown)
    if place.path is not None and not _file(place.path, found):
        return Seen()
    try:
        return _inside(place, url, rules_hash, now, found)
    except StoreError as error:
        found.failed("reachable", error.message, _mend(error, place))
        found.rest(CHECKS[2:], "the database cannot be read")
        return Seen()


def _mend(error: StoreError, place: Place) -> str:
    """What the store hints at; its word about trying again is of no use to somebody who looks for the cause."""
    if error.hint and not error.hint.startswith("nothing was written"):
        return error.hint
    if place.path is not None:
        return f"see who has {place.path} open (fuser -v), whose it is, and whether its disk is well"
    return "check host and port in SENTINEL_DATABASE_URL, the way there, and that the server runs"


def _file(path: Path, found: Findings) -> bool:
    """The disk below a SQLite file; False where there is no file to look into."""
    if not path.parent.is_dir():
        found.failed("disk", f"the directory {path.parent} does not exist", f"create it: mkdir -p {path.parent}")
        found.rest(CHECKS[1:], "there is no database")
        return False
    _disk(path.parent, found)
    if not path.exists():
        if os.access(path.parent, os.W_OK):
            found.ok("reachable", "there is no file yet; `sentinel run` makes it")
        else:
            found.failed(
                "reachable",
                f"{path.parent} cannot be written",
                f"give it to this user: chown {os.getuid()} {path.parent}",
            )
        found.rest(CHECKS[2:], "there is no database yet")
        return False
    _log(path, found)
    return True


def _disk(directory: Path, found: Findings) -> None:
    usage = shutil.disk_usage(directory)
    share = usage.free / usage.total if usage.total else 0.0
    words = f"{_size(usage.free)} free of {_size(usage.total)} ({share:.0%})"
    mend = f"make room on the disk of {directory}, or shorten SENTINEL_RETENTION_DAYS"
    if usage.free < DISK_FULL:
        found.failed("disk", f"{words}: nothing can be recorded soon", mend)
    elif share < DISK_LOW:
        found.warning("disk", words, mend)
    else:
        found.ok("disk", words)


def _log(path: Path, found: Findings) -> None:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > WAL_LARGE:
        mend = f"end whatever reads the file all the time (fuser -v {path}), then restart Sentinel"
        found.warning("log", f"its write-ahead log has grown to {_size(size)}", mend)


def _inside(place: Place, url: str, rules_hash: str | None, now: Callable[[], float], found: Findings) -> Seen:
    engine = make_engine(place, mode="ro", poolclass=NullPool)
    with translated(place.shown), engine.execution_options(sentinel_reads=True).connect() as connection:
        before = now()
        ahead = lease.database_time(connection) - (before + now()) / 2 if place.path is None else None
        revision = revision_of(connection)
        found.ok(
            "reachable",
            _version(connection.dialect.name, connection.execute(text(_VERSION[connection.dialect.name])).scalar_one()),
        )
    if not _schema(revision, found):
        found.rest(CHECKS[3:], "the schema comes first")
        return Seen(ahead)
    running = _instance(url, place, rules_hash, found)
    _write(url, running, found)
    return Seen(ahead)


_VERSION = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}


def _version(dialect: str, number: str) -> str:
    return f"{'SQLite' if dialect == 'sqlite' else 'Postgres'} {number}"


def _schema(revision: str | None, found: Findings) -> bool:
    head = head_revision()
    if revision == head:
        found.ok("schema", f"{head}, the newest")
    elif revision is None:
        found.failed("schema", "it has no tables of Sentinel yet", _UPGRADE)
    elif revision > head:
        text = f"its schema {revision} is newer than this program's {head}"
        found.failed("schema", text, "use the Sentinel that upgraded it, or a newer one")
    else:
        found.failed("schema", f"its schema {revision} is older than this program's {head}", _UPGRADE)
    return revision == head


def _instance(url: str, place: Place, rules_hash: str | None, found: Findings) -> str:
    """Who writes to it now, empty when nobody does."""
    db = Database.open(url, read_only=True)
    try:
        held = lease.current(db)
    finally:
        db.close()
    pid = _claimed(place.path) if place.path is not None else ""
    running = f"pid {pid}" if pid else (held.holder or "") if place.path is None and held.seconds_left > 0 else ""
    if not running:
        found.ok("instance", "no instance runs on it")
    elif rules_hash is not None and held.rules_hash and held.rules_hash != rules_hash:
        mend = "restart it to take this file, or name the one it runs with: SENTINEL_RULES"
        found.warning("instance", f"{running} runs with other rules than this file", mend)
    else:
        found.ok("instance", f"{running} runs" + (" with these rules" if held.rules_hash and rules_hash else ""))
    return running


def _claimed(path: Path) -> str:
    """The process that has claimed a SQLite file, empty for none. Asking takes the lock for a moment, to share it."""
    lock = InstanceLock(path).path
    try:
        file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(file)
    return ""


def _write(url: str, running: str, found: Findings) -> None:
    if running:
        found.skipped("write", f"{running} runs on it: it is only read here")
        return
    try:
        db = Database.open(url, thorough=False)
        try:
            db.check()
        finally:
            db.close()
    except StoreError as error:
        mend = "the disk, the file and its folder must be writable for this user; nobody else may hold it locked"
        found.failed("write", error.message, mend)
    else:
        found.ok("write", "it takes a write")


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004  # as disks are sold
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"

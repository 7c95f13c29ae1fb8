"""A database looked at: its address, its place, its schema, who writes to it. Beside a running instance it is only read."""

from __future__ import annotations

import fcntl
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.pool import NullPool

from sentinel.errors import StoreError
from sentinel.findings import Findings
from sentinel.store import lease
from sentinel.store.addresses import Place, place_of
from sentinel.store.complaints import translated
from sentinel.store.database import Database, make_engine, revision_of
from sentinel.store.instance import InstanceLock
from sentinel.store.tables import REVISION

WAL_LARGE = 64 * 2**20
"""Bytes of write-ahead log; SQLite folds it into the file after some 4 MB unless a reader never ends."""

CHECKS = ("disk", "reachable", "schema", "instance", "write")

_ROLE_MEND = (
    "the role needs to write into its tables (best it owns them), and the server must not be a read-only standby"
)
_UPGRADE = "run `sentinel db upgrade`; `sentinel run` does it by itself"


@dataclass(frozen=True, slots=True)
class Seen:
    """What others need to know: how far the database's clock is ahead of ours (seconds), None where it has none."""

    ahead: float | None = None


Room = Callable[[Path, Findings], None]
"""Notes how much room is left in a folder."""


def examine(url: str, rules_hash: str | None, now: Callable[[], float], found: Findings, *, room: Room) -> Seen:
    """Note how the database is. `rules_hash` is that of our rules file, None when it cannot be read."""
    try:
        place = place_of(url)
    except StoreError as error:
        found.failed("address", error.message, error.hint)
        found.rest(CHECKS, "the address cannot be used")
        return Seen()
    if place.network:
        text = f"{place.shown} lies on a network file system ({place.network}), because the URL says so"
        found.warning(
            "address", text, "locks do not hold there: one broken lock damages the file. Use a local disk or Postgres"
        )
    else:
        found.ok("address", place.shown)
    if place.path is not None and not _file(place.path, found, room):
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


def _file(path: Path, found: Findings, room: Room) -> bool:
    """The disk below a SQLite file; False where there is no file to look into."""
    if not path.parent.is_dir():
        found.failed("disk", f"the directory {path.parent} does not exist", f"create it: mkdir -p {path.parent}")
        found.rest(CHECKS[1:], "there is no database")
        return False
    room(path.parent, found)
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
        kind = connection.dialect.name
        found.ok("reachable", f"{_NAMES[kind]} {connection.execute(text(_VERSION[kind])).scalar_one()}")
        if place.path is None:
            secured = connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar()
            note_encryption(place.url, found, encrypted=bool(secured))
    if not _schema(revision, found):
        found.rest(CHECKS[3:], "the schema comes first")
        return Seen(ahead)
    running = _instance(url, place, rules_hash, found)
    _write(url, place, running, found)
    return Seen(ahead)


_NAMES = {"sqlite": "SQLite", "postgresql": "Postgres"}
_VERSION = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}


def note_encryption(url: URL, found: Findings, *, encrypted: bool) -> None:
    """Note whether the way to another machine is encrypted, and whether the certificate there is looked at."""
    host = url.host or str(url.query.get("host", "/"))
    if host.startswith("/") or _is_here(host):
        return
    if not encrypted:
        text = f"nothing is encrypted on the way to {host}, the password neither"
        found.warning("tls", text, "add ?sslmode=verify-full to SENTINEL_DATABASE_URL, and switch TLS on at the server")
    elif url.query.get("sslmode") in ("verify-ca", "verify-full"):
        found.ok("tls", "encrypted, and the server's certificate is checked")
    else:
        found.ok("tls", "encrypted, but nobody checks who answers: sslmode=verify-full would")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _schema(revision: str | None, found: Findings) -> bool:
    if revision == REVISION:
        found.ok("schema", f"{REVISION}, the newest")
    elif revision is None:
        found.failed("schema", "it has no tables of Sentinel yet", _UPGRADE)
    elif revision > REVISION:
        text = f"its schema {revision} is newer than this program's {REVISION}"
        found.failed("schema", text, "use the Sentinel that upgraded it, or a newer one")
    else:
        found.failed("schema", f"its schema {revision} is older than this program's {REVISION}", _UPGRADE)
    return revision == REVISION


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


def _write(url: str, place: Place, running: str, found: Findings) -> None:
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
        who = f"see who has it open (fuser -v {place.path}); disk, file and folder must be writable for this user"
        mend = who if place.path is not None else _ROLE_MEND
        found.failed("write", error.message, mend)
    else:
        found.ok("write", "it takes a write")


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004  # as disks are sold
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"

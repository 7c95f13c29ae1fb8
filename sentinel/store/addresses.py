"""Database URLs: read, shown without secrets, and checked before anything is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from sentinel.errors import StoreError

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "ncpfs", "afs", "fuse.sshfs"})
"""File systems whose locks cannot be trusted (SQLite documentation, "How To Corrupt An SQLite Database File")."""

ASKED_FOR = "network_file_system"
"""The parameter of a SQLite URL that takes the risk: `sqlite:////srv/sentinel.db?network_file_system=allowed`."""

_EXAMPLE = "use sqlite:///sentinel.db or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is. `path` is set for SQLite, absolute. `shown` never holds a password.

    `network` is the kind of network file system that the file lies on because somebody asked for it; else empty.
    """

    url: URL
    path: Path | None
    shown: str
    network: str = ""


def place_of(url: str) -> Place:
    """Read a database URL.

    Raises:
        StoreError: it is no URL, of another database, or its file would lie on a network file system.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The library's message may quote the URL, and with it the password.
        raise StoreError("the database URL cannot be read", hint=_EXAMPLE) from None
    kind = parsed.get_backend_name()
    if kind in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
        return Place(parsed, None, _shown(parsed))
    if kind != "sqlite":
        raise StoreError(f"{kind} is not supported", hint=_EXAMPLE)
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise StoreError("a SQLite database needs a file", hint=_EXAMPLE)
    path = Path(parsed.database).expanduser().absolute()
    network = _network_below(path)
    if network and parsed.query.get(ASKED_FOR) != "allowed":
        raise StoreError(
            f"{path}: it lies on a network file system ({network}), where SQLite's locks do not hold",
            hint=f"put the file on a local disk, or use Postgres; at your own risk: ?{ASKED_FOR}=allowed behind the URL",
        )
    return Place(parsed.set(drivername="sqlite+pysqlite", database=str(path), query={}), path, str(path), network)


def _shown(url: URL) -> str:
    """Without the password, and without what follows the `?`: that may hold one too."""
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()


def _network_below(path: Path) -> str:
    """The kind of network file system that a path lies on, empty for a local disk or where nobody knows."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    kind = filesystem_of(path.resolve(), mounts.read_text(encoding="utf-8", errors="surrogateescape"))
    return kind if kind in _NETWORK else ""


def filesystem_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/mounts; empty when it is not listed."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = Path(_unescaped(fields[1]))
        if len(point.parts) >= best and path.is_relative_to(point):
            best, kind = len(point.parts), fields[2]
    return kind


def _unescaped(field: str) -> str:
    r"""Blanks in a mount point are written as `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)

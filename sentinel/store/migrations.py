"""The door to the migrations: they ship inside the package, or lie beside it in a checkout."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

import sentinel
from sentinel.errors import SchemaOutOfDate, StoreError
from sentinel.store.addresses import Place, place_of
from sentinel.store.complaints import translated
from sentinel.store.database import make_engine, revision_of

_LOCK = 0x53454E54494E454C
"""The advisory lock that two upgrades of one Postgres database take in turn: "SENTINEL" in ASCII."""


def upgrade(url: str, revision: str = "head") -> str:
    """Bring a database to the newest schema, creating a SQLite file that is not there; the revision it then has.

    All of it is one transaction, and a second upgrade at the same time waits for the first.

    Raises:
        SchemaOutOfDate: a newer program has upgraded it already.
        StoreBusy, StoreError: the database cannot be used.
    """
    return _migrate(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str = "base") -> str:
    """Take a database back to an older schema; the revision it then has, empty without any.

    Raises:
        StoreBusy, StoreError: the database cannot be used.
    """
    return _migrate(url, lambda config: command.downgrade(config, revision))


def check(url: str) -> None:
    """Compare a database with the tables of this program.

    Raises:
        StoreError: they differ; the message says in what.
    """
    _migrate(url, command.check)


def head_revision() -> str:
    """The newest schema that this program brings along."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise StoreError("this program has no migrations", hint="install it again")
    return head


def config() -> Config:
    """Alembic's configuration without a file. The connection is given in `attributes`, never as text."""
    found = Config(stdout=io.StringIO())
    found.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    found.set_main_option("path_separator", "newline")
    return found


def _scripts() -> Path:
    package = Path(sentinel.__file__).parent
    for place in (package / "_alembic", package.parent / "alembic"):
        if (place / "env.py").is_file():
            return place
    raise StoreError("the migrations are missing from this installation", hint="install Sentinel again")


def _migrate(url: str, work: Callable[[Config], object]) -> str:
    place = place_of(url)
    _make_room(place)
    engine = make_engine(place, mode="rwc", poolclass=NullPool)
    with translated(place.shown), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _refuse_newer(place, connection)
        wanted = config()
        wanted.attributes["connection"] = connection
        try:
            work(wanted)
        except CommandError as error:
            raise StoreError(f"{place.shown}: {error}") from error
        return revision_of(connection) or ""


def _make_room(place: Place) -> None:
    if place.path is not None and not place.path.parent.is_dir():
        raise StoreError(f"{place.shown}: the directory does not exist", hint=f"create {place.path.parent}")
    if place.path is not None and not place.path.exists():
        # SQLite would let everybody read it; its other files get the same rights.
        with contextlib.suppress(OSError):
            os.close(os.open(place.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _refuse_newer(place: Place, connection: Connection) -> None:
    found = revision_of(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaOutOfDate(
            f"{place.shown}: its schema {found} is not known to this program, whose newest is {head_revision()}",
            hint="use the Sentinel that upgraded it, or a newer one",
        )

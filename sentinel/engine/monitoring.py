"""Everything by which Sentinel watches itself, wired."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

from sentinel.clock import Clock
from sentinel.engine.instance import Instance
from sentinel.engine.looks import Disk, Polling, Telling, WallClock
from sentinel.engine.selfwatch import Look, SelfWatch
from sentinel.store.database import Database


class Monitoring:
    """The watch over one instance. `while_leading` runs as long as it leads."""

    def __init__(self, instance: Instance, db: Database, clock: Clock) -> None:
        self._instance = instance
        self._db = db
        self._clock = clock
        self.watch = SelfWatch(instance.ticker, clock, self._looks)
        self.while_leading: tuple[Callable[[], Awaitable[None]], ...] = (self.watch.run,)

    def _looks(self) -> tuple[Look, ...]:
        instance = self._instance
        return (
            Telling(self._db, self._clock),
            Polling(instance.ticker, self._clock, lambda: instance.asked),
            WallClock(self._clock, socket.gethostname()),
            Disk(self._db.folder),
        )

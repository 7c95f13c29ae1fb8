"""How Sentinel itself is: what `/healthz` says and container health checks read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sentinel.clock import Clock
from sentinel.domain.asking import Asked
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.engine.tick import Ticker
from sentinel.errors import StoreError
from sentinel.store import outbox
from sentinel.store.database import Database

OUTBOX_TOO_OLD = 120.0
"""Seconds after which an undelivered notice turns health red."""

SOURCE_TOO_OLD = 3.0
"""A query without a reading for so many of its intervals turns health red."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `text` says what is wrong, or how it is."""

    name: str
    good: bool
    text: str


@dataclass
class Health:
    """Looks at the store, the readings and the outbox. `role` tells leader or standby.

    `difference`: that the leader has other rules, in words. `refused`: why the rules file as it is now cannot be used,
    so that older rules are in force. Both empty when all is well.
    """

    db: Database
    clock: Clock
    ticker: Ticker
    asked: Callable[[], Sequence[Asked]]
    role: Callable[[], str]
    started_at: float
    stopping: bool = False
    more: Callable[[], Iterable[Check]] = tuple
    """What else is looked at, where Sentinel watches itself."""
    difference: Callable[[], str] = str
    refused: Callable[[], str] = str
    measure: Callable[[], None] = lambda: None
    """Brings the figures of `/metrics` up to date."""

    async def ready(self) -> list[Check]:
        """Whether this instance does its work: the store answers, and it leads or stands by."""
        try:
            await offload(self.db.check)
        except StoreError as broken:
            return [Check("store", good=False, text=broken.message)]
        if self.stopping:
            return [Check("process", good=False, text="shutting down")]
        checks = [Check("store", good=True, text="answers"), Check("role", good=True, text=self.role())]
        if different := self.difference():
            checks.append(Check("same rules", good=False, text=f"{different}; it does not take over before they agree"))
        return checks

    async def whole(self) -> list[Check]:
        """Everything: readiness, the age of readings, what waits in the outbox."""
        checks = await self.ready()
        if not checks[0].good:
            return checks
        figures.WAL_BYTES.set(self.db.wal_bytes())
        if refused := self.refused():
            checks.append(
                Check("rules", good=False, text=f"the rules file was refused, older rules are in force: {refused}")
            )
        if self.ticker.trouble is not None:
            checks.append(Check("ticks", good=False, text=f"held: {self.ticker.trouble.message}"))
        if self.role() == "leader":
            checks += [self._readings(), self._sources()]
        checks.append(await self._outbox())
        return [*checks, *self.more()]

    def _readings(self) -> Check:
        asked = self.asked()
        slowest = max((one.every for one in asked), default=0.0)
        last = self.ticker.last_tick_at if self.ticker.last_tick_at is not None else self.started_at
        age = self.clock.now() - last
        if asked and age > SOURCE_TOO_OLD * slowest:
            return Check("readings", good=False, text=f"none for {age:.0f} s")
        return Check("readings", good=True, text=f"{len(asked)} queries, last reading {max(0.0, age):.0f} s ago")

    def _sources(self) -> Check:
        """Queries that fail: the newest reading of all says nothing about the others."""
        failing = self.ticker.troubled()
        if not failing:
            return Check("sources", good=True, text="all queries are answered")
        names = sorted({f"{one.query.source}: {one.failure.text}" for one in failing if one.failure is not None})
        return Check("sources", good=False, text=f"{len(failing)} queries fail; {names[0]}")

    async def _outbox(self) -> Check:
        at = self.clock.now()
        try:
            depth = await offload(lambda: outbox.depth(self.db, at))
        except StoreError as broken:
            return Check("outbox", good=False, text=broken.message)
        for state in ("waiting", "unclear", "abandoned"):
            figures.OUTBOX.labels(state).set(getattr(depth, state))
        oldest = depth.oldest_waiting_seconds or 0.0
        figures.OUTBOX_OLDEST.set(oldest)
        if depth.abandoned:
            return Check("outbox", good=False, text=f"{depth.abandoned} notices abandoned: see `sentinel notices list`")
        if oldest > OUTBOX_TOO_OLD:
            return Check("outbox", good=False, text=f"oldest notice waits for {oldest:.0f} s")
        return Check("outbox", good=True, text=f"{depth.waiting} waiting, {depth.unclear} unclear")

"""One running Sentinel: leads or stands by, polls, judges, tells; stops cleanly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.collect.source import Source
from sentinel.domain.reading import Failure
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook, Service
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.offload import offload
from sentinel.engine.queries import Asked, needed
from sentinel.engine.schedule import JumpWatch, Schedule
from sentinel.engine.tick import Ticker
from sentinel.errors import LeaseLost, StoreBusy, StoreError
from sentinel.store import lease
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention, purge

log = structlog.get_logger("sentinel.instance")

LEASE = 30.0
"""Seconds that a lease lasts without being renewed: a standby takes over within this time."""

STOP_WITHIN = 8.0
"""Seconds that running polls and sends are given to end: SIGTERM is answered within ten."""

DISCOVER_EVERY = 3600.0
CLEAN_EVERY = 3600.0


@dataclass
class Instance:
    """Everything that runs, wired. `speed` and `clock` are the machine's unless it is a demonstration."""

    db: Database
    clock: Clock
    rulebook: Rulebook
    sources: Mapping[str, Source]
    ticker: Ticker
    dispatcher: Dispatcher
    holder: str
    rules_hash: str
    retention: Retention
    speed: float = 1.0
    asked: tuple[Asked, ...] = ()
    epoch: int | None = None
    role: str = "standby"
    on_plan: Callable[[Asked, Plan], None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.ticker.epoch = self.dispatcher.epoch = lambda: self.epoch
        self.ticker.on_commit = self._wake.set

    def stop(self) -> None:
        """Ask it to end; `run` returns within ten seconds."""
        self._stop.set()
        self._wake.set()

    async def run(self) -> None:
        """Lead whenever the lease can be had, stand by otherwise, until stopped."""
        while not self._stop.is_set():
            self.epoch = await self._acquire()
            if self.epoch is None:
                await self._pause(LEASE / 3)
                continue
            self.role = "leader"
            log.info("leading", epoch=self.epoch)
            try:
                await self._lead()
            finally:
                self.role = "standby"
                await self._let_go()

    async def once(self) -> list[Plan | None]:
        """Ask every query once, tell what is due, and end. The plans, in the order of the queries.

        Raises:
            StoreBusy: another instance leads.
        """
        self.epoch = await self._acquire()
        if self.epoch is None:
            raise StoreBusy("another instance leads", hint="stop it first, or let it do the work")
        self.role = "leader"
        try:
            await self._learn()
            await self.ticker.adapt(self.asked)
            plans = await asyncio.gather(*(self._turn(asked) for asked in self.asked))
            await self.drain()
        finally:
            await self._let_go()
        return list(plans)

    async def drain(self) -> None:
        """Tell all that can be told now; what has to wait stays in the outbox."""
        while await self.dispatcher.drain():
            pass

    async def _acquire(self) -> int | None:
        ttl = LEASE
        try:
            return await offload(lambda: lease.acquire(self.db, self.holder, ttl, self.rules_hash))
        except StoreBusy as busy:
            log.warning("store is busy", reason=busy.message)
            return None

    async def _let_go(self) -> None:
        epoch, self.epoch = self.epoch, None
        if epoch is not None:
            with contextlib.suppress(StoreError):
                await offload(lambda: lease.release(self.db, epoch))

    async def _lead(self) -> None:
        """Poll, judge and tell until stopped or until the lease is lost."""
        self.ticker.forget()
        await self._learn()
        await self.ticker.adapt(self.asked)
        schedule = Schedule(self.clock, self._turn, self.speed)
        schedule.start(self.asked)
        log.info("polling", queries=len(self.asked), sources=len(self.sources))
        chores = [
            asyncio.create_task(self._tell(), name="dispatcher"),
            asyncio.create_task(self._every(CLEAN_EVERY, self._clean), name="housekeeping"),
            asyncio.create_task(self._watch_clock(schedule), name="clock watch"),
        ]
        try:
            await self._keep_lease()
        finally:
            await schedule.stop(STOP_WITHIN / 2)
            await self._finish(chores)

    async def _finish(self, chores: Sequence[asyncio.Task[None]]) -> None:
        """Let a send that is under way end; the rest is parked in the outbox."""
        self._wake.set()
        dispatcher, *others = chores
        for chore in others:
            chore.cancel()
        if self._stop.is_set():
            await asyncio.wait([dispatcher], timeout=STOP_WITHIN / 2)
        dispatcher.cancel()
        await asyncio.gather(*chores, return_exceptions=True)

    async def _keep_lease(self) -> None:
        """Renew until stopped; return when somebody else leads or the store is silent for too long.

        An instance that cannot renew stops acting after two thirds of the lease by its own steady clock, before
        anybody else may begin.
        """
        renewed = self.clock.monotonic()
        limit = LEASE * self.speed
        while not self._stop.is_set():
            await self._pause(LEASE / 3)
            epoch = self.epoch
            if self._stop.is_set() or epoch is None:
                return
            try:
                await offload(lambda epoch=epoch: lease.renew(self.db, epoch, LEASE))  # type: ignore[misc]  # bound now
                renewed = self.clock.monotonic()
            except LeaseLost as lost:
                log.warning("lease lost", reason=lost.message)
                return
            except StoreBusy as busy:
                log.warning("lease not renewed", reason=busy.message)
                if self.db.dialect != "sqlite" and self.clock.monotonic() - renewed > limit * 2 / 3:
                    return

    async def _turn(self, asked: Asked) -> Plan | None:
        """One poll of one query."""
        done = await self.ticker.tick(asked, self.sources[asked.query.source])
        if done is not None and self.on_plan is not None:
            self.on_plan(asked, done)
        return done

    async def _learn(self) -> None:
        """Find out which services there are, and so which queries to ask."""
        services: list[Service] = []
        for source in self.sources.values():
            if self._needs_discovery(source):
                offer = await source.discover()
                if isinstance(offer, Failure):
                    log.warning("services not listed", source=source.name, reason=offer.text, hint=offer.hint)
            services += source.services()
        self.asked = needed(self.rulebook, services)
        covered = {rule.id for asked in self.asked for rule in asked.rules}
        for rule in self.rulebook.rules:
            if rule.id not in covered:
                log.warning("rule covers no known service", rule=rule.id)

    def _needs_discovery(self, source: Source) -> bool:
        """Whether some rule speaks of a service of that source that is not declared."""
        declared = [service.name for service in source.services()]
        return any(
            pattern.is_glob or not any(pattern.matches(name) for name in declared)
            for rule in self.rulebook.rules
            if rule.source == source.name
            for pattern in rule.services
        )

    async def _tell(self) -> None:
        """Drain the outbox whenever something was committed, and every second for what waits its time."""
        while not self._stop.is_set():
            try:
                await self.dispatcher.drain()
            except LeaseLost:
                log.warning("another instance tells now")
            except StoreError as broken:
                log.warning("outbox not read", reason=broken.message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 1.0)
            if not self._stop.is_set():
                self._wake.clear()

    async def _clean(self) -> None:
        at = self.clock.now()
        try:
            await offload(lambda: purge(self.db, at, self.retention))
        except StoreError as broken:
            log.warning("housekeeping put off", reason=broken.message)

    async def _watch_clock(self, schedule: Schedule) -> None:
        watch = JumpWatch(self.clock)
        while True:
            jump = watch.check()
            if jump:
                schedule.jumped(jump / self.speed)
            await asyncio.sleep(1.0)

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        while True:
            await chore()
            await self.clock.sleep(seconds)

    async def _pause(self, seconds: float) -> None:
        """Real seconds, or less when stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

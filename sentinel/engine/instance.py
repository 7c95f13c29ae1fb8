"""One running Sentinel: leads or stands by, polls, judges, tells; stops cleanly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.collect.source import Source
from sentinel.domain.reading import Failure, Reading, slot_of
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook, Service
from sentinel.engine.bells import Bells, WallBells
from sentinel.engine.discovery import guessed, needs_discovery
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
"""Seconds that a lease lasts without being renewed. A standby asks for it every third of that time."""

STOP_WITHIN = 8.0
"""Seconds that running polls and sends are given to end: SIGTERM is answered within ten."""

DISCOVER_EVERY = 3600.0
DISCOVER_AGAIN = 60.0
"""After a discovery that failed: until it succeeds nothing may be known of some rules' services."""

CLEAN_EVERY = 3600.0


@dataclass
class Instance:
    """Everything that runs, wired. `speed` and `clock` are the machine's unless it is a demonstration.

    `bells` makes what rings for polls, for each time it leads. `look_every`: seconds between two looks at the outbox
    for what waits its time, and at the wall clock for jumps.
    """

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
    lease_seconds: float = LEASE
    bells: Callable[[], Bells] = WallBells
    look_every: float = 1.0
    asked: tuple[Asked, ...] = ()
    unlisted: dict[str, Failure] = field(default_factory=dict)
    epoch: int | None = None
    role: str = "standby"
    on_plan: Callable[[Asked, Plan], None] | None = None
    while_leading: tuple[Callable[[], Awaitable[None]], ...] = ()
    """What else runs for as long as this instance leads; cancelled when it no longer does."""
    told_at: float = 0.0
    """When the outbox was last gone through without trouble, by the steady clock."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _renewed: float = 0.0

    def __post_init__(self) -> None:
        self.ticker.epoch = self.dispatcher.epoch = lambda: self.epoch
        self.dispatcher.may_act = self.may_act
        self.ticker.on_commit = self._wake.set

    def stop(self) -> None:
        """Ask it to end; `run` returns within ten seconds."""
        self._stop.set()
        self._wake.set()

    def may_act(self) -> bool:
        """Whether nobody else can have begun to lead: two thirds of the lease are not over by this machine's clock."""
        if self.epoch is None:
            return False
        return self.db.claimed or self.clock.monotonic() - self._renewed < self.lease_seconds * self.speed * 2 / 3

    async def run(self) -> None:
        """Lead whenever the lease can be had, stand by otherwise, until stopped."""
        while not self._stop.is_set():
            self.epoch = await self._acquire()
            if self.epoch is None:
                await self._pause(self.lease_seconds / 3)
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
        keeping = asyncio.create_task(self._keep_lease(), name="lease")
        try:
            if not await self._learn():
                raise self.ticker.trouble or StoreBusy("the store does not tell what was asked before")
            plans = await asyncio.gather(*(self._turn(asked) for asked in self.asked))
            await self.drain()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._let_go()
        return list(plans)

    async def drain(self) -> None:
        """Tell all that can be told now; what has to wait stays in the outbox."""
        while await self.dispatcher.drain():
            log.debug("telling")

    async def _acquire(self) -> int | None:
        asked_at = self.clock.monotonic()
        try:
            epoch = await offload(lambda: lease.acquire(self.db, self.holder, self.lease_seconds, self.rules_hash))
        except StoreError as broken:
            log.warning("lease not taken", reason=broken.message, hint=broken.hint)
            return None
        self._renewed = asked_at
        return epoch

    async def _let_go(self) -> None:
        epoch, self.epoch = self.epoch, None
        if epoch is not None:
            with contextlib.suppress(StoreError):
                await offload(lambda: lease.release(self.db, epoch))

    async def _lead(self) -> None:
        """Poll, judge and tell until stopped or until the lease is lost."""
        self.ticker.forget()
        schedule = Schedule(self.clock, self._turn, self.speed, self.bells())
        dispatcher = asyncio.create_task(self._tell(), name="dispatcher")
        chores = [
            asyncio.create_task(self._follow(schedule), name="discovery"),
            asyncio.create_task(self._every(CLEAN_EVERY, self._clean), name="housekeeping"),
            asyncio.create_task(self._watch_clock(schedule), name="clock watch"),
            *(asyncio.ensure_future(work()) for work in self.while_leading),
        ]
        try:
            await self._keep_lease()
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(schedule.stop(STOP_WITHIN / 2), self._finish(dispatcher))
            await asyncio.gather(*chores, return_exceptions=True)

    async def _finish(self, dispatcher: asyncio.Task[None]) -> None:
        """Let a send that is under way end; the rest is parked in the outbox."""
        self._wake.set()
        if self._stop.is_set():
            await asyncio.wait([dispatcher], timeout=STOP_WITHIN / 2)
        dispatcher.cancel()
        await asyncio.gather(dispatcher, return_exceptions=True)

    async def _keep_lease(self) -> None:
        """Renew until stopped; return when somebody else leads or the store is silent for too long.

        An instance that cannot renew stops acting after two thirds of the lease by its own steady clock, before
        anybody else may begin.
        """
        while not self._stop.is_set():
            await self._pause(self.lease_seconds / 3)
            epoch = self.epoch
            if self._stop.is_set() or epoch is None:
                return
            asked_at = self.clock.monotonic()
            try:
                await offload(lambda epoch=epoch: lease.renew(self.db, epoch, self.lease_seconds))  # type: ignore[misc]  # bound now
                self._renewed = asked_at
            except LeaseLost as lost:
                log.warning("lease lost", reason=lost.message)
                return
            except StoreError as broken:
                log.warning("lease not renewed", reason=broken.message)
                if not self.may_act():
                    return

    async def _turn(self, asked: Asked) -> Plan | None:
        """One poll of one query."""
        source = self.sources[asked.query.source]
        failure = self.unlisted.get(source.name)
        try:
            if failure is not None and not any(one.name == asked.query.service for one in source.services()):
                done = await self.ticker.record(asked, self._unasked(asked, failure))
            else:
                done = await self.ticker.tick(asked, source)
        except LeaseLost as lost:
            log.warning("tick dropped", reason=lost.message)
            return None
        if done is not None and self.on_plan is not None:
            self.on_plan(asked, done)
        return done

    def _unasked(self, asked: Asked, failure: Failure) -> Reading:
        """A service that could not be looked up is as unknown as one whose answer failed."""
        at = self.clock.now()
        step = next((traits.step for traits in self.rulebook.sources if traits.name == asked.query.source), 0.0)
        return Reading(asked.query, at, slot_of(at, step), None, failure)

    async def _follow(self, schedule: Schedule) -> None:
        """Poll what the rules need of the services there are, and look again for services from time to time."""
        while True:
            before, learnt = self.asked, False
            try:
                learnt = await self._learn()
            except LeaseLost:
                return
            except Exception:
                log.exception("discovery broke")
            if learnt:
                schedule.start(self.asked)
                if self.asked != before:
                    log.info("polling", queries=len(self.asked), sources=len(self.sources))
            await self.clock.sleep(DISCOVER_AGAIN if self.unlisted or not learnt else DISCOVER_EVERY)

    async def _learn(self) -> bool:
        """Find out which services there are, so which queries to ask; bring the record in line with that.

        False while the store does not tell what was asked before: without that nothing may be dropped.
        """
        remembered = await self.ticker.queries()
        if remembered is None:
            return False
        services: list[Service] = []
        for source in self.sources.values():
            if needs_discovery(self.rulebook, source):
                offer = await source.discover()
                self.unlisted.pop(source.name, None)
                if isinstance(offer, Failure):
                    log.warning("services not listed", source=source.name, reason=offer.text, hint=offer.hint)
                    self.unlisted[source.name] = offer
                    services += guessed(self.rulebook, source, remembered)
            services += source.services()
        self.asked = needed(self.rulebook, services)
        covered = {rule.id for asked in self.asked for rule in asked.rules}
        for rule in self.rulebook.rules:
            if rule.id not in covered:
                log.warning("rule covers no known service", rule=rule.id)
        await self.ticker.adapt(self.asked)
        return True

    async def _tell(self) -> None:
        """Drain the outbox whenever something was committed, and every now and then for what waits its time."""
        while not self._stop.is_set():
            try:
                moved = await self.dispatcher.drain()
                self.told_at = self.clock.monotonic()
                if moved:
                    continue
            except LeaseLost:
                log.warning("another instance tells now")
            except StoreError as broken:
                log.warning("outbox not read", reason=broken.message)
            except Exception:
                log.exception("telling broke")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.look_every):  # wait_for may swallow the cancelling that ends this
                    await self._wake.wait()
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
            if jump < 0:
                await self.dispatcher.clock_set_back()
            await asyncio.sleep(self.look_every)

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await chore()
            except Exception:
                log.exception("chore broke")
            await self.clock.sleep(seconds)

    async def _pause(self, seconds: float) -> None:
        """Real seconds, or less when stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

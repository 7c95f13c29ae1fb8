"""One running Sentinel: leads or stands by, polls, judges, tells; stops cleanly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.collect.source import Source
from sentinel.domain.asking import Asked, needed
from sentinel.domain.reading import Failure, Query, Reading, slot_of
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook
from sentinel.engine.bells import Bells, WallBells
from sentinel.engine.commands import Inbox
from sentinel.engine.discovery import Survey, survey
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.offload import offload
from sentinel.engine.parts import Parts
from sentinel.engine.schedule import JumpWatch, Schedule
from sentinel.engine.tenure import LEASE, Tenure
from sentinel.engine.tick import Ticker
from sentinel.engine.waiting import interrupted, within
from sentinel.errors import LeaseLost, StoreBusy, StoreError
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention, purge

log = structlog.get_logger("sentinel.instance")

STOP_WITHIN = 8.0
"""Seconds that running polls and sends are given to end: SIGTERM is answered within ten."""

DISCOVER_EVERY = 3600.0
DISCOVER_AGAIN = 60.0
"""After a discovery that failed: until it succeeds nothing may be known of some rules' services."""

CLEAN_EVERY = 3600.0


async def nothing() -> None:
    """Do it."""


@dataclass
class Instance:
    """Everything that runs, wired. `speed` and `clock` are the machine's unless it is a demonstration.

    `bells` makes what rings for polls, for each time it leads. `look_every`: seconds between two looks at the outbox
    for what waits its time, at what people want of incidents, and at the wall clock for jumps.
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
    role: str = "standby"
    tenure: Tenure = field(init=False)
    inbox: Inbox = field(init=False)
    on_plan: Callable[[Asked, Plan], None] | None = None
    while_leading: tuple[Callable[[], Awaitable[None]], ...] = ()
    """What else runs for as long as this instance leads; cancelled when it no longer does."""
    after_telling: Callable[[], Awaitable[None]] | None = None
    """What `once` looks at when all is told; what it decides is told as well."""
    told_at: float = 0.0
    """When the outbox was last gone through without trouble, by the steady clock."""
    close_channels: Callable[[], Awaitable[None]] = nothing
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock)
    _adopted: asyncio.Event = field(default_factory=asyncio.Event)
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _listed: dict[str, Source] = field(default_factory=dict)
    _by_query: dict[Query, Asked] = field(default_factory=dict)
    _schedule: Schedule | None = None
    _turns: set[asyncio.Task[object]] = field(default_factory=set)
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tenure = Tenure(self.db, self.clock, self.holder, self.rules_hash, self.lease_seconds, self.speed)
        self.inbox = Inbox(self.db, self.ticker, self.clock)
        self.ticker.epoch = self.dispatcher.epoch = self.tenure.writes_as
        self.dispatcher.may_act = self.tenure.may_act
        self.dispatcher.on_progress = self._wake.set
        self.ticker.present = self._present
        self.ticker.on_commit = self._wake.set

    def stop(self) -> None:
        """Ask it to end; `run` returns within ten seconds."""
        self._stop.set()
        self._wake.set()

    async def run(self) -> None:
        """Lead whenever the lease can be had, stand by otherwise, until stopped.

        Raises:
            RulesDiffer: another instance leads by other rules.
        """
        while not self._stop.is_set():
            if not await self.tenure.take():
                await self._pause(self.lease_seconds / 3)
                continue
            self.role = "leader"
            log.info("leading", epoch=self.tenure.epoch)
            try:
                await self._lead()
            finally:
                self.role = "standby"
                await self.tenure.let_go()

    async def once(self) -> list[Plan | None]:
        """Ask every query once, tell what is due, and end. The plans, in the order of the queries.

        Raises:
            StoreBusy: another instance leads.
        """
        if not await self.tenure.take():
            raise StoreBusy("another instance leads", hint="stop it first, or let it do the work")
        self.role = "leader"
        keeping = asyncio.create_task(self._keep_lease(), name="lease")
        try:
            if not await self._learn():
                raise self.ticker.trouble or StoreBusy("the store does not tell what was asked before")
            await self.inbox.work_off()
            plans = await asyncio.gather(*(self._turn(asked) for asked in self.asked))
            await self.drain()
            if self.after_telling is not None:
                await self.after_telling()
                await self.drain()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self.tenure.let_go()
        return list(plans)

    async def adopt(self, parts: Parts) -> None:
        """Go on by another rules file, between two ticks, without announcing anything again.

        What is under way ends with the parts that it began with, and they are let go of after that. A reading that was
        asked for under the old rules is judged by the new ones, or dropped where these do not ask for it.

        Raises:
            StoreError: the record is not in line with the new rules yet; the same parts may be adopted again.
        """
        async with self._learning:
            leading = self._schedule
            found = None
            if leading is not None:
                found = await self._survey(parts.rulebook, parts.sources, self._listed)
                if found is None:
                    raise self.ticker.trouble or StoreBusy("the store does not tell what was asked before")
            async with self.ticker.between_ticks():
                moved = self._exchange(parts, found)
            if found is not None:
                await self.tenure.renew()
            if found is None or leading is None or self._schedule is not leading:
                return  # a schedule that has ended, while the database was asked too, would poll on for ever
            leading.start(self.asked, anew=moved)
            self._adopted.set()
            with contextlib.suppress(LeaseLost):
                await self.ticker.adapt(self.asked)
            if self.ticker.trouble is not None:
                raise self.ticker.trouble

    def _exchange(self, parts: Parts, found: Survey | None) -> frozenset[str]:
        """Everything at once. The names of the sources that are other ones now."""
        before, close_channels = self.sources, self.close_channels
        self.rulebook = self.ticker.rulebook = parts.rulebook
        self.sources, self.close_channels = parts.sources, parts.close_channels
        self.dispatcher.adopt(parts.channels, parts.patience)
        self.rules_hash = self.tenure.rules_hash = parts.rules_hash
        if found is not None:
            self._ask(found)
        else:
            self.asked, self._by_query, self._listed, self.unlisted = (), {}, {}, {}
        moved = frozenset(name for name, one in parts.sources.items() if before.get(name) is not one)
        gone = [one for name, one in before.items() if parts.sources.get(name) is not one]
        if close_channels is not parts.close_channels:
            leaving = asyncio.create_task(self._let_go(gone, close_channels), name="old parts")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        return moved

    async def _let_go(self, gone: Iterable[Source], close_channels: Callable[[], Awaitable[None]]) -> None:
        """Close what nobody uses any more once the turns and sends that are under way have ended."""
        turns = set(self._turns)
        if turns:
            await asyncio.wait(turns)
        await self.dispatcher.ended(self.dispatcher.under_way())
        async with self._telling:
            await close_channels()
        for source in gone:
            await source.close()

    async def close(self) -> None:
        """Let go of sources and channels, present and past, once nothing runs any more."""
        await asyncio.gather(*self._leaving, return_exceptions=True)
        for source in self.sources.values():
            await source.close()
        await self.close_channels()

    async def drain(self) -> None:
        """Tell all that can be told now; what has to wait stays in the outbox."""
        moved = 1
        while moved:
            async with self._telling:
                moved = await self.dispatcher.drain()

    async def _lead(self) -> None:
        """Poll, judge and tell until stopped or until the lease is lost."""
        self.ticker.forget()
        self.dispatcher.take_over(after_death=self.tenure.after_death)
        self._schedule = schedule = Schedule(self.clock, self._turn, self.speed, self.bells())
        dispatcher = asyncio.create_task(self._tell(), name="dispatcher")
        chores = [
            asyncio.create_task(self._follow(schedule), name="discovery"),
            asyncio.create_task(self._every(CLEAN_EVERY, self._clean), name="housekeeping"),
            asyncio.create_task(self._watch_clock(schedule), name="clock watch"),
            asyncio.create_task(self.inbox.run(self.look_every), name="inbox"),
            *(asyncio.ensure_future(work()) for work in self.while_leading),
        ]
        try:
            await self._keep_lease()
        finally:
            self._schedule = None
            for chore in chores:
                chore.cancel()
            await asyncio.gather(schedule.stop(STOP_WITHIN / 2), self._finish(dispatcher))
            await asyncio.gather(*chores, return_exceptions=True)

    async def _finish(self, dispatcher: asyncio.Task[None]) -> None:
        """Let a send that is under way end; the rest is parked in the outbox."""
        self._wake.set()
        dispatcher.cancel()
        await asyncio.gather(dispatcher, return_exceptions=True)
        await self.dispatcher.let_end(STOP_WITHIN / 2 if self._stop.is_set() else 0.0)

    async def _keep_lease(self) -> None:
        """Renew until stopped; return when somebody else leads or the store is silent for too long.

        An instance that cannot renew stops acting after two thirds of the lease by its own steady clock, before
        anybody else may begin.
        """
        while not self._stop.is_set():
            await self._pause(self.lease_seconds / 3)
            if self._stop.is_set() or not await self.tenure.renew():
                return

    async def _turn(self, asked: Asked) -> Plan | None:
        """One poll of one query."""
        with self._under_way():
            source = self.sources.get(asked.query.source)
            if source is None:
                return None
            failure = self.unlisted.get(source.name)
            try:
                if failure is not None and not any(one.name == asked.query.service for one in source.services()):
                    done = await self.ticker.record(asked, self._unasked(asked, failure), source)
                else:
                    done = await self.ticker.tick(asked, source)
            except LeaseLost as lost:
                log.warning("tick dropped", reason=lost.message)
                return None
            if done is not None and self.on_plan is not None:
                self.on_plan(asked, done)
            return done

    @contextlib.contextmanager
    def _under_way(self) -> Iterator[None]:
        turn = asyncio.current_task()
        assert turn is not None
        self._turns.add(turn)
        try:
            yield
        finally:
            self._turns.discard(turn)

    def _present(self, asked: Asked, source: Source) -> Asked | None:
        """The same question under the present rules; None when nobody asks it any more, or not of that source."""
        if self.sources.get(asked.query.source) is not source:
            return None
        return self._by_query.get(asked.query)

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
            pause = DISCOVER_EVERY if learnt else DISCOVER_AGAIN
            while await interrupted(self.clock.sleep(DISCOVER_AGAIN if self.unlisted else pause), self._adopted):
                pause = DISCOVER_EVERY

    async def _learn(self) -> bool:
        """Find out which services there are, so which queries to ask; bring the record in line with that.

        False while the store does not tell what was asked before, or does not take what changes.
        """
        async with self._learning:
            found = await self._survey(self.rulebook, self.sources, {})
            if found is None:
                return False
            self._ask(found)
            await self.ticker.adapt(self.asked)
            return self.ticker.trouble is None

    async def _survey(
        self, rulebook: Rulebook, sources: Mapping[str, Source], known: Mapping[str, Source]
    ) -> Survey | None:
        """The services there are; None while the store does not tell what was asked before: nothing may be dropped."""
        remembered = await self.ticker.queries()
        return None if remembered is None else await survey(rulebook, sources.values(), remembered, known)

    def _ask(self, found: Survey) -> None:
        """From now on the queries are those that the rules need of these services."""
        self.asked = needed(self.rulebook, found.services)
        self.unlisted, self._listed = dict(found.unlisted), dict(found.listed)
        self._by_query = {one.query: one for one in self.asked}
        covered = {rule.id for asked in self.asked for rule in asked.rules}
        for rule in self.rulebook.rules:
            if rule.id not in covered:
                log.warning("rule covers no known service", rule=rule.id)

    async def _tell(self) -> None:
        """Drain the outbox whenever something was committed, and every now and then for what waits its time."""
        while not self._stop.is_set():
            try:
                async with self._telling:
                    await self.dispatcher.set_going()
                self.told_at = self.clock.monotonic()
            except LeaseLost:
                log.warning("another instance tells now")
            except StoreError as broken:
                log.warning("outbox not read", reason=broken.message)
            except Exception:
                log.exception("telling broke")
            await within(self.look_every, self._wake)
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
                self.dispatcher.clock_set_back()
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
        await within(seconds, self._stop)

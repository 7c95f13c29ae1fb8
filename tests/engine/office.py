"""A running instance over a town, whose rules are exchanged while it runs: the bells are rung by hand."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sentinel.collect.source import Source
from sentinel.deliver.channel import Channel
from sentinel.domain.asking import Asked
from sentinel.domain.calendars import Maintenance
from sentinel.domain.records import Plan
from sentinel.domain.rules import Address, Rule, Rulebook
from sentinel.engine.bells import Ring
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.instance import Instance
from sentinel.engine.parts import Parts
from sentinel.engine.tenure import LEASE
from sentinel.engine.tick import Ticker
from sentinel.store import outbox
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention
from tests.domain.polls import a_route
from tests.engine.town import ALERTS, SLOT, Town, town
from tests.fakes.clock import FakeClock


class HandBells:
    """Bells that ring when told to. `hung` keeps every time one was hung: name, interval, first ring."""

    def __init__(self) -> None:
        self.rings: dict[str, Ring] = {}
        self.hung: list[tuple[str, float, float]] = []

    def start(self) -> None:
        return

    def hang(self, name: str, ring: Ring, *, every: float, first: float) -> None:
        self.rings[name] = ring
        self.hung.append((name, every, first))

    def take_down(self, name: str) -> None:
        del self.rings[name]

    def shift(self, seconds: float) -> None:
        del seconds

    def stop(self) -> None:
        self.rings.clear()

    async def ring(self) -> None:
        """Every bell once."""
        for ring in list(self.rings.values()):
            await ring()


@dataclass
class PatientClock:
    """The town's clock for chores: they sleep for ever instead of making hours pass. `sleeps`: for how long they meant to."""

    clock: FakeClock
    sleeps: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.Event().wait()


@dataclass
class Office:
    """`edit` exchanges the rules as a reload does; what is not given stays as it is."""

    it: Town
    db: Database
    instance: Instance
    bells: HandBells
    clock: PatientClock
    closed: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    edits: int = 0

    @property
    def told(self) -> list[str]:
        """What Slack has seen, without edits that tell nothing."""
        return [one for one in self.it.story if one != "edited"]

    async def poll(self) -> None:
        """A slot passes, every query is asked, judged and told."""
        self.it.clock.advance(SLOT)
        before, wanted = len(self.plans), len(self.instance.asked)
        await self.bells.ring()
        await until(lambda: len(self.plans) >= before + wanted)
        await self.quiet()

    async def quiet(self) -> None:
        """Nothing waits that could be told now."""
        await until(lambda: outbox.depth(self.db, self.it.clock.now()).waiting == 0)
        async with self.instance._telling:
            return

    async def edit(
        self,
        *rules: Rule,
        to: Address = ALERTS,
        places: tuple[str, ...] = ("#workplace-alerts",),
        sources: Mapping[str, Source] | None = None,
        maintenance: tuple[Maintenance, ...] = (),
    ) -> None:
        """Other rules, routed to that address; `places` are the channels there are."""
        self.edits += 1
        number = self.edits
        find = self.it.dispatcher.channels

        async def close() -> None:
            self.closed.append(f"channels {number}")

        def known(address: Address) -> Channel | None:
            return find(address) if address.to in places else None

        traits = self.it.ticker.rulebook.sources
        book = Rulebook(rules=rules, routes=(a_route(to),), sources=traits, maintenance=maintenance)
        await self.instance.adopt(
            Parts(
                rules_hash=hashlib.sha256(repr((rules, number)).encode()).hexdigest(),
                rulebook=book,
                sources=sources if sources is not None else self.instance.sources,
                channels=known,
                close_channels=close,
                patience=self.it.dispatcher.patience,
            )
        )


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(30.0):
        while not condition():  # noqa: ASYNC110 - the state of a whole instance is what is waited for
            await asyncio.sleep(0.005)


@asynccontextmanager
async def office(
    database: Database,
    *,
    rule: Rule | None = None,
    wrapped: Callable[[Source], Source] = lambda source: source,
    lease_seconds: float = LEASE,
) -> AsyncIterator[Office]:
    """A town with an instance that leads, `wrapped` its source.

    `database` is claimed: no lease of SQLite runs out while the town's clock leaps; of Postgres one of many seconds.
    """
    database.claim()
    async with town(database, rule=rule) as it:
        bells = HandBells()
        clock = PatientClock(it.clock)
        instance = Instance(
            db=database,
            clock=clock,
            rulebook=it.ticker.rulebook,
            sources={"portal": wrapped(it.source)},
            ticker=Ticker(database, it.ticker.rulebook, it.clock),
            dispatcher=Dispatcher(database, it.dispatcher.channels, it.clock, it.dispatcher.patience),
            holder="office",
            rules_hash="at the start",
            retention=Retention(readings=1e9, incidents=1e9),
            bells=lambda: bells,
            look_every=0.02,
            lease_seconds=lease_seconds,
        )
        whole = Office(it, database, instance, bells, clock)

        async def close() -> None:
            whole.closed.append("channels 0")

        def judged(_asked: Asked, plan: Plan) -> None:
            whole.plans.append(plan)

        instance.close_channels, instance.on_plan = close, judged
        running = asyncio.create_task(instance.run())
        try:
            await until(lambda: instance.asked and bells.rings)
            yield whole
        finally:
            instance.stop()
            await running

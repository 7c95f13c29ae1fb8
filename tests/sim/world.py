"""The whole program in one process on virtual time: a seeded story, real SQLite, fakes that keep the truth.

Every piece of store work, every send and every look-up is a numbered step at which the world may crash the program,
lose an answer or refuse. One integer reproduces a run; `World.story` holds its steps as readable lines.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from sentinel.deliver.channel import Delivered, Delivery, Later, Outcome, Unclear
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason, slot_of
from sentinel.domain.rules import ChannelKind, Rule, Rulebook, SourceTraits
from sentinel.engine import dispatch as dispatching
from sentinel.engine import tick as ticking
from sentinel.engine.backoff import Patience
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.queries import Asked
from sentinel.engine.tick import Ticker
from sentinel.errors import StoreBusy
from sentinel.store import outbox
from sentinel.store.database import Database
from tests.domain.polls import START, TEAM, a_route, a_rule
from tests.fakes.clock import FakeClock

T = TypeVar("T")

SITES: tuple[Node, ...] = tuple((country, f"{country}{n}") for country in "AB" for n in range(3))
QUERY = Query("portal", "Mail", "Location", "Site")
SLOT = 600.0


class Crash(BaseException):
    """The process is gone between two instructions."""


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely each mishap is at each step where it can happen, 0 to 1."""

    crash: float = 0.0
    lost_answer: float = 0.0
    refused_for_now: float = 0.0
    store_busy: float = 0.0
    blind_lookup: float = 0.0


@dataclass(frozen=True, slots=True)
class Posted:
    """Something that the channel accepted: a root message, or a step of its thread."""

    key: str
    incident: str
    kind: NoticeKind
    root: bool
    open: bool
    at: float


@dataclass
class World:
    """A program that can be killed and started again, and what the outside really saw."""

    url: str
    seed: int = 0
    chances: Chances = field(default_factory=Chances)
    crash_at: int | None = None
    deaf: bool = False
    """Look-ups never find anything: what the program would be without them."""
    rule: Rule = field(default_factory=a_rule)
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    posted: list[Posted] = field(default_factory=list)
    roots: dict[str, bool] = field(default_factory=dict)
    """Per incident whether its root message shows it open."""
    story: list[str] = field(default_factory=list)
    steps: int = 0
    crashes: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.rows = NodeList.of(SITES)
        self.start()

    def start(self) -> None:
        """A new process: nothing but the database is left of the old one."""
        self.database = Database.open(self.url, thorough=False)
        book = Rulebook(rules=(self.rule,), routes=(a_route(TEAM),), sources=(SourceTraits(name="portal"),))
        self.asked = Asked(QUERY, (self.rule,), SLOT)
        self.channel = TruthfulChannel(self)
        self.ticker = Ticker(self.database, book, self.clock)
        self.dispatcher = Dispatcher(
            self.database, lambda _: self.channel, self.clock, Patience(), dice=random.Random(self.seed)
        )

    def happens(self, chance: float) -> bool:
        """Whether a mishap of that likelihood strikes now."""
        return chance > 0 and self.dice.random() < chance

    def step(self, name: str) -> None:
        """A numbered step. The program may end here."""
        self.steps += 1
        if self.steps == self.crash_at or self.happens(self.chances.crash):
            self.story.append(f"{self.steps:5} CRASH at {name}")
            self.crashes += 1
            raise Crash(name)

    async def offload(self, work: Callable[[], T]) -> T:
        """Store work in place of a thread: it may fail before, lose its answer, or be the last thing done."""
        self.step("before the store")
        if self.happens(self.chances.store_busy):
            self.story.append(f"{self.steps:5} store busy")
            raise StoreBusy
        done = work()
        self.step("after the store")
        if self.happens(self.chances.store_busy):
            self.story.append(f"{self.steps:5} the store's answer is lost")
            raise StoreBusy
        return done

    async def live(self, readings: Sequence[Mapping[Node, float] | None]) -> None:
        """Judge these readings slot by slot (None: the poll failed), telling in between; start again after crashes."""
        for figures in readings:
            self.clock.advance(SLOT)
            bad = sorted(node[-1] for node, value in (figures or {}).items() if value > 10)
            self.story.append(f"{self.steps:5} poll: {'failed' if figures is None else ', '.join(bad) or 'all well'}")
            await self._poll(figures)
            for _ in range(8):
                if await self._until_done(self.dispatcher_drain) == 0:
                    break
                self.clock.advance(20.0)

    async def settle(self) -> None:
        """No more mishaps; time passes until nothing is left to tell."""
        self.chances = Chances()
        self.crash_at = None
        for _ in range(400):
            depth = outbox.depth(self.database, self.clock.now())
            if not depth.waiting and not depth.unclear:
                return
            await self._until_done(self.dispatcher_drain)
            self.clock.advance(30.0)
        raise AssertionError("the outbox never empties")

    async def _poll(self, figures: Mapping[Node, float] | None) -> None:
        """One poll; a process that starts again polls at once."""
        while True:
            crashes = self.crashes
            reading = self.reading(figures)
            await self._until_done(lambda reading=reading: self.ticker.record(self.asked, reading))  # type: ignore[misc]
            if self.crashes == crashes:
                return
            self.clock.advance(1.0)

    async def dispatcher_drain(self) -> int:
        """The present process's dispatcher, whichever that is."""
        return await self.dispatcher.drain()

    def reading(self, figures: Mapping[Node, float] | None) -> Reading:
        """An answer with these figures, or a failed poll."""
        at = self.clock.now()
        if figures is None:
            return Reading(QUERY, at, slot_of(at, SLOT), None, Failure(Reason.SERVER_ERROR, "the Portal said 500"))
        values = np.array([figures.get(node, np.nan) for node in SITES])
        return Reading(QUERY, at, slot_of(at, SLOT), Figures(self.rows, {"value": values}))

    async def _until_done(self, work: Callable[[], Awaitable[object]]) -> object:
        """One piece of the program's work; a crash ends the process and a new one goes on. None when it was cut off."""
        try:
            return await work()
        except Crash:
            self.database.close()
            self.start()
        except StoreBusy:
            self.story.append(f"{self.steps:5} put off")
        return None


@dataclass
class TruthfulChannel:
    """A class A channel that keeps what it accepted, in the World, beyond any crash."""

    world: World
    kind: ChannelKind = "slack"
    proves: bool = True

    async def send(self, delivery: Delivery) -> Outcome:
        world = self.world
        world.step("before the send")
        if world.happens(world.chances.refused_for_now):
            return Later("rate limited", 30.0)
        if world.happens(world.chances.lost_answer):
            return Unclear("the line broke before it was accepted")
        incident = delivery.story.incident
        world.posted.append(
            Posted(delivery.key, incident.id, delivery.kind, delivery.first, incident.is_open, delivery.at)
        )
        world.roots[incident.id] = incident.is_open
        world.story.append(f"{world.steps:5} accepted {delivery.kind.value} of {incident.id}")
        world.step("after the send")
        if world.happens(world.chances.lost_answer):
            return Unclear("the line broke after it was accepted")
        return Delivered({"ts": incident.id})

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        world = self.world
        world.step("before the look-up")
        if world.happens(world.chances.blind_lookup):
            return Unclear("history is not answering")
        found = not world.deaf and any(one.key == delivery.key for one in world.posted)
        return Delivered({"ts": delivery.story.incident.id}) if found else None

    async def refresh(self, delivery: Delivery) -> Outcome:
        self.world.step("before the edit")
        self.world.roots[delivery.story.incident.id] = delivery.story.incident.is_open
        return Delivered(delivery.ref)

    async def close(self) -> None:
        return


def run(world: World, readings: Sequence[Mapping[Node, float] | None]) -> World:
    """Play a story to its end, then let everything be told."""

    async def whole() -> None:
        await world.live(readings)
        await world.settle()

    kept = ticking.offload, dispatching.offload
    ticking.offload = dispatching.offload = world.offload  # type: ignore[assignment]  # the same, with mishaps
    try:
        asyncio.run(whole())
    finally:
        ticking.offload, dispatching.offload = kept
        world.database.close()
    return world

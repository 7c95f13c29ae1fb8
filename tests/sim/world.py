"""The whole program in one process on virtual time: machines that die, pause and are cut off, and an outside that keeps the truth.

Everything with an effect is a numbered step at which a process may end. One integer reproduces a run; `World.notes`
tells it as readable lines.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sqlite3
import sys
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass, field, replace

import structlog
from structlog.typing import EventDict

from sentinel.demo.portal import Portal
from sentinel.demo.tiers import tiny
from sentinel.demo.workspace import Workspace
from sentinel.demo.workspace_settings import Settings
from sentinel.domain.hierarchy import Node
from sentinel.engine.instance import Instance
from sentinel.fetch import Client
from tests.domain.polls import START
from tests.sim.loop import BOOT, Crash, Process, VirtualLoop
from tests.sim.outside import Shown, Taken, Wires, figures_of
from tests.sim.people import People
from tests.sim.program import Parts, SimClock, wired
from tests.sim.store import Shelf
from tests.sim.story import CALM, LIMIT, STEP, Story, Tick

PATIENCE_AT_THE_END = 60
"""Steps without mishaps within which everything must be told."""

_BAD = """
    SELECT node FROM alerts
    WHERE service IS NOT NULL AND (warning IN ('active', 'recovering') OR critical IN ('active', 'recovering'))
"""

_TIMED = "SELECT count(*) FROM alerts WHERE 'pending' IN (warning, critical) OR 'recovering' IN (warning, critical)"
"""Whose severity may change with the next sample, though the figures do not: a tick that is under way would tell."""

_FLAPPING = """
    SELECT count(*) FROM incidents WHERE resolved_at IS NULL AND json_extract(facts, '$.flaps.since') IS NOT NULL
"""

_MUTED = """
    SELECT count(*) FROM incidents WHERE resolved_at IS NULL AND json_extract(facts, '$.hush.since') IS NOT NULL
"""

QUIET_AT_THE_END = 3
"""Answers of the Portal without mishaps after which what is shown must be true."""


@dataclass(eq=False)
class Machine:
    """Where one process after the other runs. `offset`: how far its wall clock is from the true time."""

    name: str
    offset: float = 0.0
    starts: int = 0
    process: Process | None = None
    instance: Instance | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class At:
    """What happens at a numbered step: the process ends, or is stopped for `stop` seconds."""

    step: int
    stop: float = 0.0


@dataclass(eq=False)
class Stage:
    """What worlds of one test process share: the file, the HTTP client and the wires under it."""

    shelf: Shelf = field(default_factory=Shelf)
    wires: Wires = field(default_factory=Wires)

    errors: list[str] = field(default_factory=list)
    """What the program logged as unexpected since the world began."""

    def __post_init__(self) -> None:
        self._logging = structlog.get_config()
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), processors=[self._unexpected]
        )
        self.http = Client(transport=self.wires, timeout=20.0)

    def close(self) -> None:
        """Take the file away, and log as before."""
        self.shelf.close()
        structlog.configure(**self._logging)

    def _unexpected(self, _logger: object, _method: str, event: EventDict) -> str:
        """Logged exceptions are kept, everything else is dropped."""
        if event.get("exc_info"):
            self.errors.append(f"{event['event']}: {sys.exc_info()[1]!r}")
        raise structlog.DropEvent


class World:
    """One run. `at`: a numbered step and what happens there; `parts`: of what Sentinel is made."""

    def __init__(self, story: Story, stage: Stage, *, at: At | None = None, parts: Parts | None = None) -> None:
        self.story, self.at, self.parts = story, at, parts or Parts()
        self.dice = random.Random(f"world {story.seed}")
        self.shelf, self.http = stage.shelf, stage.http
        self.shelf.clock = self.true_now
        self.path = stage.shelf.fresh()
        stage.wires.world = self
        self.chances = story.chances
        self.figures: Mapping[Node, float] = {}
        self.down: frozenset[str] = frozenset()
        self.loop = VirtualLoop()
        self.context = copy_context()
        self.steps = self.crashes = self.pauses = 0
        self.held_up = 0.0
        self.notes: list[str] = []
        self.mishaps: list[float] = []
        self.trace: list[str] = []
        self.complaints = stage.errors
        self.complaints.clear()
        self.taken: list[Taken] = []
        self.answers: list[Shown] = []
        self.over = False
        self.settled = False
        self.machines = [Machine("one"), Machine("two", offset=137.0)][: story.instances]
        self.slack = Workspace(
            now=self.true_now,
            channels=("alerts", "ops"),
            settings=Settings(token="xoxb-simulated", history_lag_seconds=story.chances.lag),
        )
        self.people = People(self)
        self.portal = Portal(tiny(story.sites, levels=("Country", "Site")), now=self.true_now)
        self.portal.figures = figures_of(self)

    def run(self) -> World:
        """Live the story to its end, until all is settled."""
        self.loop.set_exception_handler(self._complain)
        self.loop.slow_store = self._slow_store
        try:
            self.loop.run_until_complete(self._live())
        finally:
            self.loop.close()
        return self

    def true_now(self) -> float:
        """Unix seconds as they are."""
        return START + self.loop.time() - BOOT

    def clock_of(self, process: Process) -> SimClock:
        """The clock that a process looks at."""
        machine = next(one for one in self.machines if one.process is process or one.name == process.name)
        return SimClock(machine, self)

    def happens(self, chance: float) -> bool:
        """Whether a mishap of that likelihood strikes now."""
        return chance > 0 and self.dice.random() < chance

    def note(self, process: Process | None, text: str) -> None:
        """A line of the story."""
        who = f"{process.name}: " if process is not None else ""
        self.notes.append(f"{self.steps:5} {self.loop.time() - BOOT:9.2f} s  {who}{text}")

    def mishap(self) -> None:
        """Something came between a process and what it would have recorded now."""
        self.mishaps.append(self.true_now())

    def step(self, process: Process, what: str, *, outside: bool = False) -> None:
        """A numbered step of a process, which may end or be stopped at it. `outside`: it happens to the process.

        Raises:
            Crash: the process has ended.
        """
        if process.dead:
            if outside:
                return
            raise Crash
        self.steps += 1
        self.trace.append(what)
        now = self.at if self.at is not None and self.at.step == self.steps else None
        if (now is not None and not now.stop) or self.happens(self.chances.crash):
            self.note(process, f"KILLED when {what}")
            self.kill(process)
            if not outside:
                raise Crash
        elif now is not None:
            self.pause(process, now.stop, what)
        elif not process.paused and self.happens(self.chances.pause):
            self.pause(process, self.dice.choice((0.5, 5.0, 20.0, 45.0, 100.0)), what)

    def kill(self, process: Process) -> None:
        """End a process at once: nothing that it does from now on has an effect."""
        self.crashes += 1
        self.mishap()
        process.dead = True
        for machine in self.machines:
            if machine.process is process:
                machine.ended.set()

    def pause(self, process: Process, seconds: float, what: str) -> None:
        """Stop a process in its tracks for a while."""
        self.pauses += 1
        self.mishap()
        self.note(process, f"STOPPED for {seconds:g} s when {what}")
        process.paused = True
        self.loop.call_later(seconds, self._wake, process, context=self.context)

    def _wake(self, process: Process) -> None:
        if process.paused:
            self.note(process, "goes on")
            self.loop.resume(process)

    async def _live(self) -> None:
        lives = [asyncio.ensure_future(self._life(machine)) for machine in self.machines]
        for number, tick in enumerate(self.story.ticks, 1):
            self._begin(number, tick)
            await asyncio.sleep(STEP)
        await self._settle()
        self.over = True
        await self.people.over()
        for machine in self.machines:
            if machine.instance is not None:
                machine.instance.stop()
        await asyncio.gather(*lives)

    def _begin(self, number: int, tick: Tick) -> None:
        self.figures, self.down = tick.bad, tick.down
        for name in ("#alerts", "#ops"):
            self.slack.channel(name).member = name not in tick.refused
        shown = ", ".join(f"{site[-1]} {share:.0%}" for site, share in sorted(tick.bad.items())) or "all well"
        out = "".join(f"; {one} is down" for one in sorted(tick.down)) + "".join(f"; {c} refuses" for c in tick.refused)
        self.note(None, f"== tick {number}: {shown}{out}")
        if tick.jump:
            self.note(None, f"the wall clock is set by {tick.jump:g} s")
            self.machines[0].offset += tick.jump
        if tick.deed:
            self.people.act(number, tick.deed)
        if tick.silence is not None:
            self.people.silence(number, *tick.silence)
        for machine in self.machines:
            process = machine.process
            if process is None or process.dead:
                continue
            if tick.kill:
                self.note(process, "KILLED")
                self.kill(process)
            elif tick.cut_off and machine.instance is not None and machine.instance.role == "leader":
                self._cut_off(process, tick.cut_off)
            elif self.happens(self.chances.cut_off):
                self._cut_off(process, self.dice.choice((10.0, 40.0, 100.0)))

    def _cut_off(self, process: Process, seconds: float) -> None:
        self.note(process, f"is cut off from the database for {seconds:g} s")
        process.partitioned = True
        self.mishap()

        def heal() -> None:
            process.partitioned = False
            self.mishap()

        self.loop.call_later(seconds, heal, context=self.context)

    async def _life(self, machine: Machine) -> None:
        """One process after the other on this machine, until the story is over."""
        await asyncio.sleep(1.0 + 0.7 * self.machines.index(machine))
        while not self.over:
            machine.starts += 1
            machine.ended = asyncio.Event()
            process = machine.process = Process(machine.name)
            self.note(process, "starts" if machine.starts == 1 else "starts again")
            try:
                machine.instance = wired(self, machine, process)
                main = self.loop.start(process, machine.instance.run())
                ended = asyncio.ensure_future(machine.ended.wait())
                await asyncio.wait([main, ended], return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
                if main.done() and not process.dead:
                    main.result()
            finally:
                process.dead = True
                await self.loop.bury(process)
                if machine.instance is not None:
                    machine.instance.db.close()
            if not self.over:
                await asyncio.sleep(self.dice.choice((0.2, 3.0, 30.0, 90.0)) if self.at is None else 0.2)

    async def _settle(self) -> None:
        """No more mishaps; time passes until nothing is left to tell."""
        self.note(None, "== no more mishaps")
        self.chances, self.down, self.at = replace(CALM, lag=self.chances.lag), frozenset(), None
        for machine in self.machines:
            if machine.process is not None:
                machine.process.partitioned = False
        for name in ("#alerts", "#ops"):
            self.slack.channel(name).member = True
        shown = len(self.answers)
        for _ in range(PATIENCE_AT_THE_END):
            await asyncio.sleep(STEP)
            if len(self.answers) >= shown + QUIET_AT_THE_END and self._is_settled():
                self.settled = True
                return

    def _is_settled(self) -> bool:
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as connection:
            waiting = "SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unclear')"
            stale = (
                "SELECT count(*) FROM threads JOIN incidents ON incidents.id = threads.incident"
                " WHERE channel_kind = 'slack' AND changed_at != shown"
            )
            found = [connection.execute(text).fetchone()[0] for text in (waiting, stale, _TIMED, _FLAPPING, _MUTED)]
            bad = {tuple(json.loads(node)) for (node,) in connection.execute(_BAD)}
        connection.close()
        waits = self.people.waiting() or any(not one.done() for one in self.people.acting)
        return not waits and not any(found) and bad == {site for site, share in self.figures.items() if share > LIMIT}

    def _slow_store(self) -> float:
        return self.dice.choice((0.3, 4.0)) if self.happens(self.chances.slow) else 0.0

    def _complain(self, _loop: object, context: dict[str, object]) -> None:
        error = context.get("exception")
        if not isinstance(error, Crash):
            self.complaints.append(f"{context.get('message')}: {error!r}")

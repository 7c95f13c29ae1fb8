"""When each query is asked: spread over the interval, never two turns of one query at once, no turn lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.domain.asking import Asked
from sentinel.engine import figures
from sentinel.engine.bells import Bells, WallBells

log = structlog.get_logger("sentinel.schedule")

START_SPREAD = 30.0
"""Seconds over which the first polls after a start are spread, unless the interval is shorter."""

JUMP = 5.0
"""A wall clock that moved this many seconds more or less than time itself has jumped."""

Turn = Callable[[Asked], Awaitable[object]]


@dataclass
class _Turns:
    """One query's turns: a poll that becomes due while one runs is taken right after it."""

    asked: Asked
    turn: Turn
    due: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Future[object] | None = None
    worker: asyncio.Task[None] | None = None
    over: bool = False

    async def ring(self) -> None:
        """Another poll is due. A coroutine, since the library runs plain functions in threads."""
        if self.due.is_set() or self.running is not None:
            figures.TURNS_LATE.inc()
        self.due.set()

    async def work(self) -> None:
        while True:
            await self.due.wait()
            self.due.clear()
            if self.over:
                return
            self.running = asyncio.ensure_future(self.turn(self.asked))
            try:
                await self.running
            except Exception:
                log.exception("turn broke", query=self.asked.query.key)
            finally:
                self.running = None

    def end(self) -> None:
        """Take no further turn; one that is under way ends by itself."""
        self.over = True
        self.due.set()


@dataclass
class Schedule:
    """Runs the turns of all queries. `speed` is how many seconds of the Clock pass in one of the machine's."""

    clock: Clock
    turn: Turn
    speed: float = 1.0
    bells: Bells = field(default_factory=WallBells)
    _ringing: bool = False
    _turns: dict[str, _Turns] = field(default_factory=dict)
    _ending: list[_Turns] = field(default_factory=list)

    def start(self, queries: Sequence[Asked], anew: Container[str] = ()) -> None:
        """Ask exactly these from now on; those asked already keep their rhythm unless their interval has changed.

        The first polls of new ones come at once, spread over at most `START_SPREAD` seconds, and so do those to the
        sources in `anew`.
        """
        if not self._ringing:
            self.bells.start()
            self._ringing = True
        wanted = {asked.query.key for asked in queries}
        for key in [key for key in self._turns if key not in wanted]:
            self.bells.take_down(key)
            self._turns[key].end()
            self._ending.append(self._turns.pop(key))
        soon = [asked for asked in queries if self._is_new(asked) or asked.query.source in anew]
        for number, asked in enumerate(soon):
            self._hang(asked, min(asked.every, START_SPREAD) * number / len(soon))
        for asked in queries:
            self._turns[asked.query.key].asked = asked

    def _is_new(self, asked: Asked) -> bool:
        """Whether it is not asked yet, or at another interval."""
        turns = self._turns.get(asked.query.key)
        return turns is None or turns.asked.every != asked.every

    def _hang(self, asked: Asked, first: float) -> None:
        key = asked.query.key
        turns = self._turns.get(key)
        if turns is None:
            turns = self._turns[key] = _Turns(asked, self.turn)
            turns.worker = asyncio.create_task(turns.work(), name=f"turns of {key}")
        else:
            self.bells.take_down(key)
        self.bells.hang(key, turns.ring, every=asked.every / self.speed, first=first / self.speed)

    def jumped(self, seconds: float) -> None:
        """The wall clock was set by so much: the bells keep their distance in real time."""
        direction = "back" if seconds < 0 else "forward"
        figures.CLOCK_JUMPS.labels(direction).inc()
        log.warning("clock jumped", seconds=round(seconds, 1))
        if self._ringing:
            self.bells.shift(seconds)

    async def stop(self, patience: float) -> None:
        """Ring no more, let running turns end for `patience` real seconds, then cancel them."""
        if self._ringing:
            self.bells.stop()
            self._ringing = False
        everybody = [*self._turns.values(), *self._ending]
        for turns in everybody:
            turns.due.clear()
        under_way = [turns.running for turns in everybody if turns.running is not None]
        if under_way:
            await asyncio.wait(under_way, timeout=patience)
        workers = [turns.worker for turns in everybody if turns.worker is not None]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self._turns.clear()
        self._ending.clear()


@dataclass
class JumpWatch:
    """Compares the wall clock with time itself."""

    clock: Clock
    _wall: float | None = None
    _steady: float = 0.0

    def check(self) -> float:
        """By how many seconds the wall clock has jumped since the last check; 0.0 when it has not."""
        wall, steady = self.clock.now(), self.clock.monotonic()
        jump = 0.0 if self._wall is None else (wall - self._wall) - (steady - self._steady)
        self._wall, self._steady = wall, steady
        return jump if abs(jump) >= JUMP else 0.0

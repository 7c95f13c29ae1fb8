"""When each query is asked: spread over the interval, never two turns of one query at once, no turn lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from sentinel.clock import Clock, SystemClock
from sentinel.engine import figures
from sentinel.engine.queries import Asked

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
    _scheduler: AsyncIOScheduler | None = None
    _turns: dict[str, _Turns] = field(default_factory=dict)
    _ending: list[_Turns] = field(default_factory=list)

    def start(self, queries: Sequence[Asked]) -> None:
        """Ask exactly these from now on; those asked already keep their rhythm.

        The first polls of new ones come at once, spread over at most `START_SPREAD` seconds.
        """
        if self._scheduler is None:
            self._scheduler = AsyncIOScheduler(timezone=UTC)
            self._scheduler.add_listener(self._noticed, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
            self._scheduler.start()
        wanted = {asked.query.key for asked in queries}
        for key in [key for key in self._turns if key not in wanted]:
            self._scheduler.remove_job(key)
            self._turns[key].end()
            self._ending.append(self._turns.pop(key))
        new = [asked for asked in queries if asked.query.key not in self._turns]
        begin = datetime.fromtimestamp(SystemClock().now(), UTC)  # the library lives by the machine's wall time
        for number, asked in enumerate(new):
            spread = min(asked.every, START_SPREAD) * number / len(new)
            self._add(self._scheduler, asked, begin + timedelta(seconds=spread / self.speed))

    def _add(self, scheduler: AsyncIOScheduler, asked: Asked, first: datetime) -> None:
        turns = _Turns(asked, self.turn)
        trigger = IntervalTrigger(seconds=max(asked.every / self.speed, 0.001), start_date=first, timezone=UTC)
        # The job only rings a bell, so it never runs long; late bells are rung once, never dropped.
        scheduler.add_job(
            turns.ring,
            trigger,
            id=asked.query.key,
            next_run_time=first,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            executor="default",
        )
        turns.worker = asyncio.create_task(turns.work(), name=f"turns of {asked.query.key}")
        self._turns[asked.query.key] = turns

    def jumped(self, seconds: float) -> None:
        """The wall clock was set by so much: the bells keep their distance in real time."""
        direction = "back" if seconds < 0 else "forward"
        figures.CLOCK_JUMPS.labels(direction).inc()
        log.warning("clock jumped", seconds=round(seconds, 1))
        if self._scheduler is None or seconds > 0:
            return
        for job in self._scheduler.get_jobs():
            if job.next_run_time is not None:
                job.modify(next_run_time=job.next_run_time + timedelta(seconds=seconds))

    async def stop(self, patience: float) -> None:
        """Ring no more, let running turns end for `patience` real seconds, then cancel them."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
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

    def _noticed(self, event: JobExecutionEvent) -> None:
        figures.TURNS_LATE.inc()
        log.warning("bell missed or broken", job=event.job_id, error=str(event.exception or ""))


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

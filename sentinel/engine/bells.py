"""When polls are due: one bell for each query, rung at even distances of real time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from sentinel.clock import SystemClock
from sentinel.engine import figures

log = structlog.get_logger("sentinel.bells")

Ring = Callable[[], Awaitable[None]]


class Bells(Protocol):
    """Bells by name. A bell that comes late is rung once, however often it was due."""

    def start(self) -> None:
        """Begin to ring."""

    def hang(self, name: str, ring: Ring, *, every: float, first: float) -> None:
        """Ring in `first` real seconds and `every` so many from then on."""

    def take_down(self, name: str) -> None:
        """Ring that one no more."""

    def shift(self, seconds: float) -> None:
        """The wall clock was set by so much: the next rings keep their distance in real time."""

    def stop(self) -> None:
        """Ring no more."""


class WallBells:
    """Bells of the scheduler library, which lives by the machine's wall time."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_listener(_noticed, EVENT_JOB_MISSED | EVENT_JOB_ERROR)

    def start(self) -> None:
        self._scheduler.start()

    def hang(self, name: str, ring: Ring, *, every: float, first: float) -> None:
        begin = datetime.fromtimestamp(SystemClock().now(), UTC) + timedelta(seconds=first)
        # The job only rings a bell, so it never runs long; late bells are rung once, never dropped.
        self._scheduler.add_job(
            ring,
            IntervalTrigger(seconds=max(every, 0.001), start_date=begin, timezone=UTC),
            id=name,
            next_run_time=begin,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            executor="default",
        )

    def take_down(self, name: str) -> None:
        self._scheduler.remove_job(name)

    def shift(self, seconds: float) -> None:
        if seconds > 0:
            return  # what is overdue now is rung once and goes on from there
        for job in self._scheduler.get_jobs():
            if job.next_run_time is not None:
                job.modify(next_run_time=job.next_run_time + timedelta(seconds=seconds))

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def next_at(self, name: str) -> datetime:
        """When that bell rings next."""
        at: datetime = self._scheduler.get_job(name).next_run_time
        return at


def _noticed(event: JobExecutionEvent) -> None:
    figures.TURNS_LATE.inc()
    log.warning("bell missed or broken", job=event.job_id, error=str(event.exception or ""))

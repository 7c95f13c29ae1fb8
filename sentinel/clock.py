"""The only reader of time. Everything else is told the instant, or is given a Clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where instants come from: Unix seconds, UTC, rounded to milliseconds so that they survive any database."""

    def now(self) -> float:
        """The wall time in Unix seconds; it may jump either way."""

    def monotonic(self) -> float:
        """Seconds that only grow, at the same pace as `now`; for durations within one process."""

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of this clock."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return round(time.time(), 3)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # noqa: PLC0415  # a command that only asks for the time should not wait for it

        await asyncio.sleep(max(0.0, seconds))


class FastClock:
    """A clock that starts at an instant of one's choice and runs `speed` times as fast as the machine's."""

    def __init__(self, *, start: float, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._origin = time.monotonic()

    def now(self) -> float:
        return round(self._start + self.monotonic(), 3)

    def monotonic(self) -> float:
        return (time.monotonic() - self._origin) * self._speed

    async def sleep(self, seconds: float) -> None:
        import asyncio  # noqa: PLC0415  # as above

        await asyncio.sleep(max(0.0, seconds) / self._speed)

"""The only reader of time. Everything else is told the instant, or is given a Clock."""

from __future__ import annotations

import time
from typing import Protocol

EARLIEST = 1_767_225_600.0
"""The beginning of 2026: this program is not older, so a wall clock that shows less was never set."""


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
    """A clock that begins in the past and runs `speed` times as fast as the machine's until it has caught up with it.

    From then on it goes as the machine's does.
    """

    def __init__(self, *, start: float, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._origin = time.monotonic()
        behind = max(0.0, time.time() - start)
        self._hurries_for = behind / (speed - 1) if speed > 1 else 0.0

    def now(self) -> float:
        return round(self._start + self.monotonic(), 3)

    def monotonic(self) -> float:
        passed = time.monotonic() - self._origin
        hurried = min(passed, self._hurries_for)
        return hurried * self._speed + (passed - hurried)

    async def sleep(self, seconds: float) -> None:
        import asyncio  # noqa: PLC0415  # as above

        wanted = max(0.0, seconds)
        hurry_left = max(0.0, self._hurries_for - (time.monotonic() - self._origin))
        hurried = min(wanted / self._speed, hurry_left)
        await asyncio.sleep(hurried + (wanted - hurried * self._speed))

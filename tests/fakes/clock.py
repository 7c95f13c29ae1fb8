"""A clock that stands still until somebody sleeps on it or moves it."""

from __future__ import annotations

import asyncio


class FakeClock:
    """Starts at `start` (Unix seconds). Sleeping returns at once and moves the time; `slept` keeps the durations."""

    def __init__(self, start: float = 1_772_438_400.0) -> None:
        self._now = start
        self._monotonic = 1_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return round(self._now, 3)

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Let that much time pass."""
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back; durations are not touched."""
        self._now += seconds

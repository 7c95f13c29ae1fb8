"""A clock for benchmarks: its wall time is set by hand, a slot further for every reading."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter


@dataclass
class Moments:
    """`at`: the wall time it tells, in Unix seconds. Durations are the machine's."""

    at: float = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return perf_counter()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

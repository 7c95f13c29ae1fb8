"""A past of the simulated company, for those who have none yet: its Portal asked by the real source, on a clock of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from pydantic import SecretStr

from sentinel.clock import Clock, SystemClock
from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.settings import NexthinkSettings
from sentinel.demo.outages import Outage
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tenants import Tenant
from sentinel.demo.tiers import tier
from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Query, Reading
from sentinel.store import archiving

STEP, HOUR, DAY = 600.0, 3600.0, 86400.0
SERVICE = "Exchange Online"
QUERY = Query("portal", SERVICE, "Location", "Site")

_OUTAGES = (
    (0.45, 1.5 * HOUR, ("Europe", "Switzerland", "Zurich"), 0.2),
    (0.62, 0.2 * HOUR, ("Europe", "France", "Paris"), 0.3),
    (0.70, 0.2 * HOUR, ("Europe", "France", "Paris"), 0.3),
    (0.85, 2.0 * HOUR, ("Europe", "Germany"), 0.14),
)
"""When in the past each begins (share of it), how long it lasts, where, and for what share of the devices."""


class Hands:
    """A clock whose hands are moved."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        """Let that much time pass."""
        self._now += seconds


def write_past(path: Path, days: float) -> int:
    """Write an archive of the last `days`, polled every ten minutes; how many readings it has.

    Raises:
        StoreError: it cannot be written.
    """
    end = SystemClock().now() // STEP * STEP
    return archiving.write(path, asyncio.run(_polled(end - days * DAY, end)))


async def _polled(begin: float, end: float) -> list[Reading]:
    return [reading async for reading in _polls(begin, end)]


async def _polls(begin: float, end: float) -> AsyncIterator[Reading]:
    clock = Hands(begin)
    outages = [
        outage(begin + share * (end - begin), lasts, node, strength) for share, lasts, node, strength in _OUTAGES
    ]
    async with asking(clock, tier("demo"), outages) as source:
        while clock.now() < end:
            yield await source.ask(QUERY)
            clock.move(STEP)


def outage(start: float, lasts: float, node: Node, strength: float) -> Outage:
    """That share of a place's devices cannot use the service, for so many seconds."""
    services = (SERVICE,)
    return Outage(kind="site_dark", start=start, end=start + lasts, node=node, services=services, strength=strength)


@contextlib.asynccontextmanager
async def asking(
    clock: Clock, tenant: Tenant, outages: Sequence[Outage], *, source: str = "portal"
) -> AsyncIterator[NexthinkSource]:
    """The real source, named so, before the simulated Portal of a company."""
    async with Portal(tenant, now=clock.now, outages=outages) as portal:
        asked = NexthinkSource(
            NexthinkSettings(
                name=source,
                url=portal.url,
                username=USER,
                password=SecretStr(PASSWORD),
                services={one.name: one.uid for one in tenant.services},
            ),
            clock,
        )
        try:
            yield asked
        finally:
            await asked.close()

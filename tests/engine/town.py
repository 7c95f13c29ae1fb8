"""A whole Sentinel in a test: simulated Portal and Slack workspace on real sockets, a real database, a virtual clock."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.settings import NexthinkSettings
from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings, Secret, SlackSettings
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tiers import tiny
from sentinel.demo.workspace import Workspace
from sentinel.domain.asking import Asked, needed
from sentinel.domain.hierarchy import Node
from sentinel.domain.records import Plan
from sentinel.domain.rules import Address, Rule, Rulebook, SourceTraits
from sentinel.engine.backoff import Patience
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.tick import Ticker
from sentinel.store.database import Database
from tests.domain.polls import START, a_route, a_rule
from tests.fakes.clock import FakeClock

ALERTS = Address("team", "slack", "#workplace-alerts")
SITES: tuple[Node, ...] = tuple((country, f"{country} {n}") for country in ("Aland", "Borduria") for n in (1, 2, 3, 4))
SLOT = 600.0


@dataclass
class Town:
    """The parts, and the few verbs a story needs. `bad` maps sites to their share of devices in error."""

    clock: FakeClock
    portal: Portal
    slack: Workspace
    source: NexthinkSource
    ticker: Ticker
    dispatcher: Dispatcher
    asked: tuple[Asked, ...]
    bad: dict[Node, float]
    gone: set[Node]

    async def poll(self) -> Plan | None:
        """Ask the one query now."""
        return await self.ticker.tick(self.asked[0], self.source)

    async def turn(self, *, after: float = SLOT) -> None:
        """Time passes, then a poll, then telling all that is due."""
        self.clock.advance(after)
        await self.poll()
        await self.tell()

    async def tell(self, rounds: int = 6) -> None:
        """Drain until nothing is left to do now."""
        for _ in range(rounds):
            if not await self.dispatcher.drain():
                return

    def degrade(self, *sites: int, share: float = 0.3) -> None:
        """These sites (by number, 0 to 7) have that share of devices in error from now on; all others are fine."""
        self.bad = {SITES[n]: share for n in sites}

    @property
    def story(self) -> list[str]:
        """What the Slack channel has seen, oldest first: posted, edited, replied."""
        return [event.kind for event in self.slack.events]

    @property
    def headline(self) -> str:
        """The root message's text as it stands."""
        return self.slack.roots("#workplace-alerts")[0].text


@asynccontextmanager
async def town(
    database: Database,
    *,
    rule: Rule | None = None,
    patience: Patience | None = None,
    slack_deadline: float = 15.0,
    portal_timeout: float = 20.0,
    password: str = PASSWORD,
    clock: FakeClock | None = None,
    slack_behind: float = 0.0,
) -> AsyncIterator[Town]:
    """Eight sites in two countries, a rule that is critical above 10 % of devices in error, one Slack channel."""
    clock = clock or FakeClock(START)
    bad: dict[Node, float] = {}
    wanted = rule or a_rule("devices_with_errors / devices > 10%", services=a_rule().services)
    tenant = tiny(SITES, levels=("Country", "Site"))
    async with Workspace(now=lambda: clock.now() - slack_behind) as slack, Portal(tenant, now=clock.now) as portal:
        service = tenant.services[0]
        settings = NexthinkSettings(
            name="portal",
            url=portal.url,
            username=USER,
            password=SecretStr(password),
            timeout=portal_timeout,
            services={service.name: service.uid},
            levels={"Location": ("Country", "Site")},
        )
        source = NexthinkSource(settings, clock)
        channels = Channels(
            DeliverySettings(
                slack=SlackSettings(token=Secret(slack.token), api_url=slack.api_url, deadline=slack_deadline)
            )
        )
        book = Rulebook(rules=(wanted,), routes=(a_route(ALERTS),), sources=(SourceTraits(name="portal"),))
        whole = Town(
            clock=clock,
            portal=portal,
            slack=slack,
            source=source,
            ticker=Ticker(database, book, clock),
            dispatcher=Dispatcher(database, channels.get, clock, patience or Patience()),
            asked=needed(book, source.services()),
            bad=bad,
            gone=set(),
        )
        portal.figures = lambda _service, node, metric, _at: figure(whole, node, metric)
        try:
            yield whole
        finally:
            await source.close()
            await channels.close()


def figure(town: Town, node: Node, metric: str) -> float | None:
    """A hundred devices everywhere, the scripted share of them in error; a parent has the sum of its sites."""
    below = [site for site in SITES if site[: len(node)] == node]
    if metric == "devices":
        return 100.0 * len(below)
    if metric == "devices_with_errors":
        return math.fsum(100.0 * town.bad.get(site, 0.0) for site in below)
    return None

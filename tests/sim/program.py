"""One process of Sentinel, wired as `sentinel.app` does it, over the simulated wires."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import SecretStr

from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.settings import NexthinkSettings
from sentinel.deliver.channel import Channel
from sentinel.deliver.settings import Secret, SlackSettings, SmtpSettings, WebhookSettings
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.deliver.smtp import SmtpChannel
from sentinel.deliver.webhook import WebhookChannel
from sentinel.domain.rules import Address
from sentinel.engine.backoff import Patience
from sentinel.engine.bells import Ring
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.instance import Instance
from sentinel.engine.tick import Ticker
from sentinel.store.housekeeping import Retention
from tests.sim.loop import Process
from tests.sim.outside import HOOKS, LOGIN, PORTAL, MailWire, SlackWire
from tests.sim.store import SimDatabase
from tests.sim.story import SERVICE, STEP

if TYPE_CHECKING:
    from tests.sim.world import Machine, World

PATIENCE = Patience(retry_max=120.0, greylist_wait=40.0, edit_every=30.0)
FOR_EVER = Retention(readings=1e9, incidents=1e9)


@dataclass(frozen=True)
class SimClock:
    """A machine's clock: time as it is, and a wall clock that somebody may have set."""

    machine: Machine
    world: World

    def now(self) -> float:
        return round(self.world.true_now() + self.machine.offset, 3)

    def monotonic(self) -> float:
        return self.world.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


@dataclass
class LoopBells:
    """Bells of the event loop; a process that was stopped finds each rung once."""

    _hanging: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _ringing: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        """Bells hang on the running loop."""

    def hang(self, name: str, ring: Ring, *, every: float, first: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + first

        def strike() -> None:
            nonlocal due
            while due <= loop.time():
                due += every
            self._hanging[name] = loop.call_at(due, strike)
            task = loop.create_task(_rung(ring))
            self._ringing.add(task)
            task.add_done_callback(self._ringing.discard)

        self._hanging[name] = loop.call_at(due, strike)

    def take_down(self, name: str) -> None:
        self._hanging.pop(name).cancel()

    def shift(self, seconds: float) -> None:
        """They do not look at the wall clock."""

    def stop(self) -> None:
        for name in list(self._hanging):
            self.take_down(name)


async def _rung(ring: Ring) -> None:
    await ring()


def wired(world: World, machine: Machine, process: Process) -> Instance:
    """A Sentinel that has just started on this machine."""
    story, clock = world.story, SimClock(machine, world)
    db = SimDatabase(world, process, world.shelf.engine(machine.name))
    if story.instances == 1:
        db.claim()
    dice = random.Random(f"{story.seed} {machine.name} {machine.starts}")
    rulebook = story.rulebook
    ticker = world.parts.ticker(db, rulebook, clock)
    dispatcher = world.parts.dispatcher(db, _channels(world), clock, PATIENCE, dice=dice)
    return world.parts.instance(
        db=db,
        clock=clock,
        rulebook=rulebook,
        sources={"portal": _source(world, clock, dice)},
        ticker=ticker,
        dispatcher=dispatcher,
        holder=f"{machine.name}:{machine.starts}",
        rules_hash="same",
        retention=FOR_EVER,
        lease_seconds=150.0 if story.instances == 1 else story.lease,
        bells=LoopBells,
        look_every=25.0,
    )


@dataclass(frozen=True)
class Parts:
    """What a Sentinel is made of; tests of the tests put broken parts in."""

    ticker: Callable[..., Ticker] = Ticker
    dispatcher: Callable[..., Dispatcher] = Dispatcher
    instance: Callable[..., Instance] = Instance
    slack: Callable[..., SlackChannel] = SlackChannel
    source: Callable[..., NexthinkSource] = NexthinkSource


def _source(world: World, clock: SimClock, dice: random.Random) -> NexthinkSource:
    uid = next(one.uid for one in world.portal.tenant.services if one.name == SERVICE)
    settings = NexthinkSettings(
        name="portal",
        url=f"https://{PORTAL}",
        username=LOGIN[0],
        password=SecretStr(LOGIN[1]),
        step=STEP,
        timeout=20.0,
        services={SERVICE: uid},
        levels={"Location": ("Country", "Site")},
    )
    return world.parts.source(settings, clock, jitter=dice.random, client=world.http)


def _channels(world: World) -> Callable[[Address], Channel]:
    slack = SlackSettings(token=Secret("xoxb-simulated"))
    calls = SlackCalls(slack, client=SlackWire(world))  # type: ignore[arg-type]
    smtp = SmtpSettings(host="mail.example.com", sender="sentinel@example.com", security="none")
    hook = WebhookSettings(url=Secret(f"https://{HOOKS}/tool"))
    made: dict[Address, Channel] = {}
    for address in world.story.addresses:
        if address.kind == "slack":
            made[address] = world.parts.slack(address.to, calls)
        elif address.kind == "email":
            made[address] = SmtpChannel(address.to, smtp, connection=lambda **options: MailWire(world, **options))  # type: ignore[arg-type,return-value]
        else:
            made[address] = WebhookChannel(hook, client=world.http)
    return made.get

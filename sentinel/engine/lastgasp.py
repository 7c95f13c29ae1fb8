"""The database takes nothing, so nothing can be recorded and nothing told through the outbox: said once, directly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.deliver.channel import Channel, Delivered, Delivery, Unclear
from sentinel.domain import sentences
from sentinel.domain.announce import event
from sentinel.domain.incidents import CloseReason, Event, Facts, Incident, Story, incident_id
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import ITSELF, Address, Rulebook, Severity
from sentinel.domain.selfcheck import detour
from sentinel.engine.offload import offload
from sentinel.errors import StoreError
from sentinel.store.database import Database

log = structlog.get_logger("sentinel.lastgasp")

RULE = "sentinel/store"

SILENT = 60.0
"""Seconds for which the database takes no write before people are told."""

CHECK_EVERY = 15.0
"""Real seconds between two test writes."""

NOT_RECORDED = "This notice is not recorded: it may come again after a restart."


@dataclass
class LastGasp:
    """Tells one channel that Sentinel cannot store, and the same channel when it can again.

    It works beside the outbox and the lease, so it keeps to what it remembers: an instance that was leading when the
    trouble began tells once; after a restart it may tell again, and says so.
    """

    db: Database
    clock: Clock
    rulebook: Callable[[], Rulebook]
    channels: Callable[[Address], Channel | None]
    leads: Callable[[], bool]
    on_trouble: Callable[[], Awaitable[None]] | None = None
    _since: float | None = None
    _began_at: float = 0.0
    _led: bool = False
    _told: tuple[Address, Incident, Delivered | None] | None = None
    _events: list[Event] = field(default_factory=list)

    async def run(self) -> None:
        """Watch for as long as the program runs."""
        while True:
            try:
                await self.check()
            except Exception:
                log.exception("watching the store broke")
            await asyncio.sleep(CHECK_EVERY)

    async def check(self) -> None:
        """One test write, and what follows from it."""
        broken = await self._complaint()
        steady = self.clock.monotonic()
        if broken is None:
            if self._told is not None:
                await self._over(*self._told)
            self._since, self._told, self._led = None, None, False
            return
        self._led = self._led or self.leads()
        if self._since is None:
            self._since, self._began_at = steady, self.clock.now()
        if steady - self._since >= SILENT and self._led and self._told is None:
            log.error("the store takes nothing", reason=broken.message, hint=broken.hint)
            await self._tell(broken)

    async def _complaint(self) -> StoreError | None:
        try:
            await offload(self.db.check)
        except StoreError as broken:
            return broken
        return None

    async def _tell(self, broken: StoreError) -> None:
        incident = self._incident(broken)
        if self.on_trouble is not None:
            await self.on_trouble()
        for route in detour(self.rulebook(), incident, frozenset(), about_telling=True):
            for address in route.to:
                outcome = await self._send(address, incident, NoticeKind.DEGRADED, sentences.opened(incident), None)
                if isinstance(outcome, Delivered | Unclear):
                    self._told = address, incident, outcome if isinstance(outcome, Delivered) else None
                    return
        log.error("nobody could be told that the store takes nothing")

    async def _over(self, address: Address, incident: Incident, told: Delivered | None) -> None:
        at = self.clock.now()
        ended = incident.evolve(step=2, resolved_at=at, close_reason=CloseReason.RECOVERED, members=0)
        await self._send(address, ended, NoticeKind.RECOVERED, sentences.recovered(ended, at), told)

    async def _send(
        self, address: Address, incident: Incident, kind: NoticeKind, line: str, told: Delivered | None
    ) -> object:
        at = self.clock.now()
        channel = self.channels(address)
        if channel is None:
            return None
        self._events.append(event(incident, kind, line, at))
        delivery = Delivery(
            key=f"{incident.id}/{incident.step}/{kind.value}/{address.receiver}/{address.channel}",
            kind=kind,
            story=Story(incident, tuple(self._events)),
            line=line,
            quiet=False,
            first=told is None,
            ref=told.ref if told is not None else None,
            may_repeat=False,
            started_at=at,
            at=at,
        )
        try:
            outcome = await channel.send(delivery)
        except Exception:
            log.exception("channel broke", channel=channel.kind, notice=delivery.key)
            return Unclear("it broke inside the channel")
        log.warning("told beside the outbox", channel=address.channel, outcome=type(outcome).__name__.lower())
        return outcome

    def _incident(self, broken: StoreError) -> Incident:
        self._events.clear()
        at = self._began_at
        return Incident(
            id=incident_id(RULE, None, ITSELF, ("store",), at),
            rule=RULE,
            service=None,
            source=ITSELF,
            hierarchy="",
            node=("store",),
            severity=Severity.CRITICAL,
            worst_severity=Severity.CRITICAL,
            opened_at=at,
            changed_at=at,
            members=1,
            peak_members=1,
            step=1,
            facts=Facts(
                summary="Sentinel cannot store, so it records and tells nothing",
                detail=f"{broken.message}. {NOT_RECORDED}",
                hint=broken.hint if "tried again" not in broken.hint else "Sentinel goes on by itself once it can.",
            ),
        )

"""What people do while Sentinel runs, whichever door they come in by: written down, done by whoever leads, answered."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import structlog

from sentinel.clock import Clock
from sentinel.domain import people
from sentinel.domain.incidents import Incident
from sentinel.domain.records import Plan
from sentinel.domain.requests import Answer, Deed, Request
from sentinel.engine.offload import offload
from sentinel.engine.tick import Ticker
from sentinel.errors import LeaseLost, StoreBusy, StoreError
from sentinel.store import inbox, requests
from sentinel.store.database import Database

log = structlog.get_logger("sentinel.commands")

PATIENCE = 10.0
"""Seconds that somebody who asked for something waits for the answer."""

LOOK_SECONDS = 0.1
AGAIN = 10
"""So many looks for an answer, then the request is handed in again: whoever led may have ended meanwhile."""


def request(deed: Deed, incident: str, by: str, at: float, text: str = "") -> Request:
    """A request with a name of its own. `incident` is a whole id, `at` now."""
    return Request(key=secrets.token_hex(16), deed=deed, incident=incident, by=by.strip(), at=at, text=text.strip())


async def carry_out(db: Database, wanted: Request, clock: Clock, patience: float = PATIENCE) -> Answer | None:
    """Have a request done and say what became of it. None: it is written down, and whoever leads has not done it yet.

    Raises:
        StoreError: nothing is done, or nobody knows.
    """
    until = clock.monotonic() + patience
    answer = await _hand_in(db, wanted, clock)
    looks = 0
    while answer is None and clock.monotonic() < until:
        await clock.sleep(LOOK_SECONDS)
        looks += 1
        if looks % AGAIN:
            answer = await offload(lambda: requests.answered(db, wanted.key))
        else:
            answer = await _hand_in(db, wanted, clock)
    return answer


async def _hand_in(db: Database, wanted: Request, clock: Clock) -> Answer | None:
    """Tried twice: after a connection that was lost nobody knows whether it is written down, and the key tells."""

    def decide(one: Request, incident: Incident | None) -> Plan:
        return people.decide([one], {}, {incident.id: incident} if incident is not None else {}, clock.now())

    try:
        return await offload(lambda: inbox.hand_in(db, wanted, decide))
    except StoreBusy:
        return await offload(lambda: inbox.hand_in(db, wanted, decide))


@dataclass
class Inbox:
    """The requests that this instance has to do while it leads."""

    db: Database
    ticker: Ticker
    clock: Clock

    async def run(self, every: float) -> None:
        """Look for requests every so many of the machine's seconds, until cancelled."""
        while True:
            try:
                await self.work_off()
            except LeaseLost:
                log.warning("another instance does what people want now")
            except StoreError as broken:
                log.warning("requests not done yet", reason=broken.message)
            except Exception:
                log.exception("requests broke")
            await asyncio.sleep(every)

    async def work_off(self) -> int:
        """Do what is waiting; how much that was.

        Raises:
            StoreError: nothing of it is done, or nobody knows; it is found again if it is not.
            LeaseLost: another instance leads.
        """
        found = await offload(lambda: requests.waiting(self.db))
        if not found:
            return 0
        others = await offload(lambda: inbox.incidents_of(self.db, found))
        done = await self.ticker.amend(lambda books: people.decide(found, books, others, self.clock.now()))
        for one in done.answers if done is not None else ():
            log.info("request done", request=one.key, outcome=one.outcome.value, text=one.text)
        return len(found)

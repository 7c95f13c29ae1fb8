"""Sentinel looks at itself while it leads, and records what it finds as incidents like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.domain.incidents import Incident
from sentinel.domain.records import Book, BookKey, Plan
from sentinel.domain.rules import SELF_RULES
from sentinel.domain.selfcheck import Sighting, Symptom, judge
from sentinel.engine.tick import Ticker
from sentinel.errors import LeaseLost, StoreError
from sentinel.store import silences

log = structlog.get_logger("sentinel.selfwatch")

LOOK_EVERY = 5.0
"""Real seconds between two looks."""

PUSHED = ("sentinel/reload",)
"""Rules whose symptoms others raise and end; what was raised before a restart is over with it."""

Look = Callable[[], Awaitable[Iterable[Sighting]]]
"""One thing looked at. It may raise StoreError: then nothing is concluded from it."""


@dataclass
class SelfWatch:
    """Judges what the looks find. `looks` makes them anew whenever this instance begins to lead.

    `open` are the incidents about Sentinel itself that last, as of the last look.
    """

    ticker: Ticker
    clock: Clock
    looks: Callable[[], tuple[Look, ...]]
    open: tuple[Incident, ...] = ()
    _raised: dict[tuple[str, str], Symptom] = field(default_factory=dict)

    def raise_symptom(self, symptom: Symptom) -> None:
        """Something is wrong from now on; the next look records it. Raised again it is only described anew."""
        assert symptom.rule in PUSHED
        self._raised[symptom.rule, symptom.subject] = symptom

    def end(self, rule: str, subject: str) -> None:
        """It is well again; nothing happens when nothing was wrong."""
        self._raised.pop((rule, subject), None)

    async def run(self) -> None:
        """Look again and again, for as long as this instance leads."""
        looks = self.looks()
        try:
            while True:
                await self.look(looks)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            self.open = ()  # whoever leads now knows better

    async def look(self, looks: Iterable[Look]) -> None:
        """Look once at everything, and record what changed. Trouble of one look or of the store never ends the watch."""
        found = [Sighting(rule=rule, symptoms=self._raised_by(rule)) for rule in PUSHED]
        for one in looks:
            try:
                found += await one()
            except StoreError as broken:
                log.debug("not looked at", reason=broken.message)
            except Exception:
                log.exception("a look at Sentinel itself broke")
        try:
            await self.ticker.amend(lambda books: self._judged(found, books))
        except LeaseLost:
            log.debug("another instance writes now")
        except StoreError as broken:
            log.warning("trouble with Sentinel itself not recorded", reason=broken.message, hint=broken.hint)

    def _judged(self, found: Iterable[Sighting], books: Mapping[BookKey, Book]) -> Plan | None:
        at = self.clock.now()
        done = judge(self.ticker.rulebook, found, books, at, silences.lasting(self.ticker.db, at))
        present = {**books, **(done.books if done is not None else {})}
        self.open = tuple(one for key, book in present.items() if key[0] in SELF_RULES for one in book.open_incidents)
        return done

    def _raised_by(self, rule: str) -> tuple[Symptom, ...]:
        return tuple(symptom for key, symptom in self._raised.items() if key[0] == rule)

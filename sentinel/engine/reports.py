"""Reports that nobody asks for: each is put into the outbox once, when its time has come, for everybody it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from sentinel.clock import Clock
from sentinel.domain.incidents import Facts, Incident, Story
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.reports import DueReport, due_reports
from sentinel.domain.rules import Address, Rulebook, Severity
from sentinel.engine.offload import offload
from sentinel.errors import LeaseLost, StoreError
from sentinel.store import outbox
from sentinel.store.database import Database

log = structlog.get_logger("sentinel.reports")

LOOK_EVERY = 300.0
"""Seconds between two looks at what is due; they cost nothing where nothing is."""


@dataclass
class Reports:
    """`receivers`: addresses by the receiver's name. `begun`: when an agreement has its first figures, None where none.

    An agreement that is younger than a period has nothing to say about it.
    """

    db: Database
    clock: Clock
    rulebook: Callable[[], Rulebook]
    receivers: Callable[[], Mapping[str, Sequence[Address]]]
    begun: Callable[[str], float | None]
    epoch: Callable[[], int | None] = lambda: None
    _decided: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Look from time to time, for as long as this instance leads."""
        self._decided.clear()
        while True:
            await self.look()
            await self.clock.sleep(LOOK_EVERY)

    async def look(self) -> int:
        """Put what is due into the outbox; for how many addresses. What is there already stays as it is."""
        at, rulebook = self.clock.now(), self.rulebook()
        number = 0
        for due in due_reports(rulebook.slas, rulebook.calendars, at):
            try:
                number += await self._decide(due, at)
            except LeaseLost:
                break
            except StoreError as broken:
                log.warning("report put off", report=due.name, reason=broken.message)
        return number

    async def _decide(self, due: DueReport, at: float) -> int:
        known = self.receivers()
        wanted = [notice(due, address, at) for name in due.sla.report_to for address in known.get(name, ())]
        fresh = [one for one in wanted if one.key not in self._decided]
        if not fresh:
            return 0
        begun = await offload(lambda: self.begun(due.sla.id))
        if begun is None or begun >= due.term.end:
            return 0
        epoch = self.epoch()
        added = await offload(lambda: outbox.enqueue(self.db, fresh, epoch))
        self._decided.update(one.key for one in fresh)
        if added:
            log.info("report due", report=due.name, sla=due.sla.id, addresses=added)
        return added


def notice(due: DueReport, address: Address, at: float) -> Notice:
    """The notice that a report is told to an address: one and the same whenever it is decided."""
    return Notice(
        incident=due.name,
        step=1,
        kind=NoticeKind.DIGEST,
        address=address,
        at=at,
        not_before=at,
        line=f"SLA report {due.sla.id}, {due.term.name}",
    )


def stand_in(name: str, at: float) -> Story:
    """What stands where messages have an incident: it bears the report's name and says nothing else."""
    return Story(
        Incident(
            id=name,
            rule="sentinel/report",
            service=None,
            source="",
            hierarchy="",
            node=(),
            severity=Severity.WARNING,
            worst_severity=Severity.WARNING,
            opened_at=at,
            changed_at=at,
            facts=Facts(summary="SLA report"),
        )
    )

"""One evaluation at one instant: reading in, plan decided, committed, remembered. The only writer of alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from sentinel.clock import Clock
from sentinel.collect.source import Source
from sentinel.domain.asking import Asked
from sentinel.domain.edits import adapt
from sentinel.domain.incidents import Incident
from sentinel.domain.memory import Memory, Recalled
from sentinel.domain.mutes import Silence
from sentinel.domain.past import Recollection, needs_of
from sentinel.domain.plan import plan
from sentinel.domain.reading import Failure, Query, Reading, Reason
from sentinel.domain.records import Before, Book, BookKey, Plan, QueryState
from sentinel.domain.renames import remarked
from sentinel.domain.rules import Rulebook
from sentinel.domain.sources import in_trouble
from sentinel.domain.upkeep import reach
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.errors import LeaseLost, StoreError
from sentinel.store import ledgers, queries, readings, silences
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.unit_of_work import commit

log = structlog.get_logger("sentinel.tick")

HOLD_FOR = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between tries to commit a tick that the store does not take; after the last the next poll decides anew."""

FEW = 50
"""Stored readings in memory at once while the past is read again: of the largest answers each column takes a megabyte."""


@dataclass
class Ticker:
    """Judges readings, one at a time, and keeps what the last commit left.

    `epoch` tells the lease under which this instance writes. `present` turns what was asked of a source into the same
    question under the present rules; None when nobody asks it of that source any more. `trouble` is the store's last
    complaint while a tick is held, else None.
    """

    db: Database
    rulebook: Rulebook
    clock: Clock
    epoch: Callable[[], int | None] = lambda: None
    present: Callable[[Asked, Source], Asked | None] = lambda asked, _: asked
    on_commit: Callable[[], None] = lambda: None
    trouble: StoreError | None = None
    last_tick_at: float | None = None
    ticked: dict[str, float] = field(default_factory=dict)
    """Per query key when its last tick was committed, by the steady clock."""
    _remembered: Memory | None = None
    _pasts: dict[str, Recollection] = field(default_factory=dict)
    """Outlives what is remembered: each says itself whether it ends with the last reading on record."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def forget(self) -> None:
        """Read everything again before the next tick: somebody else may have led meanwhile."""
        self._remembered = None
        self._pasts = {}

    async def tick(self, asked: Asked, source: Source) -> Plan | None:
        """Ask the query, then judge and record the answer. None when the store would not take it."""
        reading = await source.ask(asked.query)
        return await self.record(asked, reading, source)

    async def record(self, asked: Asked, reading: Reading, source: Source | None = None) -> Plan | None:
        """Judge one reading and commit what it changes; held and repeated while the store does not take it.

        None also when the rules have changed since it was asked for, and nobody asks that of the source any more.

        Raises:
            LeaseLost: another instance writes now; nothing was written.
        """
        async with self._turn:
            now = asked if source is None else self.present(asked, source)
            if now is None:
                log.info("reading dropped: the rules have changed", query=asked.query.key)
                return None
            done = await self._held(lambda: self._decide(now, reading))
        if done is not None:
            self._report(asked, reading, done)
        return done

    def between_ticks(self) -> asyncio.Lock:
        """Held while a tick is decided and committed: who holds it may change the rules."""
        return self._turn

    async def adapt(self, asked: Iterable[Asked]) -> Plan | None:
        """Bring the record in line with the present rules: see `domain.edits`."""
        wanted = {one.query.key: [rule.id for rule in one.rules] for one in asked}
        async with self._turn:
            return await self._held(lambda: self._adapt(wanted))

    async def queries(self) -> list[Query] | None:
        """Every query that was ever judged and is not dropped since; None while the store does not tell."""
        try:
            async with self._turn:
                return [state.query for state in (await offload(self._memory)).queries.values()]
        except StoreError as broken:
            log.warning("record not read", reason=broken.message, hint=broken.hint)
            return None

    async def amend(self, decide: Callable[[Mapping[BookKey, Book]], Plan | None]) -> Plan | None:
        """Commit what is decided about incidents beside the readings, in turn with them. Tried once.

        Raises:
            StoreError: nothing was committed, or nobody knows; deciding again adds nothing that is there already.
            LeaseLost: another instance writes now; nothing was written.
        """
        async with self._turn:
            try:
                done = await offload(lambda: self._amend(decide))
            except StoreError:
                self._remembered = None
                raise
        if done is not None:
            self._tell_of(done)
        return done

    def troubled(self) -> list[QueryState]:
        """The queries whose failing is a matter for people, as of the last commit."""
        states = list(self._remembered.queries.values()) if self._remembered is not None else []
        traits = {one.name: one for one in self.rulebook.sources}
        return [
            state
            for state in states
            if state.query.source in traits
            and in_trouble(state, state.last_at or 0.0, traits[state.query.source].no_data_after)
        ]

    def open_incidents(self) -> list[Incident] | None:
        """Those that last, as of the last commit; None while the store has to be read anew."""
        if self._remembered is None:
            return None
        books = list(self._remembered.books.values())
        return [incident for book in books for incident in book.open_incidents]

    async def state_of(self, asked: Asked) -> QueryState | None:
        """What is remembered of a query, None before its first tick."""
        async with self._turn:
            remembered = await offload(self._memory)
        return remembered.queries.get(asked.query.key)

    async def _held(self, work: Callable[[], Plan | None]) -> Plan | None:
        for pause in (*HOLD_FOR, None):
            try:
                done = await offload(work)
            except LeaseLost:
                self.forget()
                raise
            except StoreError as broken:
                # Whether the commit went through is not known either: the truth is read again before the next try.
                # What looks hopeless (a moved file, a changed password) is tried again too: people mend such things.
                self._remembered, self.trouble = None, broken
                figures.TICKS_HELD.inc()
                log.warning("tick held", reason=broken.message, hint=broken.hint)
                if pause is None:
                    return None
                await self.clock.sleep(pause)
            else:
                self.trouble = None
                return done
        return None

    def _memory(self) -> Memory:
        if self._remembered is None:
            self._remembered = replace(load(self.db), pasts=self._pasts)
        return self._remembered

    def _decide(self, asked: Asked, reading: Reading) -> Plan:
        memory = self._memory()
        self._look_up(memory, asked)
        before = memory.before(asked.rules, reading, asked.slas)
        before = replace(before, silences=self._silences(asked, reading.at))
        noted = remarked(reading, before.query.known)
        done, recalled = self._judge(asked, before, noted)
        judged = recalled.reading
        if judged.figures is not None and done.query.failure is not None:
            judged = judged.held(done.query.failure.text)
        commit(self.db, done, judged, epoch=self.epoch(), after=before.query.last_reading_at)
        for remark in noted.remarks[len(reading.remarks) :]:
            log.warning("hierarchy changed", source=asked.query.source, service=asked.query.service, text=remark)
        memory.keep(done, recalled)
        return done

    def _amend(self, decide: Callable[[Mapping[BookKey, Book]], Plan | None]) -> Plan | None:
        memory = self._memory()
        done = decide(memory.books)
        if done is not None:
            commit(self.db, done, None, epoch=self.epoch())
            memory.keep_books(done)
        return done

    def _judge(self, asked: Asked, before: Before, reading: Reading) -> tuple[Plan, Recalled]:
        """The plan and the reading that it judges: the given one, or the same as failed where judging itself breaks.

        A mistake of ours must not leave the nodes as they were, looking fine, while every tick breaks anew.
        """
        try:
            recalled = self._recalled(asked, reading)
            return plan(self.rulebook, asked.rules, before, recalled.reading, asked.slas), recalled
        except StoreError:
            raise
        except Exception as broken:
            log.exception("judging broke", query=asked.query.key)
            if reading.failure is not None:
                raise
            failed = self._recalled(asked, reading.failed(_unjudged(asked, broken)))
        return plan(self.rulebook, asked.rules, before, failed.reading, asked.slas), failed

    def _silences(self, asked: Asked, at: float) -> tuple[Silence, ...]:
        """Those that are not over, and the planned work of the past that a budget's alarm leaves out."""
        lasting = silences.lasting(self.db, at)
        watched = [sla for sla in asked.slas if sla.alarm is not None]
        if not watched:
            return lasting
        since = min(reach(self.rulebook, sla, int(at)) for sla in watched)
        known = {one.id for one in lasting}
        return (*lasting, *(one for one in silences.planned_work(self.db, since, at) if one.id not in known))

    def _look_up(self, memory: Memory, asked: Asked) -> None:
        """The latest stretch of each ledger whose budget is watched, where nobody has looked it up since the start."""
        for sla in asked.slas:
            key = (sla.id, asked.query.service, asked.query.key)
            ledger = memory.ledgers.get(key)
            if sla.alarm is None or ledger is None or ledger.recent is not None or ledger.covered_until is None:
                continue
            until = ledger.covered_until
            since = reach(self.rulebook, sla, until)
            memory.ledgers[key] = ledger.evolve(recent=ledgers.read(self.db, key, since, until))

    def _recalled(self, asked: Asked, reading: Reading) -> Recalled:
        """The reading with what the rules ask of the query's past."""
        needs = needs_of(asked.rules, self.rulebook.source(asked.query.source).step)
        stored = partial(readings.stream, self.db, [asked.query], page=FEW, metrics=needs.metrics)
        return self._memory().recall(needs, reading, stored)

    def _adapt(self, wanted: dict[str, list[str]]) -> Plan | None:
        memory = self._memory()
        done = adapt(self.rulebook, wanted, memory.books, self.clock.now())
        if done is not None:
            commit(self.db, done, None, epoch=self.epoch())
            memory.keep_books(done)
        queries.ask_only(self.db, wanted, epoch=self.epoch())
        for name, ledger in memory.ledgers.items():
            memory.ledgers[name] = ledger.evolve(recent=None)  # under other rules more of it may be needed
        for key in [key for key in memory.queries if key not in wanted]:
            del memory.queries[key]
            self._pasts.pop(key, None)
        return done

    def _report(self, asked: Asked, reading: Reading, done: Plan) -> None:
        self.last_tick_at = reading.at
        self.ticked[asked.query.key] = self.clock.monotonic()
        figures.TICKS.labels(asked.query.source, "failed" if reading.failure else "good").inc()
        figures.LAST_TICK.set(reading.at)
        if reading.failure is not None:
            log.warning(
                "reading failed",
                source=asked.query.source,
                service=asked.query.service,
                reason=reading.failure.reason.value,
                text=reading.failure.text,
            )
        self._tell_of(done)

    def _tell_of(self, done: Plan) -> None:
        for event in done.events:
            log.info("incident", incident=event.incident, kind=event.kind, text=event.text)
        if done.notices:
            self.on_commit()


def _unjudged(asked: Asked, broken: Exception) -> Failure:
    """Why there is nothing to conclude from an answer that came."""
    rules = ", ".join(rule.id for rule in asked.rules)
    text = f"Sentinel could not judge the answer about {asked.query.service} by {rules} ({type(broken).__name__})"
    return Failure(Reason.NOT_A_TABLE, text, "This is a mistake in Sentinel: please report it with the log.")

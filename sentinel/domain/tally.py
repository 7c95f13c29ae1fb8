"""The books of one tick: what has to be written because it differs from what was known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sentinel.domain.advance import Advanced
from sentinel.domain.alerts import Alerts, Transition
from sentinel.domain.changes import Changes
from sentinel.domain.hierarchy import Bools
from sentinel.domain.incidents import Event, Incident
from sentinel.domain.ledger import Entry, Ledger, LedgerKey
from sentinel.domain.mutes import Mute
from sentinel.domain.notices import Notice
from sentinel.domain.records import AlertKey, Book, BookKey, Plan, QueryState, Touched


@dataclass
class Tally:
    """Collects, book by book, what a Plan holds."""

    at: float
    query: QueryState
    books: dict[BookKey, Book] = field(default_factory=dict)
    changed: list[Touched] = field(default_factory=list)
    gone: list[AlertKey] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    ledgers: dict[LedgerKey, Ledger] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def add_book(
        self,
        book: Book,
        alerts: Mapping[str, Alerts],
        query_key: str,
        done: Advanced,
        changes: Changes,
        *,
        forget_before: float,
        settled: str,
        mutes: tuple[Mute, ...] | None,
    ) -> None:
        """A book after its turn: `alerts` with places and incidents, `done` what the reading did to those it judged."""
        kept = dict(alerts)
        mine = alerts[query_key]
        turned = done.before.shown != done.after.shown
        mine = mine.evolve(changed_at=np.where(turned, np.maximum(self.at, done.before.changed_at), mine.changed_at))
        stored = len(book.alerts[query_key].nodes) if query_key in book.alerts else 0
        different = _differs(done.before, mine)
        different[0 if done.shifted else stored :] = True
        staying = ~done.gone
        self._write(book.key, query_key, different[staying])
        self.gone.extend((book.key, query_key, mine.nodes[i]) for i in np.flatnonzero(done.gone[:stored]))
        kept[query_key] = mine.take(np.flatnonzero(staying))
        for key, one in alerts.items():
            if key != query_key and one.incident != book.alerts[key].incident:
                moved = np.array([a != b for a, b in zip(one.incident, book.alerts[key].incident, strict=True)], bool)
                self._write(book.key, key, moved)
        incidents = book.incidents
        restless, hushed = (None, None) if changes.incidents else (book.flaps, book.muted)
        if changes.incidents:
            self._add_changes(book, changes)
            incidents = {
                key: one
                for key, one in {**incidents, **changes.incidents}.items()
                if one.resolved_at is None or one.resolved_at >= forget_before
            }
        self.books[book.key] = Book(book.key, kept, incidents, settled, restless, hushed, mutes)

    def add_source(self, book: Book, changes: Changes) -> None:
        """The book of a source's own trouble."""
        self._add_changes(book, changes)
        self.books[book.key] = Book(book.key, book.alerts, {**book.incidents, **changes.incidents})

    def plan(self) -> Plan:
        """All of it."""
        return Plan(
            at=self.at,
            query=self.query,
            books=self.books,
            changed=tuple(self.changed),
            gone=tuple(self.gone),
            transitions=tuple(self.transitions),
            incidents=tuple(self.incidents),
            events=tuple(self.events),
            notices=tuple(self.notices),
            ledgers=self.ledgers,
            entries=tuple(self.entries),
        )

    def _add_changes(self, book: Book, changes: Changes) -> None:
        self.incidents.extend(one for key, one in changes.incidents.items() if book.incidents.get(key) != one)
        self.events.extend(changes.events)
        self.notices.extend(changes.notices)

    def _write(self, key: BookKey, query_key: str, different: Bools) -> None:
        positions = np.flatnonzero(different)
        if positions.size:
            self.changed.append(Touched(key, query_key, positions))


def _differs(before: Alerts, after: Alerts) -> Bools:
    """Which entries have anything stored that changed; both have the same entries in the same order."""
    different = np.zeros(len(after.nodes), bool)
    for column in ("warning", "warning_since", "critical", "critical_since", "blind", "good_at", "missing_since"):
        different |= _unequal(getattr(before, column), getattr(after, column))
    for column in ("shown", "value"):
        different |= _unequal(getattr(before, column), getattr(after, column))
    if before.place != after.place or before.incident != after.incident:
        pairs = zip(before.place, after.place, before.incident, after.incident, strict=True)
        different |= np.fromiter((p != q or i != j for p, q, i, j in pairs), bool, different.size)
    return different


def _unequal(a: np.ndarray, b: np.ndarray) -> Bools | bool:
    if a is b:
        return False
    if a.dtype == np.float64:
        differs: Bools = (a != b) & ~(np.isnan(a) & np.isnan(b))
        return differs
    return np.asarray(a != b, bool)

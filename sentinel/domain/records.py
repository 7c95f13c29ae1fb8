"""What a tick knows beforehand and what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sentinel.domain.alerts import Alerts, Transition
from sentinel.domain.hierarchy import Ints, Node, NodeList
from sentinel.domain.incidents import Event, Incident
from sentinel.domain.ledger import Entry, Ledger, LedgerKey
from sentinel.domain.mutes import Mute, Silence
from sentinel.domain.notices import Notice
from sentinel.domain.reading import Failure, Query, Reading
from sentinel.domain.requests import Answer

BookKey = tuple[str, str | None, str]
"""Rule id, service (None for a source's own trouble), source."""


@dataclass(frozen=True, kw_only=True)
class QueryState:
    """What is remembered of one query. Sample times in Unix seconds, None before the first.

    `last_at` is the last tick, `last_good_at` the last with figures, `last_reading_at` the wall time of the last tick.
    `failures` counts the failed polls since the last good one, `failing_since` is the first of them. `known` are the
    rows of the last good answer. `held_since`: since when answers have been held because too many nodes were missing.
    """

    query: Query
    last_at: float | None = None
    last_good_at: float | None = None
    last_reading_at: float | None = None
    failures: int = 0
    failing_since: float | None = None
    failure: Failure | None = None
    known: NodeList | None = None
    held_since: float | None = None

    def evolve(self, **changes: object) -> QueryState:
        """A copy with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def state(self) -> str:
        """`ok`, `failing` or `waiting` (never asked yet)."""
        if self.last_at is None:
            return "waiting"
        return "failing" if self.failure is not None else "ok"


@dataclass(frozen=True)
class Book:
    """All that is remembered of one rule and service: its alerts per query key, its open and lately ended incidents."""

    key: BookKey
    alerts: Mapping[str, Alerts] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    settled: str = field(default="", compare=False)
    """The version of the rule under which the incidents were last brought in line; not stored, it only saves work."""

    restless: bool | None = field(default=None, compare=False)
    """What `flaps` found out, None before it is asked; it saves looking through thousands at every tick."""

    @property
    def flaps(self) -> bool:
        """Whether any of its incidents flaps."""
        if self.restless is None:
            return any(incident.is_flapping for incident in self.incidents.values())
        return self.restless

    hushed: bool | None = field(default=None, compare=False)
    """The same of `muted`."""

    mutes: tuple[Mute, ...] | None = field(default=None, compare=False)
    """What muted some of it when its incidents were last brought in line, None when that is not known; as above."""

    @property
    def muted(self) -> bool:
        """Whether any of its open incidents is muted."""
        if self.hushed is None:
            return any(incident.is_muted for incident in self.incidents.values() if incident.is_open)
        return self.hushed

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """Those that still last, oldest first."""
        open_ones = [incident for incident in self.incidents.values() if incident.is_open]
        return tuple(sorted(open_ones, key=lambda incident: (incident.opened_at, incident.id)))


@dataclass(frozen=True)
class Before:
    """The state that one tick starts from: the query's own and the books that its figures may change."""

    query: QueryState
    books: Mapping[BookKey, Book]
    siblings: tuple[QueryState, ...] = ()
    """The other queries to the same source: its trouble is judged over all of them."""
    ledgers: Mapping[LedgerKey, Ledger] = field(default_factory=dict)
    """Those of the query's agreements."""

    silences: tuple[Silence, ...] = ()
    """Those that may mute at the instant of the reading, and perhaps others."""


AlertKey = tuple[BookKey, str, Node]
"""Book, query key, node."""


@dataclass(frozen=True, eq=False)
class Touched:
    """Alerts of one book and query that have to be written: ascending positions in the book's columns after the tick.

    Positions instead of one key per alert: with thousands of bad nodes most ticks touch them all, since figures move.
    """

    book: BookKey
    query: str
    positions: Ints


@dataclass(frozen=True)
class Plan:
    """What one tick decided. Everything in it is committed in one transaction, or nothing.

    `query` and `books` are what to remember (books: only those that changed). `changed` and `gone` name the alert
    rows to write (by their place in `books`) and to delete; `incidents` the incident rows to write. `answers` are
    what became of what people asked for. `ledgers` are to be remembered, `entries` is what to write of them.
    """

    at: float
    query: QueryState
    books: Mapping[BookKey, Book] = field(default_factory=dict)
    changed: tuple[Touched, ...] = ()
    gone: tuple[AlertKey, ...] = ()
    transitions: tuple[Transition, ...] = ()
    incidents: tuple[Incident, ...] = ()
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    answers: tuple[Answer, ...] = ()
    ledgers: Mapping[LedgerKey, Ledger] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    judged: Reading | None = None
    """The reading as the rules judged it: None where nothing was judged."""

"""Readings through the rules on the readings' own clock, by the very `plan` of a live run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from sentinel.backtest.outcome import FLAPPING, Outcome, Told
from sentinel.domain.asking import Asked, needed, unanswerable
from sentinel.domain.incidents import Incident
from sentinel.domain.memory import Replay
from sentinel.domain.reading import Query, Reading
from sentinel.domain.reckoning import Reckoning
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook, Service

WARM_UP = 86400.0
"""Seconds before the beginning that are judged without being counted, so that what was bad already is no news. A day is
longer than any usual `for` and `recover_for`."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What is replayed for a set of rules: the queries that they need, and those of them that nobody ever asked."""

    asked: tuple[Asked, ...]
    unrecorded: tuple[Query, ...]


def cast(rulebook: Rulebook, services: Iterable[Service], recorded: Iterable[Query]) -> Cast:
    """The queries that the rules need of all services that are declared or were ever asked about.

    A rule that names a service of which nothing is known is not passed over: its query is among the unrecorded.
    """
    known = dict.fromkeys(recorded)
    declared = {(one.source, one.name): one for one in services}
    for query in known:
        declared.setdefault((query.source, query.service), Service(query.source, query.service, ""))
    wanted = needed(rulebook, declared.values())
    never = [one.query for one in wanted if one.query not in known]
    return Cast(
        tuple(one for one in wanted if one.query in known),
        (*never, *unanswerable(rulebook, declared.values())),
    )


def run(
    rulebook: Rulebook,
    chosen: Cast,
    readings: Iterable[Reading],
    since: float,
    *,
    until: float | None = None,
    judged_since: float = -math.inf,
    on_reading: Callable[[float], None] = lambda _: None,
) -> Outcome:
    """Judge readings, oldest first. What is before `since` (Unix seconds) is judged and not counted.

    What agreements came to is told of the time from `since` to `until`, where that is given. What is before `judged_since` is only remembered, for conditions that look back. `on_reading` is called with the
    instant of every reading that was judged.
    """
    replay = Replay(rulebook, chosen.asked)
    ledger = _Ledger(since)
    reckoning = Reckoning(rulebook, chosen.asked)
    for reading in readings:
        if reading.at < judged_since:
            replay.remember(reading)
            continue
        done = replay.feed(reading)
        if done is not None:
            ledger.note(reading, done)
            if until is not None:
                reckoning.take(done)
            on_reading(reading.at)
    agreed = () if until is None else reckoning.wholes(since, until)
    return replace(ledger.outcome(chosen.unrecorded), agreed=agreed)


@dataclass
class _Ledger:
    since: float
    told: list[Told] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    not_told: Counter[str] = field(default_factory=Counter)
    flapping: set[str] = field(default_factory=set)
    readings: int = 0
    failed: int = 0
    first_at: float | None = None
    last_at: float | None = None

    def note(self, reading: Reading, done: Plan) -> None:
        self.incidents.update({one.id: one for one in done.incidents})
        if reading.at < self.since:
            return
        self.readings += 1
        self.failed += reading.failure is not None
        self.first_at = reading.at if self.first_at is None else self.first_at
        self.last_at = reading.at
        for notice in done.notices:
            if not notice.told:
                self.not_told[notice.reason] += 1
                continue
            self.told.append(Told.of(notice, self.incidents[notice.incident]))
            if notice.kind.value == FLAPPING:
                self.flapping.add(notice.incident)

    def outcome(self, unrecorded: tuple[Query, ...]) -> Outcome:
        lasting = [one for one in self.incidents.values() if one.resolved_at is None or one.resolved_at >= self.since]
        return Outcome(
            told=tuple(self.told),
            incidents=tuple(sorted(lasting, key=lambda one: (one.opened_at, one.id))),
            not_told=dict(sorted(self.not_told.items())),
            flapping=frozenset(self.flapping),
            readings=self.readings,
            failed=self.failed,
            first_at=self.first_at,
            last_at=self.last_at,
            unrecorded=unrecorded,
        )

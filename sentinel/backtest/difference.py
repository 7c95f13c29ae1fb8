"""Two outcomes side by side: notices that an edit adds and removes, and what it would have found sooner or later."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sentinel.backtest.outcome import Outcome, Told
from sentinel.domain.dossier import Row
from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import Incident


@dataclass(frozen=True, slots=True)
class Change:
    """A notice of one run or of both: `-` only the old rules send it, `+` only the new ones, `=` both."""

    sign: str
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One channel on one day (ISO date of the report's zone): notices by old and new rules, and the difference."""

    day: str
    channel: str
    old: int
    new: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One episode that both found, told at different instants (Unix seconds)."""

    rule: str
    service: str
    node: Node
    old_at: float
    new_at: float

    @property
    def earlier(self) -> float:
        """Seconds by which the new rules find it sooner; negative for later."""
        return self.old_at - self.new_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What an agreement came to for a service by the old rules and by the new; None where they have it not."""

    sla: str
    service: str
    old: Row | None
    new: Row | None

    @property
    def differs(self) -> bool:
        """Whether its figures are others: the share, or what is left of the budget."""
        if self.old is None or self.new is None:
            return True
        return _figures(self.old) != _figures(self.new)


def _figures(row: Row) -> tuple[object, ...]:
    return row.availability, row.objective, row.budget_seconds, row.budget_left_seconds, row.unknown_seconds


def agreements(old: Outcome | None, new: Outcome) -> tuple[Agreement, ...]:
    """Those of either side, in the order of the new rules; of one side alone, `old` is None in each."""
    before = {(row.sla, row.service): row for row in (old.agreed if old is not None else ())}
    after = {(row.sla, row.service): row for row in new.agreed}
    return tuple(
        Agreement(sla=sla, service=service, old=before.get((sla, service)), new=after.get((sla, service)))
        for sla, service in {**after, **before}
    )


def changes(old: Outcome, new: Outcome) -> tuple[Change, ...]:
    """Every notice of both runs by instant, removed before added."""
    before, after = Counter(old.told), Counter(new.told)
    found = [
        *(Change("-", told) for told in (before - after).elements()),
        *(Change("+", told) for told in (after - before).elements()),
        *(Change("=", told) for told in (before & after).elements()),
    ]
    order = {"-": 0, "+": 1, "=": 2}
    return tuple(sorted(found, key=lambda one: (one.told.at, order[one.sign])))


def days(found: Iterable[Change], zone: tzinfo) -> tuple[Day, ...]:
    """How many notices each channel gets on each day of that zone; days and channels without any are left out."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for one in found:
        day = datetime.fromtimestamp(one.told.at, zone).date().isoformat()
        counted.setdefault((day, one.told.channel), Counter())[one.sign] += 1
    return tuple(
        Day(
            day=day,
            channel=channel,
            old=signs["-"] + signs["="],
            new=signs["+"] + signs["="],
            added=signs["+"],
            removed=signs["-"],
        )
        for (day, channel), signs in sorted(counted.items())
    )


def detections(old: Outcome, new: Outcome) -> tuple[Detection, ...]:
    """Episodes that both runs found at different instants, the largest gain first.

    An incident of the old run and one of the new are the same episode when rule and service are the same, they were
    open at one time, and one stands at or below the other. Of several the first counts.
    """
    found = []
    by_rule: dict[_Subject, list[Incident]] = {}
    for candidate in new.incidents:
        by_rule.setdefault(_subject(candidate), []).append(candidate)
    episodes = {subject: _Episodes.of(candidates) for subject, candidates in by_rule.items()}
    for one in old.incidents:
        candidates = episodes.get(_subject(one))
        other = candidates.same_as(one) if candidates is not None else None
        if other is not None and other.opened_at != one.opened_at:
            found.append(
                Detection(
                    rule=one.rule,
                    service=one.service or "",
                    node=one.node,
                    old_at=one.opened_at,
                    new_at=other.opened_at,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.earlier, one.old_at, one.rule, one.service, one.node)))


_Subject = tuple[str, str | None, str]


def _subject(incident: Incident) -> _Subject:
    return incident.rule, incident.service, incident.source


@dataclass
class _Row:
    """Incidents by opening. `latest`: of each, the latest end of all up to it, so that a search may halve them."""

    incidents: list[tuple[int, Incident]] = field(default_factory=list)
    latest: list[float] = field(default_factory=list)

    def add(self, number: int, one: Incident) -> None:
        end = math.inf if one.resolved_at is None else one.resolved_at
        self.incidents.append((number, one))
        self.latest.append(max(end, self.latest[-1]) if self.latest else end)

    def first_beside(self, one: Incident) -> tuple[int, Incident] | None:
        """The first that was open at one time with it."""
        place = bisect_left(self.latest, one.opened_at)
        if place == len(self.incidents):
            return None
        number, found = self.incidents[place]
        return (number, found) if one.resolved_at is None or found.opened_at <= one.resolved_at else None


@dataclass
class _Episodes:
    """The incidents of a rule and service by where they stand; they may be a hundred thousand."""

    at: dict[Node, _Row] = field(default_factory=dict)
    at_or_below: dict[Node, _Row] = field(default_factory=dict)

    @classmethod
    def of(cls, incidents: Iterable[Incident]) -> _Episodes:
        """From incidents by opening."""
        made = cls()
        for number, one in enumerate(incidents):
            made.at.setdefault(one.node, _Row()).add(number, one)
            for depth in range(len(one.node) + 1):
                made.at_or_below.setdefault(one.node[:depth], _Row()).add(number, one)
        return made

    def same_as(self, one: Incident) -> Incident | None:
        """The first at, above or below its place that was open at one time with it."""
        rows = [self.at.get(one.node[:depth]) for depth in range(len(one.node))]
        found = [row.first_beside(one) for row in (*rows, self.at_or_below.get(one.node)) if row is not None]
        return min((each for each in found if each is not None), key=lambda each: each[0], default=(0, None))[1]

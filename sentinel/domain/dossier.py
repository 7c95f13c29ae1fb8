"""An agreement with one service's accounts: the figures of every node and of what lies above it, over any period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.attained import (
    Amounts,
    Counts,
    Seconds,
    Weighted,
    availability,
    budget,
    budget_left,
    burn_rate,
    readings,
)
from sentinel.domain.attained_text import counts_formula, formula
from sentinel.domain.calendars import Calendar, Maintenance
from sentinel.domain.curves import Curves
from sentinel.domain.events import course_of, events_of, shared_out
from sentinel.domain.hierarchy import Bools, Ints, Node, NodePattern, is_under
from sentinel.domain.mutes import covers
from sentinel.domain.periods import Term
from sentinel.domain.scope import Scope
from sentinel.domain.sla import WINDOW, Sla
from sentinel.domain.spans import NOTHING
from sentinel.domain.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node, or the whole hierarchy (`node` is `()`), over one period.

    The period is [period_start, period_end) in Unix seconds, the figures are as of `at`. `availability` counts unknown
    time as the SLA says; `measured` leaves it out, `pessimistic` takes it as bad and `optimistic` as good. The four
    kinds of seconds hold calendar time only. `budget_seconds` is that of the whole period, what is left of it may be
    negative. `formula` is the sentence that makes `availability` from the numbers. `leaf`: its figures are its own,
    not those of what lies below it.
    """

    sla: str
    service: str
    node: Node
    leaf: bool
    period_start: int
    period_end: int
    at: int
    timezone: str
    objective: Decimal
    availability: Fraction | None
    measured: Fraction | None
    pessimistic: Fraction | None
    optimistic: Fraction | None
    good_seconds: int
    bad_seconds: int
    unknown_seconds: int
    excluded_seconds: int
    budget_seconds: int
    budget_left_seconds: int
    burn_rate: Fraction | None
    incidents: int
    formula: str
    weight: float


@dataclass(frozen=True, slots=True)
class Outage:
    """An incident as far as it is counted: where, and [start, end) in Unix seconds."""

    node: Node
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Dossier:
    """`accounts`: one for each level, in any order. `planned`: all maintenance there is, on the spot too."""

    sla: Sla
    service: str
    accounts: tuple[Account, ...]
    calendar: Calendar
    planned: tuple[Maintenance, ...] = ()
    outages: tuple[Outage, ...] = field(default=())
    _counts: dict[tuple[int, int, int, int], _Count] = field(default_factory=dict, init=False, repr=False)
    """What was counted already: of one account and term every place is asked for, one by one."""

    @property
    def timezone(self) -> str:
        """The zone of its days and periods."""
        return self.sla.timezone

    def exclusions(self) -> tuple[Maintenance, ...]:
        """The maintenance that is taken out of the figures, of some node at least."""
        return tuple(one for one in self.planned if _excludes(self.sla, self.service, one))

    def rows(self, term: Term, at: int) -> tuple[Row, ...]:
        """Every node's figures, and those of every node above them, as of that instant; worst first."""
        found: dict[Node, Row] = {}
        for account in self._upwards:
            for row in self._rows(account, term, at):
                if row.leaf or row.node not in found:
                    found[row.node] = row
        return tuple(sorted(found.values(), key=_worst_first))

    def whole(self, term: Term, at: int) -> Row:
        """The figures of the whole hierarchy."""
        return self.row((), term, at)

    def row(self, node: Node, term: Term, at: int) -> Row:
        """One node's figures: its own, or those of what lies below it."""
        account = next((one for one in self._upwards if node in one.nodes), self.deepest)
        count = self._counted(account, term, at)
        if node in account.nodes:
            return count.leaf(account.nodes.index(node))
        return count.above(node, np.fromiter((is_under(one, node) for one in account.nodes), bool))

    def scope(self, account: Account, start: int, end: int) -> Scope:
        """What of a span counts for the account's nodes."""
        open_ = self.calendar.open(start, end) if start < end else NOTHING
        running = [(one, one.spans(start, end)) for one in self.exclusions()] if start < end else []
        running = [(one, span) for one, span in running if span.seconds]
        spans = [span for _, span in running]
        size = len(account.nodes)
        sets = np.zeros(size, np.int64)
        combinations: dict[bytes, int] = {}
        if running and size:
            table = np.stack([_covered(one.matchers.node, account.nodes) for one, _ in running])
            for place in range(size):
                sets[place] = combinations.setdefault(table[:, place].tobytes(), len(combinations))
        else:
            combinations[b""] = 0
        left = []
        for flags in combinations:
            taken = NOTHING
            for used, span in zip(flags, spans, strict=False):
                taken = taken.union(span) if used else taken
            left.append(open_.minus(taken))
        return Scope(open_, tuple(left), sets)

    def curves(self, start: int, end: int) -> Curves:
        """The whole hierarchy's seconds as functions of the instant, within a span."""
        account = self.deepest
        scope = self.scope(account, start, end)
        weights = weights_of(account, start, end)
        good, bad, gone = (
            account.curve(standing, scope.left, scope.of, weights)
            for standing in (Standing.GOOD, Standing.BAD, Standing.GONE)
        )
        per_scope = np.bincount(scope.of, weights=weights, minlength=len(scope.left)).astype(np.int64)
        window = self.window
        events = course_of(account, scope, start, end, window) if window else None
        return Curves(scope.open, scope.left, per_scope, good, bad, gone, events)

    @property
    def window(self) -> int:
        """How many seconds of events a sample counts; 0 where none are counted."""
        return WINDOW[self.sla.scope] if self.sla.counts is not None else 0

    def _counted(self, account: Account, term: Term, at: int) -> _Count:
        key = (id(account), term.start, term.end, at)
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = _Count(self, account, term, at)
        return found

    @property
    def deepest(self) -> Account:
        """That of the lowest level, of which everything is made that has no figures of its own."""
        return self._upwards[0]

    @cached_property
    def _upwards(self) -> tuple[Account, ...]:
        """From the lowest level up, in whatever order the levels were written down."""
        return tuple(sorted(self.accounts, key=lambda one: -max(map(len, one.nodes), default=0)))

    def _rows(self, account: Account, term: Term, at: int) -> Iterable[Row]:
        count = self._counted(account, term, at)
        for number in range(len(account.nodes)):
            if count.is_part[number]:
                yield count.leaf(number)
        own = set(account.nodes)
        below: dict[Node, list[int]] = {}
        for number, node in enumerate(account.nodes):
            for depth in range(len(node)):
                below.setdefault(node[:depth], []).append(number)
        for node, numbers in below.items():
            if node not in own:
                mask = np.zeros(len(account.nodes), bool)
                mask[numbers] = True
                if (mask & count.is_part).any():
                    yield count.above(node, mask)


class _Count:
    """Everything of one account over one term, by columns; rows are made of it one by one."""

    def __init__(self, dossier: Dossier, account: Account, term: Term, at: int) -> None:
        self.dossier, self.account, self.term = dossier, account, term
        self.at, self.until = min(term.end, at), min(term.end, max(at, term.start))
        scope = dossier.scope(account, term.start, self.until)
        self.tally = account.seconds(scope.left, scope.of)
        self.excluded = np.maximum(scope.open.seconds - scope.per_node(), 0)
        planned = dossier.scope(account, term.start, term.end)
        self.service = planned.per_node() - self.tally.gone
        self.weights = weights_of(account, term.start, self.until)
        self.is_part: Bools = (self.tally.gone < scope.per_node()) | (self.tally.gone == 0)
        window = dossier.window
        self.counts = events_of(account, scope, term.start, self.until, window) if window else None
        self.objective = dossier.sla.objective(term.first)
        self.hits = _Hits(dossier.outages, term.start, self.until)

    def leaf(self, number: int) -> Row:
        """One node's."""
        seconds = self._seconds(number)
        counts = self.counts.sum(np.array([number])) if self.counts is not None else None
        weight = float(self.weights[number])
        return self._row(self.account.nodes[number], seconds, counts, int(self.service[number]), weight, leaf=True)

    def above(self, node: Node, mask: Bools) -> Row:
        """Of a node that has no figures of its own: those of what lies below it."""
        chosen = np.flatnonzero(mask & self.is_part)
        weights = self.weights[chosen]
        tally, total = self.tally, int(weights.sum())
        good, bad, unknown, excluded = (
            Fraction(int((column[chosen] * weights).sum()))
            for column in (tally.good, tally.bad, tally.unknown, self.excluded)
        )
        amounts = Weighted(good, bad, unknown, excluded, Fraction(total), int(chosen.size))
        counts = self.counts.sum(chosen) if self.counts is not None else None
        service = int((self.service[chosen] * weights).sum()) // total if total else 0
        return self._row(node, amounts, counts, service, float(total), leaf=False)

    def _seconds(self, number: int) -> Seconds:
        tally = self.tally
        return Seconds(
            int(tally.good[number]), int(tally.bad[number]), int(tally.unknown[number]), int(self.excluded[number])
        )

    def _row(
        self, node: Node, amounts: Amounts, counts: Counts | None, service: int, weight: float, *, leaf: bool
    ) -> Row:
        sla, term, objective = self.dossier.sla, self.term, self.objective
        seconds = amounts if isinstance(amounts, Seconds) else amounts.mean
        if counts is None:
            read, attained = readings(amounts), availability(amounts, sla.unknown)
            burnt = burn_rate(amounts, objective)
            by = sla.weight if sla.weight and not leaf else ""
            text = formula(amounts, sla.unknown, objective, by=by)
        else:
            seconds = shared_out(seconds, counts)
            read, attained = counts.readings(seconds), counts.availability(seconds, sla.unknown)
            burnt = counts.burn_rate(objective)
            text = counts_formula(counts, seconds, sla.unknown, objective)
        allowed = budget(objective, service)
        return Row(
            sla=sla.id,
            service=self.dossier.service,
            node=node,
            leaf=leaf,
            period_start=term.start,
            period_end=term.end,
            at=self.at,
            timezone=term.timezone,
            objective=objective,
            availability=attained,
            measured=read.measured,
            pessimistic=read.pessimistic,
            optimistic=read.optimistic,
            good_seconds=seconds.good,
            bad_seconds=seconds.bad,
            unknown_seconds=seconds.unknown,
            excluded_seconds=seconds.excluded,
            budget_seconds=allowed,
            budget_left_seconds=budget_left(allowed, seconds, sla.unknown),
            burn_rate=burnt,
            incidents=self.hits.of(node),
            formula=text,
            weight=weight,
        )


class _Hits:
    """How many incidents touch a node: those at it, below it, and above it, where they stand for all below."""

    def __init__(self, outages: Iterable[Outage], start: int, end: int) -> None:
        self._at: Counter[Node] = Counter()
        self._below: Counter[Node] = Counter()
        for outage in outages:
            if outage.start < end and outage.end > start:
                self._at[outage.node] += 1
                self._below.update(outage.node[:depth] for depth in range(len(outage.node)))

    def of(self, node: Node) -> int:
        """Looked up, not searched: there are thousands of nodes and, in a year, of incidents."""
        return self._below[node] + sum(self._at[node[:depth]] for depth in range(len(node) + 1))


def weights_of(account: Account, start: int, end: int) -> Ints:
    """The nodes' weights; all the same where none of them weighs anything."""
    found = account.weights(start, max(end, start + 1))
    return found if found.any() else np.ones_like(found)


def _excludes(sla: Sla, service: str, planned: Maintenance) -> bool:
    asked = planned.matchers
    named = ((asked.source, sla.source), (asked.service, service), (asked.rule, sla.id), (asked.owner, sla.owner))
    return (
        any(pattern.matches(planned.name) for pattern in sla.exclude)
        and not asked.severity
        and all(not patterns or any(pattern.matches(name) for pattern in patterns) for patterns, name in named)
    )


@lru_cache(maxsize=256)
def _covered(patterns: tuple[NodePattern, ...], nodes: tuple[Node, ...]) -> Bools:
    """Which nodes are meant. Kept: the same question comes for every window and month, about a list that lives long."""
    if not patterns:
        return np.ones(len(nodes), bool)
    return np.fromiter((covers(patterns, node) for node in nodes), bool, len(nodes))


def _worst_first(row: Row) -> tuple[bool, Fraction, int, Node]:
    return row.availability is None, row.availability or Fraction(0), row.budget_left_seconds, row.node

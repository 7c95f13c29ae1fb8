"""What a ledger says of a span of time, and its seconds per node: counted by columns, exactly, over any scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from sentinel.domain.alerts import Codes
from sentinel.domain.hierarchy import Bools, Ints, Node
from sentinel.domain.reading import Floats
from sentinel.domain.spans import Spans
from sentinel.domain.standing import Standing

FAR = 2**40
"""Later than any instant that is asked for: where runs end that have no next one."""

HEAVIEST = 1e9
"""What all nodes weigh at most: times the seconds of many years it stays an int64, bytes of traffic would not."""

Window = tuple[int, Ints, Floats, Floats]
"""The events of one window: its end, numbers of nodes, good events and all events of each."""


def _ints() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Account:
    """A stretch of a ledger.

    `number`, `start`, `standing`: the runs, by node and then by start; a run lasts until the node's next one.
    `covered`: what samples cover. `weighed`, `weighed_at`, `weight`: the same for weights.
    """

    nodes: tuple[Node, ...]
    number: Ints
    start: Ints
    standing: Codes
    covered: Spans
    weighed: Ints = field(default_factory=_ints)
    weighed_at: Ints = field(default_factory=_ints)
    weight: Floats = field(default_factory=lambda: np.zeros(0))
    counts: tuple[Window, ...] = ()

    @cached_property
    def end(self) -> Ints:
        """Where each run ends."""
        return _ends(self.number, self.start)

    def since(self, at: int) -> Account:
        """The same without the runs and weights that ended before that instant."""
        runs, weights = self.end > at, _ends(self.weighed, self.weighed_at) > at
        if runs.all() and weights.all():
            return self
        return replace(
            self,
            number=self.number[runs],
            start=self.start[runs],
            standing=self.standing[runs],
            weighed=self.weighed[weights],
            weighed_at=self.weighed_at[weights],
            weight=self.weight[weights],
        )

    def seconds(self, scopes: Sequence[Spans], scope_of: Ints) -> Tally:
        """The seconds of every node within its scope: `scopes[scope_of[number]]`."""
        size = len(self.nodes)
        good, bad, gone = (np.zeros(size, np.int64) for _ in range(3))
        whole = np.array([scope.seconds for scope in scopes], np.int64)[scope_of] if size else _ints()
        run_scope = scope_of[self.number] if size else _ints()
        for place, scope in enumerate(scopes):
            mine = run_scope == place
            covered = scope.intersect(self.covered)
            good += self._sum(mine & (self.standing == Standing.GOOD), covered)
            bad += self._sum(mine & (self.standing == Standing.BAD), covered)
            gone += self._sum(mine & (self.standing == Standing.GONE), scope)
        return Tally(good, bad, whole - gone - good - bad, gone)

    def _sum(self, runs: Bools, scope: Spans) -> Ints:
        chosen = np.flatnonzero(runs)
        if not chosen.size:
            return np.zeros(len(self.nodes), np.int64)
        seconds = scope.before(self.end[chosen]) - scope.before(self.start[chosen])
        # Sums of seconds stay far below 2**53, so that float64 holds them exactly.
        return np.bincount(self.number[chosen], weights=seconds, minlength=len(self.nodes)).astype(np.int64)

    def weights(self, start: int, end: int) -> Ints:
        """Of every node its mean weight over the span, in whole units; 0 where none was noted, 1 for all without any.

        Whoever had some weight has one unit at least. Weights in the billions are taken smaller, all by the same factor.
        """
        size = len(self.nodes)
        if not self.weighed.size:
            return np.ones(size, np.int64)
        begin = np.maximum(self.weighed_at, start)
        lasted = np.maximum(np.minimum(_ends(self.weighed, self.weighed_at), end) - begin, 0)
        total = np.bincount(self.weighed, weights=lasted * self.weight, minlength=size)
        known = np.bincount(self.weighed, weights=lasted, minlength=size)
        mean = np.divide(total, known, out=np.zeros(size), where=known > 0)
        mean *= min(1.0, HEAVIEST / max(float(mean.sum()), 1.0))
        return np.where(mean > 0, np.maximum(np.rint(mean), 1), 0).astype(np.int64)

    def curve(self, standing: int, scopes: Sequence[Spans], scope_of: Ints, weights: Ints) -> Curve:
        """The weighted seconds of all nodes in that standing, as a function of the instant."""
        parts: list[_Part] = []
        run_scope = scope_of[self.number] if self.nodes else _ints()
        for place, scope in enumerate(scopes):
            chosen = np.flatnonzero((run_scope == place) & (self.standing == standing))
            counted = scope if standing == Standing.GONE else scope.intersect(self.covered)
            parts.append(_part(counted, self.start[chosen], self.end[chosen], weights[self.number[chosen]]))
        return Curve(tuple(parts))


@dataclass(frozen=True, eq=False)
class Tally:
    """Seconds per node; `gone` ones are no part of the agreement."""

    good: Ints
    bad: Ints
    unknown: Ints
    gone: Ints


@dataclass(frozen=True, eq=False)
class _Part:
    scope: Spans
    at: Ints
    rate: Ints
    offset: Ints


def _part(scope: Spans, starts: Ints, ends: Ints, weights: Ints) -> _Part:
    """Runs as changes of a rate, so that a sum over all of them costs one look-up per instant."""
    at = np.concatenate([starts, ends])
    change = np.concatenate([weights, -weights])
    order = np.argsort(at, kind="stable")
    at, change = at[order], change[order]
    return _Part(scope, at, np.cumsum(change), np.cumsum(change * scope.before(at)))


@dataclass(frozen=True, eq=False)
class Curve:
    """Weighted seconds before an instant."""

    parts: tuple[_Part, ...]

    def before(self, at: Ints) -> Ints:
        """The sum up to each instant."""
        total = np.zeros(at.size, np.int64)
        for part in self.parts:
            place = np.searchsorted(part.at, at, side="right") - 1
            known = place >= 0
            rate, offset = part.rate[place[known]], part.offset[place[known]]
            total[known] += rate * part.scope.before(at[known]) - offset
        return total


def _ends(number: Ints, start: Ints) -> Ints:
    if not number.size:
        return number
    following = np.append(start[1:], FAR)
    last = np.append(number[1:] != number[:-1], True)
    return np.where(last, FAR, following)

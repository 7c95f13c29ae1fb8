"""Counted events of a ledger: exact sums per node, and in the course of time; and judged time in their proportion."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.attained import MICRO, Counts, Seconds
from sentinel.domain.hierarchy import Bools, Ints
from sentinel.domain.reading import Floats
from sentinel.domain.scope import Scope


@dataclass(frozen=True, eq=False)
class Events:
    """Good and all events per node: whole ones, and millionths beyond them."""

    good: Ints
    good_micro: Ints
    total: Ints
    total_micro: Ints

    def sum(self, numbers: Ints) -> Counts:
        """Those of some nodes together."""
        good, total = _exactly(self.good, self.good_micro, numbers), _exactly(self.total, self.total_micro, numbers)
        return Counts(good, total)


def events_of(account: Account, scope: Scope, start: int, end: int, window: int) -> Events:
    """Per node the events of the windows, `window` seconds each, that began in [start, end) and in what counts."""
    size = len(account.nodes)
    found = Events(*(np.zeros(size, np.int64) for _ in range(4)))
    for _, numbers, good, total in _counted(account, scope, start, end, window):
        for values, whole, micro in ((good, found.good, found.good_micro), (total, found.total, found.total_micro)):
            units, rest = _split(values)
            whole[numbers] += units
            micro[numbers] += rest
    return found


@dataclass(frozen=True)
class Course:
    """The events of all nodes in the course of time: of all windows that began before each of `begun`, in order."""

    begun: tuple[int, ...]
    good: tuple[Fraction, ...]
    total: tuple[Fraction, ...]

    def between(self, start: int, end: int) -> Counts:
        """Those of windows that began in [start, end)."""
        first, last = bisect_left(self.begun, start), bisect_left(self.begun, end)
        return Counts(self.good[last] - self.good[first], self.total[last] - self.total[first])


def course_of(account: Account, scope: Scope, start: int, end: int, window: int) -> Course:
    """As `events_of`, over all nodes."""
    begun, good, total = [], [], []
    for at, _, some, every in _counted(account, scope, start, end, window):
        begun.append(at)
        good.append(_whole(some))
        total.append(_whole(every))
    return Course(
        tuple(begun), tuple(accumulate(good, initial=Fraction(0))), tuple(accumulate(total, initial=Fraction(0)))
    )


def shared_out(seconds: Seconds, counts: Counts) -> Seconds:
    """Judged time in the proportion of the events, so that a budget in time means something: bad is rounded up."""
    judged = seconds.good + seconds.bad
    bad = -(-judged * counts.bad // counts.total) if counts.total else 0
    return Seconds(judged - bad, bad, seconds.unknown, seconds.excluded)


def _counted(
    account: Account, scope: Scope, start: int, end: int, window: int
) -> Iterator[tuple[int, Ints, Floats, Floats]]:
    """When each window began, and the nodes and events of it that count."""
    for at, numbers, good, total in account.counts:
        begun = at - window
        if start <= begun < end:
            counts: Bools = np.array([one.holds(begun) for one in scope.left], bool)[scope.of][numbers]
            yield begun, numbers[counts], good[counts], total[counts]


def _split(values: Floats) -> tuple[Ints, Ints]:
    """Whole events, and the millionths beyond them."""
    units = np.floor(values)
    return units.astype(np.int64), np.rint((values - units) * MICRO).astype(np.int64)


def _whole(values: Floats) -> Fraction:
    units, rest = _split(values)
    return Fraction(int(units.sum()) * MICRO + int(rest.sum()), MICRO)


def _exactly(units: Ints, micro: Ints, numbers: Ints) -> Fraction:
    return Fraction(int(units[numbers].sum()) * MICRO + int(micro[numbers].sum()), MICRO)

"""Spans of time: sets of seconds as ascending half-open intervals, and what they come to. Integers only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sentinel.domain.hierarchy import Ints

_EVER = np.iinfo(np.int64)


@dataclass(frozen=True, eq=False)
class Spans:
    """Intervals [start, end) in Unix seconds: ascending, disjoint, not touching, none of them empty."""

    starts: Ints
    ends: Ints

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Spans:
        """All seconds that lie in any of these (start, end); one that does not end after its start holds none."""
        table = np.array([pair for pair in pairs if pair[0] < pair[1]], np.int64).reshape(-1, 2)
        return _joined(table[:, 0], table[:, 1])

    def pairs(self) -> list[tuple[int, int]]:
        """The intervals as plain numbers."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    @property
    def seconds(self) -> int:
        """How long they are together."""
        return int(self._lengths[-1])

    def holds(self, at: float) -> bool:
        """Whether an instant lies in one of them."""
        row = int(np.searchsorted(self.starts, at, "right")) - 1
        return row >= 0 and at < int(self.ends[row])

    def clip(self, start: int, end: int) -> Spans:
        """What of them lies in [start, end)."""
        return self.intersect(Spans.of([(start, end)]))

    def union(self, other: Spans) -> Spans:
        """The seconds of either."""
        return _joined(np.concatenate((self.starts, other.starts)), np.concatenate((self.ends, other.ends)))

    def intersect(self, other: Spans) -> Spans:
        """The seconds of both."""
        first = np.searchsorted(other.ends, self.starts, "right")
        count = np.searchsorted(other.starts, self.ends, "left") - first
        ours = np.repeat(np.arange(count.size), count)
        theirs = np.arange(ours.size) + np.repeat(first - (np.cumsum(count) - count), count)
        return Spans(
            np.maximum(self.starts[ours], other.starts[theirs]), np.minimum(self.ends[ours], other.ends[theirs])
        )

    def minus(self, other: Spans) -> Spans:
        """The seconds of these that are none of the other's."""
        starts = np.concatenate((np.array([_EVER.min], np.int64), other.ends))
        ends = np.concatenate((other.starts, np.array([_EVER.max], np.int64)))
        return self.intersect(Spans(starts, ends))

    def before(self, at: Ints) -> Ints:
        """For each instant, how many of their seconds lie before it."""
        row = np.searchsorted(self.starts, at, "right")
        if not self.starts.size:
            return row.astype(np.int64)
        still_to_come = np.where(row > 0, np.maximum(self.ends[row - 1] - at, 0), 0)
        return self._lengths[row] - still_to_come

    @cached_property
    def _lengths(self) -> Ints:
        """How long the first 0, 1, 2 ... of them are together."""
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(self.ends - self.starts)))


def _joined(starts: Ints, ends: Ints) -> Spans:
    """Any intervals, none of them empty, as spans."""
    if not starts.size:
        return NOTHING
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    apart = np.flatnonzero(starts[1:] > reach[:-1])
    return Spans(starts[np.append(0, apart + 1)], reach[np.append(apart, starts.size - 1)])


NOTHING = Spans(np.empty(0, np.int64), np.empty(0, np.int64))
"""No time at all."""

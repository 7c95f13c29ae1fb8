"""The seconds of a whole hierarchy in the course of time: what a chart of days, or of a budget, is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sentinel.domain.accounts import Curve
from sentinel.domain.attained import Seconds
from sentinel.domain.events import Course, shared_out
from sentinel.domain.hierarchy import Ints
from sentinel.domain.spans import Spans


@dataclass(frozen=True, eq=False)
class Curves:
    """Weighted seconds of all nodes before an instant. `weights` per scope; `events` where events are counted."""

    open: Spans
    scopes: tuple[Spans, ...]
    weights: Ints
    good: Curve
    bad: Curve
    gone: Curve
    events: Course | None = None

    def between(self, instants: Ints) -> Sequence[Seconds]:
        """The weighted mean of what lies between each two neighbours of these instants."""
        total = int(self.weights.sum())
        if not total:
            return [Seconds() for _ in range(max(0, instants.size - 1))]
        service = np.zeros(instants.size, np.int64)
        for scope, weight in zip(self.scopes, self.weights.tolist(), strict=True):
            service += weight * scope.before(instants)
        good, bad, gone = (np.diff(one.before(instants)) for one in (self.good, self.bad, self.gone))
        scoped, opened = np.diff(service), np.diff(self.open.before(instants))
        parts = zip(good.tolist(), bad.tolist(), gone.tolist(), scoped.tolist(), opened.tolist(), strict=True)
        means = [_mean(some, worse, lost, part, span, total) for some, worse, lost, part, span in parts]
        if self.events is None:
            return means
        edges = instants.tolist()
        return [
            shared_out(seconds, self.events.between(start, end))
            for seconds, start, end in zip(means, edges, edges[1:], strict=False)
        ]


def _mean(good: int, bad: int, gone: int, scoped: int, opened: int, total: int) -> Seconds:
    """Weighted sums as a mean in whole seconds: good rounded down, the others up."""
    unknown, excluded = scoped - good - bad - gone, opened * total - scoped
    return Seconds(good // total, -(-bad // total), -(-unknown // total), -(-excluded // total))

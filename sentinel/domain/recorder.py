"""A ledger kept in memory, where there is no store: in a rehearsal, a backtest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sentinel.domain.accounts import Account, Window
from sentinel.domain.hierarchy import Node
from sentinel.domain.ledger import Entry
from sentinel.domain.spans import NOTHING, Spans


@dataclass
class Recorder:
    """Keeps what ticks add to one ledger."""

    nodes: list[Node] = field(default_factory=list)
    runs: dict[tuple[int, int], int] = field(default_factory=dict)
    weights: dict[tuple[int, int], float] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)
    counts: list[Window] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """One tick's."""
        self.nodes.extend(entry.nodes)
        self.spans[entry.covered[0]] = entry.covered[1]
        for number, standing in zip(entry.numbers.tolist(), entry.standing.tolist(), strict=True):
            self.runs[number, entry.at] = standing
        for number, weight in zip(entry.weighed.tolist(), entry.weights.tolist(), strict=True):
            self.weights[number, entry.at] = weight
        if entry.counted.size:
            self.counts.append((entry.at, entry.counted, entry.good, entry.total))

    def account(self) -> Account:
        """All of it."""
        runs, weights = sorted(self.runs), sorted(self.weights)
        return Account(
            nodes=tuple(self.nodes),
            number=_column(number for number, _ in runs),
            start=_column(start for _, start in runs),
            standing=np.array([self.runs[key] for key in runs], np.uint8),
            covered=Spans.of(self.spans.items()) if self.spans else NOTHING,
            weighed=_column(number for number, _ in weights),
            weighed_at=_column(start for _, start in weights),
            weight=np.array([self.weights[key] for key in weights], np.float64),
            counts=tuple(self.counts),
        )


def _column(values: Iterable[int]) -> npt.NDArray[np.int64]:
    return np.fromiter(values, np.int64)

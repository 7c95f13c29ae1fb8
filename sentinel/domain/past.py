"""The past of one query's figures, as far as conditions look back: fed with every reading, asked before each is judged.

A sample is a slot of the source; asked again, the slot's last answer counts. The present slot is kept apart and folded in
only when a later one comes, so that asking again replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from sentinel.domain.expression_tree import Arithmetic, Past, evaluate, metrics_of
from sentinel.domain.hierarchy import Ints, Node, NodeList
from sentinel.domain.past_windows import Column, Shape, Window, taken
from sentinel.domain.reading import Figures, Floats, Reading
from sentinel.domain.rules import Rule

Stored = Callable[[float, float], Iterable[Reading]]
"""The readings of a query received from one instant until before another, oldest first."""

Key = tuple[Arithmetic, float]
"""A figure and a window in seconds."""


@dataclass(frozen=True)
class Needs:
    """What the conditions over one query ask of its past. `step` of its source and `every` of its asking in seconds."""

    functions: tuple[Past, ...]
    step: float
    every: float

    @cached_property
    def cell(self) -> float:
        """Seconds of one cell: the source's step; where every answer is a new sample, the time between two."""
        return self.step or self.every or 1.0

    @cached_property
    def shapes(self) -> Mapping[Key, Shape]:
        """Each window, with all that is asked of it."""
        asked: dict[Key, set[str]] = {}
        for one in self.functions:
            asked.setdefault((one.inner, one.window), set()).add(one.function)
        pace = max(1, round(self.every / self.cell))
        return {
            key: Shape(max(1, int(key[1] / self.cell + 1e-9)), pace, frozenset(names)) for key, names in asked.items()
        }

    @cached_property
    def metrics(self) -> frozenset[str]:
        """The columns of earlier readings that matter."""
        return frozenset().union(*(metrics_of(one) for one in self.functions))

    def cell_of(self, sample_at: float) -> int:
        """The number of the cell that holds the instant."""
        return int(sample_at // self.cell)

    @cached_property
    def reach(self) -> int:
        """How many cells before the present one may matter to any of them; 0 where nothing is asked."""
        return max((shape.reach for shape in self.shapes.values()), default=0)

    def since(self, sample_at: float) -> float:
        """From when on readings matter to a sample of that instant."""
        return (self.cell_of(sample_at) - self.reach) * self.cell


def needs_of(rules: Iterable[Rule], step: float) -> Needs:
    """What the conditions of all rules of one query ask, at this step of its source."""
    asking = tuple(rules)
    functions = dict.fromkeys(one for rule in asking for one in rule.pasts)
    return Needs(tuple(functions), step, max(step, min((rule.every for rule in asking), default=step)))


@dataclass(frozen=True, kw_only=True)
class Recollection:
    """Everything remembered of one query for these needs; never changed in place.

    `heard_at`: when the last reading was received, whatever it said. `sample_at`: the present sample's slot.
    `rows` are those of the last answer, `others` nodes that earlier ones had, with the cell of their last sample: columns
    have the rows first, then the others. `present`: the present sample of each figure.
    """

    needs: Needs
    heard_at: float | None = None
    sample_at: float | None = None
    rows: NodeList = field(default_factory=lambda: NodeList.of(()))
    others: Mapping[Node, int] = field(default_factory=dict)
    present: Mapping[Arithmetic, Floats] = field(default_factory=dict)
    windows: Mapping[Key, Window] = field(default_factory=dict)

    @classmethod
    def of(cls, needs: Needs, readings: Iterable[Reading]) -> Recollection:
        """What these readings leave behind, in the order in which they were received."""
        found = cls(needs=needs)
        for reading in readings:
            found = found.after(reading)
        return found

    def follows(self, reading: Reading) -> bool:
        """Whether a reading may go on from here: a clock set back by more than a sample leaves a past that is to come."""
        return self.sample_at is None or reading.sample_at > self.sample_at - max(self.needs.every, self.needs.step)

    def heard(self, at: float) -> Recollection:
        """The same after a reading that told nothing."""
        return replace(self, heard_at=at)

    def after(self, reading: Reading) -> Recollection:
        """What is remembered once the reading is in. One that failed or was held back adds nothing."""
        if reading.figures is None or reading.is_held:
            return self.heard(reading.at)
        with np.errstate(over="ignore", invalid="ignore"):  # sums of absurd figures are no figures in the end
            placed = self._for_rows(reading.figures.rows, self.needs.cell_of(reading.sample_at))
            return placed.with_sample(reading, reading.figures)

    def told(self) -> Mapping[object, Floats]:
        """What each function gives for the rows of the last answer; NaN where it has no figure."""
        if self.sample_at is None:
            return {}
        cell, count = self.needs.cell_of(self.sample_at), len(self.rows.nodes)
        with np.errstate(over="ignore", invalid="ignore"):
            return {
                one: self.windows[one.inner, one.window].figures(one.function, self.present[one.inner], cell)[:count]
                for one in self.needs.functions
            }

    def with_sample(self, reading: Reading, figures: Figures) -> Recollection:
        """With a sample for exactly these rows: in place of the present one, or after it."""
        sample = {inner: self._column(inner, figures) for inner in dict.fromkeys(key[0] for key in self.needs.shapes)}
        cell, last = self.needs.cell_of(reading.sample_at), self.sample_at
        if last is None:
            windows = {key: Window(shape, cell // shape.width) for key, shape in self.needs.shapes.items()}
        elif reading.sample_at > last:
            windows = {key: one.moved(self.present[key[0]], cell) for key, one in self.windows.items()}
        else:
            return replace(self, heard_at=reading.at, present=sample)
        return replace(self, heard_at=reading.at, sample_at=reading.sample_at, present=sample, windows=windows)

    def _column(self, inner: Arithmetic, figures: Figures) -> Floats:
        found = evaluate(inner, figures)
        column = np.where(np.isfinite(found), found, np.nan)
        return np.concatenate([column, np.full(len(self.others), np.nan)]) if self.others else column

    def _for_rows(self, rows: NodeList, cell: int) -> Recollection:
        """With the columns in the order of these rows; nodes that no window reaches any more are forgotten."""
        if rows is self.rows:
            return self
        if rows.nodes == self.rows.nodes:
            return replace(self, rows=rows)
        last = cell if self.sample_at is None else self.needs.cell_of(self.sample_at)
        seen = {**self.others, **dict.fromkeys(self.rows.nodes, last)}
        others = {node: at for node, at in seen.items() if node not in rows.position and at >= cell - self.needs.reach}
        old = {**self.rows.position, **{node: len(self.rows.nodes) + n for n, node in enumerate(self.others)}}
        nodes = (*rows.nodes, *others)
        places: Ints = np.fromiter((old.get(node, -1) for node in nodes), np.int64, len(nodes))
        made: dict[int, Column] = {}
        return replace(
            self,
            rows=rows,
            others=others,
            present={inner: taken(column, places, np.nan) for inner, column in self.present.items()},
            windows={key: window.taken(places, made) for key, window in self.windows.items()},
        )

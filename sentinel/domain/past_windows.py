"""Rolling windows over columns: what the samples of the last hour, or of the last week, come to in every row.

Time is cut into cells of one source step, cells into buckets, buckets into epochs of one window; all of them are aligned
to absolute time. Of the epoch that goes on there is a running sum, of the epoch before the sums from each bucket to its
end: together they are any window that ends now, for two additions instead of one per bucket. As everything is aligned,
the additions and their order depend on the samples alone: whoever begins later comes to the same figures, bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sentinel.domain.hierarchy import Ints
from sentinel.domain.reading import Floats

BUCKETS = 168
"""Buckets per window at most: the hours of a week. Longer windows at the same step have coarser edges, not more memory."""

ENOUGH = 0.5
"""Share of a window's expected samples that must have a figure. A majority: less would call a few samples after a start, or
the rest of a long failure, what is usual."""

Counts = npt.NDArray[np.int32]
Column = Floats | Counts
Sums = tuple[Column, ...]
"""What some samples come to, a column per part that a window keeps."""

_COUNT, _TOTAL, _LEAST, _MOST = "count", "total", "least", "most"
_MERGE = {_COUNT: np.add, _TOTAL: np.add, _LEAST: np.fmin, _MOST: np.fmax}
_OF_NOTHING = {_COUNT: 0, _TOTAL: 0.0, _LEAST: np.nan, _MOST: np.nan}
_PARTS = {"baseline": _TOTAL, "avg": _TOTAL, "min": _LEAST, "max": _MOST}


@dataclass(frozen=True)
class Shape:
    """How one window is cut. `cells`: how many it covers; `pace`: cells from one sample to the next.

    `functions`: which of `baseline`, `avg`, `min`, `max`, `change` are asked of it.
    """

    cells: int
    pace: int
    functions: frozenset[str]

    @cached_property
    def width(self) -> int:
        """Cells per bucket."""
        return -(-self.cells // BUCKETS)

    @cached_property
    def length(self) -> int:
        """Buckets per window, and per epoch."""
        return self.cells // self.width

    @cached_property
    def reach(self) -> int:
        """How many cells before the present one may matter."""
        return self.cells + max(self.width, self.pace)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The columns kept of every bucket, the count of figures first."""
        wanted = {part for name, part in _PARTS.items() if name in self.functions}
        return (_COUNT, *(part for part in _MERGE if part in wanted)) if wanted else ()

    def sums(self, column: Floats) -> Sums:
        """One sample; NaN where there is no figure."""
        known = np.isfinite(column)
        count = known.astype(np.int32)
        total = np.where(known, column, 0.0) if _TOTAL in self.parts else column
        return tuple(count if part == _COUNT else total if part == _TOTAL else column for part in self.parts)

    def merged(self, earlier: Sums | None, later: Sums | None) -> Sums | None:
        """Both together; None is nothing."""
        if earlier is None or later is None:
            return later if earlier is None else earlier
        ways = (_MERGE[part] for part in self.parts)
        return tuple(way(a, b) for way, a, b in zip(ways, earlier, later, strict=True))


@dataclass(frozen=True)
class Window:
    """One figure over one window, as of a cell. Never changed in place: a tick that is not committed leaves no trace.

    `bucket`: that of the present sample, which itself stands apart. `earlier`: what came before it in that bucket.
    `closed`: the finished buckets of this epoch, and `prefix` all of them together. `suffix`: for the buckets of the
    epoch before, all from there to its end. `kept`: the last figures of each bucket, for `change`.
    """

    shape: Shape
    bucket: int
    earlier: Sums | None = None
    closed: Mapping[int, Sums] = field(default_factory=dict)
    prefix: Sums | None = None
    suffix: Mapping[int, Sums | None] = field(default_factory=dict)
    kept: Mapping[int, Floats] = field(default_factory=dict)

    def moved(self, sample: Floats, cell: int) -> Window:
        """The window as of a later cell, with the sample that was the present one until now folded in."""
        shape, bucket = self.shape, cell // self.shape.width
        kept = self._keeping(sample, cell) if "change" in shape.functions else self.kept
        if not shape.parts:
            return replace(self, bucket=bucket, kept=kept)
        earlier = shape.merged(self.earlier, shape.sums(sample))
        if bucket == self.bucket or earlier is None:
            return replace(self, bucket=bucket, earlier=earlier, kept=kept)
        closed = {**self.closed, self.bucket: earlier}
        epoch, before = bucket // shape.length, self.bucket // shape.length
        if epoch == before:
            prefix = shape.merged(self.prefix, earlier)
            suffix = {one: sums for one, sums in self.suffix.items() if one * shape.width >= cell - shape.cells}
            return Window(shape, bucket, None, closed, prefix, suffix, kept)
        ended = _suffixes(shape, closed, before) if epoch == before + 1 else {}
        return Window(shape, bucket, suffix=ended, kept=kept)

    def figures(self, function: str, sample: Floats, cell: int) -> Floats:
        """What the function gives in every row, `sample` being the present one; NaN where it has no figure."""
        shape = self.shape
        if function == "change":
            return sample - self._back(sample, cell)
        with_present = function != "baseline"
        total = self._total(cell - shape.cells + (1 if with_present else 0))
        if with_present:
            total = shape.merged(total, shape.sums(sample))
        if total is None:
            return np.full(sample.size, np.nan)
        part = total[shape.parts.index(_PARTS[function])]
        enough = total[0] >= max(1, shape.cells // shape.pace) * ENOUGH
        if _PARTS[function] != _TOTAL:
            return np.where(enough, part, np.nan)
        result = np.full(sample.size, np.nan)
        np.divide(part, total[0], out=result, where=enough)
        return result

    def taken(self, rows: Ints, made: dict[int, Column]) -> Window:
        """The same for other rows: `rows` are the old places of the new ones, -1 for none. `made`: what is done already."""

        def column(old: Column, nothing: float) -> Column:
            if id(old) not in made:
                made[id(old)] = taken(old, rows, nothing)
            return made[id(old)]

        def sums(old: Sums | None) -> Sums | None:
            if old is None:
                return None
            return tuple(column(one, _OF_NOTHING[part]) for one, part in zip(old, self.shape.parts, strict=True))

        return Window(
            self.shape,
            self.bucket,
            sums(self.earlier),
            {bucket: found for bucket, old in self.closed.items() if (found := sums(old)) is not None},
            sums(self.prefix),
            {bucket: sums(old) for bucket, old in self.suffix.items()},
            {bucket: taken(old, rows, np.nan) for bucket, old in self.kept.items()},
        )

    def _total(self, first_cell: int) -> Sums | None:
        """Everything before the present sample from that cell on; a bucket that begins before it does not count."""
        shape, begin = self.shape, self.bucket // self.shape.length * self.shape.length
        first = -(-first_cell // shape.width)
        before = self.suffix.get(first) if first < begin else None
        return shape.merged(shape.merged(before, self.prefix), self.earlier)

    def _keeping(self, sample: Floats, cell: int) -> Mapping[int, Floats]:
        """The last figures per bucket with the present sample, without those that no later sample looks back to."""
        last = self.kept.get(self.bucket)
        newest = sample if last is None else np.where(np.isnan(sample), last, sample)
        oldest = (cell - self.shape.reach) // self.shape.width
        return {bucket: one for bucket, one in {**self.kept, self.bucket: newest}.items() if bucket >= oldest}

    def _back(self, sample: Floats, cell: int) -> Floats:
        """The figures of one window ago: of the last sample that was due by then."""
        then = cell - self.shape.cells
        first = (then - self.shape.pace + 1) // self.shape.width
        for bucket in range(then // self.shape.width, first - 1, -1):
            if bucket in self.kept:
                return self.kept[bucket]
        return np.full(sample.size, np.nan)


def taken(column: npt.NDArray[Any], rows: Ints, nothing: float) -> npt.NDArray[Any]:
    """A column in another order, with `nothing` where the row is new (-1)."""
    if not column.size:
        return np.full(rows.size, nothing, column.dtype)
    found = column[rows]
    found[rows < 0] = nothing
    return found


def _suffixes(shape: Shape, closed: Mapping[int, Sums], epoch: int) -> Mapping[int, Sums | None]:
    """For each bucket of a finished epoch what it and all after it come to, added from the end."""
    found: dict[int, Sums | None] = {}
    so_far: Sums | None = None
    for bucket in range((epoch + 1) * shape.length - 1, epoch * shape.length - 1, -1):
        so_far = shape.merged(closed.get(bucket), so_far)
        found[bucket] = so_far
    return found

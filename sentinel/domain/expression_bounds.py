"""What can be said of conditions without any figures: metrics are never negative, everything else may happen.

Truth changes only at the limits that conditions compare with, so a few figures per compared subject (the limits, one
between each two, one beyond) stand for all. Subjects are taken as independent of each other: what no choice of them
makes true is never true.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from sentinel.domain.expression_tree import (
    OUTLIERS_AT_MOST,
    Arithmetic,
    Both,
    Compare,
    Either,
    Logic,
    Metric,
    Not,
    Number,
    Operation,
    Outliers,
    Parent,
    Past,
    constant,
    leading,
)

Interval = tuple[float, float]
World = Mapping[Arithmetic, float]
"""One choice of figures: subject -> figure."""

MOST_WORLDS = 5000
"""Choices tried at most; conditions over more subjects than that allows are taken to be in order."""

_EVERYTHING: Interval = (-math.inf, math.inf)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Bounded(Protocol):
    """What is asked of a condition here: its tree, and its limit as people read it."""

    @property
    def tree(self) -> Logic: ...
    @property
    def limit(self) -> str: ...


def is_constant(condition: Bounded) -> bool | None:
    """The truth that the condition has for all possible figures, or None where it depends on them."""
    found = {_holds(condition.tree, world) for world in _worlds(condition.tree)}
    return found.pop() if len(found) == 1 else None


def never_clears(breach: Bounded, clear: Bounded | None) -> str | None:
    """Why a breach could never end, or None where it can. Where both are true at once, breach wins."""
    if is_constant(breach) is True:
        return "the condition is true for every possible figure, so it could never clear"
    if clear is None:
        return None
    if is_constant(clear) is False:
        return "the clear condition can never be true"
    worlds = list(_worlds(breach.tree, clear.tree))
    if worlds and not any(_holds(clear.tree, world) and not _holds(breach.tree, world) for world in worlds):
        return "wherever the clear condition is true the breach is true as well, and breach wins"
    return None


def never_breaches(breach: Bounded) -> str | None:
    """Why a condition could never be true, or None where it can."""
    return "the condition is false for every possible figure" if is_constant(breach) is False else None


def holds_wherever(second: Bounded, first: Bounded) -> bool:
    """Whether the second condition is true for all figures for which the first is, and the first for some."""
    held = [_holds(second.tree, world) for world in _worlds(first.tree, second.tree) if _holds(first.tree, world)]
    return bool(held) and all(held)


def clear_on_wrong_side(breach: Bounded, clear: Bounded) -> str | None:
    """Why the clear condition contradicts the breach; None where it does not, or where that cannot be told."""
    first, second = _upward(breach.tree), _upward(clear.tree)
    if first is None or second is None or first[0] != second[0]:
        return None
    (_, up, limit), (_, clear_up, clear_limit) = first, second
    side = "above" if up else "below"
    if up == clear_up:
        return f"clear looks to the same side as breach: both ask for a figure {side} a limit"
    if (up and clear_limit > limit) or (not up and clear_limit < limit):
        return f"clear reaches {side} the limit of breach: {clear.limit} against {breach.limit}"
    return None


def _upward(tree: Logic) -> tuple[Arithmetic, bool, float] | None:
    """The figure, whether large values are meant, and the constant; None for other forms."""
    if isinstance(tree, Both | Either) or (isinstance(tree, Not) and isinstance(tree.inner, Both | Either)):
        return None
    found = leading(tree)
    if found.op in ("==", "!="):
        return None
    up = found.op in (">", ">=")
    left, right = constant(found.left), constant(found.right)
    if right is not None and left is None:
        return found.left, up, right
    if left is not None and right is None:
        return found.right, not up, left
    return None


def _worlds(*trees: Logic) -> Iterator[World]:
    """Choices of figures that show every truth the conditions can have together; none at all where they are too many."""
    limits: dict[Arithmetic, set[float]] = {}
    for compare in itertools.chain.from_iterable(map(_comparisons, trees)):
        subject, limit = _split(compare)
        limits.setdefault(subject, set()).add(limit)
    figures = [_samples(_interval(subject), found) for subject, found in limits.items()]
    if math.prod(map(len, figures)) <= MOST_WORLDS:
        for chosen in itertools.product(*figures):
            yield dict(zip(limits, chosen, strict=True))


def _comparisons(tree: Logic) -> list[Compare]:
    if isinstance(tree, Compare):
        return [tree]
    if isinstance(tree, Not):
        return _comparisons(tree.inner)
    return _comparisons(tree.left) + _comparisons(tree.right)


def _split(compare: Compare) -> tuple[Arithmetic, float]:
    """The comparison as subject and limit; of two figures it is their difference, compared with zero."""
    left, right = constant(compare.left), constant(compare.right)
    if right is not None:
        return compare.left, right
    if left is not None:
        return compare.right, left
    return Operation("-", compare.left, compare.right, compare.left.unit), 0.0


def _holds(tree: Logic, world: World) -> bool:
    if isinstance(tree, Not):
        return not _holds(tree.inner, world)
    if isinstance(tree, Both):
        return _holds(tree.left, world) and _holds(tree.right, world)
    if isinstance(tree, Either):
        return _holds(tree.left, world) or _holds(tree.right, world)
    subject, limit = _split(tree)
    figure = world[subject]
    if subject is tree.right:
        return _COMPARE[tree.op](limit, figure)
    return _COMPARE[tree.op](figure, limit)


def _samples(within: Interval, limits: set[float]) -> list[float]:
    """The limits that lie within, the ends, one figure between each two, and one beyond where there is no end."""
    low, high = within
    cuts = sorted({cut for cut in (*limits, low, high) if low <= cut <= high and math.isfinite(cut)}) or [0.0]
    found = [*cuts, *((a + (b - a) / 2) for a, b in itertools.pairwise(cuts))]
    if math.isinf(low):
        found.append(cuts[0] - abs(cuts[0]) - 1)
    if math.isinf(high):
        found.append(cuts[-1] + abs(cuts[-1]) + 1)
    return found


def _interval(tree: Arithmetic) -> Interval:  # noqa: PLR0911  # one return per form
    """Between which figures it can lie, ends included."""
    if isinstance(tree, Number):
        return tree.value, tree.value
    if isinstance(tree, Metric):
        return 0.0, math.inf
    if isinstance(tree, Parent):
        return _interval(tree.inner)
    if isinstance(tree, Past):
        a, b = _interval(tree.inner)
        return (a - b, b - a) if tree.function == "change" else (a, b)
    if isinstance(tree, Outliers):
        return 0.0, float(OUTLIERS_AT_MOST)
    (a, b), (c, d) = _interval(tree.left), _interval(tree.right)
    if tree.op == "+":
        return a + c, b + d
    if tree.op == "-":
        return (0.0, 0.0) if tree.left == tree.right else (a - d, b - c)
    if tree.op == "*":
        return _corners(lambda x, y: 0.0 if 0.0 in (x, y) else x * y, (a, b), (c, d))
    return _quotient((a, b), (c, d))


def _quotient(top: Interval, bottom: Interval) -> Interval:
    if bottom[0] < 0 < bottom[1] or bottom == (0.0, 0.0):
        return _EVERYTHING
    if bottom[0] == 0.0 and top[0] >= 0.0:
        return (0.0 if math.isinf(bottom[1]) else top[0] / bottom[1]), math.inf
    if 0.0 in bottom:
        return _EVERYTHING
    return _corners(lambda x, y: 0.0 if math.isinf(y) else x / y, top, bottom)


def _corners(op: Callable[[float, float], float], x: Interval, y: Interval) -> Interval:
    values = [op(a, b) for a in x for b in y]
    return min(values), max(values)

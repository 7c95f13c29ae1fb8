"""What can be said of a condition without any figures: interval arithmetic over metrics that are never negative."""

from __future__ import annotations

import math
from collections.abc import Callable

from sentinel.domain.expression_tree import (
    Arithmetic,
    Both,
    Compare,
    Either,
    Logic,
    Metric,
    Not,
    Number,
    Parent,
)
from sentinel.domain.expressions import Condition

Interval = tuple[float, float]
Possible = tuple[bool, bool]
"""Whether a condition can be true, and whether it can be false, for some figures."""

_EVERYTHING: Interval = (-math.inf, math.inf)


def never_clears(breach: Condition, clear: Condition | None) -> str | None:
    """Why a breach could never end, or None where it can."""
    if clear is not None:
        if not _possible(clear.tree)[0]:
            return "the clear condition can never be true"
        return None
    if not _possible(breach.tree)[1]:
        return "the condition is true for every possible figure, so it could never clear"
    return None


def never_breaches(breach: Condition) -> str | None:
    """Why a condition could never be true, or None where it can."""
    return None if _possible(breach.tree)[0] else "the condition is false for every possible figure"


def clear_on_wrong_side(breach: Condition, clear: Condition) -> str | None:
    """Why the clear condition contradicts the breach; None where it does not, or where that cannot be told."""
    a, b = breach.tree, clear.tree
    if not (isinstance(a, Compare) and isinstance(b, Compare)):
        return None
    first, second = _upward(a), _upward(b)
    if first is None or second is None or first[0] != second[0]:
        return None
    (_, up, limit), (_, clear_up, clear_limit) = first, second
    side = "above" if up else "below"
    if up == clear_up:
        return f"clear looks to the same side as breach: both ask for a figure {side} a limit"
    if (up and clear_limit > limit) or (not up and clear_limit < limit):
        return f"clear reaches {'above' if up else 'below'} the limit of breach: {clear.limit} against {breach.limit}"
    return None


def _upward(tree: Compare) -> tuple[Arithmetic, bool, float] | None:
    """The figure, whether large values are meant, and the constant; None for other forms."""
    left, right, sign = tree.left, tree.right, tree.op
    if isinstance(left, Number) and not isinstance(right, Number):
        left, right = right, left
        sign = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)  # type: ignore[assignment]  # stays a sign
    if not isinstance(right, Number) or sign in ("==", "!="):
        return None
    return left, sign in (">", ">="), right.value


def _possible(tree: Logic) -> Possible:
    if isinstance(tree, Compare):
        return _compare(tree)
    if isinstance(tree, Not):
        true, false = _possible(tree.inner)
        return false, true
    left, right = _possible(tree.left), _possible(tree.right)
    if isinstance(tree, Both):
        return left[0] and right[0], left[1] or right[1]
    if isinstance(tree, Either):
        return left[0] or right[0], left[1] and right[1]
    raise AssertionError(tree)


def _compare(tree: Compare) -> Possible:
    (a, b), (c, d) = _interval(tree.left), _interval(tree.right)
    if tree.op in (">", ">="):
        (a, b), (c, d) = (c, d), (a, b)
    strict = tree.op in ("<", ">")
    if tree.op in ("==", "!="):
        equal = (a <= d and c <= b, not (a == b == c == d))
        return equal if tree.op == "==" else (equal[1], equal[0])
    # left < right
    can = a < d if strict else a <= d
    cannot = b >= c if strict else b > c
    return can, cannot


def _interval(tree: Arithmetic) -> Interval:  # noqa: PLR0911  # one return per form
    if isinstance(tree, Number):
        return tree.value, tree.value
    if isinstance(tree, Metric):
        return 0.0, math.inf
    if isinstance(tree, Parent):
        return _interval(tree.inner)
    (a, b), (c, d) = _interval(tree.left), _interval(tree.right)
    if tree.op == "+":
        return a + c, b + d
    if tree.op == "-":
        return a - d, b - c
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

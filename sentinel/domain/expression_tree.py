"""The tree of a condition, and its evaluation over columns: NaN is no figure, truth is three-valued (Kleene)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from sentinel.domain.hierarchy import Bools, Ints
from sentinel.domain.metrics import Unit
from sentinel.domain.reading import Figures, Floats

Comparison = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True)
class Ternary:
    """Truth per row: `true`; false where `known` and not true; unknown elsewhere."""

    true: Bools
    known: Bools


@dataclass(frozen=True, slots=True)
class Number:
    """A constant in base units; `text` is how it was written."""

    value: float
    unit: Unit
    text: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A column."""

    name: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Parent:
    """The same figure of the node's parent, from the same answer."""

    inner: Arithmetic
    unit: Unit


@dataclass(frozen=True, slots=True)
class Past:
    """A function over the figure's own past: `baseline`, `avg`, `min`, `max`, `change`.

    `window` in seconds; `text` is how it was written, `span` its characters in the condition.
    """

    function: str
    inner: Arithmetic
    window: float
    unit: Unit
    text: str = field(default="", compare=False)
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Outliers:
    """How many devices of so many may be outliers."""

    inner: Arithmetic
    unit: Unit


@dataclass(frozen=True, slots=True)
class Operation:
    """`left op right`; division by zero has no result."""

    op: Literal["+", "-", "*", "/"]
    left: Arithmetic
    right: Arithmetic
    unit: Unit


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; unknown where either side has no figure."""

    op: Comparison
    left: Arithmetic
    right: Arithmetic


@dataclass(frozen=True, slots=True)
class Both:
    """`and`."""

    left: Logic
    right: Logic


@dataclass(frozen=True, slots=True)
class Either:
    """`or`."""

    left: Logic
    right: Logic


@dataclass(frozen=True, slots=True)
class Not:
    """`not`."""

    inner: Logic


Arithmetic = Number | Metric | Parent | Past | Outliers | Operation
Logic = Compare | Both | Either | Not

_COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


OUTLIER_SHARE, OUTLIERS_AT_MOST = 10, 10
"""Nexthink leaves out a tenth of an entity's devices below 100 devices, and ten from 100 on."""

_ARITHMETIC = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}

_NEGATED: dict[Comparison, Comparison] = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


def evaluate(  # noqa: PLR0911  # one return per form
    tree: Arithmetic, figures: Figures, rows: Ints | None = None
) -> Floats | float:
    """The figure per row (or for these rows), or one number for all. NaN and infinity both mean that there is none."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Metric):
        column = figures.column(tree.name)
        return column if rows is None else column[rows]
    if isinstance(tree, Parent):
        return _of_parent(tree.inner, figures, rows)
    if isinstance(tree, Past):
        told = figures.past.get(tree)
        if told is None:  # nobody has looked back: no figure
            return np.full(len(figures.rows.nodes) if rows is None else rows.size, np.nan)
        return told if rows is None else told[rows]
    if isinstance(tree, Outliers):
        return _outliers(evaluate(tree.inner, figures, rows))
    left, right = evaluate(tree.left, figures, rows), evaluate(tree.right, figures, rows)
    with np.errstate(all="ignore"):
        if tree.op == "/" and isinstance(tree.right, Operation | Parent):
            # Elsewhere infinity stays visible to the end; as a divisor it would turn into a harmless zero.
            right = np.where(np.isfinite(right), right, np.nan)
        result = _ARITHMETIC[tree.op](left, right)
    return result if isinstance(result, np.ndarray) else float(result)


def _of_parent(inner: Arithmetic, figures: Figures, rows: Ints | None) -> Floats:
    parent = figures.rows.parent if rows is None else figures.rows.parent[rows]
    values = evaluate(inner, figures, parent)  # where there is no parent, of the last row: dropped below
    return np.where(parent >= 0, values, np.nan)


def _outliers(devices: Floats | float) -> Floats:
    allowed = np.clip(np.floor(np.asarray(devices) / OUTLIER_SHARE), 0.0, OUTLIERS_AT_MOST)
    return np.where(np.isfinite(devices), allowed, np.nan)


def constant(tree: Arithmetic) -> float | None:
    """What a figure without metrics always is, not finite where it has no result; None where it reads a metric."""
    if isinstance(tree, Number):
        return tree.value
    if not isinstance(tree, Operation):
        return None
    left, right = constant(tree.left), constant(tree.right)
    if left is None or right is None:
        return None
    with np.errstate(all="ignore"):
        return float(_ARITHMETIC[tree.op](left, right))


def judge(tree: Logic, figures: Figures) -> Ternary:
    """Truth per row of the answer."""
    if isinstance(tree, Compare):
        return _compare(tree, figures)
    if isinstance(tree, Not):
        inner = judge(tree.inner, figures)
        return Ternary(_false(inner), inner.known)
    left, right = judge(tree.left, figures), judge(tree.right, figures)
    if isinstance(tree, Both):
        true = left.true & right.true
        return Ternary(true, true | _false(left) | _false(right))
    true = left.true | right.true
    return Ternary(true, true | (left.known & right.known))


def _false(told: Ternary) -> Bools:
    return told.known ^ told.true


def _compare(tree: Compare, figures: Figures) -> Ternary:
    left, right = evaluate(tree.left, figures), evaluate(tree.right, figures)
    with np.errstate(invalid="ignore"):
        true = _COMPARE[tree.op](left, right)
    known = _finite(left, right)
    if not isinstance(true, np.ndarray) or not isinstance(known, np.ndarray):
        count = len(figures.rows.nodes)
        return Ternary(np.full(count, bool(true) and bool(known)), np.full(count, bool(known)))
    true &= known
    return Ternary(true, known)


def _finite(left: Floats | float, right: Floats | float) -> Bools | bool:
    """Where both sides are figures; constants are looked at once, not per row."""
    if isinstance(right, float):
        return np.isfinite(left) if np.isfinite(right) else False
    if isinstance(left, float):
        return np.isfinite(right) if np.isfinite(left) else False
    both: Bools = np.isfinite(left)
    both &= np.isfinite(right)
    return both


def metrics_of(tree: Arithmetic | Logic) -> frozenset[str]:
    """Every column that the tree reads."""
    if isinstance(tree, Number):
        return frozenset()
    if isinstance(tree, Metric):
        return frozenset({tree.name})
    if isinstance(tree, Parent | Past | Outliers | Not):
        return metrics_of(tree.inner)
    return metrics_of(tree.left) | metrics_of(tree.right)


def pasts_of(tree: Arithmetic | Logic) -> Iterator[Past]:
    """Every function over the past in the tree, in the order of the text."""
    if isinstance(tree, Past):
        yield tree
    elif isinstance(tree, Parent | Outliers | Not):
        yield from pasts_of(tree.inner)
    elif not isinstance(tree, Number | Metric):
        yield from pasts_of(tree.left)
        yield from pasts_of(tree.right)


def is_past(tree: Arithmetic) -> bool:
    """Whether the tree reads figures, and all of them only through functions over the past."""
    if isinstance(tree, Past):
        return True
    if isinstance(tree, Number | Metric):
        return False
    if isinstance(tree, Parent | Outliers):
        return is_past(tree.inner)
    sides = [side for side in (tree.left, tree.right) if constant(side) is None]
    return bool(sides) and all(map(is_past, sides))


def leading(tree: Logic, *, negated: bool = False) -> Compare:
    """The first comparison, turned round where a `not` stands over it: of `not (a < 5)` it is `a >= 5`."""
    if isinstance(tree, Compare):
        return replace(tree, op=_NEGATED[tree.op]) if negated else tree
    if isinstance(tree, Not):
        return leading(tree.inner, negated=not negated)
    return leading(tree.left, negated=negated)

"""The tree of a condition, and its evaluation over columns: NaN is no figure, truth is three-valued (Kleene)."""

from __future__ import annotations

from dataclasses import dataclass
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
    """A constant in base units; `percent` remembers how it was written, `text` exactly."""

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


Arithmetic = Number | Metric | Parent | Operation
Logic = Compare | Both | Either | Not

_COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def evaluate(tree: Arithmetic, figures: Figures, rows: Ints | None = None) -> Floats | float:
    """The figure per row (or for these rows only), or one number for all of them.

    What is not finite is no figure: NaN, or infinity after x/0.
    """
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Metric):
        column = figures.column(tree.name)
        return column if rows is None else column[rows]
    if isinstance(tree, Parent):
        return _of_parent(tree, figures, rows)
    left, right = evaluate(tree.left, figures, rows), evaluate(tree.right, figures, rows)
    with np.errstate(all="ignore"):
        if tree.op == "+":
            result = np.add(left, right)
        elif tree.op == "-":
            result = np.subtract(left, right)
        elif tree.op == "*":
            result = np.multiply(left, right)
        else:
            result = np.divide(left, right)
    return result if isinstance(result, np.ndarray) else float(result)


def _of_parent(tree: Parent, figures: Figures, rows: Ints | None) -> Floats | float:
    parent = figures.rows.parent if rows is None else figures.rows.parent[rows]
    values = evaluate(tree.inner, figures, parent)  # where there is no parent, of the last row: dropped below
    return values if isinstance(values, float) else np.where(parent >= 0, values, np.nan)


def judge(tree: Logic, figures: Figures) -> Ternary:
    """Truth per row of the answer."""
    if isinstance(tree, Compare):
        return _compare(tree, figures)
    if isinstance(tree, Not):
        inner = judge(tree.inner, figures)
        return Ternary(inner.known & ~inner.true, inner.known)
    left, right = judge(tree.left, figures), judge(tree.right, figures)
    if isinstance(tree, Both):
        true = left.true & right.true
        false = (left.known & ~left.true) | (right.known & ~right.true)
        return Ternary(true, true | false)
    true = left.true | right.true
    return Ternary(true, true | (left.known & right.known))


def _compare(tree: Compare, figures: Figures) -> Ternary:
    left, right = evaluate(tree.left, figures), evaluate(tree.right, figures)
    with np.errstate(invalid="ignore"):
        true = _COMPARE[tree.op](left, right)
    known = _finite(left, right)
    if not isinstance(true, np.ndarray) or not isinstance(known, np.ndarray):
        count = len(figures.rows.nodes)
        return Ternary(np.full(count, bool(true) and bool(known)), np.full(count, bool(known)))
    return Ternary(true & known, known)


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
    if isinstance(tree, Parent | Not):
        return metrics_of(tree.inner)
    return metrics_of(tree.left) | metrics_of(tree.right)


def comparisons(tree: Logic) -> list[Compare]:
    """All comparisons, from left to right."""
    if isinstance(tree, Compare):
        return [tree]
    if isinstance(tree, Not):
        return comparisons(tree.inner)
    return comparisons(tree.left) + comparisons(tree.right)

"""The tree of a condition, and its evaluation over columns: NaN is no figure, truth is three-valued (Kleene)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sentinel.domain.hierarchy import Bools
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


def evaluate(tree: Arithmetic, figures: Figures) -> Floats | float:
    """The figure per row, or one number for all of them. Anything that is not finite becomes NaN."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Metric):
        return figures.column(tree.name)
    if isinstance(tree, Parent):
        return _of_parent(evaluate(tree.inner, figures), figures)
    left, right = evaluate(tree.left, figures), evaluate(tree.right, figures)
    with np.errstate(all="ignore"):
        if tree.op == "+":
            result = np.add(left, right)
        elif tree.op == "-":
            result = np.subtract(left, right)
        elif tree.op == "*":
            result = np.multiply(left, right)
        else:
            result = np.divide(left, right)
    if isinstance(result, np.ndarray):
        result[np.isinf(result)] = np.nan
        return result
    return float(result) if np.isfinite(result) else float("nan")


def _of_parent(values: Floats | float, figures: Figures) -> Floats | float:
    if isinstance(values, float):
        return values
    parent = figures.rows.parent
    return np.where(parent >= 0, values[parent], np.nan)


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
    count = len(figures.rows.nodes)
    with np.errstate(invalid="ignore"):
        true = _COMPARE[tree.op](left, right)
    unknown = np.isnan(left) | np.isnan(right)
    if not isinstance(true, np.ndarray):
        return Ternary(np.full(count, bool(true) and not unknown), np.full(count, not unknown))
    if tree.op == "!=":
        true &= ~unknown
    return Ternary(true, ~unknown)


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

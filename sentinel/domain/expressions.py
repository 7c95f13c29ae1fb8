"""Conditions of rules: `devices_with_errors / devices > 5%`. Parsed once, judged over whole columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sentinel.domain.expression_bounds import clear_on_wrong_side, is_constant, never_breaches, never_clears
from sentinel.domain.expression_parser import parse_tree
from sentinel.domain.expression_tokens import ExpressionError
from sentinel.domain.expression_tree import (
    Arithmetic,
    Logic,
    Metric,
    Number,
    Operation,
    Outliers,
    Parent,
    Past,
    Ternary,
    constant,
    evaluate,
    is_past,
    judge,
    leading,
    metrics_of,
    pasts_of,
)
from sentinel.domain.hierarchy import Ints
from sentinel.domain.metrics import Unit, format_value
from sentinel.domain.reading import Figures, Floats

__all__ = [
    "Condition",
    "ExpressionError",
    "Ternary",
    "clear_on_wrong_side",
    "is_constant",
    "never_breaches",
    "never_clears",
    "parse",
]

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Condition:
    """A condition: equal to another with the same text. `tree` is its parsed form.

    `called`: what people call the figure that is looked at, where its name would tell them nothing.
    """

    text: str
    tree: Logic = field(repr=False, compare=False, hash=False)
    called: str = field(default="", repr=False, compare=False, hash=False)

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Every metric that it reads."""
        return metrics_of(self.tree)

    @cached_property
    def pasts(self) -> tuple[Past, ...]:
        """Every function over the past in it, each once."""
        return tuple(dict.fromkeys(pasts_of(self.tree)))

    def judge(self, figures: Figures) -> Ternary:
        """Truth per row."""
        return judge(self.tree, figures)

    def value(self, figures: Figures, rows: Ints | None = None) -> Floats:
        """The figure people want to see, per row (or for these rows): the left side of the leading comparison."""
        found = evaluate(self.leads[0], figures, rows)
        if not isinstance(found, np.ndarray):
            return np.full(len(figures.rows.nodes) if rows is None else rows.size, found)
        return np.where(np.isfinite(found), found, np.nan)

    @cached_property
    def subject(self) -> str:
        """What is looked at: `devices_with_errors / devices`."""
        return self.called or written(self.leads[0])

    @cached_property
    def limit(self) -> str:
        """Against what, as people read it: `> 10 %`."""
        _, sign, other = self.leads
        fixed = constant(other)
        if fixed is not None:
            return f"{sign} {format_value(fixed, other.unit, as_percent=self.as_percent)}"
        return f"{sign} {written(other)}"

    def limit_now(self, figures: Figures, row: int) -> str:
        """What the limit is for that row, as people read it: `620 ms`; empty where it is fixed, or has no figure."""
        _, _, other = self.leads
        if constant(other) is not None:
            return ""
        found = np.asarray(evaluate(other, figures, np.array([row], np.int64)))
        return format_value(float(found[0]), self.unit, as_percent=self.as_percent)

    @cached_property
    def unit(self) -> Unit:
        """The unit of the value."""
        left, _, other = self.leads
        return other.unit if left.unit is Unit.ANY else left.unit

    @cached_property
    def as_percent(self) -> bool:
        """Whether the value is written as a percentage: ratios are, unless the limit was written without %."""
        _, _, other = self.leads
        if constant(other) is not None:
            return other.unit is Unit.RATIO
        return self.unit is Unit.RATIO

    @cached_property
    def leads(self) -> tuple[Arithmetic, str, Arithmetic]:
        """The first comparison with the figure left and right what it is compared with: a constant, or its past."""
        first = leading(self.tree)
        fixed = constant(first.left) is not None and constant(first.right) is None
        if fixed or (is_past(first.left) and constant(first.right) is None and not is_past(first.right)):
            return first.right, _FLIPPED[first.op], first.left
        return first.left, first.op, first.right


def parse(text: str, units: Mapping[str, Unit]) -> Condition:
    """A condition over metrics with these units.

    Raises:
        ExpressionError: with the place in the text, and a hint where one is known.
    """
    return Condition(text, parse_tree(text, units))


def written(tree: Arithmetic) -> str:  # noqa: PLR0911  # one return per form
    """A figure's expression as text, with no more parentheses than it needs."""
    if isinstance(tree, Number):
        return tree.text
    if isinstance(tree, Metric):
        return tree.name
    if isinstance(tree, Parent):
        return f"parent({written(tree.inner)})"
    if isinstance(tree, Past):
        return f"{tree.function}({written(tree.inner)}, {tree.text})"
    if isinstance(tree, Outliers):
        return f"outliers({written(tree.inner)})"
    left, right = written(tree.left), written(tree.right)
    if not left:  # a minus sign before a figure
        return f"-({right})" if _is_sum(tree.right) else f"-{right}"
    if tree.op in "*/":
        left = f"({left})" if _is_sum(tree.left) else left
        right = f"({right})" if isinstance(tree.right, Operation) else right
    elif tree.op == "-" and _is_sum(tree.right):
        right = f"({right})"
    return f"{left} {tree.op} {right}"


def _is_sum(tree: Arithmetic) -> bool:
    return isinstance(tree, Operation) and tree.op in "+-"

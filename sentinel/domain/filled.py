"""A condition with the values of one node put in: `devices_with_errors (36) / devices (250) = 14.4 % > 10 %`."""

from __future__ import annotations

import numpy as np

from sentinel.domain.expression_tree import Arithmetic, Both, Compare, Either, Logic, Not, Number, Operation, evaluate
from sentinel.domain.expressions import Condition, written
from sentinel.domain.metrics import Unit, format_value
from sentinel.domain.reading import Figures

NOTHING = "no figure"


def filled(condition: Condition, figures: Figures, row: int) -> str:
    """The condition as text, each figure with its value beside it and each sum with its result."""
    return _logic(condition.tree, figures, np.array([row]))


def _logic(tree: Logic, figures: Figures, row: np.ndarray) -> str:
    if isinstance(tree, Compare):
        percent = Unit.RATIO in (tree.left.unit, tree.right.unit)
        both = (tree.left, tree.right)
        shown = {_value(side, figures, row, percent=percent) for side in both}
        exact = (
            len(shown) == 1 and len({_number(side, figures, row) for side in both}) > 1
        )  # 10 % > 10% explains nothing
        left, right = (_side(side, figures, row, percent=percent, exact=exact) for side in both)
        return f"{left} {tree.op} {right}"
    if isinstance(tree, Not):
        return f"not ({_logic(tree.inner, figures, row)})"
    word = "and" if isinstance(tree, Both) else "or"
    return f" {word} ".join(_part(side, tree, figures, row) for side in (tree.left, tree.right))


def _part(side: Logic, of: Both | Either, figures: Figures, row: np.ndarray) -> str:
    """`or` inside of `and` needs parentheses."""
    text = _logic(side, figures, row)
    return f"({text})" if isinstance(of, Both) and isinstance(side, Either) else text


def _side(tree: Arithmetic, figures: Figures, row: np.ndarray, *, percent: bool, exact: bool) -> str:
    """One side of a comparison: a number as it is written, a figure with its value, a sum with its result."""
    if isinstance(tree, Number):
        return tree.text
    value = _value(tree, figures, row, percent=percent, exact=exact)
    if not isinstance(tree, Operation):
        return f"{written(tree)} ({value})"
    return f"{_sum(tree, figures, row)} = {value}"


def _sum(tree: Arithmetic, figures: Figures, row: np.ndarray) -> str:
    if isinstance(tree, Number):
        return tree.text
    if not isinstance(tree, Operation):
        return f"{written(tree)} ({_value(tree, figures, row, percent=False)})"
    left, right = _sum(tree.left, figures, row), _sum(tree.right, figures, row)
    if not left:  # a minus sign before a figure
        return f"-({right})" if isinstance(tree.right, Operation) else f"-{right}"
    if tree.op in "*/" and isinstance(tree.left, Operation) and tree.left.op in "+-":
        left = f"({left})"
    if isinstance(tree.right, Operation) and tree.op != "+":
        right = f"({right})"
    return f"{left} {tree.op} {right}"


def _value(tree: Arithmetic, figures: Figures, row: np.ndarray, *, percent: bool, exact: bool = False) -> str:
    as_percent = percent and tree.unit in (Unit.RATIO, Unit.ANY)
    value = _number(tree, figures, row)
    return format_value(value, tree.unit, as_percent=as_percent, exact=exact) or NOTHING


def _number(tree: Arithmetic, figures: Figures, row: np.ndarray) -> float:
    found = evaluate(tree, figures, row)
    return float(found[0]) if isinstance(found, np.ndarray) else float(found)

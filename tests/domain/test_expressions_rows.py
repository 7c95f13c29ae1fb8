"""Whole columns against a plain reading row by row: figures, truth, parents, and what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.expression_tree import (
    Arithmetic,
    Both,
    Compare,
    Either,
    Logic,
    Metric,
    Not,
    Number,
    Operation,
    Parent,
)
from sentinel.domain.expressions import Condition, parse
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.metrics import CATALOGUE, Unit
from sentinel.domain.reading import Figures
from tests.effort import effort

UNITS = {**{key: metric.unit for key, metric in CATALOGUE.items()}, "a": Unit.ANY, "b": Unit.ANY, "c": Unit.ANY}
NODES: list[Node] = [(), ("CH",), ("CH", "Zug"), ("CH", "Bern"), ("FR", "Lyon"), ("CH", "Zug", "Sales"), ("DE",)]
ROWS = NodeList.of(NODES, [True, True, True, False, False, False, False])
NAN = math.nan


@dataclass(frozen=True)
class Row:
    """One row of an answer, read the slow way."""

    figures: Figures
    node: Node

    def figure(self, tree: Arithmetic) -> float | None:
        """The figure, or None where it is unknown."""
        if isinstance(tree, Number):
            return tree.value
        if isinstance(tree, Metric):
            return self._cell(tree.name)
        if isinstance(tree, Parent):
            above = self.node[:-1]
            has_parent = bool(self.node) and above in self.figures.rows.nodes
            return Row(self.figures, above).figure(tree.inner) if has_parent else None
        return self._result(tree)

    def _cell(self, name: str) -> float | None:
        if name not in self.figures.columns:
            return None
        cell = float(self.figures.columns[name][self.figures.rows.nodes.index(self.node)])
        return cell if math.isfinite(cell) else None

    def _result(self, tree: Operation) -> float | None:
        left, right = self.figure(tree.left), self.figure(tree.right)
        if left is None or right is None or (tree.op == "/" and right == 0):
            return None
        if tree.op == "/":
            result = left / right
        elif tree.op == "*":
            result = left * right
        else:
            result = left + right if tree.op == "+" else left - right
        return result if math.isfinite(result) else None

    def truth(self, tree: Logic) -> bool | None:
        """Kleene's tables."""
        if isinstance(tree, Compare):
            return self._compared(tree)
        if isinstance(tree, Not):
            inner = self.truth(tree.inner)
            return None if inner is None else not inner
        told = {self.truth(tree.left), self.truth(tree.right)}
        decisive = isinstance(tree, Either)
        if decisive in told:
            return decisive
        return None if None in told else not decisive

    def _compared(self, tree: Compare) -> bool | None:
        left, right = self.figure(tree.left), self.figure(tree.right)
        if left is None or right is None:
            return None
        return {
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
            "==": left == right,
            "!=": left != right,
        }[tree.op]


def told(condition: Condition, figures: Figures) -> list[bool | None]:
    """True, False or None per row; nothing is true that is not known."""
    found = condition.judge(figures)
    assert not (found.true & ~found.known).any()
    return [bool(true) if known else None for true, known in zip(found.true, found.known, strict=True)]


numbers = st.sampled_from(["0", "1", "2", "0.5", "3", "1e3"])
divisors = st.sampled_from(["1", "2", "0.5", "3"])
names = st.sampled_from(["a", "b", "c"])
arithmetic = st.recursive(
    names | numbers,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(inner, divisors | names).map(lambda t: f"({t[0]} / {t[1]})")
        | st.tuples(names, inner).map(lambda t: f"({t[0]} / ({t[1]} + {t[0]} / b))")
        | st.tuples(names, inner).map(lambda t: f"parent({t[0]} + {t[1]})")
        | inner.map(lambda text: f"(-{text})")
    ),
    max_leaves=6,
)
compared = st.tuples(arithmetic, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), arithmetic).map(" ".join)
logic = st.recursive(
    compared,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=5,
)
cells = st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5, 1e200, NAN])
column = st.lists(cells, min_size=len(NODES), max_size=len(NODES)).map(np.array)


@effort(250)
@given(logic, st.fixed_dictionaries({"a": column, "b": column}, optional={"c": column}))
def test_columns_say_what_a_row_by_row_reading_says(text: str, columns: dict[str, np.ndarray]) -> None:
    condition = parse(text, UNITS)
    figures = Figures(ROWS, columns)
    assert told(condition, figures) == [Row(figures, node).truth(condition.tree) for node in NODES]


@effort(150)
@given(arithmetic, st.fixed_dictionaries({"a": column, "b": column, "c": column}), st.data())
def test_the_value_of_some_rows_is_that_of_all(text: str, columns: dict[str, np.ndarray], data: st.DataObject) -> None:
    condition = parse(f"{text} > a", UNITS)
    figures = Figures(ROWS, columns)
    rows = np.array(data.draw(st.lists(st.integers(0, len(NODES) - 1), max_size=5)), np.int64)
    every = condition.value(figures)
    np.testing.assert_array_equal(condition.value(figures, rows), every[rows])
    assert len(every) == len(NODES)
    assert not np.isinf(every).any()


@effort(200)
@given(arithmetic, st.fixed_dictionaries({"a": column, "b": column, "c": column}))
def test_the_subject_is_a_figure_with_the_same_meaning(text: str, columns: dict[str, np.ndarray]) -> None:
    figures = Figures(ROWS, columns)
    condition = parse(f"{text} + a > b", UNITS)
    again = parse(f"{condition.subject} > b", UNITS)
    # Sums may be written without their parentheses, which changes their last digit, or what overflows on the way.
    first, second = condition.value(figures), again.value(figures)
    both = np.isfinite(first) & np.isfinite(second)
    small = both & (np.abs(first) < 1e100) & (np.abs(second) < 1e100)
    np.testing.assert_allclose(first[small], second[small], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a / (b / c) < 5", [None, None, True], id="a division by zero stays unknown as a divisor"),
        pytest.param("a / parent(b / c) < 5", [None, None, None], id="also when it is the parent's"),
        pytest.param("c - c == 0", [True, None, True], id="missing minus missing is missing"),
        pytest.param("a * 1e300 * 1e300 > 5", [None, None, None], id="what is too large for a figure is unknown"),
        pytest.param("a > 0 and not a <= 0", [True, None, True], id="not of unknown is unknown"),
        pytest.param("users > 5", [None, None, None], id="a column that the answer does not have"),
    ],
)
def test_no_result_is_unknown(text: str, expected: list[bool | None]) -> None:
    rows = NodeList.of([("CH",), ("CH", "Zug"), ("CH", "Bern")], [True, False, False])
    columns = {"a": np.array([4.0, NAN, 4.0]), "b": np.array([2.0, 2.0, 2.0]), "c": np.array([0.0, NAN, 1.0])}
    assert told(parse(text, UNITS), Figures(rows, columns)) == expected


def test_an_answer_without_rows_is_judged_as_nothing() -> None:
    figures = Figures(NodeList.of([]), {"a": np.array([])})
    for text in ("a > 1", "parent(a) > 1", "b > 1", "1 > 0", "not a / b > 1 or a > 2 * parent(b)"):
        condition = parse(text, UNITS)
        assert told(condition, figures) == []
        assert condition.value(figures).size == 0


def test_a_comparison_of_numbers_holds_for_every_row() -> None:
    figures = Figures(ROWS, {})
    assert told(parse("2 > 1", UNITS), figures) == [True] * len(NODES)
    assert parse("2 > 1", UNITS).value(figures, np.array([0, 1])).tolist() == [2.0, 2.0]


def test_judging_leaves_the_columns_as_they_were() -> None:
    column = np.array([0.0, 1.0, NAN, math.inf, 5.0, 6.0, 7.0])
    kept = column.copy()
    condition = parse("not (a / b > 2 or a != 3) and a > parent(a)", UNITS)
    condition.judge(Figures(ROWS, {"a": column, "b": column}))
    condition.value(Figures(ROWS, {"a": column, "b": column}))[:] = 9.0
    np.testing.assert_array_equal(column, kept)


def test_conditions_are_the_same_when_their_text_is() -> None:
    one, other = parse("a > 1", UNITS), parse("a > 1", UNITS)
    assert one == other
    assert len({one, other, parse("a  > 1", UNITS)}) == 2


def test_a_condition_knows_what_it_reads() -> None:
    assert parse("a / b > 1 and not parent(c) > devices", UNITS).metrics == {"a", "b", "c", "devices"}
    assert parse("a > 1 and b > 1", UNITS).tree.__class__ is Both

"""The condition language: what it means, what it refuses and where, what is known of a condition without figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.expression_bounds import clear_on_wrong_side, never_breaches, never_clears
from sentinel.domain.expressions import Condition, ExpressionError, parse
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.metrics import CATALOGUE, Unit, format_value, nearest
from sentinel.domain.reading import Figures
from tests.effort import effort

UNITS: Mapping[str, Unit] = {**{key: metric.unit for key, metric in CATALOGUE.items()}, "a": Unit.ANY, "b": Unit.ANY}
NAN = math.nan


def condition(text: str) -> Condition:
    return parse(text, UNITS)


def verdict(text: str, **cells: float) -> bool | None:
    """What the condition says of one node with these figures."""
    rows = NodeList.of([("x",)])
    told = condition(text).judge(Figures(rows, {name: np.array([value]) for name, value in cells.items()}))
    assert not (told.true[0] and not told.known[0])
    return bool(told.true[0]) if told.known[0] else None


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("devices_with_errors / devices > 5%", {"devices_with_errors": 6, "devices": 100}, True),
        ("devices_with_errors / devices > 5%", {"devices_with_errors": 5, "devices": 100}, False),
        ("devices_with_errors / devices > 5%", {"devices_with_errors": 5, "devices": 0}, None),
        ("devices_with_errors / devices > 0.05", {"devices_with_errors": 6, "devices": 100}, True),
        ("devices_with_errors / devices > 5%", {"devices": 100}, None),
        ("network_response_time > 2s", {"network_response_time": 2001}, True),
        ("network_response_time > 150 ms", {"network_response_time": 150}, False),
        ("incoming_traffic >= 10MB", {"incoming_traffic": 1e7}, True),
        ("not devices > 5", {"devices": 5}, True),
        ("not devices > 5", {"devices": NAN}, None),
        ("a > 1 and b > 1", {"a": 0, "b": NAN}, False),
        ("a > 1 and b > 1", {"a": 2, "b": NAN}, None),
        ("a > 1 or b > 1", {"a": 2, "b": NAN}, True),
        ("a > 1 or b > 1", {"a": 0, "b": NAN}, None),
        ("a + b * 2 == 7", {"a": 1, "b": 3}, True),
        ("(a + b) * 2 == 8", {"a": 1, "b": 3}, True),
        ("a - b - 1 == 1", {"a": 5, "b": 3}, True),
        ("-a < 0", {"a": 5}, True),
        ("a != b", {"a": 5, "b": NAN}, None),
        ("a > 1 or b > 1 and b < 0", {"a": 2, "b": 0}, True),
        ("5% < devices_with_errors / devices", {"devices_with_errors": 6, "devices": 100}, True),
    ],
)
def test_meaning(text: str, cells: Mapping[str, float], expected: bool | None) -> None:
    assert verdict(text, **cells) is expected


def test_parent_is_the_figure_of_the_parents_own_row() -> None:
    rows = NodeList.of([("CH",), ("CH", "Zug"), ("FR", "Lyon")], [True, False, False])
    told = condition("a > 2 * parent(a)").judge(Figures(rows, {"a": np.array([10.0, 30.0, 30.0])}))
    assert told.known.tolist() == [False, True, False]
    assert told.true.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("text", "start", "code", "word"),
    [
        ("devces > 5", 0, "unknown_metric", "devices"),
        ("devices > 5 and latncy > 1", 16, "unknown_metric", ""),
        ("devices", 0, "type", "compare"),
        ("devices > 5%", 10, "unit", "percentage"),
        ("network_response_time > 150", 24, "unit", "150ms"),
        ("incoming_traffic > 5", 19, "unit", "5MB"),
        ("devices > 5 furlongs", 12, "unknown_unit", "ms"),
        ("a < b < 3", 6, "syntax", "and"),
        ("a = 3", 2, "syntax", "=="),
        ("(a > 1", 0, "syntax", ""),
        ("a > ", 4, "syntax", ""),
        ("a > 95,5", 6, "syntax", "95.5"),
        ("a > $5", 4, "syntax", ""),
        ("baseline(a) > 3", 10, "window", "7d"),
        ("parnt(a) > 3", 0, "unknown_function", "parent"),
        ("a and b > 1", 0, "type", ""),
        ("network_response_time * network_response_time > 1", 22, "unit", ""),
        ("(" * 500 + "a > 1" + ")" * 500, 50, "syntax", ""),
        ("a > 1 " + " " * 3000, 2000, "syntax", ""),
    ],
)
def test_what_is_refused_and_where(text: str, start: int, code: str, word: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        condition(text)
    assert (refused.value.start, refused.value.code) == (start, code)
    assert word in refused.value.hint


@effort(300)
@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused_as_one(text: str) -> None:
    with suppress(ExpressionError):
        condition(text)


@pytest.mark.parametrize(
    ("text", "subject", "limit", "value"),
    [
        ("devices_with_errors / devices > 5%", "devices_with_errors / devices", "> 5 %", "30 %"),
        ("5% < devices_with_errors / devices", "devices_with_errors / devices", "> 5 %", "30 %"),
        ("(devices_with_errors + users) / devices >= 0.5", "(devices_with_errors + users) / devices", ">= 0.5", "0.3"),
        ("network_response_time > 2s", "network_response_time", "> 2 s", "6.8 s"),
        ("a > 3 * parent(a)", "a", "> 3 * parent(a)", "8"),
        ("a > 3*baseline( a,7 d )", "a", "> 3 * baseline(a, 7d)", "8"),
        ("2 * avg(a + 1, 1h) < a", "a", "> 2 * avg(a + 1, 1h)", "8"),
        ("max(a, 1h) < baseline(a, 1d)", "max(a, 1h)", "< baseline(a, 1d)", ""),
        ("devices_with_errors > outliers(devices)", "devices_with_errors", "> outliers(devices)", "30"),
    ],
)
def test_how_a_condition_is_told(text: str, subject: str, limit: str, value: str) -> None:
    told = condition(text)
    cells = {"devices_with_errors": 30, "users": 0, "devices": 100, "network_response_time": 6800, "a": 8}
    figures = Figures(NodeList.of([("x",)]), {name: np.array([float(cell)]) for name, cell in cells.items()})
    figure = float(told.value(figures)[0])
    assert (told.subject, told.limit) == (subject, limit)
    assert format_value(figure, told.unit, as_percent=told.as_percent) == value


@pytest.mark.parametrize(
    ("breach", "clear", "found"),
    [
        ("devices >= 0", None, True),
        ("devices_with_errors / devices >= 0%", None, True),
        ("5 > 3", None, True),
        ("devices > 5", None, False),
        ("devices > 5 or devices <= 5", None, True),
        ("devices > 5", "devices < 0", True),
        ("devices > 5", "devices < 3", False),
        ("not devices < 0", None, True),
    ],
)
def test_a_breach_that_could_never_clear_is_found(breach: str, clear: str | None, found: bool) -> None:
    assert (never_clears(condition(breach), condition(clear) if clear else None) is not None) is found


@pytest.mark.parametrize(("text", "found"), [("devices < 0", True), ("devices > 5", False), ("3 > 5", True)])
def test_a_condition_that_could_never_breach_is_found(text: str, found: bool) -> None:
    assert (never_breaches(condition(text)) is not None) is found


@pytest.mark.parametrize(
    ("breach", "clear", "wrong"),
    [
        ("a > 90", "a < 85", False),
        ("a > 90", "a <= 90", False),
        ("a > 90", "a < 95", True),
        ("a > 90", "a > 80", True),
        ("a < 10", "a > 12", False),
        ("a < 10", "a > 8", True),
        ("90 < a", "95 > a", True),
        ("a > 90", "b < 95", False),
        ("a > 90 and b > 1", "a < 95", False),
    ],
)
def test_clear_on_the_wrong_side_is_found(breach: str, clear: str, wrong: bool) -> None:
    assert (clear_on_wrong_side(condition(breach), condition(clear)) is not None) is wrong


@pytest.mark.parametrize(
    ("value", "unit", "percent", "text"),
    [
        (0.142, Unit.RATIO, True, "14.2 %"),
        (0.0004, Unit.RATIO, True, "0.04 %"),
        (1.0, Unit.RATIO, True, "100 %"),
        (6800.0, Unit.TIME, False, "6.8 s"),
        (450.0, Unit.TIME, False, "450 ms"),
        (0.4, Unit.TIME, False, "0.4 ms"),
        (90_000.0, Unit.TIME, False, "1.5 min"),
        (1.2e9, Unit.BYTES, False, "1.2 GB"),
        (17.0, Unit.COUNT, False, "17"),
        (12345.6, Unit.COUNT, False, "12346"),
        (NAN, Unit.COUNT, False, ""),
    ],
)
def test_figures_as_people_read_them(value: float, unit: Unit, percent: bool, text: str) -> None:
    assert format_value(value, unit, as_percent=percent) == text


def test_the_nearest_word() -> None:
    assert nearest("devises", CATALOGUE) == "devices"
    assert nearest("zzzzzz", CATALOGUE) is None


def three_valued(text: str, a: float, b: float) -> bool | None:
    """A second, plain reading of Kleene's tables over comparisons of a and b with 1."""
    one = None if math.isnan(a) else a > 1
    two = None if math.isnan(b) else b > 1
    if text == "and":
        return False if one is False or two is False else None if one is None or two is None else True
    if text == "or":
        return True if one is True or two is True else None if one is None or two is None else False
    return None if one is None else not one


@given(
    st.sampled_from(["and", "or", "not"]),
    st.lists(st.tuples(st.sampled_from([0.0, 2.0, NAN]), st.sampled_from([0.0, 2.0, NAN])), min_size=1, max_size=8),
)
def test_columns_agree_with_a_plain_reading_row_by_row(word: str, cells: list[tuple[float, float]]) -> None:
    text = "not a > 1" if word == "not" else f"a > 1 {word} b > 1"
    rows = NodeList.of([(f"n{i}",) for i in range(len(cells))])
    columns = {"a": np.array([a for a, _ in cells]), "b": np.array([b for _, b in cells])}
    told = condition(text).judge(Figures(rows, columns))
    found = [bool(t) if k else None for t, k in zip(told.true, told.known, strict=True)]
    assert found == [three_valued(word, a, b) for a, b in cells]

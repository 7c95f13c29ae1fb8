"""What is known of conditions before any figure: always, never, and a clear that contradicts its breach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.expression_bounds import holds_wherever
from sentinel.domain.expressions import (
    Condition,
    clear_on_wrong_side,
    is_constant,
    never_breaches,
    never_clears,
    parse,
)
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.metrics import CATALOGUE, Unit
from sentinel.domain.reading import Figures
from tests.effort import effort

UNITS = {**{key: metric.unit for key, metric in CATALOGUE.items()}, "a": Unit.ANY, "b": Unit.ANY}


def condition(text: str) -> Condition:
    return parse(text, UNITS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("devices >= 0", True),
        ("devices < 0", False),
        ("devices > 0", None),
        ("devices_with_errors / devices >= 0%", True),
        ("devices_with_errors / devices > 100%", None),
        ("1 - devices_with_errors / devices <= 100%", True),
        ("devices + 5 > 3", True),
        ("devices * 2 + users >= 0", True),
        ("-devices > 0", False),
        ("parent(devices) < 0", False),
        ("a > parent(a)", None),
        ("a > a", False),
        ("a > avg(a, 1h)", None),
        ("avg(a, 1h) > baseline(a, 1h)", None),
        ("avg(a, 1h) > avg(a, 60m)", False),
        ("avg(a, 1h) < 0", False),
        ("change(a, 1h) < 0", None),
        ("change(a, 1h) >= 0", None),
        ("baseline(devices_with_errors / devices, 7d) >= 0%", True),
        ("outliers(devices) > 10", False),
        ("outliers(devices) >= 10", None),
        ("devices_with_errors > outliers(devices)", None),
        ("a == a", True),
        ("a - b >= 0", None),
        ("a > 5 or a <= 5", True),
        ("a > 5 and a < 3", False),
        ("a > 5 and a < 6", None),
        ("not (a > 5 or not a > 5)", False),
        ("a > 5 or b <= 5", None),
        ("a > b or a <= b", True),
        ("a == 5 and a != 5", False),
        ("a > 2 * 5 and a < 3 + 4", False),
        ("2 > 1", True),
        ("1 == 2", False),
        (" or ".join(f"(a + {n} > 1e9 and b > {n})" for n in range(12)), None),
    ],
)
def test_what_a_condition_always_is(text: str, expected: bool | None) -> None:
    assert is_constant(condition(text)) is expected
    assert (never_breaches(condition(text)) is not None) is (expected is False)


@pytest.mark.parametrize(
    ("breach", "clear", "word"),
    [
        ("a > 10", None, None),
        ("a > 3 * baseline(a, 7d) and a > 200", "a < 2 * baseline(a, 7d)", None),
        ("a > 3 * baseline(a, 7d)", "a < 200", None),
        ("a >= 0", None, "every possible figure"),
        ("a >= 0", "a < 5", "every possible figure"),
        ("a > 10", "a < 8", None),
        ("a > 10", "a < 0", "can never be true"),
        ("a > 10", "a == 12", "breach wins"),
        ("a > 10 or b > 10", "a > 11 and b > 3", "breach wins"),
        ("a > 10 or b > 10", "a > 9 and b > 3", None),
        ("a / b > 10%", "b > 5", None),
        ("a > parent(a)", "a > parent(a) and b > 1", "breach wins"),
    ],
)
def test_why_a_breach_never_clears(breach: str, clear: str | None, word: str | None) -> None:
    said = never_clears(condition(breach), condition(clear) if clear else None)
    assert said is None if word is None else said is not None and word in said


@pytest.mark.parametrize(
    ("breach", "clear", "wrong"),
    [
        ("a > 10", "a < 12", True),
        ("a > 10", "a < 10", False),
        ("a > 10", "a <= 10", False),
        ("a >= 10", "a <= 10", False),
        ("a > 10", "a < 8", False),
        ("a > 10", "a > 8", True),
        ("a > 10", "a >= 12", True),
        ("a < 95%", "a > 97%", False),
        ("a < 95%", "a > 90%", True),
        ("a < 95%", "a < 97%", True),
        ("10 < a", "8 > a", False),
        ("10 < a", "12 > a", True),
        ("a > 10", "not a > 8", False),
        ("a > 10", "not (a > 12)", True),
        ("not a <= 10", "a < 12", True),
        ("a > 2 * 5", "a < 6 * 2", True),
        ("network_response_time > 2s", "network_response_time < 1500ms", False),
        ("network_response_time > 2s", "network_response_time < 3000ms", True),
        ("parent(a) > 10", "a < 12", False),
        ("a > 10", "b < 12", False),
        ("a > 10", "a != 12", False),
        ("a > 10 and b > 1", "a < 12", False),
        ("a > parent(a)", "a < 12", False),
    ],
)
def test_a_clear_that_reaches_into_the_breach(breach: str, clear: str, wrong: bool) -> None:
    assert (clear_on_wrong_side(condition(breach), condition(clear)) is not None) is wrong


compared = st.tuples(
    st.sampled_from(["a", "b", "a / b", "a - b"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from(["0", "1", "2", "-1", "b"]),
).map(" ".join)
logic = st.recursive(
    compared,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=4,
)


@effort(200)
@given(logic, logic, st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=20))
def test_no_figure_contradicts_what_was_said_before(breach: str, clear: str, cells: list[tuple[float, float]]) -> None:
    bad, good = condition(breach), condition(clear)
    rows = NodeList.of([(str(number),) for number in range(len(cells))])
    figures = Figures(rows, {"a": np.array([a for a, _ in cells]), "b": np.array([b for _, b in cells])})
    breached, cleared = bad.judge(figures), good.judge(figures)
    always = is_constant(bad)
    if always is not None:
        assert (breached.true == always)[breached.known].all()
    if never_clears(bad, good) is not None:
        assert not (cleared.true & breached.known & ~breached.true).any()


@pytest.mark.parametrize(
    ("first", "second", "holds"),
    [
        ("a > 10", "a > 5", True),
        ("a > 5", "a > 5", True),
        ("a > 5", "a > 10", False),
        ("a > 5 and b > 5", "a > 5", True),
        ("a > 5", "a > 5 or b > 5", True),
        ("a > 5", "b > 5", False),
        ("devices < 0", "a > 5", False),
        ("a < 5", "not a > 5", True),
    ],
)
def test_a_condition_holds_wherever_another_one_does(first: str, second: str, holds: bool) -> None:
    assert holds_wherever(condition(second), condition(first)) is holds

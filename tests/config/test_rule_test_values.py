"""The short form in which rule tests write figures and answers."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from sentinel.config.rule_test_values import LONGEST, ValuesError, parse_answers, parse_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0 0 30x3 0x2", [0, 0, 30, 30, 30, 0, 0]),
        ("0x30", [0] * 30),
        ("1+2x4", [1, 3, 5, 7]),
        ("10-2.5x3", [10, 7.5, 5]),
        ("-1+1x3 -2x2", [-1, 0, 1, -2, -2]),
        ("_ 1 _x2", [nan, 1, nan, nan]),
        (".5 1. 1.5e3 2e-3x2", [0.5, 1, 1500, 0.002, 0.002]),
        ("1e+3x2 1e3-1e2x3", [1000, 1000, 1000, 900, 800]),
        ("  1\n 2\t3 ", [1, 2, 3]),
        ("+4", [4]),
    ],
)
def test_every_form_of_a_series(text: str, values: list[float]) -> None:
    np.testing.assert_array_equal(parse_values(text), values)


@pytest.mark.parametrize(
    ("text", "answers"),
    [(".x3 E ?", "...E?"), ("...E?.", "...E?."), (".x2EEx2", "..EEE"), ("E", "E"), (". . E", "..E")],
)
def test_every_form_of_answers(text: str, answers: str) -> None:
    assert parse_answers(text) == answers


@pytest.mark.parametrize(
    ("text", "marked", "said"),
    [
        ("1 2y 3", "2y", '"2y" is no value'),
        ("1 30x 3", "30x", "is no value"),
        ("5x0", "0", "at least 1"),
        ("1+2", "1+2", "how many"),
        ("_+1x3", "_+1x3", "is no value"),
        ("nan", "nan", "is no value"),
        ("1e999", "1e999", "too large"),
        ("1,2", "1,2", "is no value"),
        (f"1 2x{LONGEST}", f"2x{LONGEST}", "more than"),
        ("1x" + "9" * 400, "1x" + "9" * 400, ""),
        ("1" * 200_000 + "y", "1" * 200_000 + "y", "is no value"),
        ("  ", "  ", "no values"),
    ],
)
def test_what_is_no_series_is_told_with_its_place(text: str, marked: str, said: str) -> None:
    with pytest.raises(ValuesError) as caught:
        parse_values(text)
    wrong = caught.value
    assert text[wrong.start : wrong.end] in (marked, marked.removeprefix("1x"))
    assert said in wrong.message
    assert len(wrong.message) < 80
    assert wrong.hint


@pytest.mark.parametrize(("text", "marked"), [("..e", "e"), (".x0", "0"), ("x3", "x3"), (". 5 .", "5"), ("", "")])
def test_what_is_no_answer_is_told_with_its_place(text: str, marked: str) -> None:
    with pytest.raises(ValuesError) as caught:
        parse_answers(text)
    assert text[caught.value.start : caught.value.end] == marked

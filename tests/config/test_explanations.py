"""Every code is explained, and its examples are what they are said to be: the checker itself says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.config.codes import CODES
from sentinel.config.explanations import Explanation, explanations
from sentinel.config.problem_pages import problems_page

PAGE = Path(__file__).parents[2] / "docs/reference/problems.md"
EXPLAINED = explanations()
SHOWN = [pytest.param(one, id=one.code) for one in EXPLAINED.values() if not one.no_example]
EXPECTED_NEAR_BY = {"E127": {"W103"}, "W106": {"W103"}}
"""What a piece that is a whole file has besides: nobody is told."""
TOLD_ELSEWHERE = {"W109"}
"""Told at the table that nobody hears about, not where the mistake was made."""


def test_every_code_is_explained_and_nothing_else() -> None:
    assert list(EXPLAINED) == list(CODES), "a new code needs a table in sentinel/config/explained"


def test_only_what_cannot_be_shown_has_no_example() -> None:
    assert {one.code for one in EXPLAINED.values() if one.no_example} == {
        "E102",  # no text of a file shows it
        *("W132", "W133"),  # a database does
        *("E202", "E203"),  # the machine does
        "W204",  # a rule does
        "E310",  # it would be too long
    }


@pytest.mark.parametrize("one", SHOWN)
def test_the_wrong_example_is_wrong_in_this_way_and_no_other(one: Explanation) -> None:
    codes = {problem.code for problem in one.problems_of(one.wrong)}
    assert one.code in codes
    if not one.of_environment:
        assert codes - EXPECTED_NEAR_BY.get(one.code, set()) == {one.code}


@pytest.mark.parametrize("one", SHOWN)
def test_the_right_example_is_right(one: Explanation) -> None:
    codes = {problem.code for problem in one.problems_of(one.right)}
    assert one.code not in codes
    if not one.of_environment:
        assert codes <= EXPECTED_NEAR_BY.get(one.code, set())


@pytest.mark.parametrize("one", SHOWN)
def test_the_answer_shows_the_line_of_the_example(one: Explanation) -> None:
    assert f"[{one.code}]" in one.answer
    if not one.of_environment:
        shown = [
            line.split("|", 1)[1].strip() for line in one.answer.splitlines() if line[:1].isdigit() and "|" in line
        ]
        written = {line.strip() for line in one.wrong.splitlines()}
        assert shown
        assert shown[0] in written or one.code in TOLD_ELSEWHERE or "***" in shown[0]


@pytest.mark.parametrize("one", EXPLAINED.values(), ids=EXPLAINED)
def test_the_words_are_sentences(one: Explanation) -> None:
    assert one.more.endswith((".", ")"))
    assert one.more not in one.meaning


def test_the_reference_is_made_from_them() -> None:
    """Write it anew: python -m sentinel.config.problem_pages > docs/reference/problems.md."""
    assert PAGE.read_text(encoding="utf-8") == problems_page()

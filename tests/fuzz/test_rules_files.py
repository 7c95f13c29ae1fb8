"""Whatever stands in a rules file: rules, or problems with places that are in the file. Never another end."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.codes import CODES
from sentinel.config.loader import load
from sentinel.config.report import as_github, as_json, as_text
from sentinel.errors import ConfigError, Problem
from tests.effort import effort
from tests.fuzz.mutations import rewritten

ROOT = Path(__file__).parents[2]
FILES = tuple(
    file.read_text(encoding="utf-8")
    for file in (ROOT / "rules.example.toml", *sorted((ROOT / "tests/config/testdata").rglob("*.toml")))
)
LINES = tuple(
    sorted({line for text in FILES for line in text.split("\n") if line.strip() and not line.startswith("#")})
)


@effort(250)
@given(st.sampled_from(FILES[:1]).flatmap(lambda text: rewritten(text, LINES)))
def test_the_example_with_mistakes_gets_an_answer(text: str) -> None:
    answered(text)


@effort(400)
@given(st.sampled_from(FILES).flatmap(lambda text: rewritten(text, LINES)))
def test_any_file_of_the_tests_with_more_mistakes_gets_an_answer(text: str) -> None:
    answered(text)


def answered(text: str) -> None:
    """The file is read, or refused with problems that can be shown at their places."""
    try:
        problems = load(text=text).warnings
    except ConfigError as refused:
        problems = refused.problems
        assert any(problem.severity == "error" for problem in problems)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for problem in problems:
        _is_placed(problem, lines)
    as_json(problems)
    as_github(problems)
    shown = as_text(problems, {"rules.toml": text})
    assert not set(shown) & {"\x1b", "\0", "\u202e", "\x07"}


def _is_placed(problem: Problem, lines: list[str]) -> None:
    assert problem.code in CODES
    assert problem.message
    assert 0 <= problem.line <= len(lines)
    if problem.line:
        length = len(lines[problem.line - 1])
        assert 1 <= problem.column <= length + 1, problem
        assert problem.span >= 1
        assert problem.column - 1 + problem.span <= length + 1, problem

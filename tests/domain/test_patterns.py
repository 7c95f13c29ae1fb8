"""Globs: what they match, and that no pattern and no name makes matching explode. Steps are counted, not time."""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]  # the only way to look at a regular expression's structure

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.patterns import NamePattern, name_regex

GLOBS = st.text(st.sampled_from("a*?\\[]()+|.^$x-!{}"), max_size=40)
pytestmark = pytest.mark.threat("redos")


def choices(pattern: re.Pattern[str]) -> list[str]:
    """The parts of an expression that could be matched in more than one way and be taken back.

    What stands in an assertion or an atomic group is final once matched. One choice costs a walk over the name, two
    cost a walk for each step of a walk, and so on.
    """
    kinds = [str(kind) for kind, _ in _parser.parse(pattern.pattern, pattern.flags)]
    return [kind for kind in kinds if kind in ("MAX_REPEAT", "MIN_REPEAT", "BRANCH", "SUBPATTERN")]


def unwrapped(glob: str) -> re.Pattern[str]:
    """The expression without the group that fnmatch puts around the whole."""
    made = name_regex(glob)
    inner = re.fullmatch(r"\(\?s:(.*)\)\\[zZ]", made.pattern, re.DOTALL)
    assert inner is not None
    return re.compile(inner[1], re.DOTALL)


@given(GLOBS)
def test_no_glob_becomes_an_expression_with_more_than_one_choice(glob: str) -> None:
    assert choices(unwrapped(glob)) in ([], ["MAX_REPEAT"])


def test_an_expression_that_explodes_has_more() -> None:
    assert choices(re.compile("a*a*b")) == ["MAX_REPEAT", "MAX_REPEAT"]
    assert choices(re.compile("(a|bc)d")) == ["SUBPATTERN"]


@given(GLOBS, st.text(st.sampled_from("aAx*?[.-"), max_size=30))
def test_a_glob_matches_what_it_says(glob: str, name: str) -> None:
    assert NamePattern(glob).matches(name) == slowly(glob, name)


def slowly(glob: str, name: str) -> bool:
    """Whether a glob matches, one row of a table per character: the meaning itself."""
    tokens = re.findall(r"\\.|.", glob, re.DOTALL)
    reached = {0}
    for token in tokens:
        if token == "*":
            reached = set(range(min(reached, default=len(name) + 1), len(name) + 1))
        elif token == "?":
            reached = {i + 1 for i in reached if i < len(name)}
        else:
            char = token[-1].lower()
            reached = {i + 1 for i in reached if i < len(name) and name[i].lower() == char}
    return len(name) in reached


class Counting:
    """Stands in for one name of a pattern and counts how often it is asked."""

    asked = 0

    def fullmatch(self, name: str) -> bool:
        Counting.asked += 1
        return True


@pytest.mark.parametrize("stars", [10, 200])
def test_a_pattern_of_many_names_asks_each_at_most_once_per_name_of_the_node(stars: int) -> None:
    pattern = NodePattern("/".join(["**", "a"] * stars + ["b"]))
    object.__setattr__(pattern, "_names", tuple(None if one is None else Counting() for one in pattern._names))
    node = tuple("a" for _ in range(50))
    Counting.asked = 0
    pattern.matches(node)
    assert Counting.asked <= (stars + 1) * len(node)

"""Spans are sets of seconds: whatever is done to the intervals comes to the same as done to the seconds themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.spans import NOTHING, Spans
from tests.effort import effort

PAIRS = st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=8)
DERANDOMIZED = effort(300)


def seconds(pairs: list[tuple[int, int]]) -> set[int]:
    return {second for start, end in pairs for second in range(start, end)}


def assert_well_formed(spans: Spans) -> None:
    edges = [edge for pair in spans.pairs() for edge in pair]
    assert edges == sorted(set(edges)), "ascending, disjoint, not touching, none of them empty"
    assert spans.starts.dtype == spans.ends.dtype == np.int64


@DERANDOMIZED
@given(PAIRS)
def test_any_intervals_become_the_seconds_that_lie_in_one_of_them(pairs: list[tuple[int, int]]) -> None:
    spans = Spans.of(pairs)
    assert_well_formed(spans)
    assert seconds(spans.pairs()) == seconds(pairs)
    assert spans.seconds == len(seconds(pairs))


@DERANDOMIZED
@given(PAIRS, PAIRS)
def test_union_intersection_and_difference_are_those_of_the_seconds(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> None:
    one, other = Spans.of(ours), Spans.of(theirs)
    for spans, expected in (
        (one.union(other), seconds(ours) | seconds(theirs)),
        (one.intersect(other), seconds(ours) & seconds(theirs)),
        (one.minus(other), seconds(ours) - seconds(theirs)),
    ):
        assert_well_formed(spans)
        assert seconds(spans.pairs()) == expected


@DERANDOMIZED
@given(PAIRS, st.integers(-10, 45), st.integers(-10, 45))
def test_clipping_keeps_the_seconds_between(pairs: list[tuple[int, int]], start: int, end: int) -> None:
    clipped = Spans.of(pairs).clip(start, end)
    assert_well_formed(clipped)
    assert seconds(clipped.pairs()) == seconds(pairs) & set(range(start, end))


@DERANDOMIZED
@given(PAIRS)
def test_what_lies_before_an_instant_is_counted_and_what_holds_it_is_known(pairs: list[tuple[int, int]]) -> None:
    spans, instants = Spans.of(pairs), range(-10, 50)
    before = spans.before(np.array(instants, np.int64))
    assert before.dtype == np.int64
    assert before.tolist() == [sum(1 for second in seconds(pairs) if second < at) for at in instants]
    assert [spans.holds(at) for at in instants] == [at in seconds(pairs) for at in instants]
    assert [spans.holds(at + 0.5) for at in instants] == [at in seconds(pairs) for at in instants]


def test_no_time_is_a_span_like_others() -> None:
    whole = Spans.of([(0, 10)])
    assert NOTHING.seconds == 0
    assert not NOTHING.holds(0)
    assert NOTHING.union(whole).pairs() == whole.minus(NOTHING).pairs() == [(0, 10)]
    assert NOTHING.intersect(whole).pairs() == NOTHING.minus(whole).pairs() == NOTHING.clip(0, 9).pairs() == []
    assert NOTHING.before(np.array([5], np.int64)).tolist() == [0]

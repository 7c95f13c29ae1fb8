"""Figures as texts: none flatters, all keep their order, and whoever computes a formula gets its percentage."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel.domain.attained import Counts, Seconds, UnknownAs, availability, weighted
from sentinel.domain.attained_text import (
    counts_formula,
    formula,
    objective_text,
    parse_objective,
    percent_text,
    rate_text,
    ratio_text,
    share_text,
)
from tests.domain.arithmetic import computed, percent

MONTH = Seconds(good=43_079 * 60, bad=121 * 60, unknown=38 * 60, excluded=180 * 60)
HALF = Decimal("0.995")

shares = st.fractions(0, 1) | st.integers(0, 10**9).map(lambda n: 1 - Fraction(n, 10**9 * 997))
objectives = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-6))
limits = st.none() | objectives
close = st.tuples(objectives, st.integers(-(10**4), 10**4)).map(
    lambda pair: (min(max(Fraction(pair[0]) + Fraction(pair[1], 10**8), Fraction(0)), Fraction(1)), pair[0])
)
"""A share close to an objective, where roundings go wrong."""

amounts = st.integers(0, 10**8)
seconds = st.builds(Seconds, amounts, amounts, amounts, amounts)
events = st.lists(st.floats(0, 1e9).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))), max_size=3)


@pytest.mark.parametrize(
    ("unknown_as", "objective", "text"),
    [
        ("exclude", None, "99.72 % = (43 200 - 121) / 43 200 min; 38 min unknown excluded"),
        ("exclude", "99.72%", "99.7199 % = (43 200 - 121) / 43 200 min; 38 min unknown excluded"),
        ("good", None, "99.72 % = (43 238 - 121) / 43 238 min; 38 min unknown counted as good"),
        ("bad", None, "99.63 % = (43 238 - 121 - 38) / 43 238 min; 38 min unknown counted as bad"),
    ],
)
def test_a_formula_says_its_numbers(unknown_as: str, objective: str | None, text: str) -> None:
    limit = parse_objective(objective) if objective else None
    assert formula(MONTH, UnknownAs(unknown_as), limit) == f"{text}; 180 min maintenance excluded"


def test_where_minutes_are_not_whole_it_counts_seconds() -> None:
    assert formula(Seconds(good=3599, bad=1)) == "99.97 % = (3 600 - 1) / 3 600 s"
    assert formula(Seconds(good=3600, unknown=61)) == "100.00 % = (60 - 0) / 60 min; 61 s unknown excluded"


def test_without_a_figure_it_says_why() -> None:
    assert formula(Seconds(unknown=60)) == "no data: nothing was judged; 1 min unknown excluded"
    assert formula(Seconds(excluded=60), excluded_as="planned") == "no data: no service time; 1 min planned excluded"
    assert counts_formula(Counts.of([]), Seconds(good=60), noun="requests") == "no data: no requests"


def test_an_ancestor_says_what_it_was_weighted_by() -> None:
    sites = [(400.0, Seconds(good=59_400, bad=600)), (100.5, Seconds(good=54_000, bad=6000, unknown=61))]
    expected = "97.19 % = (500 500 - 14 050) / 500 500 min × devices of 2 nodes"
    assert formula(weighted(sites), by="devices") == f"{expected}; 6 130.5 s × devices of 2 nodes unknown excluded"
    assert formula(weighted([(1.0, MONTH)])).startswith("99.72 % = (43 200 - 121) / 43 200 min of 1 node;")


def test_events_say_theirs() -> None:
    some = Counts.of([(9990.0, 10000.0)])
    assert counts_formula(some, Seconds(good=60), noun="requests") == "99.90 % = 9 990 / 10 000 requests"
    gap = Seconds(good=45 * 60, unknown=15 * 60)
    said = [counts_formula(some, gap, one, noun="requests") for one in UnknownAs]
    assert said == [
        "99.90 % = 9 990 / 10 000 requests; 15 min unknown excluded",
        "99.92 % = 1 - 10 / 10 000 requests × 45 / 60 min; 15 min unknown counted as good",
        "74.92 % = 9 990 / 10 000 requests × 45 / 60 min; 15 min unknown counted as bad",
    ]


@pytest.mark.parametrize(
    ("share", "ratio", "people"),
    [
        ("0.994999", "0.994999", "99.4999 %"),
        ("0.9949999999", "0.994999", "99.4999 %"),
        ("0.99496", "0.994960", "99.496 %"),
        ("0.9949", "0.994900", "99.49 %"),
        ("0.995", "0.995000", "99.50 %"),
        ("0.9950001", "0.995000", "99.50 %"),
        ("0.99995", "0.999950", "99.99 %"),
        ("0.99996", "0.999960", "99.996 %"),
        ("0.99999999", "0.999999", "99.9999 %"),
        ("1", "1.000000", "100.00 %"),
        ("0", "0.000000", "0.00 %"),
    ],
)
def test_roundings_beside_an_objective_of_ninety_nine_and_a_half(share: str, ratio: str, people: str) -> None:
    assert (ratio_text(Fraction(share), HALF), percent_text(Fraction(share), HALF)) == (ratio, people)


def test_no_data_is_written_as_that() -> None:
    assert (ratio_text(None), percent_text(None), rate_text(None)) == (None, "no data", None)


def test_what_is_spent_is_rounded_up_and_what_is_left_down() -> None:
    assert rate_text(Fraction(100_000_001, 10**8)) == "1.000001"
    assert rate_text(Fraction(72, 5), 2) == "14.40"
    assert [share_text(part, 1000) for part in (412, -1, -1500, 0)] == ["41.2 %", "-0.1 %", "-150.0 %", "0.0 %"]
    assert share_text(5, 0) == "no budget"


@pytest.mark.parametrize(
    ("text", "share", "again"),
    [("99.5%", "0.995", "99.5 %"), ("99.9500 %", "0.9995", "99.95 %"), ("100%", "1", "100 %"), ("90%", "0.9", "90 %")],
)
def test_an_objective_is_a_percentage(text: str, share: str, again: str) -> None:
    assert parse_objective(text) == Decimal(share)
    assert objective_text(parse_objective(text)) == again


@pytest.mark.parametrize("text", ["", "99.5", "0.995", "100.1%", "0%", "-5%", "99.99999%", "٩٩%", "99,5%", "%", "1e1%"])
def test_what_is_no_objective(text: str) -> None:
    with pytest.raises(ValueError, match=r'such as "99\.5%"'):
        parse_objective(text)


@given(shares, limits)
@example(Fraction(994_999, 10**6), HALF)
@example(Fraction(9_949_999_999, 10**10), HALF)
def test_no_text_flatters(share: Fraction, objective: Decimal | None) -> None:
    text, people = Fraction(str(ratio_text(share, objective))), percent(percent_text(share, objective))
    for written, step in ((text, Fraction(1, 10**6)), (people, Fraction(1, 10**4))):
        assert abs(written - share) < step
        assert written < 1 or share == 1
        if objective is not None:
            assert (written >= Fraction(objective)) == (share >= Fraction(objective))


@given(close)
def test_no_text_flatters_close_to_the_objective(pair: tuple[Fraction, Decimal]) -> None:
    share, objective = pair
    for written in (Fraction(str(ratio_text(share, objective))), percent(percent_text(share, objective))):
        assert (written >= Fraction(objective)) == (share >= Fraction(objective))
        assert written < 1 or share == 1


@given(close, st.integers(0, 10**4))
def test_texts_keep_the_order(pair: tuple[Fraction, Decimal], more: int) -> None:
    share, objective = pair
    better = min(share + Fraction(more, 10**8), Fraction(1))
    assert str(ratio_text(share, objective)) <= str(ratio_text(better, objective))
    assert percent(percent_text(share, objective)) <= percent(percent_text(better, objective))


@given(seconds, st.sampled_from(UnknownAs), limits)
def test_a_formula_computed_by_hand_gives_its_percentage(
    some: Seconds, unknown_as: UnknownAs, objective: Decimal | None
) -> None:
    text = formula(some, unknown_as, objective)
    attained = availability(some, unknown_as)
    if attained is None:
        assert text.startswith("no data: ")
    else:
        assert computed(text) == attained
        assert text.startswith(f"{percent_text(attained, objective)} = ")
    for amount, word in ((some.unknown, "unknown"), (some.excluded, "maintenance")):
        said = re.search(rf"; ([0-9 ]+) (min|s) {word}", text)
        assert (said is not None) == (amount > 0)
        if said:
            assert int(said[1].replace(" ", "")) * (60 if said[2] == "min" else 1) == amount


@given(st.lists(st.tuples(st.floats(0, 1e6), seconds), min_size=1, max_size=3), st.sampled_from(UnknownAs))
def test_that_of_an_ancestor_too(parts: list[tuple[float, Seconds]], unknown_as: UnknownAs) -> None:
    whole = weighted(parts)
    attained = availability(whole, unknown_as)
    text = formula(whole, unknown_as, by="devices")
    assert text.startswith("no data: ") if attained is None else computed(text) == attained


@given(events, seconds, st.sampled_from(UnknownAs))
def test_and_that_of_events(samples: list[tuple[float, float]], time: Seconds, unknown_as: UnknownAs) -> None:
    some = Counts.of(samples)
    attained = some.availability(time, unknown_as)
    text = counts_formula(some, time, unknown_as, noun="requests")
    assert text.startswith("no data: ") if attained is None else computed(text) == attained

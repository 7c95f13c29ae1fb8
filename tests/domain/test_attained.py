"""Seconds and events, what they come to, and what is left of a budget: exact, and nothing is ever 100 % for want of data."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.attained import (
    Counts,
    Seconds,
    UnknownAs,
    availability,
    budget,
    budget_left,
    burn_rate,
    kept,
    possible,
    readings,
    weighted,
)

DAY = 86400
amounts = st.integers(0, 400 * DAY)
seconds = st.builds(Seconds, amounts, amounts, amounts, amounts)
objectives = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-6))
counts = st.floats(0, 1e12).flatmap(lambda total: st.tuples(st.floats(0, total), st.just(total)))


def test_the_three_ways_to_count_unknown_time() -> None:
    some = Seconds(good=700, bad=2, unknown=18, excluded=99)
    assert availability(some) == Fraction(700, 702)
    assert availability(some, UnknownAs.BAD) == Fraction(700, 720)
    assert availability(some, UnknownAs.GOOD) == Fraction(718, 720)
    assert readings(some).coverage == Fraction(702, 720)


def test_nothing_judged_is_no_figure() -> None:
    assert availability(Seconds(unknown=60)) is None
    assert availability(Seconds(unknown=60), UnknownAs.BAD) == 0
    assert availability(Seconds(excluded=60), UnknownAs.GOOD) is None
    assert readings(Seconds()) == (None, None, None, None)
    assert burn_rate(Seconds(unknown=60), Decimal("0.995")) is None
    assert kept(None, Decimal("0.995")) is None


def test_an_objective_is_kept_at_it_and_missed_a_second_below() -> None:
    assert kept(availability(Seconds(good=995, bad=5)), Decimal("0.995")) is True
    assert kept(availability(Seconds(good=9_949_999, bad=50_001)), Decimal("0.995")) is False


def test_a_budget_is_rounded_down_and_may_be_overspent() -> None:
    assert budget(Decimal("0.999"), 30 * DAY) == 2592
    assert budget(Decimal("0.9995"), 10_080 * 60 - 1) == 302
    assert budget(Decimal(1), 30 * DAY) == 0
    spent = Seconds(bad=2600, unknown=10)
    assert budget_left(2592, spent) == -8
    assert budget_left(2592, spent, UnknownAs.BAD) == -18


def test_a_burn_rate_of_one_spends_the_budget_in_exactly_the_period() -> None:
    assert burn_rate(Seconds(good=999, bad=1), Decimal("0.999")) == 1
    assert burn_rate(Seconds(good=9, bad=1), Decimal("0.999")) == 100
    assert burn_rate(Seconds(good=9, bad=1), Decimal(1)) is None


def test_an_ancestor_is_as_good_as_its_devices_not_as_its_sites() -> None:
    whole = weighted([(400.0, Seconds(good=99, bad=1)), (100.0, Seconds(good=90, bad=10, unknown=7))])
    assert availability(whole) == Fraction(972, 1000)
    assert whole.mean == Seconds(good=97, bad=3, unknown=2)
    plain = weighted([(1.0, Seconds(good=99, bad=1)), (1.0, Seconds(good=90, bad=10))])
    assert availability(plain) == Fraction(945, 1000)


def test_what_weighs_nothing_has_no_figure() -> None:
    nothing = weighted([(0.0, Seconds(good=5))])
    assert (availability(nothing), nothing.mean) == (None, Seconds())


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_a_weight_is_a_number(weight: float) -> None:
    with pytest.raises(ValueError, match="a weight is"):
        weighted([(weight, Seconds())])


def test_events_with_unknown_time_go_on_at_the_pace_of_the_known() -> None:
    events, time = Counts.of([(9990.0, 10000.0)]), Seconds(good=900, unknown=100)
    assert events.readings(time) == (Fraction(999, 1000), Fraction(8991, 10000), Fraction(9991, 10000), Fraction(9, 10))
    assert Counts.of([]).readings(time)[:3] == (None, None, None)
    assert (events.bad, events.budget(Decimal("0.999")), events.burn_rate(Decimal("0.999"))) == (10, 10, 1)


@pytest.mark.parametrize("sample", [(2.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_counts_that_cannot_be_are_refused(sample: tuple[float, float]) -> None:
    assert not possible(*sample)
    with pytest.raises(ValueError, match="good events"):
        Counts.of([sample])


@given(seconds, seconds)
def test_sums_add_up(one: Seconds, other: Seconds) -> None:
    both = one + other
    assert (both.good, both.bad) == (one.good + other.good, one.bad + other.bad)
    assert (both.unknown, both.excluded) == (one.unknown + other.unknown, one.excluded + other.excluded)
    shares = sorted(share for share in map(availability, (one, other)) if share is not None)
    attained = availability(both)
    assert (attained is None) == (not shares)
    assert attained is None or shares[0] <= attained <= shares[-1]


@given(seconds)
def test_the_measured_reading_lies_between_the_other_two(some: Seconds) -> None:
    measured, pessimistic, optimistic, coverage = readings(some)
    if pessimistic is not None and optimistic is not None and coverage is not None:
        assert 0 <= pessimistic <= optimistic <= 1
        assert measured is None or pessimistic <= measured <= optimistic
        assert measured is None or pessimistic == measured * coverage


@given(objectives, seconds)
def test_within_its_budget_is_kept_and_beyond_it_is_missed(objective: Decimal, some: Seconds) -> None:
    left = budget_left(budget(objective, some.good + some.bad), some)
    attained = availability(some)
    assert attained is None or kept(attained, objective) == (left >= 0)
    rate = burn_rate(some, objective)
    assert rate is None or (rate <= 1) == (left >= 0)


@given(st.lists(st.tuples(st.floats(0, 1e6), seconds), max_size=5))
def test_a_mean_never_flatters(parts: list[tuple[float, Seconds]]) -> None:
    whole = weighted(parts)
    exact, rounded = availability(whole), availability(whole.mean)
    assert exact is None or rounded is None or rounded <= exact
    assert whole.mean.good <= max((one.good for _, one in parts), default=0)


@given(st.lists(counts, max_size=6))
def test_the_order_of_samples_changes_no_sum(samples: list[tuple[float, float]]) -> None:
    events = Counts.of(samples)
    assert events == Counts.of(reversed(samples))
    assert sum((Counts.of([one]) for one in samples), Counts.of([])) == events
    assert events.bad >= 0

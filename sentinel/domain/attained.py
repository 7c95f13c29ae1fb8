"""What was attained: seconds, availability, budget and burn rate, exact: integers, Decimals and Fractions only.

Nothing here rounds but `budget` and `Weighted.mean`, which say how; `attained_text` writes the figures down.
An objective is kept or missed by its exact figures (`kept`), never by rounded texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from math import ceil, floor, isfinite
from typing import NamedTuple

MICRO = 10**6
"""Weights and counts are taken to a millionth, so that every sum of them can be written out whole."""


class UnknownAs(Enum):
    """What unknown time counts as in an availability."""

    EXCLUDE = "exclude"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Seconds:
    """Service time in whole seconds. Time outside the calendar is in none of the four."""

    good: int = 0
    bad: int = 0
    unknown: int = 0
    excluded: int = 0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(
            self.good + other.good,
            self.bad + other.bad,
            self.unknown + other.unknown,
            self.excluded + other.excluded,
        )


@dataclass(frozen=True, slots=True)
class Weighted:
    """Sums of weight times seconds over nodes, the sum of the weights, and how many nodes they are of."""

    good: Fraction
    bad: Fraction
    unknown: Fraction
    excluded: Fraction
    weight: Fraction
    nodes: int

    @property
    def mean(self) -> Seconds:
        """The weighted mean in whole seconds, good rounded down and the others up; none where nothing weighs."""
        if not self.weight:
            return Seconds()
        rest = (ceil(amount / self.weight) for amount in (self.bad, self.unknown, self.excluded))
        return Seconds(floor(self.good / self.weight), *rest)


Amounts = Seconds | Weighted
"""What has good, bad and unknown parts whose ratios mean something."""


def weighted(parts: Iterable[tuple[float, Seconds]]) -> Weighted:
    """The sum over nodes, each with its weight: a node with four times the devices counts four times.

    Raises:
        ValueError: a weight is negative or no number.
    """
    good = bad = unknown = excluded = weight = Fraction(0)
    nodes = 0
    for raw, seconds in parts:
        if not isfinite(raw) or raw < 0:
            raise ValueError("a weight is a number of 0 or more")
        share = _micro(raw)
        good += share * seconds.good
        bad += share * seconds.bad
        unknown += share * seconds.unknown
        excluded += share * seconds.excluded
        weight += share
        nodes += 1
    return Weighted(good, bad, unknown, excluded, weight, nodes)


def availability(amounts: Amounts, unknown_as: UnknownAs = UnknownAs.EXCLUDE) -> Fraction | None:
    """The good share; None where nothing is left to take it of: no data is never 100 %."""
    good, whole = amounts.good, amounts.good + amounts.bad
    if unknown_as is not UnknownAs.EXCLUDE:
        whole += amounts.unknown
    if unknown_as is UnknownAs.GOOD:
        good += amounts.unknown
    return Fraction(good, whole) if whole else None


class Readings(NamedTuple):
    """The availability in three readings, and which share of the service time was judged at all."""

    measured: Fraction | None
    pessimistic: Fraction | None
    optimistic: Fraction | None
    coverage: Fraction | None


def readings(amounts: Amounts) -> Readings:
    """All three, whatever the SLA itself makes of unknown time."""
    judged, service = amounts.good + amounts.bad, amounts.good + amounts.bad + amounts.unknown
    return Readings(
        availability(amounts, UnknownAs.EXCLUDE),
        availability(amounts, UnknownAs.BAD),
        availability(amounts, UnknownAs.GOOD),
        Fraction(judged, service) if service else None,
    )


def kept(attained: Fraction | None, objective: Decimal) -> bool | None:
    """Whether the objective was attained: exactly at it is kept. None where there is no figure."""
    return None if attained is None else attained >= Fraction(objective)


def budget(objective: Decimal, service_seconds: int) -> int:
    """How many seconds of so many may be bad, rounded down."""
    share = allowed(objective)
    return share.numerator * service_seconds // share.denominator


@cache
def allowed(objective: Decimal) -> Fraction:
    """The share that may be bad."""
    return 1 - Fraction(objective)


def spent(seconds: Seconds, unknown_as: UnknownAs = UnknownAs.EXCLUDE) -> int:
    """How many seconds count against the budget."""
    return seconds.bad + (seconds.unknown if unknown_as is UnknownAs.BAD else 0)


def budget_left(granted: int, seconds: Seconds, unknown_as: UnknownAs = UnknownAs.EXCLUDE) -> int:
    """What is left of a budget of so many seconds; negative where more was spent."""
    return granted - spent(seconds, unknown_as)


def burn_rate(amounts: Amounts, objective: Decimal) -> Fraction | None:
    """The bad share of what was judged over the share that may be bad: at 1 the budget lasts exactly the period.

    None where nothing was judged, or where nothing may be bad.
    """
    judged, share = amounts.good + amounts.bad, allowed(objective)
    return Fraction(amounts.bad * share.denominator, judged * share.numerator) if judged and share else None


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of a ratio-based SLA, summed exactly: the order of the samples changes nothing.

    How many events fell into unknown time nobody knows. Where it counts as bad or good, it counts as if events had gone
    on at the pace of the judged time, all of them bad or all good; so its readings need the seconds, too.
    """

    good: Fraction
    total: Fraction

    @classmethod
    def of(cls, samples: Iterable[tuple[float, float]]) -> Counts:
        """The sum of (good, total) of samples that do not overlap.

        Raises:
            ValueError: a sample is not `possible`.
        """
        good = total = Fraction(0)
        for some, whole in samples:
            if not possible(some, whole):
                raise ValueError("good events are a part of all events, and neither is negative")
            good += _micro(some)
            total += _micro(whole)
        return cls(good, total)

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.good + other.good, self.total + other.total)

    @property
    def bad(self) -> Fraction:
        """The events that were not good."""
        return self.total - self.good

    def availability(self, seconds: Seconds, unknown_as: UnknownAs = UnknownAs.EXCLUDE) -> Fraction | None:
        """The good share of the events; None where there were none."""
        if not self.total:
            return None
        attained, coverage = self.good / self.total, readings(seconds).coverage
        if unknown_as is UnknownAs.EXCLUDE or coverage is None:
            return attained
        return attained * coverage if unknown_as is UnknownAs.BAD else 1 - (1 - attained) * coverage

    def readings(self, seconds: Seconds) -> Readings:
        """The three readings of the events, and the coverage of the time."""
        measured, pessimistic, optimistic = (
            self.availability(seconds, one) for one in (UnknownAs.EXCLUDE, UnknownAs.BAD, UnknownAs.GOOD)
        )
        return Readings(measured, pessimistic, optimistic, readings(seconds).coverage)

    def budget(self, objective: Decimal) -> int:
        """How many of these events may be bad, rounded down."""
        return floor(allowed(objective) * self.total)

    def burn_rate(self, objective: Decimal) -> Fraction | None:
        """As `burn_rate`, of events."""
        share = allowed(objective)
        return self.bad / self.total / share if self.total and share else None


def possible(good: float, total: float) -> bool:
    """Whether a sample's counts can be true; one that cannot is unknown, not bad."""
    return isfinite(good) and isfinite(total) and 0 <= good <= total


def _micro(number: float) -> Fraction:
    return Fraction(round(Fraction(number) * MICRO), MICRO)

"""Paces at which an error budget may burn, and how much must be known to say that it does."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from sentinel.domain.severity import Severity


@dataclass(frozen=True, slots=True)
class Pace:
    """Burning this share of the period's budget within `long`, and still doing so within `short`, both in seconds."""

    budget_share: Fraction
    long: int
    short: int
    severity: Severity

    def factor(self, period: int) -> Fraction:
        """How many times faster than at a burn rate of 1 that is, in a period of so many seconds."""
        return factor(self.budget_share, period, self.long)


def factor(budget_share: Fraction, period: int, long: int) -> Fraction:
    """The burn rate at which so much of a period's budget is spent within a window: 2 % of 30 days in an hour is 14.4.

    Raises:
        ValueError: the window is not within the period, so that no pace within the period is meant.
    """
    if not 0 < long <= period:
        raise ValueError("the window is longer than the period of the budget")
    return budget_share * period / long


class Guard(NamedTuple):
    """How much of a window must be known before it says anything."""

    judged_share: Fraction = Fraction(1, 2)
    """Of its service time."""

    events: int = 100
    """Of a ratio-based SLA: with fewer, one bad event is a bad hour."""

"""The policy by which a budget burns too fast, for any period, and what a pace comes to.

A pace is met when the long window spent its share of the whole budget at a steady rate, and the short window shows that it
still goes on; `alarm` makes rules of it. All times are service time in seconds: where a calendar closes, a window reaches back over the closed hours
(`reaching_back`). Exact fractions throughout; no state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil

import numpy as np

from sentinel.domain.paces import Pace
from sentinel.domain.severity import Severity
from sentinel.domain.spans import Spans

MINUTE, HOUR, DAY = 60, 3600, 86400

WORKBOOK_PERIOD = 30 * DAY
WORKBOOK: tuple[Pace, ...] = (
    Pace(Fraction(2, 100), 1 * HOUR, 5 * MINUTE, Severity.CRITICAL),
    Pace(Fraction(5, 100), 6 * HOUR, 30 * MINUTE, Severity.CRITICAL),
    Pace(Fraction(10, 100), 3 * DAY, 6 * HOUR, Severity.WARNING),
)
"""The Site Reliability Workbook (Google, O'Reilly 2018), chapter 5 "Alerting on SLOs", table 5-8, for 30 days:
burn rates of 14.4 and 6 page, of 1 make a ticket. https://sre.google/workbook/alerting-on-slos/"""


def spent_share(rate: Fraction, period: int, window: int) -> Fraction:
    """The share of the period's budget that a burn rate spends within a window."""
    return rate * window / period


def scaled(paces: Iterable[Pace], period: int, step: int, of: int = WORKBOOK_PERIOD) -> tuple[Pace, ...]:
    """Paces made for a period of `of` seconds, for another one whose figures move every `step` seconds.

    The windows take the same part of the period, so shares of the budget and burn rates keep their meaning: with windows
    left as they are, a tenth of a week's budget in three days would warn of a pace at which it lasts. They are whole
    steps, rounded up, and one at least: nothing happens within a step.

    Raises:
        ValueError: the period is shorter than a window of one step.
    """
    made = []
    for pace in paces:
        long, short = (_whole_steps(Fraction(window * period, of), step) for window in (pace.long, pace.short))
        if long > period:
            raise ValueError("the period is shorter than the time between two figures")
        made.append(replace(pace, long=long, short=short))
    return tuple(made)


def _whole_steps(seconds: Fraction, step: int) -> int:
    return max(1, ceil(seconds / max(step, 1))) * max(step, 1)


def limit(pace: Pace, period: int, objective: Decimal) -> Fraction:
    """The bad share of a window from which on it burns at that pace.

    Raises:
        ValueError: nothing may be bad at all, so there is no budget to burn; or the whole window bad is not enough; or the
            window is longer than the period.
    """
    allowed = 1 - Fraction(objective)
    if not allowed:
        raise ValueError("an objective of 100 % has no budget that could burn")
    share = pace.factor(period) * allowed
    if share > 1:
        raise ValueError("not even a total outage burns at that pace: the objective is too low for it")
    return share


def time_to_detect(share: Fraction, long: int, bad_share: Fraction) -> Fraction | None:
    """Seconds from the first bad second until a window that was clean reaches that share; None where it never does."""
    if bad_share <= 0 or bad_share < share:
        return None
    return share * long / bad_share


def time_to_exhaust(rate: Fraction, period: int) -> Fraction | None:
    """Seconds in which a whole budget is spent at a burn rate; None where it does not burn."""
    return period / rate if rate > 0 else None


def forecast(budget_left: int, bad_share: Fraction, at: int, service: Spans) -> int | None:
    """When so many seconds of budget are used up if that share of the service time stays bad.

    `service` ends with the period; None where the budget outlasts it, `at` where nothing is left already.
    """
    if budget_left <= 0:
        return at
    if bad_share <= 0:
        return None
    needed = int(service.before(np.array([at]))[0]) + ceil(budget_left / bad_share)
    return _when(service, needed) if needed <= service.seconds else None


def reaching_back(service: Spans, at: int, seconds: int) -> int:
    """The start of the window that ends at `at` and holds so many seconds of service time, or as many as there are."""
    start = int(service.before(np.array([at]))[0]) - seconds
    if seconds <= 0 or not service.starts.size:
        return at
    return _when(service, max(start, 0) + 1) - 1


def _when(service: Spans, seconds: int) -> int:
    """The first instant before which so many seconds of service time lie: at least one, and as many as there are."""
    lengths = np.cumsum(service.ends - service.starts)
    row = int(np.searchsorted(lengths, seconds, "left"))
    return int(service.ends[row]) - int(lengths[row]) + seconds

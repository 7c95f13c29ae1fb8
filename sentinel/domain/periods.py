"""The periods that an objective is promised for: months, quarters and years of a place's calendar, or the last so many days.

All of them begin and end at local midnights and hold the instant that they were asked for, so a month with a change of the
clock is an hour longer or shorter than others, and days add up to their period exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sentinel.domain.calendars import Calendar, Weekly, instant

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
LONGEST_DAYS = 3660
_ROLLING = re.compile(r"([1-9][0-9]{0,3})d")
_MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
_LOOKED_AT_DAYS = 366
_WEEKDAYS = Weekly(days=frozenset(range(5)))


class Kind(Enum):
    """How a period follows the calendar."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ROLLING = "rolling"


class Day(NamedTuple):
    """A local day: [start, end) in Unix seconds, 23 to 25 hours as a rule."""

    date: date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Period:
    """A kind of period; of a rolling one `length` is how many local days it has."""

    kind: Kind
    length: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """`month`, `quarter`, `year`, or `30d`.

        Raises:
            ValueError: it is none of them, or longer than ten years. The message does not repeat it.
        """
        if text in _MONTHS_OF:
            return cls(Kind(text))
        found = _ROLLING.fullmatch(text)
        if found is None or int(found[1]) > LONGEST_DAYS:
            raise ValueError('a period is "month", "quarter", "year", or whole days such as "30d"')
        return cls(Kind.ROLLING, int(found[1]))

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        return f"{self.length}d" if self.kind is Kind.ROLLING else self.kind.value

    def around(self, at: float, timezone: str) -> Term:
        """The one that holds an instant; a rolling one ends with the day of that instant."""
        today = datetime.fromtimestamp(at // 1, ZoneInfo(timezone)).date()
        if self.kind is Kind.ROLLING:
            after = today + timedelta(days=1)
            return Term(self, after - timedelta(days=self.length), after, timezone)
        months = _MONTHS_OF[self.kind.value]
        first = date(today.year, (today.month - 1) // months * months + 1, 1)
        return Term(self, first, _months_later(first, months), timezone)

    def bounds(self, at: float, timezone: str) -> tuple[int, int]:
        """The first second of the one that holds an instant, and the first after it."""
        term = self.around(at, timezone)
        return term.start, term.end


@dataclass(frozen=True)
class Term:
    """One period: the local days from `first` up to but without `after`."""

    period: Period
    first: date
    after: date
    timezone: str

    @cached_property
    def start(self) -> int:
        """Its first second, Unix time."""
        return instant(self.first, 0, ZoneInfo(self.timezone))

    @cached_property
    def end(self) -> int:
        """The first second that is no longer in it."""
        return instant(self.after, 0, ZoneInfo(self.timezone))

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.start

    @property
    def name(self) -> str:
        """`November 2026`, `Q4 2026`, `2026`, `30 days to 28 Nov 2026`."""
        kind, first = self.period.kind, self.first
        if kind is Kind.MONTH:
            return f"{MONTHS[first.month - 1]} {first.year}"
        if kind is Kind.QUARTER:
            return f"Q{(first.month + 2) // 3} {first.year}"
        if kind is Kind.YEAR:
            return str(first.year)
        last, length = self.after - timedelta(days=1), self.period.length
        return f"{length} {'day' if length == 1 else 'days'} to {last.day} {MONTHS[last.month - 1][:3]} {last.year}"

    def previous(self, count: int = 1) -> Term:
        """The one so many before, without a gap and without an overlap; negative: the one after."""
        if self.period.kind is Kind.ROLLING:
            back = timedelta(days=count * self.period.length)
            return Term(self.period, self.first - back, self.after - back, self.timezone)
        months = _MONTHS_OF[self.period.kind.value]
        first = _months_later(self.first, -count * months)
        return Term(self.period, first, _months_later(first, months), self.timezone)

    def days(self) -> list[Day]:
        """Its local days, oldest first. A day that the clock left out is none."""
        return list(days_between(self.first, self.after, self.timezone))


@dataclass(frozen=True)
class Stretch(Term):
    """Any span instead of a period: [since, until) in Unix seconds, within the days that it touches."""

    since: int = 0
    until: int = 0

    @cached_property
    def start(self) -> int:
        """Its first second."""
        return self.since

    @cached_property
    def end(self) -> int:
        """The first second that is no longer in it."""
        return self.until


def stretch(start: float, end: float, timezone: str) -> Stretch:
    """The span from one instant to another, in whole seconds; one second at least."""
    since, until = floor(start), max(ceil(end), floor(start) + 1)
    first, last = (datetime.fromtimestamp(at, ZoneInfo(timezone)).date() for at in (since, until - 1))
    after = last + timedelta(days=1)
    return Stretch(Period(Kind.ROLLING, (after - first).days), first, after, timezone, since, until)


def days_between(first: date, after: date, timezone: str) -> Iterator[Day]:
    """The local days from `first` up to but without `after`."""
    zone = ZoneInfo(timezone)
    start = instant(first, 0, zone)
    for number in range((after - first).days):
        day = first + timedelta(days=number)
        end = instant(day + timedelta(days=1), 0, zone)
        if start < end:
            yield Day(day, start, end)
        start = end


def working_day(after: int, timezone: str, calendar: Calendar | None = None) -> Day | None:
    """The first day from an instant on, that of the instant included, on which the calendar's hours begin.

    Without a calendar it is one from Monday to Friday. The zone is the calendar's where there is one. None where a year
    holds none.
    """
    asked = calendar or Calendar(name="", timezone=timezone, hours=(_WEEKDAYS,))
    today = datetime.fromtimestamp(after, ZoneInfo(asked.timezone)).date()
    days = days_between(today, today + timedelta(days=_LOOKED_AT_DAYS), asked.timezone)
    return next((day for day in days if asked.hours_of(day.date)), None)


def _months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)

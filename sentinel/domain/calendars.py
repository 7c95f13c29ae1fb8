"""Hours on the clock of a place, as spans of absolute time: when a calendar is open, when a maintenance runs.

A window belongs to the day on which it begins, also where it ends on the next. A time that the clock skips is read with
the offset before the jump: 02:30 is then 03:30 of summer time. Where the clock shows a time twice, a window begins at the
first and ends at the second, so it never lacks an hour that it names. A day ends where the next one begins. What the
clock leaves out as a whole, as Samoa did with one Friday, is no day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from sentinel.domain.matchers import Matchers
from sentinel.domain.spans import Spans

DAY = 86400
EVERY_DAY = frozenset(range(7))
_REACH = 2
"""Days before an instant that may hold the beginning of a window around it: one, and one that the clock left out."""
_LONGEST = 32 * DAY
"""How far ahead the end of a maintenance is looked for that runs on into its next window, in seconds."""
_EARLIEST, _LATEST = -62135000000, 253402000000
"""The instants, in Unix seconds, between which there are dates, with some days to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """A window of every day that fits: its weekday (0 is Monday) is in `days` and its number in `days_of_month`.

    `days_of_month` are ranges (first, last), -1 being the last day of the month; none: any. `start` and `end` are seconds
    of the local day, 86400 its end; an `end` that is not after `start` lies on the next day.
    """

    days: frozenset[int] = EVERY_DAY
    days_of_month: tuple[tuple[int, int], ...] = ()
    start: int = 0
    end: int = DAY

    def fits(self, day: date) -> bool:
        """Whether a window begins on that day."""
        if day.weekday() not in self.days:
            return False
        length = days_in(day)
        return not self.days_of_month or any(
            _of_month(first, length) <= day.day <= _of_month(last, length) for first, last in self.days_of_month
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """The hours of one date instead of those of its weekday: (start, end) in seconds as in `Weekly`; none: closed."""

    day: date
    hours: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """When a service is promised: weekly hours, but none on `holidays`, and those of `dates` before everything else.

    `holiday_set` is the name that `holidays` goes by in the configuration; the same name is the same holidays.
    """

    name: str
    timezone: str
    hours: tuple[Weekly, ...]
    holidays: Container[date] = field(default=(), compare=False, repr=False)
    holiday_set: str = ""
    dates: tuple[Dated, ...] = ()
    line: int = field(default=0, compare=False, repr=False)

    def open(self, start: int, end: int) -> Spans:
        """When it is open within [start, end), Unix seconds."""
        if self._never_closes:
            return Spans.of([(max(start, _EARLIEST), min(end, _LATEST))])
        zone = ZoneInfo(self.timezone)
        windows = (
            _window(day, first, last, zone) for day in _days(start, end, zone) for first, last in self.hours_of(day)
        )
        return Spans.of(windows).clip(start, end)

    def hours_of(self, day: date) -> tuple[tuple[int, int], ...]:
        """The windows that begin on a date: (start, end) in seconds of the local day."""
        if day in self._dated:
            return self._dated[day]
        if day in self.holidays:
            return ()
        return tuple((weekly.start, weekly.end) for weekly in self.hours if weekly.fits(day))

    @cached_property
    def _never_closes(self) -> bool:
        """Days follow each other without a gap, so those of all weekdays need not be counted one by one."""
        return self.hours == (Weekly(),) and not self.dates and not self.holiday_set and self.holidays == ()

    @cached_property
    def _dated(self) -> dict[date, tuple[tuple[int, int], ...]]:
        return {dated.day: dated.hours for dated in self.dates}


def ALWAYS(timezone: str) -> Calendar:  # noqa: N802  # reads as the constant it is but for the zone
    """The calendar of a service that is promised at all times; the zone says where its days begin."""
    return Calendar(name="always", timezone=timezone, hours=(Weekly(),))


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """Planned work on what the matchers say: every week (`weekly`), or once from `start` to `end`, Unix seconds.

    `first` and `last` are the dates between which, both included, the windows of a weekly one begin.
    """

    name: str
    matchers: Matchers
    timezone: str
    weekly: Weekly | None = None
    first: date | None = None
    last: date | None = None
    start: int | None = None
    end: int | None = None
    line: int = field(default=0, compare=False, repr=False)

    def spans(self, start: int, end: int) -> Spans:
        """When it runs within [start, end), Unix seconds."""
        return self._around(start, end).clip(start, end)

    def holds(self, at: float) -> bool:
        """Whether it runs at an instant."""
        return self._around(int(at // 1), int(at // 1) + 1).holds(at)

    def until(self, at: float) -> int | None:
        """When what runs at an instant ends, None where nothing runs. Windows that touch are one, for a month at most."""
        running = self._around(int(at // 1), int(at // 1) + _LONGEST)
        row = int(np.searchsorted(running.starts, at, "right")) - 1
        return int(running.ends[row]) if row >= 0 and at < int(running.ends[row]) else None

    def _around(self, start: int, end: int) -> Spans:
        """Its windows that touch [start, end), whole, and perhaps others."""
        if self.weekly is None:
            return Spans.of([(self.start, self.end)] if self.start is not None and self.end is not None else [])
        zone, weekly = ZoneInfo(self.timezone), self.weekly
        days = (day for day in _days(start, end, zone) if self._is_in_force(day) and weekly.fits(day))
        return Spans.of(_window(day, weekly.start, weekly.end, zone) for day in days)

    def _is_in_force(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


def instant(day: date, second: int, zone: ZoneInfo, *, ending: bool = False) -> int:
    """The Unix second at which the clock of a zone shows a second of a day; 86400 and more lie on the days after.

    `ending`: of a time that is on the clock twice the second one, except for midnight, which ends a day the first time.
    """
    moment = datetime.combine(day, time(), zone) + timedelta(seconds=second)
    first = int(moment.timestamp())
    if not ending or second % DAY == 0:
        return first
    # In a gap it is the other way round: what fold=1 reads, with the offset after the jump, lies before.
    return max(first, int(moment.replace(fold=1).timestamp()))


def days_in(day: date) -> int:
    """How many days the month of a date has."""
    return monthrange(day.year, day.month)[1]


def _of_month(number: int, length: int) -> int:
    """The number of a day that may be counted from the end."""
    return number if number > 0 else length + 1 + number


def _window(day: date, start: int, end: int, zone: ZoneInfo) -> tuple[int, int]:
    return instant(day, start, zone), instant(day, end if end > start else end + DAY, zone, ending=True)


def _days(start: int, end: int, zone: ZoneInfo) -> Iterator[date]:
    """The local dates on which a window may begin that touches [start, end)."""
    day = _date(start, zone) - timedelta(days=_REACH)
    last = _date(end, zone)
    while day <= last:
        if _date(instant(day, 0, zone), zone) == day:
            yield day
        day += timedelta(days=1)


def _date(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(min(max(at, _EARLIEST), _LATEST), zone).date()

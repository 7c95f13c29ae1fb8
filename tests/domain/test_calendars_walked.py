"""Calendars and maintenance against a walk over every second, looking at the clock on the wall.

The walk knows nothing of how windows become spans: it has a clock for each second of some days (from the offset of each
minute), and looks for the seconds at which the clock shows when a window begins and ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.calendars import ALWAYS, DAY, EVERY_DAY, Calendar, Dated, Maintenance, Weekly
from sentinel.domain.matchers import Matchers
from sentinel.domain.spans import Spans
from tests.effort import effort

EPOCH = date(1970, 1, 1)
WEEK = 7 * DAY
MARGIN = 4 * DAY
WIDEST = 26 * 3600
"""Further than that no clock is ever set."""
NIGHTS = (
    ("Europe/Zurich", date(2026, 3, 29)),
    ("Europe/Zurich", date(2026, 10, 25)),
    ("Europe/Zurich", date(2028, 2, 29)),
    ("Europe/Zurich", date(2026, 12, 31)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour comes twice
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Asia/Kathmandu", date(1986, 1, 1)),  # a quarter of an hour is left out at the turn of the year
    ("Asia/Kathmandu", date(2027, 2, 28)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # there is no midnight
    ("America/Sao_Paulo", date(2018, 2, 18)),  # the last hour of a Saturday comes twice
    ("America/Havana", date(2026, 11, 1)),  # the first hour of a day comes twice
    ("Pacific/Apia", date(2011, 12, 30)),  # there is no such day
    ("UTC", date(2100, 2, 28)),
)
CLOCK_IS_SET = {night for _, night in NIGHTS} - {
    *(date(2028, 2, 29), date(2026, 12, 31), date(2027, 2, 28), date(2100, 2, 28)),
}
WALKED = effort(60)


@dataclass(frozen=True)
class Walk:
    """Every second of a span with some days around it. `wall`: what the clock shows, in seconds since 1970 there."""

    zone: str
    start: int
    end: int
    first: int = field(init=False)
    wall: npt.NDArray[np.int64] = field(init=False)
    found: dict[tuple[date, int, bool], int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", (self.start - MARGIN) // 60 * 60)
        zone = ZoneInfo(self.zone)
        minutes = range(self.first, self.end + MARGIN, 60)
        offsets = [datetime.fromtimestamp(minute, zone).utcoffset() for minute in minutes]
        seconds = np.array([offset.total_seconds() for offset in offsets if offset is not None], np.int64)
        object.__setattr__(self, "wall", self.first + np.arange(60 * seconds.size) + np.repeat(seconds, 60))

    @cached_property
    def days(self) -> list[date]:
        """Every date that the clock shows but the first and the last ones, of which it may not show all windows."""
        return [EPOCH + timedelta(days=int(number)) for number in np.unique(self.wall[::60] // DAY)[1:-2]]

    def shows(self, day: date, second: int, *, ending: bool) -> int:
        """The place of the second at which the clock shows a time; as if it had not been set, where it never does."""
        key = (day, second, ending)
        if key not in self.found:
            self.found[key] = self._looked_up(*key)
        return self.found[key]

    def _looked_up(self, day: date, second: int, ending: bool) -> int:
        time = (day - EPOCH).days * DAY + second
        near = max(time - int(self.wall[0]) - WIDEST, 0)
        wall = self.wall[near : near + 2 * WIDEST]
        there = np.flatnonzero(wall == time)
        if there.size:
            return near + int(there[-1 if ending and time % DAY else 0])
        jump = int(np.flatnonzero((wall[:-1] < time) & (wall[1:] > time))[0]) + 1
        return near + jump + time - int(wall[jump - 1]) - 1

    def inside(self, windows: list[tuple[date, int, int]]) -> npt.NDArray[np.bool_]:
        """For each second of the span, whether it lies in a window (date, from, to)."""
        held = np.zeros(self.wall.size, bool)
        for day, start, end in windows:
            last = day if end > start else day + timedelta(days=1)
            held[self.shows(day, start, ending=False) : self.shows(last, end, ending=True)] = True
        return held[self.start - self.first : self.end - self.first]


def seconds_of(spans: Spans, start: int, end: int) -> npt.NDArray[np.bool_]:
    held = np.zeros(end - start, bool)
    for first, last in spans.pairs():
        assert start <= first < last <= end
        held[first - start : last - start] = True
    return held


def fits(weekly: Weekly, day: date) -> bool:
    """Whether a window begins on a date, by counting through its month."""
    month = [one for number in range(31) if (one := day.replace(day=1) + timedelta(days=number)).month == day.month]
    places = [
        place
        for first, last in weekly.days_of_month
        for place in range(
            max(first - 1 if first > 0 else len(month) + first, 0),
            min(last - 1 if last > 0 else len(month) + last, len(month) - 1) + 1,
        )
    ]
    return day.isoweekday() - 1 in weekly.days and (not weekly.days_of_month or day in [month[one] for one in places])


AROUND = tuple(half * 1800 for half in (*range(8), 23, 46, 47))
"""The times about which clocks are set, and noon."""
CLOCKS = st.one_of(
    st.integers(0, DAY - 1), st.sampled_from(AROUND), st.integers(0, 1440).map(lambda minute: minute * 5)
)
"""Any second of the day, and more often those about which clocks are set."""
ENDS = st.one_of(CLOCKS, st.just(DAY))
WEEKDAYS = st.one_of(st.just(EVERY_DAY), st.frozensets(st.integers(0, 6), min_size=1))
OF_MONTH = st.lists(
    st.tuples(st.sampled_from((*range(1, 32), *range(-31, 0))), st.sampled_from((*range(1, 32), *range(-31, 0)))),
    max_size=2,
).map(tuple)
WINDOWS = st.builds(Weekly, days=WEEKDAYS, days_of_month=st.one_of(st.just(()), OF_MONTH), start=CLOCKS, end=ENDS)
ASKED = st.tuples(st.sampled_from(NIGHTS), st.integers(-2 * DAY, DAY), st.integers(1, WEEK))


def walk_of(asked: tuple[tuple[str, date], int, int]) -> Walk:
    (zone, night), offset, length = asked
    start = (night - EPOCH).days * DAY + offset
    return Walk(zone, start, start + length)


@WALKED
@given(ASKED, st.lists(WINDOWS, max_size=3), st.data())
def test_a_calendar_is_open_exactly_when_the_clock_says_so(
    asked: tuple[tuple[str, date], int, int], hours: list[Weekly], data: st.DataObject
) -> None:
    walk = walk_of(asked)
    some = st.sampled_from(walk.days)
    holidays = data.draw(st.frozensets(some, max_size=3))
    own = data.draw(st.dictionaries(some, st.lists(st.tuples(CLOCKS, ENDS), max_size=2).map(tuple), max_size=2))
    calendar = Calendar(
        name="walked",
        timezone=walk.zone,
        hours=tuple(hours),
        holidays=holidays,
        dates=tuple(Dated(day=day, hours=windows) for day, windows in own.items()),
    )
    windows = [(day, *window) for day in walk.days for window in own.get(day, ())]
    windows += [
        (day, weekly.start, weekly.end)
        for day in walk.days
        if day not in own and day not in holidays
        for weekly in hours
        if fits(weekly, day)
    ]
    assert np.array_equal(seconds_of(calendar.open(walk.start, walk.end), walk.start, walk.end), walk.inside(windows))


@WALKED
@given(ASKED, WINDOWS, st.data())
def test_a_maintenance_runs_exactly_when_the_clock_says_so(
    asked: tuple[tuple[str, date], int, int], weekly: Weekly, data: st.DataObject
) -> None:
    walk = walk_of(asked)
    first, last = (data.draw(st.one_of(st.none(), st.sampled_from(walk.days))) for _ in range(2))
    work = Maintenance(name="walked", matchers=Matchers(), timezone=walk.zone, weekly=weekly, first=first, last=last)
    days = [day for day in walk.days if (first is None or first <= day) and (last is None or day <= last)]
    held = walk.inside([(day, weekly.start, weekly.end) for day in days if fits(weekly, day)])
    spans = work.spans(walk.start, walk.end)
    assert np.array_equal(seconds_of(spans, walk.start, walk.end), held)
    edges = np.flatnonzero(np.diff(held)) + 1
    looked = {0, held.size - 1, *(int(edge) + step for edge in edges for step in (-1, 0, 1) if edge + step < held.size)}
    for place in looked:
        assert work.holds(walk.start + place) == work.holds(walk.start + place + 0.999) == held[place]
        over = edges[edges > place]
        if not held[place]:
            assert work.until(walk.start + place) is None
        elif over.size:
            assert work.until(walk.start + place + 0.5) == walk.start + over[0]


@pytest.mark.fault(96)
@pytest.mark.parametrize(("zone", "night"), [one for one in NIGHTS if one[1] in CLOCK_IS_SET])
def test_every_window_about_the_times_at_which_clocks_are_set(zone: str, night: date) -> None:
    """Asked for from before it begins, and from within: what began the day before a day that was left out runs on."""
    start = (night - EPOCH).days * DAY - DAY
    walk = Walk(zone, start, start + 3 * DAY)
    for opens in AROUND:
        for closes in (*AROUND, DAY):
            weekly = Weekly(start=opens, end=closes)
            work = Maintenance(name="walked", matchers=Matchers(), timezone=zone, weekly=weekly)
            held = walk.inside([(day, opens, closes) for day in walk.days])
            assert np.array_equal(seconds_of(work.spans(start, walk.end), start, walk.end), held)
            assert [work.holds(start + place) for place in range(0, 3 * DAY, 21600)] == held[::21600].tolist()


def test_every_range_of_days_of_a_month_in_every_length_of_month() -> None:
    numbers = (*range(1, 32), *range(-31, 0))
    for length, month in (
        (28, date(2027, 2, 1)),
        (29, date(2028, 2, 1)),
        (30, date(2026, 11, 1)),
        (31, date(2026, 12, 1)),
    ):
        days = [month + timedelta(days=after) for after in range(length)]
        places = {number: number - 1 if number > 0 else length + number for number in numbers}
        for first in numbers:
            for last in numbers:
                expected = days[max(places[first], 0) : max(places[last] + 1, 0)]
                weekly = Weekly(days_of_month=((first, last),))
                assert [day for day in days if weekly.fits(day)] == expected, (first, last)


@WALKED
@given(ASKED, st.lists(WINDOWS, min_size=1, max_size=3), st.floats(0, 1))
def test_two_halves_of_a_week_are_the_week(
    asked: tuple[tuple[str, date], int, int], hours: list[Weekly], share: float
) -> None:
    walk = walk_of(asked)
    calendar = Calendar(name="walked", timezone=walk.zone, hours=tuple(hours))
    middle = walk.start + round(share * (walk.end - walk.start))
    halves = calendar.open(walk.start, middle).union(calendar.open(middle, walk.end))
    assert halves.pairs() == calendar.open(walk.start, walk.end).pairs()


@pytest.mark.parametrize("year", [2011, 2026])
def test_no_zone_has_a_night_with_a_hole_in_what_is_always_open(year: int) -> None:
    """2011: the year in which Samoa left out a Friday."""
    start, end = (int(datetime(one, 1, 1, tzinfo=UTC).timestamp()) for one in (year, year + 1))
    broken = [zone for zone in sorted(available_timezones()) if ALWAYS(zone).open(start, end).pairs() != [(start, end)]]
    assert broken == []

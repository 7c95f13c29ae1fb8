"""Calendars: when a service is promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from sentinel.config.calendar_schema import CalendarTable, DateTable, HoursTable, MaintenanceTable
from sentinel.config.clock_fields import clock_text, day_text
from sentinel.config.holiday_sets import read_holidays
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.structure import STAND_IN
from sentinel.config.timezones import check_timezone, usable_timezone
from sentinel.domain.calendars import DAY, EVERY_DAY, Calendar, Dated, Weekly
from sentinel.domain.spans import Spans

_WEEK = 7 * DAY
Window = tuple[int, int]
"""Seconds of a local day from and to; one that does not end after its beginning ends on the next day."""


def read_calendars(
    tables: list[CalendarTable], timezone: str, problems: Problems, lines: Mapping[Path, int]
) -> tuple[Calendar, ...]:
    """The calendars of a file; `timezone` is the one of the defaults."""
    check_names([table.name for table in tables], "calendar", problems)
    return tuple(
        _Reader(table, ("calendar", number), problems).calendar(timezone, lines.get(("calendar", number), 0))
        for number, table in enumerate(tables)
    )


def check_names(names: Iterable[str], kind: str, problems: Problems) -> None:
    """Each calendar, and each maintenance, has a name of its own: people and service levels know it by that."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        path: Path = (kind, number, "name")
        if problems.touches(path) or name == STAND_IN:
            continue
        if name in seen:
            hint = f"the other one stands in line {problems.positions.key((kind, seen[name], 'name')).line}"
            problems.error("E112", f'two {kind} tables have the name "{name}"', path, hint=hint)
        seen.setdefault(name, number)


def read_window(
    table: CalendarTable | HoursTable | DateTable | MaintenanceTable, path: Path, problems: Problems
) -> Window | None:
    """From when to when; a whole day where neither is said. None where it cannot be told, which is noted."""
    if problems.touches((*path, "from")) or problems.touches((*path, "to")):
        return None
    if table.opens is None and table.closes is None:
        return 0, DAY
    if table.opens is None or table.closes is None:
        given, lacking = ("to", "from") if table.opens is None else ("from", "to")
        message = f"{table.title} has {given} but no {lacking}"
        problems.error("E104", message, (*path, given), hint="leave both out for whole days", side="key")
        return None
    if table.opens == table.closes:
        hint = 'for whole days write from = "00:00" and to = "24:00", or leave both out'
        problems.error("E138", "the window is empty: it ends when it begins", (*path, "to"), hint=hint)
        return None
    return table.opens, table.closes


def weekdays(table: CalendarTable | HoursTable | MaintenanceTable) -> frozenset[int]:
    """The days of a window; all of them where none is named."""
    return EVERY_DAY if table.days is None else frozenset(day for days in table.days for day in days)


@dataclass(frozen=True)
class _Reader:
    """One calendar. `_placed`: its weekly windows, each with the path of its table."""

    table: CalendarTable
    path: Path
    problems: Problems
    _placed: list[tuple[Weekly, Path]] = field(default_factory=list)

    def calendar(self, default: str, line: int) -> Calendar:
        table, path = self.table, self.path
        if table.timezone is not None:
            check_timezone(table.timezone, (*path, "timezone"), self.problems)
        named = table.holidays
        holidays = None if named is None else read_holidays(named, (*path, "holidays"), self.problems)
        if table.days is not None or table.opens is not None or table.closes is not None:
            self._place(table, path)
        for number, hours in enumerate(table.hours):
            self._place(hours, (*path, "hours", number))
        dates = self._dates()
        self._check_opens(dates)
        self._check_overlaps()
        return Calendar(
            name=table.name,
            timezone=usable_timezone(table.timezone, default),
            hours=tuple(weekly for weekly, _ in self._placed),
            holidays=holidays or (),
            holiday_set=table.holidays or "",
            dates=dates,
            line=line,
        )

    def _place(self, table: CalendarTable | HoursTable, path: Path) -> None:
        window = read_window(table, path, self.problems)
        if window is not None:
            self._placed.append((Weekly(days=weekdays(table), start=window[0], end=window[1]), path))

    def _dates(self) -> tuple[Dated, ...]:
        """The dates with hours of their own, in the order of time."""
        found: dict[date, tuple[Window, ...]] = dict.fromkeys(self.table.closed, ())
        for number, table in enumerate(self.table.date):
            path: Path = (*self.path, "date", number)
            if self.problems.touches((*path, "date")):
                continue
            window = self._date_window(table, path)
            if self.problems.touches(path):
                continue
            if table.date in found and not (window and found[table.date]):
                message = f"{table.date} stands here twice, and at least once as closed"
                self.problems.error("E139", message, (*path, "date"), hint="say once what holds on that date")
            if window and any(_overlap([window], [other]) for other in found.get(table.date, ())):
                message = f"these hours overlap others of {table.date}"
                self.problems.error("E139", message, path, hint=_NEXT, side="key")
            found[table.date] = (*found.get(table.date, ()), *([window] if window else []))
        return tuple(Dated(day=day, hours=hours) for day, hours in sorted(found.items()))

    def _date_window(self, table: DateTable, path: Path) -> Window | None:
        said = table.opens is not None or table.closes is not None
        if table.closed and said:
            message = "a date is either closed or open from ... to ..."
            self.problems.error("E139", message, (*path, "closed"), hint="leave one of them out", side="key")
        elif not table.closed and not said and not self.problems.touches(path):
            hint = "write from and to, or closed = true"
            self.problems.error("E104", f"{table.title} does not say what holds then", path, hint=hint, side="key")
        elif not table.closed and said:
            return read_window(table, path, self.problems)
        return None

    def _check_opens(self, dates: tuple[Dated, ...]) -> None:
        if not self._placed and not any(dated.hours for dated in dates) and not self.problems.touches(self.path):
            hint = 'e.g. days = ["mon-fri"], from = "07:00", to = "19:00"; for all hours days = ["mon-sun"]'
            message = f'calendar "{self.table.name}" never opens'
            self.problems.error("E140", message, self.path, hint=hint, side="key")

    def _check_overlaps(self) -> None:
        for (ours, before), (theirs, path) in combinations(self._placed, 2):
            shared = _overlap(_in_week(ours), _in_week(theirs))
            if shared is not None:
                line = self.problems.positions.key(before).line
                message = f"these hours overlap those of line {line}: {_week_text(*shared)}"
                self.problems.error("E139", message, path, hint=_NEXT, side="key")


_NEXT = "one may end when the next begins"


def _in_week(weekly: Weekly) -> list[Window]:
    """A weekly window as seconds from Monday, also for the week before, whose Sunday may reach into this one."""
    length = (weekly.end - weekly.start - 1) % DAY + 1
    starts = [day * DAY + weekly.start for day in weekly.days]
    return [(start + week, start + week + length) for start in starts for week in (-_WEEK, 0)]


def _overlap(ours: list[Window], theirs: list[Window]) -> Window | None:
    """The first time that lies in both."""
    one, other = (
        Spans.of((start, end if end > start else end + DAY) for start, end in windows) for windows in (ours, theirs)
    )
    return next(iter(one.intersect(other).pairs()), None)


def _week_text(start: int, end: int) -> str:
    """`fri 17:00 to 18:00`."""
    day, second = divmod(start % _WEEK, DAY)
    until = (end - 1) % DAY + 1
    return f"{day_text(day)} {clock_text(second)} to {clock_text(until)}"

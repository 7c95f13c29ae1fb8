"""Planned work: when it is, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sentinel.config.calendar_schema import MaintenanceTable
from sentinel.config.calendar_tables import check_names, read_window, weekdays
from sentinel.config.clock_fields import Moment
from sentinel.config.node_patterns import check_node_pattern
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.route_tables import matchers_of
from sentinel.config.timezones import check_timezone, usable_timezone
from sentinel.domain.calendars import Maintenance, Weekly, instant
from sentinel.domain.rules import Service

_RECURS = ("days", "days_of_month", "from", "to", "first", "last")
_LONGEST_WAIT = 8 * 366
"""Days after which every weekday has fallen on every day of some month: leap days are up to eight years apart."""


def read_maintenance(
    tables: list[MaintenanceTable],
    timezone: str,
    services: tuple[Service, ...],
    problems: Problems,
    lines: Mapping[Path, int],
) -> tuple[Maintenance, ...]:
    """The maintenance windows of a file; `timezone` is the one of the defaults."""
    check_names([table.name for table in tables], "maintenance", problems)
    found: list[Maintenance] = []
    for number, table in enumerate(tables):
        path: Path = ("maintenance", number)
        for place, pattern in enumerate(table.node or ()):
            check_node_pattern(pattern, (*path, "node", place), problems)
        if table.timezone is not None:
            check_timezone(table.timezone, (*path, "timezone"), problems)
        reader = _Reader(table, path, usable_timezone(table.timezone, timezone), problems)
        weekly, dated = reader.recurring(), reader.dated()
        found.append(
            Maintenance(
                name=table.name,
                matchers=matchers_of(table, services),
                timezone=reader.timezone,
                weekly=weekly,
                first=table.first,
                last=table.last,
                start=None if dated is None else dated[0],
                end=None if dated is None else dated[1],
                line=lines.get(path, 0),
            )
        )
        reader.check()
    return tuple(found)


@dataclass(frozen=True)
class _Reader:
    """When one maintenance is."""

    table: MaintenanceTable
    path: Path
    timezone: str
    problems: Problems

    def recurring(self) -> Weekly | None:
        """Its window of every day that fits, where it recurs."""
        table = self.table
        if table.days is None and table.days_of_month is None:
            return None
        window = read_window(table, self.path, self.problems)
        if window is None:
            return None
        weekly = Weekly(
            days=weekdays(table), days_of_month=tuple(table.days_of_month or ()), start=window[0], end=window[1]
        )
        if table.first is not None and table.last is not None:
            self._check_period(weekly)
        return weekly

    def _check_period(self, weekly: Weekly) -> None:
        """Some day of the period must be one of the window's."""
        first, last = self.table.first, self.table.last
        assert first is not None
        assert last is not None
        days = min((last - first).days, _LONGEST_WAIT)
        if days < 0:
            self.problems.error("E138", "last is before first", (*self.path, "last"))
        elif not any(weekly.fits(first + timedelta(days=after)) for after in range(days + 1)):
            message = "none of its days lies between first and last, so it never begins"
            self.problems.error("E138", message, (*self.path, "last"))

    def dated(self) -> tuple[int, int] | None:
        """Its start and end, Unix seconds, where it is once."""
        start, end = self.table.start, self.table.end
        if start is None or end is None:
            return None
        begins, ends = self._instant(start), self._instant(end, ending=True)
        if ends <= begins:
            message = "it ends before it starts" if ends < begins else "it is empty: it ends when it starts"
            self.problems.error("E138", message, (*self.path, "end"))
        return begins, ends

    def _instant(self, moment: Moment, *, ending: bool = False) -> int:
        if moment.offset is not None:
            return instant(moment.day, moment.second, ZoneInfo("UTC")) - moment.offset
        return instant(moment.day, moment.second, ZoneInfo(self.timezone), ending=ending)

    def check(self) -> None:
        """Whether it says when it is, and says it once."""
        table, path = self.table, self.path
        given = [key for key in _RECURS if self._has(key)]
        dated = [key for key in ("start", "end") if self._has(key)]
        if given and dated:
            message = f"{given[0]} is for what recurs, {dated[0]} for what happens once"
            hint = "keep one of the two; a recurring one may have a first and a last date"
            self.problems.error("E142", message, (*path, dated[0]), hint=hint, side="key")
        elif len(dated) == 1:
            lacking = "end" if dated == ["start"] else "start"
            hint = 'e.g. end = "2026-12-06T04:00"' if lacking == "end" else ""
            self.problems.error("E104", f"{table.title} has {dated[0]} but no {lacking}", path, hint=hint, side="key")
        elif not dated and table.days is None and table.days_of_month is None and not self.problems.touches(path):
            hint = 'write days = ["sun"], from and to; or start and end: "2026-12-05T22:00"; every day is ["mon-sun"]'
            what = "it says from when to when, but not on which days" if given else "it does not say when it is"
            self.problems.error("E142", what, path, hint=hint, side="key")

    def _has(self, key: str) -> bool:
        """Whether a key is there, be it that its value cannot be used."""
        names = {"from": "opens", "to": "closes"}
        return getattr(self.table, names.get(key, key)) is not None or self.problems.touches((*self.path, key))

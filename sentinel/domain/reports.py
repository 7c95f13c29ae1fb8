"""When which report is due: for every agreement that names somebody to report to, after each of its periods, once.

A report goes by a name that says which it is, `report-2026-10-1f6f3a52`: the period, and the agreement in eight digits. The
name is the whole memory: what is in the outbox under it is never decided again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sentinel.domain.calendars import Calendar, instant
from sentinel.domain.periods import Kind, Period, Term, working_day
from sentinel.domain.sla import Sla

HOUR = 7
"""O'clock of the first working day, at the calendar's place: it is there when people come."""

OVERDUE = 10 * 86400.0
"""Seconds after which a report that nobody sent is not sent any more: who sets up reports in the middle of a month
does not want those of all months before, and who was down for so long asks for it by hand."""

_LOOKED_BACK = 3
"""Periods whose report may be due: where a school is closed all August, July's comes in September, with August's."""

_NAME = re.compile(r"report-(\d{4}(?:-\d{2}|-Q[1-4])?)-([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class DueReport:
    """A report that may be sent from `at` (Unix seconds) on. `term`: the period that it is about."""

    sla: Sla
    term: Term
    at: float

    @property
    def name(self) -> str:
        """What it goes by in the outbox."""
        return f"report-{label(self.term)}-{_short(self.sla.id)}"


def due_reports(slas: Iterable[Sla], calendars: Iterable[Calendar], at: float) -> Iterator[DueReport]:
    """Reports whose time has come by `at` and is not long past. Rolling windows are reported on once a month."""
    by_name = {one.name: one for one in calendars}
    for sla in slas:
        if not sla.report_to:
            continue
        period = Period(Kind.MONTH) if sla.period.kind is Kind.ROLLING else sla.period
        calendar = by_name.get(sla.calendar or "")
        for back in range(_LOOKED_BACK, 0, -1):
            term = period.around(at, sla.timezone).previous(back)
            found = DueReport(sla, term, _first_morning(term.end, sla.timezone, calendar))
            if found.at <= at < found.at + OVERDUE:
                yield found


def is_report(name: str) -> bool:
    """Whether an outbox's incident is none but a report."""
    return _NAME.fullmatch(name) is not None


def parse_name(name: str, slas: Iterable[Sla]) -> tuple[Sla, str] | None:
    """Which agreement and period a name means, the period as `2026-10`, `2026-Q4` or `2026`; None for none of these."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    sla = next((one for one in slas if _short(one.id) == found[2]), None)
    return None if sla is None else (sla, found[1])


def label(term: Term) -> str:
    """`2026-10`, `2026-Q4`, `2026`."""
    first, kind = term.first, term.period.kind
    if kind is Kind.YEAR:
        return f"{first.year:04d}"
    return (
        f"{first.year:04d}-Q{(first.month + 2) // 3}" if kind is Kind.QUARTER else f"{first.year:04d}-{first.month:02d}"
    )


def as_of(sla: Sla, text: str) -> float | None:
    """Of a rolling window: the last second of the month that it is reported on for. None: a period of its own, any time."""
    if sla.period.kind is not Kind.ROLLING:
        return None
    year, month = (int(part) for part in text.split("-"))
    middle = instant(date(year, month, 15), 0, ZoneInfo(sla.timezone))
    return float(Period(Kind.MONTH).around(middle, sla.timezone).end - 1)


def _first_morning(after: int, timezone: str, calendar: Calendar | None) -> float:
    """Of the first working day: a calendar that is closed for a whole year is not waited for."""
    day = working_day(after, timezone, calendar) or working_day(after, timezone)
    assert day is not None, "every week has a Monday"
    zone = calendar.timezone if calendar is not None else timezone
    return float(instant(day.date, HOUR * 3600, ZoneInfo(zone)))


def _short(sla: str) -> str:
    return hashlib.blake2b(sla.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()

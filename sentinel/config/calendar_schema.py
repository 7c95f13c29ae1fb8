"""`[[calendar]]` and `[[maintenance]]` as they are written."""

from __future__ import annotations

from pydantic import Field

from sentinel.config.clock_fields import Date, DateAndTime, DaysOfMonth, FromTime, ToTime, Weekdays
from sentinel.config.fields import Text
from sentinel.config.table import MatchingTable, Table


class HoursTable(Table):
    """A window of every week: its days, and from when to when."""

    title = "[[calendar.hours]]"
    example = '[{ days = ["mon-fri"], from = "07:00", to = "19:00" }]'
    days: Weekdays | None = None
    opens: FromTime | None = Field(default=None, alias="from")
    closes: ToTime | None = Field(default=None, alias="to")


class DateTable(Table):
    """A date with hours of its own, or without any."""

    title = "[[calendar.date]]"
    date: Date
    opens: FromTime | None = Field(default=None, alias="from")
    closes: ToTime | None = Field(default=None, alias="to")
    closed: bool = False


class CalendarTable(Table):
    """When a service is promised."""

    title = "[[calendar]]"
    name: Text
    days: Weekdays | None = None
    opens: FromTime | None = Field(default=None, alias="from")
    closes: ToTime | None = Field(default=None, alias="to")
    hours: list[HoursTable] = Field(default_factory=list, max_length=100)
    timezone: Text | None = None
    holidays: Text | None = None
    closed: list[Date] = Field(default_factory=list, max_length=10_000)
    date: list[DateTable] = Field(default_factory=list, max_length=10_000)


class MaintenanceTable(MatchingTable):
    """Planned work: nobody is told of what it explains, and service levels may leave it out."""

    title = "[[maintenance]]"
    name: Text
    days: Weekdays | None = None
    days_of_month: DaysOfMonth | None = None
    opens: FromTime | None = Field(default=None, alias="from")
    closes: ToTime | None = Field(default=None, alias="to")
    first: Date | None = None
    last: Date | None = None
    start: DateAndTime | None = None
    end: DateAndTime | None = None
    timezone: Text | None = None

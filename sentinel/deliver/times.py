"""Instants as people read them, in the rule's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sentinel.deliver.escape import clean

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LAST = 253402214400.0  # 9999-12-31; nothing later can be written


def local(at: float, zone: str) -> str:
    """`14:02 UTC+1 (Zurich)`; in UTC itself `14:02 UTC`."""
    moment, place = _moment(at, zone)
    return f"{moment:%H:%M} {offset(moment)}{place}"


def local_day(at: float, zone: str) -> str:
    """`Mon 23 Nov 2026, 14:02 UTC+1 (Zurich)`."""
    moment, place = _moment(at, zone)
    day = f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
    return f"{day}, {moment:%H:%M} {offset(moment)}{place}"


def local_near(at: float, reference: float, zone: str) -> str:
    """As `local` where both instants are of one day there, else as `local_day`."""
    same = _moment(at, zone)[0].date() == _moment(reference, zone)[0].date()
    return local(at, zone) if same else local_day(at, zone)


def iso(at: float) -> str:
    """ISO 8601 in UTC with a Z, to the second."""
    return _moment(at, "UTC")[0].strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at: float, zone: str) -> tuple[datetime, str]:
    bounded = min(max(at, 86400.0), _LAST)
    known = _zone(zone)
    city = clean(zone.rpartition("/")[2].replace("_", " "), 40)
    place = "" if known is UTC or zone == "UTC" else f" ({city})"
    return datetime.fromtimestamp(bounded, known), place


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC  # a message in UTC that says so is better than none


def offset(moment: datetime) -> str:
    """How far its clock is from UTC: `UTC`, `UTC+1`, `UTC+5:30`."""
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    if minutes == 0:
        return "UTC"
    sign = "+" if minutes > 0 else "−"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02d}" if rest else f"UTC{sign}{hours}"

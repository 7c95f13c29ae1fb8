"""Times as people write and read them in a terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)", re.IGNORECASE)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SHOWN = re.compile(r"(\d\d?) ([a-z]{3})(?: (\d{4}))?(?: (\d\d?):(\d\d))?", re.IGNORECASE)
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LAST = 253402214400.0  # 9999-12-31; nothing later can be written

AHEAD = "2h, 14:00, tomorrow, 2026-03-02T08:00 or 2026-03-02T08:00Z"
EXAMPLES = "7d, 2h, 10:05, yesterday, 2026-03-02 or 2026-03-02T08:00Z"


class Instant(click.ParamType[float]):
    """`7d` (so long ago), `10:05` (the last time that it was so late), `now`, `today`, `yesterday`, `24 Nov 23:20` as listings show it, or ISO 8601; without an offset local time is meant."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from sentinel.clock import SystemClock  # noqa: PLC0415  # brings asyncio with it

        try:
            return instant(str(value), SystemClock().now())
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no time: write {EXAMPLES}", param, ctx)


class Ahead(Instant):
    """As `Instant`, looking ahead: `14:00` is the next time that it is so late, `2h` in so long."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from sentinel.clock import SystemClock  # noqa: PLC0415  # brings asyncio with it

        try:
            return ahead(str(value), SystemClock().now())
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no time: write {AHEAD}", param, ctx)


def ahead(text: str, at: float) -> float:
    """The instant in Unix seconds that a text means at `at`, of those to come where it does not say which.

    Raises:
        ValueError: it means none.
    """
    word = text.strip().lower()
    later = _AGO.fullmatch(word)
    if later is not None:
        return at + float(later[1]) * _SECONDS[later[2]]
    clock = _CLOCK.fullmatch(word)
    if clock is not None:
        return _next_time(int(clock[1]), int(clock[2]), at)
    if word == "tomorrow":
        day = datetime.fromtimestamp(at, UTC).astimezone().date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day).astimezone().timestamp()  # midnight here
    return instant(text, at)


def instant(text: str, at: float) -> float:
    """The instant in Unix seconds that a text means at `at`.

    Raises:
        ValueError: it means none.
    """
    word = text.strip().lower()
    ago = _AGO.fullmatch(word)
    if ago is not None:
        return max(0.0, at - float(ago[1]) * _SECONDS[ago[2]])
    if word == "now":
        return at
    clock = _CLOCK.fullmatch(word)
    if clock is not None:
        return _last_time(int(clock[1]), int(clock[2]), at)
    if word in ("today", "yesterday"):
        today = datetime.fromtimestamp(at, UTC).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        day = today.date() - timedelta(days=word == "yesterday")
        return datetime(day.year, day.month, day.day).astimezone().timestamp()  # midnight here
    shown = _SHOWN.fullmatch(word)
    if shown is not None:
        return _as_shown(shown, at)
    return datetime.fromisoformat(text.strip()).astimezone().timestamp()


def _as_shown(found: re.Match[str], at: float) -> float:
    """What listings show, given back: `24 Nov 23:20`, `24 Nov 2025 13:00`; without a year the last one that has been."""
    day, month = int(found[1]), _MONTHS.index(found[2].capitalize()) + 1
    hour, minute = int(found[4] or 0), int(found[5] or 0)
    year = int(found[3] or datetime.fromtimestamp(at, UTC).astimezone().year)
    moment = datetime(year, month, day, hour, minute).astimezone().timestamp()
    if moment > at and not found[3]:
        return datetime(year - 1, month, day, hour, minute).astimezone().timestamp()
    return moment


def _last_time(hour: int, minute: int, at: float) -> float:
    """The last instant at or before `at` when clocks here showed that."""
    today = datetime.fromtimestamp(at, UTC).astimezone().date()
    for day in (today, today - timedelta(days=1)):
        found = datetime(day.year, day.month, day.day, hour, minute).astimezone().timestamp()
        if found <= at:
            break
    return found


def _next_time(hour: int, minute: int, at: float) -> float:
    """The first instant after `at` when clocks here show that."""
    today = datetime.fromtimestamp(at, UTC).astimezone().date()
    for day in (today, today + timedelta(days=1)):
        found = datetime(day.year, day.month, day.day, hour, minute).astimezone().timestamp()
        if found > at:
            break
    return found


@dataclass(frozen=True, slots=True)
class Times:
    """How a listing writes instants, seen at `at`: short on a terminal (`terse`), with date and offset in a pipe."""

    at: float
    utc: bool = False
    terse: bool = True

    def of(self, instant: float | None) -> str:
        """`14:02` on the day of `at`, `2 Mar 14:02` in its year, else with the year; empty for None."""
        if instant is None:
            return ""
        moment, today = _moment(instant, utc=self.utc), _moment(self.at, utc=self.utc)
        if not self.terse:
            return moment.isoformat(timespec="seconds")
        if moment.date() == today.date():
            return f"{moment:%H:%M}"
        day = f"{moment.day} {_MONTHS[moment.month - 1]}"
        return f"{day} {moment:%H:%M}" if moment.year == today.year else f"{day} {moment.year} {moment:%H:%M}"

    def zone(self, instant: float) -> str:
        """By which clock `of` writes it: `UTC`, `UTC+1`, `UTC+5:30`."""
        from sentinel.deliver.times import offset  # noqa: PLC0415  # not for --help

        return offset(_moment(instant, utc=self.utc))

    def since(self, instant: float) -> str:
        """`14:02 (1h 12m)`; in a pipe the instant alone."""
        return f"{self.of(instant)} ({span(self.at - instant)})" if self.terse else self.of(instant)


def precise(at: float, *, utc: bool = False) -> str:
    """`2026-03-02 14:02:10 +01:00`."""
    moment = _moment(at, utc=utc)
    offset = f"{moment:%z}"
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def span(seconds: float) -> str:
    """`1h 12m`, `13m`, `40s`: the two largest units."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count and (name != "s" or not parts):
            parts.append(f"{count}{name}" if not parts else f"{count:02d}{name}")
    return " ".join(parts[:2]) or "0s"


def _moment(at: float, *, utc: bool) -> datetime:
    moment = datetime.fromtimestamp(min(max(at, 86400.0), _LAST), UTC)
    return moment if utc else moment.astimezone()

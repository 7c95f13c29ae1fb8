"""Kinds of values in rules.toml that a clock or a calendar on the wall shows: times of day, weekdays, days of the month, dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from sentinel.config.fields import refused
from sentinel.domain.calendars import DAY
from sentinel.domain.metrics import nearest

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = {name: number for names in (_WEEKDAYS, _NAMES) for number, name in enumerate(names)}
_MEANT = {"weekdays": "mon-fri", "workdays": "mon-fri", "weekend": "sat-sun", "daily": "mon-sun", "all": "mon-sun"}
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_ALMOST = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2})?)? ?([ap]m)?")
_OF_MONTH = re.compile(r"(-?[0-9]{1,3})(?::(-?[0-9]{1,3}))?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9:]+)(Z|[+-][0-9]{2}:[0-9]{2})?")
_LENGTHS = (28, 29, 30, 31)
"""How many days a month may have."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2199

_DATE_TEXT = r"(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK_TEXT = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_END_TEXT = rf"({_CLOCK_TEXT}|24:00(:00)?)"
_DAY_TEXT = r"(mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?)"
_MONTH_TEXT = r"-?([1-9]|[12][0-9]|3[01])"
"""The written forms, for editors."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a second of its day, 86400 its end; `offset` from UTC in seconds where it was written."""

    day: date
    second: int
    offset: int | None = None


def clock_text(second: int) -> str:
    """A second of the day as people write it: `07:30`, `24:00`."""
    minutes, seconds = divmod(second, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def day_text(number: int) -> str:
    """The name of a weekday, 0 for Monday, as rules files have it."""
    return _WEEKDAYS[number]


def _second(text: str) -> int | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    second = hours * 3600 + minutes * 60 + seconds
    return second if max(minutes, seconds) < 60 and second <= DAY else None  # noqa: PLR2004  # minutes of an hour


def _clock(value: object) -> int:
    if isinstance(value, time) and value.tzinfo is None:
        return value.hour * 3600 + value.minute * 60 + value.second
    if not isinstance(value, str):
        raise refused("E135", "a time of day is text", 'write "07:00", in quotes')
    second = _second(value)
    if second is None:
        raise refused("E135", "this is no time of day: they go from 00:00 to 24:00", _clock_hint(value))
    return second


def _clock_hint(text: str) -> str:
    late = _CLOCK.fullmatch(text)
    if late and DAY // 3600 <= int(late[1]) < 2 * DAY // 3600:
        return f'after midnight write "{int(late[1]) - DAY // 3600:02}:{late[2]}"'
    almost = _ALMOST.fullmatch(text.strip().lower())
    hour = int(almost[1]) if almost else 0
    if almost and almost[3]:
        hour = hour % 12 + (12 if almost[3] == "pm" else 0)
    meant = f"{hour:02}:{almost[2] or '00'}" if almost else ""
    return f'write "{meant}"' if _second(meant) is not None else "write hours and minutes with two digits each: 07:30"


def _beginning(value: object) -> int:
    second = _clock(value)
    if second == DAY:
        hint = 'write "00:00", and the day after'
        raise refused("E135", "nothing begins at 24:00, the end of the day", hint)
    return second


def _weekdays(value: object) -> tuple[int, ...]:
    if not isinstance(value, str):
        raise refused("E137", "days are text", 'write "mon" or "mon-fri"')
    names = [name.strip() for name in value.lower().split("-")]
    if len(names) > 2 or any(name not in _NUMBER for name in names):  # noqa: PLR2004  # from - to
        raise refused("E137", "this is neither a weekday nor a range of weekdays", _weekday_hint(value.lower().strip()))
    first, last = _NUMBER[names[0]], _NUMBER[names[-1]]
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))


def _weekday_hint(text: str) -> str:
    if text in _MEANT:
        return f'write "{_MEANT[text]}"'
    if "," in text:
        return 'write a list: ["mon", "wed-fri"]'
    parts = [part.strip() for part in re.split(r"[-:–]|\.\.| to ", text)]
    near = [part if part in _NUMBER else nearest(part, _NUMBER) for part in parts]
    words = [_WEEKDAYS[_NUMBER[one]] for one in near if one]
    meant = "-".join(words) if len(words) == len(parts) <= 2 else ""  # noqa: PLR2004  # as above
    return f'did you mean "{meant}"?' if meant else f"days are {', '.join(_WEEKDAYS)}, ranges mon-fri"


def _of_month(value: object) -> tuple[int, int]:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = _OF_MONTH.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        hint = 'write 15, or "1:7" for the first seven days, or "-3:-1" for the last three'
        raise refused("E137", "this is neither a day of the month nor a range of them", hint)
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if not any(_some_day(first, last, length) for length in _LENGTHS):
        raise refused("E137", "no month has such a day", "days go from 1 to 31, or from the end: -1 is the last day")
    return first, last


def _some_day(first: int, last: int, length: int) -> bool:
    """Whether a month of that length has a day of the range; both ends must be days at all."""
    if not all(1 <= abs(number) <= _LENGTHS[-1] for number in (first, last)):
        return False
    begin, end = (number if number > 0 else length + 1 + number for number in (first, last))
    return max(begin, 1) <= min(end, length)


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    found = _day(value) if isinstance(value, str) else None
    if found is None:
        raise refused("E136", "this is no date", 'write "2026-12-24": year, month, day')
    return found


def _day(text: str) -> date | None:
    """A date of this century or near it: what lies further away is a slip of the finger."""
    try:
        day = date.fromisoformat(text) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
    return day if day and _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _moment(value: object) -> Moment:
    if isinstance(value, datetime):
        value = value.isoformat(timespec="seconds")
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    day = _day(match[1]) if match else None
    second = _second(match[2]) if match else None
    if match is None or day is None or second is None:
        bare = isinstance(value, date) or (isinstance(value, str) and _day(value) is not None)
        message = "a date alone does not say when" if bare else "this is no date with a time"
        raise refused("E136", message, 'write "2026-12-05T22:00", by the clock of the time zone')
    return Moment(day, second, None if match[3] is None else _offset(match[3]))


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:  # noqa: PLR2004  # the widest offset there is, and minutes of an hour
        raise refused("E136", "no place has this offset from UTC", "leave it out: the time zone says it")
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _written(pattern: str, example: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$", "examples": [example]}


def _several(one: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})


FromTime = Annotated[int, BeforeValidator(_beginning), WithJsonSchema(_written(_CLOCK_TEXT, "07:00"))]
"""Seconds of the local day at which something begins."""

ToTime = Annotated[int, BeforeValidator(_clock), WithJsonSchema(_written(_END_TEXT, "19:00"))]
"""Seconds of the local day at which something ends, 86400 for 24:00."""

Date = Annotated[date, BeforeValidator(_date), WithJsonSchema(_written(_DATE_TEXT, "2026-12-24"))]

DateAndTime = Annotated[
    Moment,
    BeforeValidator(_moment),
    WithJsonSchema(_written(rf"{_DATE_TEXT}[T ]{_END_TEXT}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?", "2026-12-05T22:00")),
]

Weekdays = Annotated[
    list[Annotated[tuple[int, ...], BeforeValidator(_weekdays)]],
    Field(min_length=1, max_length=20),
    BeforeValidator(_listed),
    _several(_written(rf" *{_DAY_TEXT} *(- *{_DAY_TEXT} *)?", "mon-fri")),
]
"""Ranges of weekdays, each as the numbers of its days, 0 for Monday."""

_MONTH_DAY: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": -31, "maximum": 31},
        _written(rf" *{_MONTH_TEXT}(:{_MONTH_TEXT})? *", "-3:-1"),
    ]
}
DaysOfMonth = Annotated[
    list[Annotated[tuple[int, int], BeforeValidator(_of_month)]],
    Field(min_length=1, max_length=62),
    BeforeValidator(_listed),
    _several(_MONTH_DAY),
]
"""Ranges of days of the month, -1 the last day."""

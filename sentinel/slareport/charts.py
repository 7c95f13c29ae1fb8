"""The charts of the page: static SVG that takes its colours from the page and has a title and a description.

Drawn by pygal; its own style, scripts and comments are taken out, so that the same report gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from math import ceil, floor
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from sentinel.domain.attained import kept
from sentinel.domain.attained_text import objective_text, percent_text
from sentinel.domain.sentences import counted, duration
from sentinel.history.sla_report import Day, Row, Section
from sentinel.slareport import drawing
from sentinel.slareport.verdict import kind_of, period_of

WIDTH, HEIGHT = 420, 200
"""Of a chart in its own units: about what a phone shows, so that the letters stay readable there."""

TEXT = 11
"""Size of letters in the same units."""

LARGEST_LOSS = (0.0, 0.01, 0.1, 0.5, 1.0)
"""Marks beside the daily bars: shares of a day."""

_HOUR, _DAY = 3600, 86400
_MARKS = 5
_STEPS = tuple(digit * 10.0**power for power in range(-2, 9) for digit in (1, 2, 5))
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_NEEDLESS = frozenset({"defs", "title", "desc", "script"})
_KEPT_ATTRIBUTES = frozenset({"class", "d", "x", "y", "width", "height", "transform", "cx", "cy", "r", "viewBox"})
_OVERLAYS = frozenset({"text-overlay", "tooltip-overlay", "titles", "legends", "background"})
_LONG_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")
_MISSED = "serie-3"


def burn_down(section: Section) -> str:
    """The budget that was left over the period, in hours or minutes, and the even pace at which it would last."""
    whole, points = section.whole, section.burn_down
    if not points:
        return ""
    size, unit = (_HOUR, "h") if max(abs(left) for _, left in points) >= 3 * _HOUR else (60, "min")
    span = _span([0, whole.budget_seconds / size, *(left / size for _, left in points)])
    chart = _chart(
        drawing.XY,
        range=span,
        xrange=(whole.period_start, whole.period_end),
        show_dots=False,
        value_formatter=lambda value: f"{value:g} {unit}",
    )
    chart.x_labels = _dates(whole)
    chart.y_labels = _marks(*span)
    chart.add("even", [(whole.period_start, whole.budget_seconds / size), (whole.period_end, 0)])
    chart.add("none", [(whole.period_start, 0), (whole.period_end, 0)])
    chart.add("left", [(at, left / size) for at, left in _corners(points)])
    last_at, last = points[-1]
    day = _date_label(datetime.fromtimestamp(last_at, ZoneInfo(whole.timezone)))
    told = f"{duration(last)} left" if last >= 0 else f"{duration(-last)} more than the budget used"
    return _finished(
        chart,
        kind="burn-down",
        title=f"Error budget over {section.period_name}",
        about=f"The budget is {duration(whole.budget_seconds)}; on {day} {told}. Dashed: the pace at which it would just last.",
    )


def trend(section: Section) -> str:
    """Attained against objective, period by period. One without figures is a gap."""
    months = section.months
    judged = [one for one in months if one.availability is not None]
    if not judged:
        return ""
    shares = [None if one.availability is None else _percent(one.availability) for one in months]
    lowest = min(_percent(one.objective) for one in months)
    lowest = min(lowest, 99.9, *(share for share in shares if share is not None))
    chart = _chart(
        drawing.XY,
        range=(max(0.0, 100 - (100 - lowest) * 1.15), 100),
        xrange=(-0.5, len(months) - 0.5),
        dots_size=4.5,
        allow_interruptions=True,
        value_formatter=lambda value: f"{value:g} %",
    )
    chart.x_labels = [{"value": place, "label": period_of(one, short=True)} for place, one in enumerate(months)]
    steps = [(place + side, _percent(one.objective)) for place, one in enumerate(months) for side in (-0.5, 0.5)]
    chart.add("objective", steps, show_dots=False)
    chart.add("attained", list(enumerate(shares)), show_dots=False)
    for name, wanted in (("kept", True), ("missed", False)):
        shown = [share if _kept(one) is wanted else None for one, share in zip(months, shares, strict=True)]
        chart.add(name, list(enumerate(shown)), stroke=False)
    missed = [one for one in judged if not _kept(one)]
    said = [f"{period_of(one)} {percent_text(one.availability, one.objective)}" for one in months]
    return _finished(
        chart,
        kind="trend",
        title=f"Attained by {kind_of(section.whole)}",
        about=f"{counted(len(missed), kind_of(section.whole))} of {len(judged)} missed the objective "
        f"(now {objective_text(section.whole.objective)}, the dashed line). {'; '.join(said)}.",
    )


def daily(days: Sequence[Day]) -> str:
    """A bar for each day: its bad share from below, its unknown share upon it, the good rest above.

    Shares are drawn as their square roots, so that a minute of a day can be seen.
    """
    if not days:
        return ""
    chart = _chart(drawing.StackedBar, range=(0, 1), spacing=0, value_formatter=lambda value: f"{100 * value**2:.0f} %")
    chart.y_labels = [share**0.5 for share in LARGEST_LOSS]
    chart.x_labels = [_day_label(one.date) for one in days]
    chart.x_labels_major = [_day_label(one.date) for one in days if one.date.endswith("-01")]
    chart.show_minor_x_labels = False
    heights = [_heights(one) for one in days]
    for place, name in enumerate(("bad", "unknown", "good")):
        chart.add(name, [one[place] for one in heights])
    troubled = [one for one in days if one.bad]
    gone = [one for one in days if one.unknown]
    worst = max(days, key=lambda one: one.bad)
    worst_text = f" The worst was {_day_label(worst.date)} with {duration(worst.bad)}." if worst.bad else ""
    return _finished(
        chart,
        kind="daily",
        title=f"The last {len(days)} days",
        about=f"{counted(len(troubled), 'day')} with bad time, {counted(len(gone), 'day')} with unknown time.{worst_text}",
    )


def _corners(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same line without the points on its level stretches."""
    inner = (b for a, b, c in zip(points, points[1:], points[2:], strict=False) if not a[1] == b[1] == c[1])
    return [points[0], *inner, points[-1]] if len(points) > 1 else list(points)


def _heights(day: Day) -> tuple[float, float, float]:
    """Of the bad, the unknown and the good part of a bar. Without service time there is no bar."""
    service = day.good + day.bad + day.unknown
    if not service:
        return 0.0, 0.0, 0.0
    bad = (day.bad / service) ** 0.5
    known = ((day.bad + day.unknown) / service) ** 0.5
    return bad, known - bad, 1.0 - known


def _day_label(text: str) -> str:
    return _date_label(date.fromisoformat(text))


def _date_label(day: date) -> str:
    return f"{day.day} {day:%b}"


def _dates(row: Row) -> list[dict[str, Any]]:
    """Labels of local midnights under a period, about five of them."""
    zone = ZoneInfo(row.timezone)
    first = datetime.fromtimestamp(row.period_start, zone)
    days = max(1, round((row.period_end - row.period_start) / _DAY))
    step = max(1, -(-days // 5))
    found = (first + timedelta(days=number) for number in range(0, days, step))
    return [{"value": one.timestamp(), "label": _date_label(one)} for one in found]


def _kept(row: Row) -> bool:
    return kept(row.availability, row.objective) is True


def _percent(share: Any) -> float:
    return float(share) * 100


def _marks(low: float, high: float) -> list[float]:
    """Round numbers within a span that has 0 in it, about four of them."""
    step = next(one for one in _STEPS if (high - low) / one <= _MARKS)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _span(values: Iterable[float]) -> tuple[float, float]:
    found = list(values)
    low, high = min(found), max(found)
    room = (high - low or 1.0) * 0.05
    return (low - room if low < 0 else low, high + room)


def _chart(kind: Any, **settings: Any) -> Any:
    """An empty chart in the manner of the page."""
    style = drawing.Style(label_font_size=TEXT, major_label_font_size=TEXT)
    return kind(
        width=WIDTH,
        height=HEIGHT,
        style=style,
        css=(),
        js=(),
        no_prefix=True,
        show_legend=False,
        margin=6,
        pretty_print=False,
        truncate_label=-1,
        max_scale=6,
        **settings,
    )


def _finished(chart: Any, *, kind: str, title: str, about: str) -> str:
    """The chart as an `<svg>` for the page, with nothing in it but shapes, their classes and texts."""
    root = ET.fromstring(chart.render())  # noqa: S314  # what pygal has just made
    _strip(root)
    root.attrib.clear()
    root.attrib.update(
        {"class": f"chart {kind}", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": f"{title}. {about}"}
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", about))):
        element = ET.Element(_NAMESPACE + tag)
        element.text = text
        root.insert(place, element)
    for series in root.iter(f"{_NAMESPACE}g"):
        if kind == "trend" and _MISSED in series.get("class", ""):
            _diamonds(series)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_NAMESPACE)
    return ET.tostring(root, encoding="unicode")


def _strip(element: ET.Element) -> None:
    for child in list(element):
        tag = child.tag.removeprefix(_NAMESPACE)
        classes = set(child.get("class", "").split())
        if tag in _NEEDLESS or classes & _OVERLAYS:
            element.remove(child)
            continue
        child.attrib = {key: _short(value) for key, value in child.attrib.items() if key in _KEPT_ATTRIBUTES}
        _strip(child)
        if (tag == "g" and not len(child)) or child.get("height") == "0":
            element.remove(child)


def _diamonds(series: ET.Element) -> None:
    """Points of another form, for those who cannot tell the colours."""
    for dot in list(series.iter(f"{_NAMESPACE}circle")):
        x, y = float(dot.attrib["cx"]), float(dot.attrib["cy"])
        dot.tag = f"{_NAMESPACE}path"
        dot.attrib = {"class": "dot", "d": f"M{x - 6:.1f} {y:.1f}l6 -6 6 6 -6 6z"}


def _short(value: str) -> str:
    """Coordinates with one digit after the point: more nobody sees. Classes of pygal's scripts go."""
    shown = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
    return shown.removesuffix(" tooltip-trigger").removesuffix(" reactive")

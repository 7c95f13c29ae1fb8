"""The page of a backtest: numbers, a picture of time, and the notices. One file, without scripts or anything from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from sentinel.backtest.difference import Agreement
from sentinel.backtest.outcome import Outcome
from sentinel.backtest.report import Report, zone_of
from sentinel.deliver.escape import clean, cut
from sentinel.deliver.times import local_day
from sentinel.domain.attained_text import objective_text, percent_text
from sentinel.domain.dossier import Row
from sentinel.domain.incidents import Incident

LANES = 60
"""Lanes of the picture: those with the longest trouble. More nobody compares by eye."""

ROWS = 1000
"""Notices that the page lists; `--json` has them all."""

NAME = 200
"""Characters of a name that the page shows."""

WIDTH, LEFT, LANE, TOP = 1000.0, 340.0, 26.0, 24.0
"""Of the picture, in its own units: all of it, the column of names, a lane, the axis above."""

LABEL = 52
"""Characters that fit into the column of names."""

TICKS = 10
"""Labels on the axis at most."""


@dataclass(frozen=True, slots=True)
class Bar:
    """An incident in the picture. `side` is `old`, `new` or `only` (one rules file alone)."""

    x: float
    y: float
    width: float
    side: str
    severity: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What happened at one place under one rule. `label`: as much of `name` as there is room for."""

    name: str
    label: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Lanes over time, with labels on the axis: (x, text). `left_out` lanes are not drawn."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float
    left_out: int


def page(report: Report) -> str:
    """The page as HTML."""
    zone = report.zone
    shown = [one for one in report.changes if report.old is None or one.sign != "="]
    return (
        _environment()
        .get_template("backtest.html.jinja")
        .render(
            report=report,
            since=local_day(report.since, zone),
            until=local_day(report.until, zone),
            first=local_day(report.new.first_at or report.since, zone),
            picture=picture(report),
            rows=[(one, *_when(one.told.at, report)) for one in shown[:ROWS]],
            rows_left_out=max(0, len(shown) - ROWS),
            detections=[
                (one, _when(one.old_at, report), _when(one.new_at, report), _span(abs(one.earlier)))
                for one in report.detections[:ROWS]
            ],
            agreements=[(one, list(_sides(one, report))) for one in report.agreements],
            left=LEFT,
            width=WIDTH,
            top=TOP,
        )
    )


def _sides(one: Agreement, report: Report) -> Iterable[tuple[str, Row, str, str]]:
    """Whose figures, the row, what was attained and what is left of the budget."""
    for whose, row in (("old", one.old), ("new", one.new)):
        if row is not None:
            left = f"{row.budget_left_seconds // 60:,} min".replace(",", " ")  # rounded down
            yield "" if report.old is None else whose, row, percent_text(row.availability, row.objective), left


def picture(report: Report) -> Picture:
    """The incidents of both sides over time, a lane for each place and rule."""
    begin, end = report.since, report.until
    sides: list[tuple[str, Outcome]] = [("only" if report.old is None else "new", report.new)]
    if report.old is not None:
        sides.insert(0, ("old", report.old))
    lanes: dict[tuple[str, str, str], list[tuple[str, Incident]]] = {}
    for side, outcome in sides:
        for one in outcome.incidents:
            key = (one.service or one.source, " / ".join(one.node), one.rule)
            lanes.setdefault(key, []).append((side, one))
    ranked = sorted(lanes.items(), key=lambda lane: (-_trouble(lane[1], begin, end), lane[0]))[:LANES]
    drawn = [_lane(number, key, found, begin, end, report.zone) for number, (key, found) in enumerate(sorted(ranked))]
    return Picture(
        lanes=tuple(drawn),
        ticks=tuple(_ticks(begin, end, zone_of(report.zone))),
        height=TOP + LANE * len(drawn) + 4,
        left_out=len(lanes) - len(drawn),
    )


def _trouble(found: Iterable[tuple[str, Incident]], begin: float, end: float) -> float:
    """Seconds of trouble of both sides."""
    return sum(min(end, one.resolved_at or end) - max(begin, one.opened_at) for _, one in found)


def _lane(
    number: int,
    key: tuple[str, str, str],
    found: Sequence[tuple[str, Incident]],
    begin: float,
    end: float,
    zone: str,
) -> Lane:
    y = TOP + LANE * number
    service, node, rule = key
    bars = []
    for side, one in found:
        left, right = _x(max(begin, one.opened_at), begin, end), _x(min(end, one.resolved_at or end), begin, end)
        bars.append(
            Bar(
                x=left,
                y=y + {"old": 4.0, "new": 14.0, "only": 9.0}[side],
                width=max(2.0, right - left),
                side=side,
                severity=one.worst_severity.word,
                title=clean(_title(side, one, zone), 4 * NAME),
            )
        )
    parts = [clean(part, NAME) for part in (service, node, rule)]
    return Lane(" · ".join(part for part in parts if part), label(*parts), y, tuple(bars))


def label(service: str, node: str, rule: str) -> str:
    """What there is room for beside a lane. Of the node the end is kept, which tells it from its neighbours."""
    whole = " · ".join(part for part in (service, node, rule) if part)
    if len(whole) <= LABEL:
        return whole
    if len(node) > LABEL // 2:
        node = "…" + node[-(LABEL // 2 - 1) :].lstrip(" /\u200d\ufe0f")
    return cut(" · ".join(part for part in (cut(service, LABEL // 4), node, rule) if part), LABEL)


def _when(at: float, report: Report) -> tuple[str, str]:
    """`Tue 24 Nov, 23:20` for a table under a headline that names year and zone, and the whole of it."""
    moment = datetime.fromtimestamp(at, zone_of(report.zone))
    return f"{moment:%a} {moment.day} {moment:%b}, {moment:%H:%M}", local_day(at, report.zone)


def _title(side: str, one: Incident, zone: str) -> str:
    until = "it lasts" if one.resolved_at is None else f"until {local_day(one.resolved_at, zone)}"
    whose = "" if side == "only" else f"{side} rules: "
    return f"{whose}{one.worst_severity.word}, {local_day(one.opened_at, zone)} {until}"


def _x(at: float, begin: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT) * (at - begin) / (end - begin)


def _ticks(begin: float, end: float, zone: tzinfo) -> Iterable[tuple[float, str]]:
    """Midnights of the zone, as many as fit; hours where there is no midnight in between."""
    day = datetime.fromtimestamp(begin, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    every = max(1, -(-round((end - begin) / 86400.0) // TICKS))
    marks: list[tuple[float, str]] = []
    while (at := (day := day + timedelta(days=1)).timestamp()) < end:
        if day.toordinal() % every == 0:
            marks.append((_x(at, begin, end), f"{day.day} {day:%b}"))
    if marks:
        return marks
    hours = [datetime.fromtimestamp(begin + (end - begin) * n / 6, zone) for n in range(1, 6)]
    return [(_x(hour.timestamp(), begin, end), f"{hour:%H:%M}") for hour in hours]


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004 - an hour


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sentinel.backtest"),
        autoescape=select_autoescape(["html.jinja"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["objective"] = objective_text
    environment.filters["shown"] = lambda text: clean(text, NAME)
    return environment

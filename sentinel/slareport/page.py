"""The report as one page: a file without scripts or anything from outside, for a screen, a phone and paper."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from sentinel.deliver.escape import clean
from sentinel.deliver.times import local_day
from sentinel.domain.attained_text import objective_text, rate_text
from sentinel.domain.sentences import counted, duration
from sentinel.history.sla_report import Episode, Report, Section
from sentinel.slareport import charts, shares
from sentinel.slareport import verdict as said
from sentinel.slareport.table import minutes, urgency

NODES, INCIDENTS, STRETCHES = 50, 100, 40
"""Rows of a table at most; the page says how many more there are, CSV and JSON have every node."""

NAME = 200
"""Characters of a name that the page shows."""

_GROUPS = re.compile(r"(?<=[0-9]) (?=[0-9]{3}(?![0-9])|%|(?:d|h|min|s)\b)")
"""Blanks within a number and before its unit, where no line may end."""


def page(report: Report) -> str:
    """The page as HTML."""
    style = files("sentinel.slareport").joinpath("templates/sla.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("sla.html.jinja")
        .render(
            report=report,
            style=Markup(style),  # noqa: S704  # our own file
            digest=digest,
            title=title(report),
            made=local_day(report.at, report.timezone),
            sections=[_section(one, report.at) for one in sorted(report.sections, key=lambda one: urgency(one.whole))],
            zones=sorted({one.whole.timezone for one in report.sections}),
        )
    )


def title(report: Report) -> str:
    """`Service levels, November 2026`; without the period where there are several."""
    periods = {one.period_name for one in report.sections}
    return f"Service levels, {periods.pop()}" if len(periods) == 1 else "Service levels"


def _section(section: Section, at: int) -> dict[str, Any]:
    """What the template shows of a section."""
    whole, zone = section.whole, section.whole.timezone
    nodes = [row for row in section.rows if row.node != whole.node]
    return {
        "section": section,
        "whole": whole,
        "verdict": said.verdict(whole),
        "word": said.headline(whole).partition(":")[0],
        "attained": shares.attained(whole),
        "told": [
            (label, text)
            for label, text in (
                ("By how much", said.by_how_much(whole, shares=False)),
                ("Where", said.why_not(section)),
                ("Unknown", said.unknown(whole, shares=False)),
            )
            if text
        ],
        "period": f"{_day(whole.period_start, zone)} to {_day(whole.period_end - 1, zone)}",
        "budget_left": shares.budget_left(whole),
        "unknown_share": shares.unknown_share(whole) if whole.unknown_seconds else None,
        "readings": shares.readings(whole),
        "burn_down": Markup(charts.burn_down(section)),  # noqa: S704  # of numbers and our own words; texts escaped
        "trend": Markup(charts.trend(section)),  # noqa: S704  # as above
        "daily": Markup(charts.daily(section.days)),  # noqa: S704  # as above
        "nodes": [(row, said.verdict(row), shares.attained(row)) for row in nodes[:NODES]],
        "nodes_more": max(0, len(nodes) - NODES),
        "months": [
            (row, said.verdict(row), shares.attained(row), said.period_of(row)) for row in reversed(section.months)
        ],
        "incidents": [_incident(one, zone, at) for one in section.incidents[:INCIDENTS]],
        "incidents_more": max(0, len(section.incidents) - INCIDENTS),
        "incidents_told": _means(section.incidents),
        "exclusions": [
            (one, _moment(one.start, zone), duration(one.end - one.start)) for one in section.exclusions[:STRETCHES]
        ],
        "exclusions_more": max(0, len(section.exclusions) - STRETCHES),
        "gaps": [(_moment(start, zone), duration(end - start)) for start, end in section.unknown_spans[:STRETCHES]],
        "gaps_more": max(0, len(section.unknown_spans) - STRETCHES),
        "kind": said.kind_of(whole),
        "objectives": [
            (f"since {_day(since, zone)}" if since > 0 else "from the beginning", objective_text(share))
            for since, share in reversed(section.objectives)
        ],
        "troubled": [one for one in section.days if one.bad or one.unknown],
    }


def _incident(one: Episode, zone: str, at: int) -> dict[str, str]:
    took = None if one.resolved_at is None else one.resolved_at - one.opened_at
    answered = None if one.acknowledged_at is None else one.acknowledged_at - one.opened_at
    by = f" by {one.acknowledged_by}" if one.acknowledged_by else ""
    return {
        "began": _moment(one.opened_at, zone),
        "place": said.place(one.node),
        "severity": one.severity,
        "text": one.text,
        "id": one.incident,
        "lasted": f"{duration(at - one.opened_at)} so far" if took is None else duration(took),
        "acknowledged": "not acknowledged" if answered is None else f"{duration(answered)}{by}",
        "resolved": "open" if took is None else duration(took),
    }


def _means(incidents: tuple[Episode, ...]) -> str:
    """`Mean time to acknowledge 18 min (2 of 4), to resolve 4 h 10 min (3 of 4)`."""
    parts = []
    for word, ends in (
        ("acknowledge", [one.acknowledged_at for one in incidents]),
        ("resolve", [one.resolved_at for one in incidents]),
    ):
        spans = (None if end is None else end - one.opened_at for end, one in zip(ends, incidents, strict=True))
        found = said.mean(spans)
        if found is not None:
            parts.append(f"to {word} {duration(found[0])} ({found[1]} of {counted(len(incidents), 'incident')})")
    return f"Mean time {', '.join(parts)}." if parts else ""


def _day(at: float, zone: str) -> str:
    day = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{day.day} {day:%b} {day.year}"


def _moment(at: float, zone: str) -> str:
    moment = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{moment:%a} {moment.day} {moment:%b}, {moment:%H:%M}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sentinel.slareport"),
        autoescape=select_autoescape(["html.jinja"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = lambda text: clean(text, NAME)
    environment.filters["duration"] = duration
    environment.filters["told"] = lambda text: _GROUPS.sub("\u00a0", clean(text, 4 * NAME))
    environment.filters["whole_numbers"] = lambda text: _GROUPS.sub("\u00a0", text)
    environment.filters["minutes"] = minutes
    environment.filters["left"] = lambda seconds: minutes(seconds, left=True)
    environment.filters["objective"] = objective_text
    environment.filters["rate"] = lambda rate: rate_text(rate, 2)
    environment.filters["word"] = said.word
    environment.filters["place"] = said.place
    return environment

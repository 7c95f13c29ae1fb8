"""The report as a message: the verdict in one line, the reason in a few, the page and the figures attached to mails."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from sentinel.deliver.document import Document, File
from sentinel.deliver.escape import clean, cut
from sentinel.deliver.parts import NAME, PUSH, Affected, Look, Wording
from sentinel.domain.attained_text import objective_text, percent_text
from sentinel.domain.sentences import counted
from sentinel.history.sla_report import Report, Row, Section
from sentinel.slareport.as_json import as_json
from sentinel.slareport.csv_file import csv_bytes
from sentinel.slareport.page import page
from sentinel.slareport.table import minutes, urgency
from sentinel.slareport.verdict import Verdict, by_how_much, headline, place, unknown, verdict, why_not

PLACES, SERVICES = 5, 10
"""What a message names at most: the worst places of one service, or the worst services."""

LOOKS = {
    Verdict.MISSED: Look.MISSED,
    Verdict.AT_RISK: Look.AT_RISK,
    Verdict.KEPT: Look.KEPT,
    Verdict.NO_DATA: Look.UNKNOWN,
}

_LINE = 600
_ODD = re.compile(r"[^A-Za-z0-9.-]+")


def document(report: Report, label: str) -> Document:
    """The message of a report of one period. `label` is that period as `--period` takes it, `2026-10`.

    Raises:
        ValueError: the report has no section.
    """
    if not report.sections:
        raise ValueError("there is nothing to report on")
    stem = _ODD.sub("-", f"sla-{cut(report.sections[0].sla, NAME)}-{label}").strip("-")
    return Document(
        wording=_wording(report, label),
        data=as_json(report),
        files=(
            File(name=f"{stem}.html", media="text/html", content=page(report).encode()),
            File(name=f"{stem}.csv", media="text/csv", content=csv_bytes(report)),
        ),
    )


def _wording(report: Report, label: str) -> Wording:
    sections = sorted(report.sections, key=lambda one: urgency(one.whole))
    worst = sections[0]
    look = LOOKS[verdict(worst.whole)]
    period = clean(worst.period_name, NAME)
    several = len(sections) > 1
    said = _of_many(sections) if several else _of_one(worst)
    headed = _counts(sections) if several else headline(worst.whole)
    about = clean(worst.summary or worst.sla, NAME) if several else clean(worst.service, NAME)
    command = f"sentinel sla report --sla {shlex.quote(worst.sla)} --period {label} --html report.html"
    return Wording(
        look=look,
        text=cut(f"{look.sign} {headed}: {about}, {period}", 2 * PUSH),
        title=f"{about}, {period}",
        notes=(*said, clean(f"Mails have the page and the figures attached. Elsewhere: {command}", _LINE)),
        worst=() if several else _places(worst),
        more=max(0, len(sections) - SERVICES) if several else _more_places(worst),
        lines=tuple(_service(one) for one in sections[:SERVICES]) if several else (),
        timezone=report.timezone,
    )


def _of_one(section: Section) -> list[str]:
    whole = section.whole
    told = (headline(whole), whole.formula, by_how_much(whole), why_not(section), unknown(whole))
    return [clean(line, _LINE) for line in told if line]


def _of_many(sections: Sequence[Section]) -> list[str]:
    worst = sections[0]
    return [f"{_counts(sections)}.", *(f"{clean(worst.service, NAME)}: {line}" for line in _of_one(worst)[2:])]


def _counts(sections: Sequence[Section]) -> str:
    """`1 of 3 services missed, 1 without data`."""
    found = [verdict(one.whole) for one in sections]
    words = {Verdict.MISSED: "missed", Verdict.AT_RISK: "at risk", Verdict.NO_DATA: "without data"}
    bad = [f"{found.count(one)} {word}" for one, word in words.items() if one in found]
    all_of_them = counted(len(found), "service")
    return f"Of {all_of_them} {', '.join(bad)}" if bad else f"All of {all_of_them} kept"


def _service(section: Section) -> str:
    """One line of many: the figure, what was agreed, what is left, and how the figure is made."""
    whole = section.whole
    agreed, left = objective_text(whole.objective), minutes(whole.budget_left_seconds, left=True)
    made = clean(whole.formula, _LINE)
    told = made if whole.availability is None else f"{verdict(whole).word}, {made}"
    return f"{verdict(whole).sign} {clean(section.service, NAME)}: {told}; {agreed} agreed, {left} of the budget left"


def _places(section: Section) -> tuple[Affected, ...]:
    """The worst places; how their figures are made stands in what is attached."""
    return tuple(
        Affected(
            place=place(row.node),
            figure=percent_text(row.availability, row.objective),
            word=f"{verdict(row).word}, {minutes(row.bad_seconds)} bad",
        )
        for row in _bad(section)[:PLACES]
    )


def _more_places(section: Section) -> int:
    return max(0, len(_bad(section)) - PLACES)


def _bad(section: Section) -> list[Row]:
    return [row for row in section.rows if row.leaf and row.bad_seconds and row.node != section.whole.node]

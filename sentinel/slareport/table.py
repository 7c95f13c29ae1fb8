"""A report as rows of tables for the terminal; whoever prints them makes their names harmless."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from sentinel.domain.attained_text import objective_text, percent_text, rate_text
from sentinel.domain.sentences import duration
from sentinel.history.sla_report import Report, Row, Section
from sentinel.slareport.as_json import every_row
from sentinel.slareport.verdict import by_how_much, headline, unknown, verdict, why_not, word

STATUS = ("VERDICT", "SLA", "SERVICE", "ATTAINED", "OF", "BUDGET LEFT", "BURN", "UNKNOWN")
"""One line per SLA and service."""

NODES = ("VERDICT", "NODE", "ATTAINED", "BAD", "UNKNOWN", "BUDGET LEFT", "INC")
"""One line per node."""


def status_rows(report: Report) -> list[tuple[str, ...]]:
    """Missed ones first."""
    wholes = sorted((section.whole for section in report.sections), key=urgency)
    return [
        (
            word(row),
            row.sla,
            row.service,
            percent_text(row.availability, row.objective),
            objective_text(row.objective),
            budget_left(row),
            rate_text(row.burn_rate, 2) or "",
            duration(row.unknown_seconds) if row.unknown_seconds else "",
        )
        for row in wholes
    ]


def node_rows(section: Section) -> list[tuple[str, ...]]:
    """The whole first, then its nodes as they come: worst first."""
    return [
        (
            word(row),
            " / ".join(row.node) or "all",
            percent_text(row.availability, row.objective),
            minutes(row.bad_seconds),
            minutes(row.unknown_seconds) if row.unknown_seconds else "",
            minutes(row.budget_left_seconds, left=True),
            str(row.incidents) if row.incidents else "",
        )
        for row in every_row(section)
    ]


def pipe_rows(report: Report, limit: int | None = None) -> list[tuple[str, ...]]:
    """The nodes of every section, for pipes: one table under one line of heads. `limit` counts nodes per section."""
    most = None if limit is None else limit + 1
    return [(section.sla, section.service, *row) for section in report.sections for row in node_rows(section)[:most]]


PIPE = ("SLA", "SERVICE", *NODES)


def budget_left(row: Row) -> str:
    """`94 min (43 %)`; with a sign in front where more was used than there is. Both rounded down."""
    left = row.budget_left_seconds
    share = f" ({100 * left // row.budget_seconds} %)" if row.budget_seconds else ""
    return minutes(left, left=True) + share


def minutes(seconds: int, *, left: bool = False) -> str:
    """Whole minutes: what was lost is rounded up, what is `left` of a budget down."""
    return f"{seconds // 60 if left else -(-seconds // 60):,} min".replace(",", " ")


def told(section: Section) -> Iterator[str]:
    """What is said of a section above its nodes: verdict, reason, unknown time, the formula."""
    whole = section.whole
    yield f"{section.service}, {section.sla}, {section.period_name}"
    yield headline(whole)
    yield whole.formula
    yield by_how_much(whole)
    for line in (why_not(section), unknown(whole)):
        if line:
            yield line


def urgency(row: Row) -> tuple[int, Fraction, str, str]:
    """To sort by: missed ones first, among equals those with the least of their budget left."""
    order = ("missed", "at risk", "no data", "kept")
    left = Fraction(row.budget_left_seconds, row.budget_seconds) if row.budget_seconds else Fraction(1)
    return order.index(verdict(row).word), left, row.sla, row.service

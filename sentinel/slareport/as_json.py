"""A report for programs: a list of rows, the whole of each section first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sentinel.deliver.times import iso
from sentinel.domain.attained import kept
from sentinel.domain.attained_text import rate_text, ratio_text
from sentinel.history.sla_report import Report, Row, Section
from sentinel.slareport.verdict import coverage, is_over, verdict


def as_json(report: Report) -> list[dict[str, Any]]:
    """As `sentinel sla report --json` prints it."""
    return [one_row(row, section.period_name) for section in report.sections for row in every_row(section)]


def every_row(section: Section) -> Iterator[Row]:
    """The whole, then its nodes and their ancestors, each once."""
    yield section.whole
    yield from (row for row in section.rows if row.node != section.whole.node)


def one_row(row: Row, period: str) -> dict[str, Any]:
    """`period` is its name. Ratios are decimal strings, null where nothing was judged; times ISO 8601 in UTC; nodes lists of names."""
    return {
        "sla": row.sla,
        "service": row.service,
        "node": list(row.node),
        "leaf": row.leaf,
        "period": period,
        "period_start": _iso(row.period_start),
        "period_end": _iso(row.period_end),
        "at": _iso(row.at),
        "timezone": row.timezone,
        "final": is_over(row),
        "objective": ratio_text_of_objective(row),
        "availability": ratio_text(row.availability, row.objective),
        "kept": kept(row.availability, row.objective),
        "verdict": verdict(row).word,
        "measured": ratio_text(row.measured, row.objective),
        "pessimistic": ratio_text(row.pessimistic, row.objective),
        "optimistic": ratio_text(row.optimistic, row.objective),
        "coverage": ratio_text(coverage(row)),
        "good_seconds": row.good_seconds,
        "bad_seconds": row.bad_seconds,
        "unknown_seconds": row.unknown_seconds,
        "excluded_seconds": row.excluded_seconds,
        "budget_seconds": row.budget_seconds,
        "budget_left_seconds": row.budget_left_seconds,
        "burn_rate": rate_text(row.burn_rate),
        "incidents": row.incidents,
        "weight": row.weight,
        "formula": row.formula,
    }


def ratio_text_of_objective(row: Row) -> str:
    """`0.995000`: in the places of the other ratios, so that texts can be compared."""
    return f"{row.objective:.6f}"


@lru_cache(maxsize=64)
def _iso(at: int) -> str:
    """Thousands of rows are about the same few instants."""
    return iso(at)

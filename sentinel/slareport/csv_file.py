"""A report as CSV for spreadsheets: one line per node, in which no name is ever run as a formula.

UTF-8 with a byte order mark (without one, Excel reads it in the code page of the machine and breaks every umlaut),
commas, CRLF, as RFC 4180 has it.
"""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from typing import Any

from sentinel.deliver.escape import visible
from sentinel.domain.hierarchy import node_text
from sentinel.history.sla_report import Report, Section
from sentinel.slareport.as_json import every_row, one_row

COLUMNS = (
    "sla",
    "service",
    "node",
    "leaf",
    "period",
    "period_start",
    "period_end",
    "at",
    "timezone",
    "final",
    "objective",
    "availability",
    "kept",
    "verdict",
    "measured",
    "pessimistic",
    "optimistic",
    "coverage",
    "good_seconds",
    "bad_seconds",
    "unknown_seconds",
    "excluded_seconds",
    "budget_seconds",
    "budget_left_seconds",
    "burn_rate",
    "incidents",
    "weight",
    "formula",
)
"""As in the JSON. `node` is written `Europe/Paris`, with `\\/` for a slash in a name; it is empty for the whole."""

BOM = "\ufeff"

_FORMULA = re.compile(r"(^|[,;|\t])([\s\"']*)(?=[=+\-@＝＋－＠])")
"""What a spreadsheet may take for a formula: at the beginning, and after what splits cells where another separator is set."""


def csv_bytes(report: Report) -> bytes:
    """The file. What was not judged is an empty cell, not 0 and not 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for section in report.sections:
        writer.writerows(_lines(section))
    return (BOM + text.getvalue()).encode()


def _lines(section: Section) -> list[list[str]]:
    return [[_cell(value) for value in _values(one_row(row, section.period_name))] for row in every_row(section)]


def _values(row: dict[str, Any]) -> list[Any]:
    return [node_text(tuple(row[name])) if name == "node" else row[name] for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    return harmless(value)


@lru_cache(maxsize=8192)
def harmless(text: str) -> str:
    """A text with an apostrophe before all that could begin a formula, line ends as blanks, invisible characters named."""
    shown = text if text.isascii() and text.isprintable() else visible(text)
    return _FORMULA.sub(r"\1\2'", shown)

"""What the agreements of a rule test came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from sentinel.cli import screen
from sentinel.domain.hierarchy import node_text
from sentinel.domain.rehearsal import Performance
from sentinel.domain.rehearsal_sla import ExpectedSla, Figure, MissedFigure
from sentinel.domain.rehearsal_verdict import Outcome
from sentinel.slareport.as_json import one_row


def sla_rows(done: Performance) -> list[dict[str, Any]]:
    """The rows as `sentinel sla report --json` has them."""
    return [one_row(row, period) for period, row in done.sla]


def sla_failures(one: Outcome) -> Iterator[dict[str, Any]]:
    """The missed figures as `--json` has them."""
    for missed in one.sla:
        want = missed.expected
        expected, actual = _written(want.figures[missed.name]), _written(missed.actual)
        yield {
            "what": "sla",
            "sla": want.sla,
            "service": want.service,
            "node": list(want.node),
            "figure": missed.name,
            "expected": expected,
            "actual": actual,
            "text": f"{_place(want)}: {_said(missed)}",
        }


def sla_lines(one: Outcome, mark: str) -> Iterator[str]:
    """The missed figures below the agreement and node that they are of, with the formula that explains them."""
    for want, together in groupby(one.sla, key=lambda missed: missed.expected):
        missing = list(together)
        yield f"  {screen.one_line(_place(want))}"
        for missed in missing:
            yield f"    {mark} {screen.one_line(_said(missed))}"
        row = missing[0].row
        if row is not None:
            yield f"      {screen.one_line(row.formula)}"


def _place(want: ExpectedSla) -> str:
    return f"{want.sla} of {want.service}, {node_text(want.node) or '(top)'}"


def _said(missed: MissedFigure) -> str:
    expected = _written(missed.expected.figures[missed.name])
    if missed.row is None:
        return f"{missed.name} expected {expected}, but nothing was ever known of it"
    return f"{missed.name} expected {expected}, is {_written(missed.actual)}"


def _written(figure: Figure) -> Any:
    """As a test may write it."""
    if figure is None:
        return "no data"
    return f"{figure:f}" if isinstance(figure, Decimal) else figure

"""What a rule test expects of its agreements, and what they came to instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sentinel.domain.attained_text import rate_text, ratio_text
from sentinel.domain.dossier import Row
from sentinel.domain.hierarchy import Node
from sentinel.domain.reckoning import Reckoned

Figure = Decimal | int | str | None
"""A share or rate, whole seconds, a text. None: no data."""


@dataclass(frozen=True, kw_only=True)
class ExpectedSla:
    """A row of the report at the end of a test. `figures`: those that the test names, as `figure` has them.

    `period_start` in Unix seconds.
    """

    sla: str
    service: str
    node: Node
    period_start: int
    figures: Mapping[str, Figure]

    def means(self, row: Row) -> bool:
        """Whether that row is meant."""
        mine = (self.sla, self.service, self.node, self.period_start)
        return mine == (row.sla, row.service, row.node, row.period_start)


@dataclass(frozen=True, slots=True)
class MissedFigure:
    """A figure that came out otherwise. `row`: what is meant, None where no sample was about it."""

    expected: ExpectedSla
    name: str
    actual: Figure
    row: Row | None


def missed_figures(expected: Iterable[ExpectedSla], reckoned: Iterable[Reckoned]) -> tuple[MissedFigure, ...]:
    """Every expected figure that is another one. Shares are compared as the report writes them, rounded; `0.75` is `0.750000`."""
    there = [row for _, row in reckoned]
    found: list[MissedFigure] = []
    for one in expected:
        row = next((row for row in there if one.means(row)), None)
        for name, want in one.figures.items():
            actual = None if row is None else figure(row, name)
            if row is None or want != actual:
                found.append(MissedFigure(one, name, actual, row))
    return tuple(found)


def figure(row: Row, name: str) -> Figure:
    """A figure of a row by its name in JSON, rounded as there."""
    return FIGURES[name](row)


def _share(ratio: Fraction | None, row: Row) -> Figure:
    text = ratio_text(ratio, row.objective)
    return None if text is None else Decimal(text)


def _rate(row: Row) -> Figure:
    text = rate_text(row.burn_rate)
    return None if text is None else Decimal(text)


FIGURES: Mapping[str, Callable[[Row], Figure]] = {
    "availability": lambda row: _share(row.availability, row),
    "measured": lambda row: _share(row.measured, row),
    "pessimistic": lambda row: _share(row.pessimistic, row),
    "optimistic": lambda row: _share(row.optimistic, row),
    "objective": lambda row: row.objective,
    "good_seconds": lambda row: row.good_seconds,
    "bad_seconds": lambda row: row.bad_seconds,
    "unknown_seconds": lambda row: row.unknown_seconds,
    "excluded_seconds": lambda row: row.excluded_seconds,
    "budget_seconds": lambda row: row.budget_seconds,
    "budget_left_seconds": lambda row: row.budget_left_seconds,
    "burn_rate": _rate,
    "incidents": lambda row: row.incidents,
    "formula": lambda row: row.formula,
}
"""The figures that a test may name."""

"""What an SLA report says, before it has a form: figures per node, days, months, incidents and what was left out.

Seconds are whole. Ratios are exact fractions, `None` where nothing was judged: "no data", never 100 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sentinel.domain.dossier import Row
from sentinel.domain.hierarchy import Node

__all__ = ["Day", "Episode", "Exclusion", "Report", "Row", "Section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Seconds of one local day, `date` in ISO form. All four are 0 on a day without service time."""

    date: str
    good: int
    bad: int
    unknown: int
    excluded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An incident that touched the figures. Instants in Unix seconds; `resolved_at` is None while it is open.

    `acknowledged_at` is when somebody first acknowledged it, `acknowledged_by` who that was: what became of that later
    changes nothing about how long it took.
    """

    incident: str
    node: Node
    opened_at: float
    acknowledged_at: float | None
    acknowledged_by: str | None
    resolved_at: float | None
    severity: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A stretch of time that is no part of the figures, [start, end) in Unix seconds, for so many nodes."""

    name: str
    start: int
    end: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One SLA and service over one period.

    `whole` is the top of the hierarchy; `rows` are its nodes and their ancestors, worst first. `months` (up to 12) and
    `days` (90) are of the whole, oldest first. `burn_down` is (instant, seconds of budget left), `objectives` are
    (valid since, objective), `unknown_spans` [start, end) of the whole.
    """

    sla: str
    summary: str
    service: str
    period_name: str
    whole: Row
    rows: tuple[Row, ...]
    months: tuple[Row, ...]
    days: tuple[Day, ...]
    burn_down: tuple[tuple[int, int], ...]
    incidents: tuple[Episode, ...]
    exclusions: tuple[Exclusion, ...]
    objectives: tuple[tuple[int, Decimal], ...]
    unknown_spans: tuple[tuple[int, int], ...]
    chosen: bool = False
    """Whether `rows` are only those that were asked for."""


class Silent(NamedTuple):
    """An agreement without any figure of what it asks now; `elsewhere`: what it once asked has some."""

    sla: str
    elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was asked for: a section for every SLA and service, as of `at`. `timezone` is for instants of no section.

    `silent`: the agreements without a section.
    """

    at: int
    timezone: str
    sections: tuple[Section, ...]
    silent: tuple[Silent, ...] = ()

"""Service level agreements: what is good, how much of the time it must be, and over which periods."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sentinel.domain.attained import UnknownAs
from sentinel.domain.expressions import Condition
from sentinel.domain.paces import Guard, Pace
from sentinel.domain.patterns import NamePattern
from sentinel.domain.periods import Kind, Period
from sentinel.domain.reading import Scope
from sentinel.domain.subject import Subject

WINDOW: dict[Scope, int] = {"hour": 3600, "day": 86400}
"""Seconds that one sample of a scope covers. Samples closer together than this overlap and are never added up."""


@dataclass(frozen=True, slots=True)
class Objective:
    """The share that must be good, above 0 and at most 1, for periods that begin on `since` or later (None: always)."""

    share: Decimal
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a ratio-based agreement counts per sample: good events and all events, as figures of the source."""

    good: Condition
    total: Condition


@dataclass(frozen=True, slots=True)
class Alarm:
    """The rule that watches an error budget, by its id, and the paces at which it warns: those of burn rates.

    `period` and the paces' windows are service time in seconds; in `reach` seconds of any time lies the longest window.
    """

    rule: str
    paces: tuple[Pace, ...]
    period: int
    reach: int
    guard: Guard = field(default_factory=Guard)


@dataclass(frozen=True, kw_only=True)
class Sla(Subject):
    """An agreement as `rules.toml` has it. `every` in seconds. Exactly one of `levels` and `path` is set.

    Exactly one of `good` (a condition, judged per sample: time-based) and `counts` (ratio-based) is set. `objectives`
    in the order of their dates. `calendar`: the name of one of the rulebook's, None: around the clock. `exclude`:
    names of maintenance that is taken out. `weight`: the metric by which nodes weigh in their ancestors, "": all
    the same. `alarm`: the id of the rule that watches its error budget, "": none does. `report_to`: names of
    receivers.
    """

    good: Condition | None = None
    counts: Counts | None = None
    only_if: Condition | None = None
    objectives: tuple[Objective, ...]
    period: Period = field(default_factory=lambda: Period(Kind.MONTH))
    calendar: str | None = None
    unknown: UnknownAs = UnknownAs.EXCLUDE
    exclude: tuple[NamePattern, ...] = (NamePattern("*"),)
    weight: str = ""
    alarm: Alarm | None = None
    report_to: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    def objective(self, day: date) -> Decimal:
        """What is asked of a period that begins on that local day."""
        valid = [one for one in self.objectives if one.since is None or one.since <= day]
        return (valid or self.objectives)[-1 if valid else 0].share

    @property
    def metrics(self) -> frozenset[str]:
        """Every column that it reads."""
        counts = (self.counts.good, self.counts.total) if self.counts else ()
        read = [one for one in (self.good, self.only_if, *counts) if one is not None]
        found = frozenset(metric for one in read for metric in one.metrics)
        return found | {self.weight} if self.weight else found

"""SLAs: from tables to definitions, with every mistake in one told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from sentinel.config.conditions import read_condition
from sentinel.config.definitions import ReceiverConfig
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.sla_alarms import watched
from sentinel.config.sla_schema import ObjectiveTable, SlaTable
from sentinel.config.subject_reader import SubjectReader, Surroundings, unique_ids
from sentinel.domain.attained import UnknownAs
from sentinel.domain.attained_text import parse_objective
from sentinel.domain.calendars import Calendar
from sentinel.domain.expressions import Condition, is_constant
from sentinel.domain.metrics import nearest
from sentinel.domain.patterns import NamePattern
from sentinel.domain.periods import Kind, Period
from sentinel.domain.sla import Counts, Objective, Sla

_NEVER = Objective(Decimal(1))
"""Stands for an objective that could not be read."""


def read_slas(
    tables: list[SlaTable],
    around: Surroundings,
    calendars: Mapping[str, Calendar],
    receivers: Sequence[ReceiverConfig],
    problems: Problems,
) -> tuple[Sla, ...]:
    """All SLAs. `calendars` by name."""
    unique_ids(tables, "sla", "SLAs", problems)
    found: list[Sla] = []
    for number, table in enumerate(tables):
        path: Path = ("sla", number)
        _check_receivers(table, path, [one.name for one in receivers], problems)
        reader = _SlaReader(table, path, around, problems)
        sla = reader.sla({name: one.timezone for name, one in calendars.items()})
        source = around.sources.get(sla.source)
        found.append(watched(sla, table.burn_alerts, calendars.get(sla.calendar or ""), source, path, problems))
    return tuple(found)


def _check_receivers(table: SlaTable, path: Path, known: list[str], problems: Problems) -> None:
    if problems.touches(("receiver",)):
        return
    for number, name in enumerate(table.report_to or ()):
        if name not in known:
            near = nearest_name(name, known)
            hint = f'did you mean "{near}"?' if near else f"receivers are {', '.join(known)}" if known else ""
            problems.error("E114", f'no receiver is called "{name}"', (*path, "report_to", number), hint=hint)


class _SlaReader(SubjectReader[SlaTable]):
    def sla(self, zones: dict[str, str]) -> Sla:
        """The SLA, as far as it can be understood."""
        table, defaults = self.table, self.around.defaults
        self.check()
        return Sla(
            **self.said(),
            good=self._good() if table.total is None else None,
            counts=None if table.total is None else self._counts(table.total),
            only_if=self.gate(table.only_if, (*self.path, "only_if")),
            objectives=self._objectives(),
            period=self._period(),
            calendar=self._calendar(zones),
            timezone=table.timezone or zones.get(table.calendar or "", defaults.timezone),
            unknown=UnknownAs(table.unknown),
            exclude=tuple(NamePattern(name) for name in table.exclude),
            weight=self._weight(),
            report_to=tuple(table.report_to or ()),
            retire_after=defaults.retire_after,
        )

    def _good(self) -> Condition | None:
        at: Path = (*self.path, "good")
        found = self.condition(self.table.good, at, at)
        always = None if found is None else is_constant(found)
        if always is not None:
            message = f"good is {'true' if always else 'false'} for every possible figure"
            self.problems.warning("W151", message, at, hint="compare what is measured with a limit")
        return found

    def _counts(self, total: str) -> Counts | None:
        good, every = self._figure("good", self.table.good), self._figure("total", total)
        return None if good is None or every is None else Counts(good, every)

    def _figure(self, key: str, text: str) -> Condition | None:
        """A figure without a comparison; it is read as one, so that all that can be said of it is said."""
        at: Path = (*self.path, key)
        if re.search(r"[<>=]|\b(?:and|or|not)\b", text):
            hint = 'with total, good and total are counts: good = "executions - failures", total = "executions"'
            self.problems.error("E155", f"{key} is a condition, and a count is wanted", at, hint=hint)
            return None
        return read_condition(f"{text} >= 0", self.words, at, self.problems)

    def _objectives(self) -> tuple[Objective, ...]:
        found = [self._objective(number, table) for number, table in enumerate(self.table.objective)]
        dates = [one.since for one in found]
        for number, since in enumerate(dates):
            at: Path = (*self.path, "objective", number)
            if since in dates[:number] and not self.problems.touches((*at, "since")):
                when = "from the beginning" if since is None else f"from {since.isoformat()} on"
                self.problems.error("E154", f"two objectives hold {when}", at, hint="give each its own since")
        return tuple(sorted(found, key=lambda one: one.since or date.min)) or (_NEVER,)

    def _objective(self, number: int, table: ObjectiveTable) -> Objective:
        at: Path = (*self.path, "objective", number, "share")
        if at not in self.problems.positions.values:
            at = (*self.path, "objective")
        since = self._since(table.since, (*self.path, "objective", number, "since"))
        try:
            return Objective(parse_objective(table.share), since)
        except ValueError as wrong:
            if not self.problems.touches(at):
                self.problems.error("E151", str(wrong), at, hint='write it as "99.5%"')
            return _NEVER

    def _since(self, text: str | None, at: Path) -> date | None:
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.problems.error("E154", "this is no date", at, hint='write it as "2026-11-28"')
            return None

    def _period(self) -> Period:
        text, at = self.table.period, (*self.path, "period")
        try:
            return Period.parse(text)
        except ValueError as wrong:
            near = nearest(text, ("month", "quarter", "year"))
            self.problems.error("E152", str(wrong), at, hint=f'did you mean "{near}"?' if near else "")
            return Period(Kind.MONTH)

    def _calendar(self, zones: dict[str, str]) -> str | None:
        name, at = self.table.calendar, (*self.path, "calendar")
        if name is not None and name not in zones and not self.problems.touches(("calendar",)):
            near = nearest_name(name, zones)
            hint = (
                f'did you mean "{near}"?'
                if near
                else f"calendars are {', '.join(zones)}"
                if zones
                else "add a [[calendar]]"
            )
            self.problems.error("E153", f'no calendar is called "{name}"', at, hint=hint)
        return name

    def _weight(self) -> str:
        name, at = self.table.weight, (*self.path, "weight")
        if name is None or name in self.words.units:
            return name or ""
        near = nearest(name, self.words.units)
        hint = f'did you mean "{near}"?' if near else 'a metric, such as "devices"'
        self.problems.error("E110", f'unknown metric "{name}"', at, hint=hint)
        return ""

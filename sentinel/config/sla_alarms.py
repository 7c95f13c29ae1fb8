"""The rules that watch error budgets: made of SLAs, judged and told like any other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from sentinel.config.definitions import SourceConfig
from sentinel.config.durations import duration_text
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import DefaultsTable
from sentinel.config.sla_schema import BurnTable, NoBurn
from sentinel.domain.alarm import PREFIX, column, condition, events_column
from sentinel.domain.burn import WORKBOOK, limit, scaled
from sentinel.domain.calendars import Calendar
from sentinel.domain.expressions import Condition, parse
from sentinel.domain.metrics import Unit
from sentinel.domain.paces import Guard, Pace
from sentinel.domain.periods import Kind, Period
from sentinel.domain.rules import Criteria, Flapping, Rule, Threshold
from sentinel.domain.sentences import duration
from sentinel.domain.severity import Severity
from sentinel.domain.sla import WINDOW, Alarm, Sla

_DAY = 86400
_DAYS = {Kind.MONTH: 30, Kind.QUARTER: 91, Kind.YEAR: 365}
_WEEKS_FROM, _WEEKS_TO = 1_767_571_200, 1_767_571_200 + 364 * _DAY
"""52 weeks from Monday, 5 January 2026, over which a calendar's share of all time is taken."""


def watched(
    sla: Sla, table: BurnTable, calendar: Calendar | None, source: SourceConfig | None, path: Path, problems: Problems
) -> Sla:
    """The SLA with its alarm, where it wants one."""
    if isinstance(table, NoBurn):
        return sla
    at: Path = (*path, "burn_alerts")
    share = _share_open(calendar)
    period = int(_days(sla.period) * _DAY * share)
    step = max(int(source.step) if source else 0, int(sla.every), 1)
    if sla.counts is not None:
        step = max(step, WINDOW[sla.scope])  # so often events are counted
    objective = max(one.share for one in sla.objectives)
    if objective == 1:
        if not problems.touches((*path, "objective")):
            message = "an objective of 100 % leaves no budget that could burn"
            problems.error("E156", message, at, hint="leave burn_alerts out, or promise less", side="key")
        return sla
    if not share:
        return sla  # a calendar that never opens is told where it stands
    try:
        paces = scaled(WORKBOOK, period, step)
    except ValueError as wrong:
        problems.error("E157", f"the budget cannot be watched: {wrong}", at, side="key")
        return sla
    kept = tuple(pace for pace in paces if _can_burn(pace, period, objective))
    if len(kept) < len(paces):
        slow = ", ".join(
            f"{float(pace.factor(period)):g} over {duration_text(pace.long)}" for pace in paces if pace not in kept
        )
        message = f"no outage burns this budget fast enough for a burn rate of {slow}"
        problems.warning(
            "W152", message, at, hint="the other alerts remain; a higher objective has them all", side="key"
        )
    reach = int(max(pace.long for pace in kept) / share)
    guard = Guard(Fraction(str(table.min_judged)), table.min_events)
    return replace(sla, alarm=Alarm(f"{PREFIX}{sla.id}", kept, period, reach, guard))


def _can_burn(pace: Pace, period: int, objective: Decimal) -> bool:
    try:
        limit(pace, period, objective)
    except ValueError:
        return False
    return True


def _days(period: Period) -> int:
    return period.length if period.kind is Kind.ROLLING else _DAYS[period.kind]


def _share_open(calendar: Calendar | None) -> Fraction:
    if calendar is None:
        return Fraction(1)
    return Fraction(calendar.open(_WEEKS_FROM, _WEEKS_TO).seconds, _WEEKS_TO - _WEEKS_FROM)


def alarm_rules(slas: Iterable[Sla], defaults: DefaultsTable, flapping: Flapping | None) -> tuple[Rule, ...]:
    """The rules of all alarms."""
    return tuple(_rule(sla, sla.alarm, defaults, flapping) for sla in slas if sla.alarm is not None)


def _rule(sla: Sla, alarm: Alarm, defaults: DefaultsTable, flapping: Flapping | None) -> Rule:
    return Rule(
        id=alarm.rule,
        summary=f"Error budget of {sla.summary}",
        services=sla.services,
        source=sla.source,
        hierarchy=sla.hierarchy,
        levels=sla.levels,
        path=sla.path,
        scope=sla.scope,
        every=sla.every,
        criteria=Criteria(
            warning=_threshold(sla, alarm, Severity.WARNING, defaults),
            critical=_threshold(sla, alarm, Severity.CRITICAL, defaults),
        ),
        reopen_within=defaults.reopen_within,
        flapping=flapping,
        retire_after=sla.retire_after,
        timezone=sla.timezone,
        runbook=sla.runbook,
        owner=sla.owner,
        figures=sla.metrics,
        line=sla.line,
    )


def _threshold(sla: Sla, alarm: Alarm, severity: Severity, defaults: DefaultsTable) -> Threshold | None:
    """The windows are long enough: no further time is waited before it is told."""
    paces = [pace for pace in alarm.paces if pace.severity is severity]
    if not paces:
        return None
    return Threshold(breach=_condition(sla, alarm, paces), hold=0.0, recover_for=defaults.recover_for)


def _condition(sla: Sla, alarm: Alarm, paces: list[Pace]) -> Condition:
    names = (column, events_column) if sla.counts is not None else (column,)
    windows = {length for pace in paces for length in (pace.long, pace.short)}
    units = {name(sla.id, window): Unit.ANY for name in names for window in windows}
    least_events = alarm.guard.events if sla.counts is not None else 0
    found = parse(condition(sla.id, paces, alarm.period, least_events), units)
    return replace(found, called=f"burn rate over {duration(paces[0].long)}")

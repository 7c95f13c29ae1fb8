"""Limits that the recorded figures suggest, and how many notices each of them would have made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from sentinel.backtest.past import Past
from sentinel.backtest.run import Cast, cast, run
from sentinel.domain.asking import Asked
from sentinel.domain.expression_tree import Compare, Number, constant
from sentinel.domain.expressions import Condition
from sentinel.domain.matchers import Matchers
from sentinel.domain.memory import Replay
from sentinel.domain.metrics import Unit, format_value
from sentinel.domain.reading import Floats, Query, Reading
from sentinel.domain.rules import Address, Criteria, Route, Rule, Rulebook, Service, Severity, Threshold

QUANTILES = (0.95, 0.99, 0.995, 0.999, 0.9999)
"""Shares of the figures that a limit leaves on its good side: from one in twenty to one in ten thousand beyond."""

WARNING_AT, CRITICAL_AT = 0.99, 0.999
"""Of those the two that are suggested: one figure in a hundred, and one in a thousand, was worse in the past."""

MARGIN = 0.1
"""A limit stands so much beyond its quantile: what was usual until now should stay quiet."""

MOST_FIGURES = 4_000_000
"""Figures that are looked at; of more, the readings are thinned out evenly."""

_NOBODY = Address("suggest", "console", "")


class Unsuited(Enum):
    """Why no limit can be suggested for a rule."""

    NO_FIGURES = "no figures of it were recorded in that time"
    NO_NUMBER = "its condition compares with no fixed number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A limit tried out. `limit` in base units, `text` as rules write it, `beyond` the share of figures worse than it.

    `notices` are those of opening, closing and change for one receiver. `role`: `warning` or `critical` where it is suggested
    as such, `in force` where the rule has it.
    """

    limit: float
    text: str
    beyond: float
    incidents: int
    notices: int
    flapping: int
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the past says about the first comparison of a rule.

    `low_is_bad`: the comparison is `<`. `figures` were looked at, `middle` is the median, `worst` the worst (base units).
    `more`: the condition asks for more than the comparison, which candidates leave out.
    """

    rule: str
    subject: str
    low_is_bad: bool
    unit: Unit
    as_percent: bool
    readings: int
    figures: int
    middle: float
    worst: float
    more: bool
    candidates: tuple[Candidate, ...]

    def shown(self, value: float) -> str:
        """A figure as people read it."""
        return format_value(value, self.unit, as_percent=self.as_percent)


def suggest(
    rulebook: Rulebook, services: Iterable[Service], past: Past, rule: Rule, since: float, until: float
) -> Suggestion | Unsuited:
    """Limits for a rule's warning, or for its critical condition where it has no other; or why there are none."""
    threshold = rule.criteria.warning or rule.criteria.critical
    if threshold is None or _fixed(threshold.breach) is None:
        return Unsuited.NO_NUMBER
    alone = Rulebook(rules=(rule,), routes=(), sources=rulebook.sources)
    chosen = cast(alone, services, past.recorded_queries())
    wanted = [one.query for one in chosen.asked]
    judged = _judged(Replay(alone, chosen.asked), past, wanted, since, until)
    figures, readings = _figures(judged, rule.criteria, threshold.breach, past.count(wanted, since, until))
    if not figures.size:
        return Unsuited.NO_FIGURES
    condition = threshold.breach
    low = condition.limit.startswith("<")
    present = [one.breach for one in (rule.criteria.warning, rule.criteria.critical) if one is not None]
    roles = _roles(figures, condition, present, low_is_bad=low)
    tried = _tried(rulebook, rule, threshold, chosen, past, since, until, sorted(roles, reverse=low))
    return Suggestion(
        rule=rule.id,
        subject=condition.subject,
        low_is_bad=low,
        unit=condition.unit,
        as_percent=condition.as_percent,
        readings=readings,
        figures=int(figures.size),
        middle=float(np.median(figures)),
        worst=float(figures.min() if low else figures.max()),
        more=not isinstance(condition.tree, Compare),
        candidates=tuple(
            replace(one, beyond=_beyond(figures, one.limit, low_is_bad=low), role=roles[one.limit]) for one in tried
        ),
    )


def _fixed(condition: Condition) -> float | None:
    """The number that the first comparison compares with."""
    _, _, other = condition.leads
    return constant(other)


def _judged(replay: Replay, past: Past, wanted: Sequence[Query], since: float, until: float) -> Iterator[Reading]:
    """The readings, each with what the rule's conditions ask of the past."""
    begin = replay.looks_back(since)
    for reading in past.stream(wanted, begin, until):
        if begin == since:
            yield reading
        elif reading.at < since:
            replay.remember(reading)
        else:
            replay.feed(reading)
            yield replay.judged[reading.query.key]


def _figures(readings: Iterable[Reading], criteria: Criteria, condition: Condition, number: int) -> tuple[Floats, int]:
    """What the condition looks at in every judged row where only_if holds, and of how many readings."""
    found: list[Floats] = []
    size = count = 0
    keep = 1
    for position, reading in enumerate(readings):
        if reading.figures is None or position % keep:
            continue
        count += 1
        values = condition.value(reading.figures)
        if criteria.only_if is not None:
            values = np.where(criteria.only_if.judge(reading.figures).true, values, np.nan)
        values = values[reading.figures.rows.judged]
        found.append(values[np.isfinite(values)])
        size += found[-1].size
        if position == 0 and values.size:
            keep = max(1, math.ceil(number * values.size / MOST_FIGURES))
    return (np.concatenate(found) if found else np.zeros(0)), count


def _roles(
    figures: Floats, condition: Condition, present: Sequence[Condition], *, low_is_bad: bool
) -> dict[float, str]:
    """The limits to try, each with what it is."""
    roles: dict[float, str] = {}
    for share in QUANTILES:
        value = float(np.quantile(figures, 1 - share if low_is_bad else share))
        limit = _round(value * (1 - MARGIN if low_is_bad else 1 + MARGIN), condition, up=not low_is_bad)
        if limit is None:
            continue
        role = {WARNING_AT: "warning", CRITICAL_AT: "critical"}.get(share, "")
        roles[limit] = roles.get(limit) or role
    for one in present:
        fixed = _fixed(one)
        if fixed is not None and one.subject == condition.subject:
            roles[fixed] = "in force" if not roles.get(fixed) else f"{roles[fixed]}, in force"
    return roles


def _round(value: float, condition: Condition, *, up: bool) -> float | None:
    """Two digits, away from what is usual; None where there is no number worth writing."""
    if not math.isfinite(value) or value <= 0:
        return None
    size = 10 ** (math.floor(math.log10(value)) - 1)
    limit = (math.ceil(value / size - 1e-9) if up else math.floor(value / size + 1e-9)) * size
    if condition.unit is Unit.COUNT:
        limit = max(1.0, math.ceil(limit) if up else math.floor(limit))
    if condition.unit is Unit.RATIO and up:
        limit = min(limit, 1.0)
    return float(f"{limit:.10g}")


def _beyond(figures: Floats, limit: float, *, low_is_bad: bool) -> float:
    return float(np.mean(figures < limit if low_is_bad else figures > limit))


def _tried(
    rulebook: Rulebook,
    rule: Rule,
    threshold: Threshold,
    chosen: Cast,
    past: Past,
    since: float,
    until: float,
    limits: Sequence[float],
) -> Iterator[Candidate]:
    """Each limit as a rule of its own, all in one replay."""
    rules = {str(number): _with(rule, str(number), threshold, limit) for number, limit in enumerate(limits)}
    book = Rulebook(
        rules=tuple(rules.values()), routes=(Route(matchers=Matchers(), to=(_NOBODY,)),), sources=rulebook.sources
    )
    asked = tuple(Asked(one.query, tuple(rules.values()), one.every) for one in chosen.asked)
    stream = past.stream([one.query for one in asked], Replay(book, asked).looks_back(since), until)
    outcome = run(book, Cast(asked, ()), stream, since, judged_since=since)
    for name, limit in zip(rules, limits, strict=True):
        mine = {one.id for one in outcome.incidents if one.rule == name}
        yield Candidate(
            limit=limit,
            text=_text(rules[name].criteria),
            beyond=0.0,
            incidents=len(mine),
            notices=sum(one.rule == name for one in outcome.told),
            flapping=len(mine & outcome.flapping),
        )


def _with(rule: Rule, name: str, threshold: Threshold, limit: float) -> Rule:
    """The rule with one severity, which compares with that limit, and without overrides."""
    figure, sign, other = threshold.breach.leads
    unit = other.unit if other.unit is not Unit.ANY else figure.unit
    tree = Compare(sign, figure, Number(limit, unit, _number(limit, unit)))  # type: ignore[arg-type]  # one of the six
    breach = Condition(f"{threshold.breach.subject} {sign} {_number(limit, unit)}", tree)
    criteria = replace(rule.criteria, warning=replace(threshold, breach=breach, clear=None), critical=None)
    return replace(rule, id=name, criteria=criteria, overrides=())


def _text(criteria: Criteria) -> str:
    threshold = criteria.threshold(Severity.WARNING)
    assert threshold is not None, "made with one above"
    return threshold.breach.text


def _number(value: float, unit: Unit) -> str:
    """A number as conditions write it."""
    if unit is Unit.RATIO:
        return f"{value * 100:.10g}%"
    if unit is Unit.TIME:
        return f"{value / 1000:.10g}s" if value >= 1000 and value % 100 == 0 else f"{value:.10g}ms"  # noqa: PLR2004  # a second
    if unit is Unit.BYTES:
        for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value >= size:
                return f"{value / size:.10g}{name}"
    return f"{value:.10g}"

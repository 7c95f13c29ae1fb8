"""From recorded readings to a case: the rules are replayed up to the instant, and stopped there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from sentinel.domain.alerts import STATES, Alerts, Phase, State, Verdict
from sentinel.domain.asking import Asked as Asking
from sentinel.domain.expressions import Condition
from sentinel.domain.filled import filled
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.incidents import Facts, Incident
from sentinel.domain.memory import Replay
from sentinel.domain.metrics import CATALOGUE, Unit, format_value
from sentinel.domain.mutes import Muting, Silence, muted_now
from sentinel.domain.reading import Figures, Reading
from sentinel.domain.records import Book
from sentinel.domain.routing import matching_routes
from sentinel.domain.rules import SOURCE_RULE, Criteria, NoData, Rule, Rulebook, Severity
from sentinel.domain.verdicts import Judged, judge, variant_of
from sentinel.why.case import Asked, Case, Figure, Turn, Way

PHASES = ("inactive", "pending", "active", "recovering")
"""A phase's code is its place in here."""

VERDICTS = ("clear", "between", "breach", "unknown")
"""As above, of a verdict."""

WORST_FIRST = (State.CRITICAL, State.WARNING, State.UNKNOWN, State.PENDING)
"""In which order nodes that are not ok are named."""

WARM_UP = 2 * 86400.0
"""Seconds before the instant that are replayed at least: longer than any usual timer."""


def warm_up(rules: Iterable[Rule]) -> float:
    """Seconds before the instant from which these rules are replayed: twice the longest of their timers may matter."""
    longest = [WARM_UP / 2]
    for rule in rules:
        for criteria in (rule.criteria, *(one.criteria for one in rule.overrides)):
            both = [one for one in (criteria.warning, criteria.critical) if one is not None]
            longest += [criteria.no_data_after, *(max(one.hold, one.recover_for) for one in both)]
    return 2 * max(longest)


LineOf = Callable[[Rule, int, Severity], int]
"""In which line a severity of a rule stands, or of its n-th override."""


def cases(
    file: str,
    rulebook: Rulebook,
    asked: Sequence[Asking],
    readings: Iterable[Reading],
    node: Node,
    at: float,
    line_of: LineOf,
    *,
    judged_since: float = -math.inf,
    silences: tuple[Silence, ...] = (),
) -> Iterator[Case]:
    """A case for every rule that judges the node in one of these queries, as of its last reading until `at`.

    `asked` are queries of one source, `readings` theirs, oldest first, none after `at`. What is before `judged_since` is
    only remembered, for conditions that look back. `silences` are all on record.
    """
    replay = Replay(rulebook, asked, silences=silences)
    for reading in readings:
        if reading.at < judged_since:
            replay.remember(reading)
        else:
            replay.feed(reading)
    for one in asked:
        reading_now = replay.judged.get(one.query.key)
        if reading_now is None:
            continue
        for rule in one.rules:
            if _knows(replay, one, reading_now, node):
                yield _case(file, rulebook, rule, replay, reading_now, node, at, line_of)


def _knows(replay: Replay, asked: Asking, reading: Reading, node: Node) -> bool:
    """Whether the query is about the node or what is below it: now, in the last good answer, or among the alerts."""
    state = replay.memory.queries[asked.query.key]
    lists = (None if reading.figures is None else reading.figures.rows, state.known)
    if any(rows is not None and (node in rows.position or _is_above(rows, node)) for rows in lists):
        return True
    books = (replay.memory.books.get((rule.id, asked.query.service, asked.query.source)) for rule in asked.rules)
    return any(node in alerts.nodes for book in books if book is not None for alerts in book.alerts.values())


def _is_above(rows: NodeList, node: Node) -> bool:
    return bool(node) and any(len(one) > len(node) and one[: len(node)] == node for one in rows.nodes)


def _is_judged(figures: Figures | None, known: NodeList | None, node: Node) -> bool:
    """Whether the rule judges the node itself: not what only sums up, and not what only stands above."""
    rows = figures.rows if figures is not None and node in figures.rows.position else known
    if rows is None:
        return True
    row = rows.position.get(node)
    return not _is_above(rows, node) if row is None else bool(rows.judged_index[row] >= 0)


def _below(alerts: Alerts | None, node: Node) -> Iterator[tuple[Node, State]]:
    """The nodes under it that are not ok, worst first."""
    if alerts is not None:
        shown = ((one, STATES[int(alerts.shown[i])]) for i, one in enumerate(alerts.nodes))
        under = [(one, state) for one, state in shown if one[: len(node)] == node and state is not State.OK]
        yield from sorted(under, key=lambda pair: (WORST_FIRST.index(pair[1]), pair[0]))


def _case(
    file: str, rulebook: Rulebook, rule: Rule, replay: Replay, reading: Reading, node: Node, at: float, line_of: LineOf
) -> Case:
    query = reading.query
    state = replay.memory.queries[query.key]
    book = replay.memory.books.get((rule.id, query.service, query.source)) or Book(
        (rule.id, query.service, query.source)
    )
    source = replay.memory.books.get((SOURCE_RULE, None, query.source))
    alerts, entry = _entry(book, query.key, node)
    number = variant_of(rule, query.service, node)
    criteria = rule.overrides[number - 1].criteria if number else rule.criteria
    figures = reading.figures
    row = -1 if figures is None else figures.rows.position.get(node, -1)
    lines = {severity: line_of(rule, number, severity) for severity in Severity}
    judged = alerts is not None or _is_judged(figures, state.known, node)
    believed = figures if state.failure is None else None
    verdicts = None if believed is None else judge(rule, query.service, believed)
    turns = tuple(_turns(criteria, believed, row, verdicts, alerts, entry, reading, lines)) if judged else ()
    incident = (_incident(book, alerts, entry) or _in_lull(book, node)) if judged else _standing(book, node)
    return Case(
        file=file,
        rule=rule.id,
        summary=rule.summary,
        service=query.service,
        node=node,
        query=query,
        at=at,
        timezone=rule.timezone,
        every=rule.every,
        line=criteria.line or rule.line,
        override=number,
        reading_at=reading.at,
        sample_at=reading.sample_at,
        failure=state.failure,
        held=state.failure.text if state.failure is not None and reading.failure is None else "",
        reported=row >= 0,
        judged=judged,
        below=() if judged else tuple(_below(book.alerts.get(query.key), node)),
        figures=_figures(criteria, figures, row),
        only_if=_only_if(criteria.only_if, believed, row) if judged else None,
        turns=turns,
        state=State.OK if alerts is None else STATES[int(alerts.shown[entry])],
        unknown_for=0.0
        if alerts is None or not alerts.blind[entry]
        else max(0.0, reading.sample_at - float(alerts.missing_since[entry])),
        no_data_after=criteria.no_data_after,
        no_data=criteria.no_data.value if criteria.no_data is not NoData.UNKNOWN else "",
        place=None if alerts is None else alerts.place[entry],
        incident=incident,
        muted_by=_muted_by(rulebook, rule, replay, query.service, node, incident, turns, at),
        source_trouble=None if source is None else next(iter(source.open_incidents), None),
        ways=_ways(rulebook, rule, query.service, node, incident, turns) if judged or incident is not None else (),
    )


def _muted_by(
    rulebook: Rulebook,
    rule: Rule,
    replay: Replay,
    service: str,
    node: Node,
    incident: Incident | None,
    turns: Sequence[Turn],
    at: float,
) -> str:
    """What mutes the node then, at the severity that is active or would be."""
    bad = [turn.severity for turn in turns if turn.phase in ("active", "recovering") or turn.verdict == "breach"]
    severity = max(bad, default=incident.severity if incident is not None else Severity.WARNING)
    mutes = muted_now(rulebook, replay.silences, at)
    muting = Muting.of(mutes, rule=rule.id, service=service, source=rule.source, owner=rule.owner)
    return muting.of_nodes([node], severity) if muting is not None else ""


def _entry(book: Book, query: str, node: Node) -> tuple[Alerts | None, int]:
    """The alerts that have an entry for the node, and its place there; None while it is quietly ok."""
    alerts = book.alerts.get(query)
    if alerts is None or node not in alerts.nodes:
        return None, -1
    return alerts, alerts.nodes.index(node)


def _incident(book: Book, alerts: Alerts | None, entry: int) -> Incident | None:
    name = None if alerts is None else alerts.incident[entry]
    return None if name is None else book.incidents.get(name)


def _in_lull(book: Book, node: Node) -> Incident | None:
    """The incident that flaps at or above the node and is well at present: no alert belongs to it then."""
    found = (one for one in book.open_incidents if one.in_lull and node[: len(one.node)] == one.node)
    return max(found, key=lambda one: len(one.node), default=None)


def _standing(book: Book, node: Node) -> Incident | None:
    return next((one for one in book.open_incidents if one.node == node), None)


def _turns(
    criteria: Criteria,
    figures: Figures | None,
    row: int,
    verdicts: Judged | None,
    alerts: Alerts | None,
    entry: int,
    reading: Reading,
    lines: Mapping[Severity, int],
) -> Iterator[Turn]:
    place = -1 if figures is None or row < 0 else int(figures.rows.judged_index[row])
    for severity in (Severity.WARNING, Severity.CRITICAL):
        threshold = criteria.threshold(severity)
        if threshold is None:
            continue
        verdict = Verdict.UNKNOWN if verdicts is None or place < 0 else int(verdicts.codes(severity)[place])
        phase, since = Phase.INACTIVE, 0.0
        if alerts is not None:
            phases, times = (
                (alerts.warning, alerts.warning_since)
                if severity is Severity.WARNING
                else (alerts.critical, alerts.critical_since)
            )
            phase, since = int(phases[entry]), float(times[entry])
        runs = phase in (Phase.PENDING, Phase.RECOVERING)
        yield Turn(
            severity=severity,
            line=lines[severity],
            breach=_asked(threshold.breach, figures, row),
            clear=None if threshold.clear is None else _asked(threshold.clear, figures, row),
            verdict=VERDICTS[verdict],
            phase=PHASES[phase],
            since=since if runs else None,
            counted=max(0.0, reading.sample_at - since) if runs else 0.0,
            hold=threshold.hold,
            recover_for=threshold.recover_for,
        )


def _truth(condition: Condition, figures: Figures | None, row: int) -> bool | None:
    if figures is None or row < 0:
        return None
    told = condition.judge(figures)
    return bool(told.true[row]) if bool(told.known[row]) else None


def _asked(condition: Condition, figures: Figures | None, row: int) -> Asked:
    truth = _truth(condition, figures, row)
    word = "unknown" if truth is None else "true" if truth else "false"
    return Asked(condition.text, filled(condition, figures, row) if figures is not None and row >= 0 else "", word)


def _only_if(condition: Condition | None, figures: Figures | None, row: int) -> Asked | None:
    return None if condition is None else _asked(condition, figures, row)


def _figures(criteria: Criteria, figures: Figures | None, row: int) -> tuple[Figure, ...]:
    conditions = [criteria.only_if]
    for threshold in (criteria.warning, criteria.critical):
        conditions += [threshold.breach, threshold.clear] if threshold is not None else []
    metrics = sorted({metric for condition in conditions if condition is not None for metric in condition.metrics})
    return tuple(_figure(metric, figures, row) for metric in metrics)


def _figure(metric: str, figures: Figures | None, row: int) -> Figure:
    value = np.nan if figures is None or row < 0 else float(figures.column(metric)[row])
    unit = CATALOGUE[metric].unit if metric in CATALOGUE else Unit.ANY
    known = bool(np.isfinite(value))
    return Figure(metric, value if known else None, format_value(value, unit) if known else "no figure")


def _ways(
    rulebook: Rulebook, rule: Rule, service: str, node: Node, incident: Incident | None, turns: Sequence[Turn]
) -> tuple[Way, ...]:
    """The routes that the incident takes, or that one about this node alone would take."""
    if incident is None:
        bad = [turn.severity for turn in turns if turn.verdict == "breach" or turn.phase != "inactive"]
        severity = max(bad, default=max((turn.severity for turn in turns), default=Severity.WARNING))
        incident = Incident(
            id="",
            rule=rule.id,
            service=service,
            source=rule.source,
            hierarchy=rule.hierarchy,
            node=node,
            severity=severity,
            worst_severity=severity,
            opened_at=0.0,
            changed_at=0.0,
            facts=Facts(owner=rule.owner),
        )
    return tuple(
        Way(route.line, route.to, route.escalate_after, route.escalate_to)
        for route in matching_routes(rulebook.routes, incident)
    )

"""The affected nodes of one rule and service over all its queries, and what messages say about some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from sentinel.domain.alerts import UNKNOWN, Alerts, Codes
from sentinel.domain.hierarchy import Bools, Ints, Node
from sentinel.domain.incidents import Facts, Member
from sentinel.domain.metrics import format_value
from sentinel.domain.mutes import Muting
from sentinel.domain.reading import Figures, Floats
from sentinel.domain.rollup import outermost
from sentinel.domain.rules import Criteria, Rule, Severity, Threshold
from sentinel.domain.verdicts import variant_of

NAMED = 10
"""How many members a message names."""


@dataclass(frozen=True)
class Affected:
    """Active alerts as columns of equal length; `place[i]` is the incident's place after roll-up over all levels.

    `breaching`: not already recovering. `origin[i]`: query key and position in that query's Alerts. `stirred`:
    something happened to it that a message shows. `muted_by`: the number of the mute that mutes it, or -1.
    """

    nodes: tuple[Node, ...]
    severity: Codes
    value: Floats
    unknown: Bools
    breaching: Bools
    place: tuple[Node, ...]
    incident: tuple[str | None, ...]
    origin: tuple[tuple[str, int], ...]
    stirred: Bools
    muted_by: Ints

    def groups(self, which: Iterable[int]) -> dict[Node, Ints]:
        """These positions by place."""
        found: dict[Node, list[int]] = {}
        for i in which:
            found.setdefault(self.place[i], []).append(int(i))
        return {place: np.array(members, np.int64) for place, members in found.items()}


def affected(alerts: Mapping[str, Alerts], stirred: Mapping[str, Bools], muting: Muting | None = None) -> Affected:
    """Gather the active alerts of a book. An active alert must have its place. `stirred` per query key, if any are."""
    nodes: list[Node] = []
    places: list[Node] = []
    incidents: list[str | None] = []
    origin: list[tuple[str, int]] = []
    columns: list[tuple[Codes, Floats, Bools, Bools]] = []
    news: list[Bools] = []
    mutes: list[Ints] = []
    for key, one in alerts.items():
        which = np.flatnonzero(one.active)
        for i in which:
            nodes.append(one.nodes[i])
            place = one.place[i]
            places.append(one.nodes[i] if place is None else place)
            incidents.append(one.incident[i])
            origin.append((key, int(i)))
        news.append(stirred[key][which] if key in stirred else np.zeros(which.size, bool))
        mutes.append(np.full(which.size, -1) if muting is None else muting.by_entry(one, which))
        columns.append((one.severity[which], one.value[which], one.shown[which] == UNKNOWN, one.breaching[which]))
    muted_by = _joined(mutes, np.int64)
    top = {muted: outermost([places[i] for i in np.flatnonzero((muted_by >= 0) == muted)]) for muted in (False, True)}
    return Affected(
        tuple(nodes),
        _joined([c[0] for c in columns], np.uint8),
        _joined([c[1] for c in columns], np.float64),
        _joined([c[2] for c in columns], np.bool_),
        _joined([c[3] for c in columns], np.bool_),
        tuple(top[number >= 0][place] for place, number in zip(places, muted_by.tolist(), strict=True)),
        tuple(incidents),
        tuple(origin),
        _joined(news, np.bool_),
        muted_by,
    )


def _joined(parts: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def describe(
    rule: Rule, service: str, found: Affected, order: Ints, before: Facts, *, judged: int, version: str
) -> Facts:
    """What a message says of these members, given worst first. `before` is kept where nothing new is known."""
    first = int(order[0])
    severity = Severity(int(found.severity[first]))
    threshold = _threshold(rule, service, found.nodes[first], severity)
    breaching = bool(found.breaching[order].any())
    return Facts(
        summary=rule.summary,
        subject=threshold.breach.subject if threshold else before.subject,
        value=value_text(rule, service, found.nodes[first], severity, float(found.value[first])),
        limit=threshold.breach.limit if threshold else before.limit,
        hold=threshold.hold if threshold else before.hold,
        affected=int(order.size),
        judged=max(judged or before.judged, int(order.size)),
        worst=tuple(_member(rule, service, found, int(i)) for i in order[:NAMED]),
        runbook=rule.runbook,
        owner=rule.owner,
        timezone=rule.timezone,
        unknown=bool(found.unknown[order].all()),
        recovering=0.0 if breaching or threshold is None else threshold.recover_for,
        rule_version=version if breaching or not before.rule_version else before.rule_version,
    )


def worst_first(found: Affected, members: Ints, rule: Rule) -> Ints:
    """The members whose names a message says (`NAMED`), by severity, figure and name; then the others, in any order.

    The name decides between equals: a message stays the same whatever order the source gives its rows in.
    """
    if members.size == 1:
        return members
    values = found.value[members]
    badness = -values if _low_is_bad(rule.criteria) else values
    badness = np.where(np.isnan(badness), -np.inf, badness)
    severity = found.severity[members].astype(np.int64)
    last = np.lexsort((-badness, -severity))[:NAMED][-1]
    as_bad = (severity > severity[last]) | ((severity == severity[last]) & (badness >= badness[last]))
    keys = ((-int(severity[i]), -float(badness[i]), found.nodes[members[i]], int(i)) for i in np.flatnonzero(as_bad))
    named = np.array([key[-1] for key in nsmallest(NAMED, keys)], np.int64)
    others = np.ones(members.size, bool)
    others[named] = False
    return np.concatenate([members[named], members[others]])


def _low_is_bad(criteria: Criteria) -> bool:
    threshold = criteria.critical or criteria.warning
    return threshold is not None and threshold.breach.limit.startswith("<")


def _member(rule: Rule, service: str, found: Affected, i: int) -> Member:
    node, severity = found.nodes[i], Severity(int(found.severity[i]))
    return Member(
        node, severity, value_text(rule, service, node, severity, float(found.value[i])), bool(found.unknown[i])
    )


def _threshold(rule: Rule, service: str, node: Node, severity: Severity) -> Threshold | None:
    number = variant_of(rule, service, node)
    criteria = rule.overrides[number - 1].criteria if number else rule.criteria
    return criteria.threshold(severity) or criteria.critical or criteria.warning


def value_text(rule: Rule, service: str, node: Node, severity: Severity, value: float) -> str:
    """An observed figure with its unit; empty where there is none."""
    threshold = _threshold(rule, service, node, severity)
    if threshold is None or np.isnan(value):
        return ""
    return format_value(value, threshold.breach.unit, as_percent=threshold.breach.as_percent)


def limit_text(rule: Rule, service: str, node: Node, severity: Severity) -> str:
    """The limit that binds the node, as people read it."""
    threshold = _threshold(rule, service, node, severity)
    return threshold.breach.limit if threshold else ""


def limit_now(rule: Rule, service: str, node: Node, severity: Severity, figures: Figures, row: int) -> str:
    """What a limit that moves is at present in the node's row of the answer; empty where it is fixed, or has no figure."""
    threshold = _threshold(rule, service, node, severity)
    return threshold.breach.limit_now(figures, row) if threshold else ""

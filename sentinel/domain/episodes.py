"""From affected nodes to incidents: open, widen, narrow, merge, reopen, end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan

import numpy as np

from sentinel.domain import sentences
from sentinel.domain.affected import Affected, describe, worst_first
from sentinel.domain.announce import announce, event
from sentinel.domain.hierarchy import Ints, Node, common_ancestor, is_under
from sentinel.domain.incidents import CloseReason, Event, Incident, incident_id
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import Route, Rule, Severity


@dataclass
class Changes:
    """What one tick adds to the incidents of one book; filled step by step."""

    incidents: dict[str, Incident]
    events: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    assigned: dict[int, str] = field(default_factory=dict)
    """Position in Affected -> incident."""

    def tell(self, incident: Incident, kind: NoticeKind, line: str, at: float, routes: Iterable[Route]) -> Incident:
        """Take the incident one step on: timeline, notices, the new state."""
        incident = incident.evolve(step=incident.step + 1, changed_at=at)
        self.events.append(event(incident, kind, line, at))
        incident, notices = announce(incident, kind, line, at, routes)
        self.notices.extend(notices)
        self.incidents[incident.id] = incident
        return incident


@dataclass(frozen=True)
class Scene:
    """The circumstances of a tick that all incidents of a book share.

    `judged` counts the judged leaves below a node of the level just read; `retired` are the incidents that lost a
    member only because the source stopped reporting it, `lost` the members that each incident loses now. `failed`:
    the reading has no figures, which the source's own incident tells. `version`: the rule's fingerprint.
    """

    rule: Rule
    service: str
    at: float
    routes: tuple[Route, ...]
    judged: Mapping[Node, int]
    retired: frozenset[str]
    lost: Mapping[str, frozenset[Node]]
    failed: bool
    version: str


def settle(scene: Scene, found: Affected, incidents: Mapping[str, Incident]) -> Changes:
    """Bring the incidents of one rule and service in line with what is affected now."""
    changes = Changes({key: incident for key, incident in incidents.items() if incident.is_open})
    ended = {key: incident for key, incident in incidents.items() if not incident.is_open}
    seen: set[str] = set()
    for places, members, ids in _components(found, changes.incidents):
        if len(ids) == 1 and _nothing_new(scene, changes, found, members, ids, places):
            seen.update(ids)
            continue
        node = places[0] if len(places) == 1 else common_ancestor(places)
        kept = sorted((changes.incidents[i] for i in ids), key=lambda one: (one.opened_at, one.id))
        if kept:
            incident = _carry_on(scene, changes, kept, found, members, node)
        else:
            incident = _begin(scene, changes, ended, found, members, node)
        seen.update(ids | {incident.id})
        changes.assigned.update((int(i), incident.id) for i in members)
    for key in [key for key, one in changes.incidents.items() if one.is_open and key not in seen]:
        _end(scene, changes, changes.incidents[key])
    return changes


def _nothing_new(
    scene: Scene, changes: Changes, found: Affected, members: Ints, ids: set[str], places: list[Node]
) -> bool:
    """Whether an incident may stay exactly as it is: same place, same members, none of them stirred."""
    (only,) = ids
    incident = changes.incidents[only]
    return (
        len(places) == 1
        and places[0] == incident.node
        and members.size == incident.members
        and only not in scene.lost
        and not found.stirred[members].any()
    )


def _components(found: Affected, open_incidents: Mapping[str, Incident]) -> Iterable[tuple[list[Node], Ints, set[str]]]:
    """Places, members and open incidents that belong together: by a shared member or by standing at the same node."""
    groups = found.groups()
    at_node: dict[Node, list[str]] = {}
    for key, incident in open_incidents.items():
        at_node.setdefault(incident.node, []).append(key)
    owner: dict[str, int] = {}
    parts: dict[int, tuple[list[Node], list[Ints], set[str]]] = {}
    for number, (place, members) in enumerate(groups.items()):
        ids = {found.incident[i] for i in members} | set(at_node.get(place, ()))
        known = {i for i in ids if i is not None and i in open_incidents}
        merged: tuple[list[Node], list[Ints], set[str]] = ([place], [members], known)
        for other in {owner[i] for i in known if i in owner}:
            places, arrays, more = parts.pop(other)
            merged[0].extend(places)
            merged[1].extend(arrays)
            merged[2].update(more)
        parts[number] = merged
        owner.update(dict.fromkeys(merged[2], number))
    for places, arrays, ids_here in parts.values():
        yield sorted(places), np.sort(np.concatenate(arrays)), ids_here


def _refreshed(scene: Scene, incident: Incident, found: Affected, members: Ints, node: Node) -> Incident:
    """The incident with the present figures; no step yet. `changed_at` moves only when something shown changed."""
    judged = scene.judged.get(node, 0)
    order = worst_first(found, members, scene.rule)
    facts = describe(scene.rule, scene.service, found, order, incident.facts, judged=judged, version=scene.version)
    severity = Severity(int(found.severity[order[0]]))
    figure = float(found.value[order[0]])
    value = None if isnan(figure) else figure
    same = facts == incident.facts and node == incident.node and severity == incident.severity
    worse = value is not None and (incident.value is None or _is_worse(facts.limit, value, incident.value))
    return incident.evolve(
        node=node,
        severity=severity,
        worst_severity=max(severity, incident.worst_severity),
        members=int(members.size),
        peak_members=max(int(members.size), incident.peak_members),
        facts=facts,
        value=value if worse else incident.value,
        worst_value=facts.value if worse else incident.worst_value,
        changed_at=incident.changed_at if same else scene.at,
    )


def _is_worse(limit: str, value: float, worst: float) -> bool:
    return value < worst if limit.startswith("<") else value > worst


def _begin(
    scene: Scene, changes: Changes, ended: Mapping[str, Incident], found: Affected, members: Ints, node: Node
) -> Incident:
    """Open an incident, or reopen the one that ended a moment ago."""
    nodes = {found.nodes[i] for i in members}
    again = _reopenable(scene, ended, nodes, node, changes)
    if again is not None:
        incident = _refreshed(scene, again, found, members, node)
        incident = incident.evolve(
            resolved_at=None, close_reason=None, reopened=again.reopened + 1, last_members=frozenset()
        )
        return changes.tell(incident, NoticeKind.REOPENED, sentences.reopened(incident), scene.at, scene.routes)
    severity = Severity(int(found.severity[members].max()))
    fresh = Incident(
        id=incident_id(scene.rule.id, scene.service, scene.rule.source, node, scene.at),
        rule=scene.rule.id,
        service=scene.service,
        source=scene.rule.source,
        hierarchy=scene.rule.hierarchy,
        node=node,
        severity=severity,
        worst_severity=severity,
        opened_at=scene.at,
        changed_at=scene.at,
    )
    incident = _refreshed(scene, fresh, found, members, node)
    return changes.tell(incident, NoticeKind.DEGRADED, sentences.opened(incident), scene.at, scene.routes)


def _reopenable(
    scene: Scene, ended: Mapping[str, Incident], nodes: set[Node], node: Node, changes: Changes
) -> Incident | None:
    """The latest recovered incident that was about these nodes and ended within `reopen_within`."""
    candidates = [
        one
        for one in ended.values()
        if one.close_reason is CloseReason.RECOVERED
        and one.resolved_at is not None
        and scene.at - one.resolved_at <= scene.rule.reopen_within
        and (one.node == node or not nodes.isdisjoint(one.last_members))
        and one.id not in changes.incidents
    ]
    return max(candidates, key=lambda one: (one.resolved_at or 0.0, one.id), default=None)


def _carry_on(
    scene: Scene, changes: Changes, kept: list[Incident], found: Affected, members: Ints, node: Node
) -> Incident:
    """An incident goes on; younger ones that came under the same node become part of it."""
    before, younger = kept[0], kept[1:]
    after = _refreshed(scene, before, found, members, node)
    for other in younger:
        audience = tuple(a for a in other.audience if a not in after.audience)
        after = after.evolve(audience=after.audience + audience)
    step = _step(before, after, merged=bool(younger))
    if step is None or (step is NoticeKind.UNKNOWN and scene.failed):
        changes.incidents[after.id] = after
    else:
        after = _tell_step(scene, changes, before, after, step)
    for other in younger:
        _close(scene, changes, other.evolve(merged_into=after.id), CloseReason.MERGED)
    return after


def _step(before: Incident, after: Incident, *, merged: bool) -> NoticeKind | None:
    """What to call the change, the most urgent first."""
    moved = after.node != before.node
    if after.severity > before.severity:
        return NoticeKind.ESCALATED
    if merged or (moved and not is_under(after.node, before.node)):
        return NoticeKind.WIDENED
    if after.severity < before.severity:
        return NoticeKind.DEESCALATED
    if moved:
        return NoticeKind.NARROWED
    if after.facts.unknown and not before.facts.unknown:
        return NoticeKind.UNKNOWN
    return None


def _tell_step(scene: Scene, changes: Changes, before: Incident, after: Incident, kind: NoticeKind) -> Incident:
    lines = []
    if after.severity != before.severity:
        lines.append(sentences.severity_change(before, after))
    if after.node != before.node:
        lines.append(sentences.scope(before, after))
    if kind is NoticeKind.UNKNOWN:
        lines.append(sentences.unknown(after))
    line = ". ".join(lines) or sentences.scope(before, after)
    return changes.tell(after, kind, line, scene.at, scene.routes)


def _end(scene: Scene, changes: Changes, incident: Incident) -> None:
    """The last member has left."""
    if incident.id in scene.retired:
        reason = CloseReason.NOT_REPORTED
    elif incident.facts.rule_version not in ("", scene.version):
        reason = CloseReason.RULE_CHANGED
    else:
        reason = CloseReason.RECOVERED
    _close(scene, changes, incident, reason)


def _close(scene: Scene, changes: Changes, incident: Incident, reason: CloseReason) -> None:
    ended = incident.evolve(
        resolved_at=max(scene.at, incident.opened_at),
        close_reason=reason,
        members=0,
        last_members=scene.lost.get(incident.id, frozenset()),
        facts=replace(incident.facts, affected=0, worst=(), unknown=False),
    )
    if reason is CloseReason.RECOVERED:
        changes.tell(ended, NoticeKind.RECOVERED, sentences.recovered(ended, scene.at), scene.at, scene.routes)
    else:
        changes.tell(ended, NoticeKind.CLOSED, sentences.closed(ended, reason), scene.at, scene.routes)

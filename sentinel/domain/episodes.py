"""From affected nodes to incidents: open, widen, narrow, merge, reopen, end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

import numpy as np

from sentinel.domain import sentences
from sentinel.domain.affected import Affected, describe, worst_first
from sentinel.domain.changes import Changes, Scene
from sentinel.domain.flapping import end, recover, take_step
from sentinel.domain.hierarchy import Ints, Node, common_ancestor, is_under
from sentinel.domain.hushing import audible, born_muted, hushed
from sentinel.domain.incidents import CloseReason, Facts, Incident, incident_id
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Severity


def settle(scene: Scene, found: Affected, incidents: Mapping[str, Incident]) -> Changes:
    """Bring the incidents of one rule and service in line with what is affected now."""
    changes = Changes({key: one for key, one in incidents.items() if one.is_open and not one.in_lull})
    ended = {key: one for key, one in incidents.items() if not one.is_open or one.in_lull}
    seen: set[str] = set()
    settled: list[tuple[str, _Part]] = []
    for part in _returning(scene, _parts(found, changes.incidents), found, ended):
        seen |= part.ids
        if _nothing_new(scene, changes, found, part):
            continue
        node = part.places[0] if len(part.places) == 1 else common_ancestor(part.places)
        by = _mute_of(scene, found, part)
        if part.ids:
            kept = sorted((changes.incidents[i] for i in part.ids), key=_seniority)
            incident = _carry_on(scene, changes, kept, found, part.members, node, by)
        elif part.again is not None:
            incident = _reopen(scene, changes, part.again, found, part.members, node, by)
        else:
            incident = _begin(scene, changes, found, part.members, node, by)
        seen.add(incident.id)
        settled.append((incident.id, part))
        changes.assigned.update((int(i), incident.id) for i in part.members)
    for key in sorted(key for key, one in changes.incidents.items() if one.is_open and key not in seen):
        _end(scene, changes, changes.incidents[key])
    lulls = [one for key, one in sorted(ended.items()) if one.in_lull and key not in seen]
    if lulls:
        _absorb(scene, changes, lulls, [(key, _about(part, found)) for key, part in settled])
    return changes


def _seniority(incident: Incident) -> tuple[bool, float, str]:
    """Which of several incidents goes on when they become one: one that people have for open, then the oldest."""
    return incident.is_untold, incident.opened_at, incident.id


def _mute_of(scene: Scene, found: Affected, part: _Part) -> str:
    return scene.muting.reason(found.muted_by[part.members]) if part.muted and scene.muting is not None else ""


@dataclass(frozen=True)
class _Part:
    """What becomes one incident: places (sorted), members, the open incidents they are of; else the one reopened.

    Its members are all `muted`, or none is.
    """

    places: list[Node]
    members: Ints
    ids: set[str]
    again: Incident | None = None
    muted: bool = False

    def joined(self, other: _Part) -> _Part:
        members = np.sort(np.concatenate([self.members, other.members]))
        return replace(self, places=sorted(self.places + other.places), members=members)


def _nothing_new(scene: Scene, changes: Changes, found: Affected, part: _Part) -> bool:
    """Whether an incident may stay exactly as it is: same place, same members, none stirred, the rule unchanged."""
    if len(part.ids) != 1:
        return False
    (only,) = part.ids
    incident = changes.incidents[only]
    return (
        part.places == [incident.node]
        and part.members.size == incident.members
        and only not in scene.lost
        and incident.facts.rule_version == scene.version
        and not found.stirred[part.members].any()
        and (not incident.is_muted if not part.muted else incident.hush.by == _mute_of(scene, found, part))
    )


def _returning(scene: Scene, parts: Iterable[_Part], found: Affected, ended: Mapping[str, Incident]) -> Iterable[_Part]:
    """The parts by place. New ones that were one incident a moment ago are one again, whatever their order.

    Where some are muted and some are not, it is what people can be told of that goes on.
    """
    kept: list[_Part] = []
    back: dict[str, _Part] = {}
    latest = _reopenable(scene, ended)
    for part in sorted(parts, key=lambda part: part.muted):
        about = () if part.ids or not latest else _about(part, found)
        again = max((latest[node] for node in about if node in latest), key=_ending, default=None)
        if again is None or (again.id in back and back[again.id].muted is not part.muted):
            kept.append(part)
        else:
            fresh = replace(part, again=again)
            back[again.id] = back[again.id].joined(fresh) if again.id in back else fresh
    return sorted([*kept, *back.values()], key=lambda part: (part.places, part.muted))


def _parts(found: Affected, open_incidents: Mapping[str, Incident]) -> Iterator[_Part]:
    """Places, members and open incidents that belong together: by a shared member or by standing at the same node.

    Muted members are apart from others: an incident that has both goes on with the others.
    """
    muted = found.muted_by >= 0
    if not muted.any():
        yield from _joined(found, range(muted.size), open_incidents, muted=False)
        return
    audible = {found.incident[i] for i in np.flatnonzero(~muted)}
    hidden = {found.incident[i] for i in np.flatnonzero(muted)} - audible
    rest = {key: one for key, one in open_incidents.items() if key not in hidden}
    taken: set[str] = set()
    for part in _joined(found, np.flatnonzero(~muted).tolist(), rest, muted=False):
        taken |= part.ids
        yield part
    yield from _muted_parts(
        found, np.flatnonzero(muted).tolist(), {k: one for k, one in open_incidents.items() if k not in taken | audible}
    )


def _muted_parts(found: Affected, which: Iterable[int], open_incidents: Mapping[str, Incident]) -> Iterator[_Part]:
    """Muted members: what people have for open keeps its own, so that it ends when they are well. It does not spread."""
    known: dict[str, list[int]] = {}
    others: list[int] = []
    for i in which:
        incident = open_incidents.get(found.incident[i] or "")
        if incident is None or incident.is_untold:
            others.append(i)
        else:
            known.setdefault(incident.id, []).append(i)
    for key, members in known.items():
        place = common_ancestor(found.place[i] for i in members)
        stays = not is_under(place, open_incidents[key].node)
        yield _Part([open_incidents[key].node if stays else place], np.array(members, np.int64), {key}, muted=True)
    whole = {place: members.size for place, members in found.groups(which).items()} if known else {}
    untold = {key: one for key, one in open_incidents.items() if one.is_untold}
    for part in _joined(found, others, untold, muted=True):
        thinned = known and part.members.size < sum(whole[place] for place in part.places)
        yield replace(part, places=[common_ancestor(found.nodes[i] for i in part.members)]) if thinned else part


def _joined(
    found: Affected, which: Iterable[int], open_incidents: Mapping[str, Incident], *, muted: bool
) -> Iterator[_Part]:
    """These positions as parts; incidents other than these do not count."""
    at_node: dict[Node, list[str]] = {}
    for key, incident in open_incidents.items():
        at_node.setdefault(incident.node, []).append(key)
    owner: dict[str, int] = {}
    parts: dict[int, tuple[list[Node], list[Ints], set[str]]] = {}
    for number, (place, members) in enumerate(found.groups(which).items()):
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
        yield _Part(sorted(places), np.sort(np.concatenate(arrays)), ids_here, muted=muted)


def _refreshed(scene: Scene, incident: Incident, found: Affected, members: Ints, node: Node) -> Incident:
    """The incident with the present figures; no step yet. `changed_at` moves only when something shown changed."""
    judged = scene.judged.get((bool(found.muted_by[members[0]] >= 0), node), 0)
    order = worst_first(found, members, scene.rule)
    facts = describe(scene.rule, scene.service, found, order, incident.facts, judged=judged, version=scene.version)
    if scene.remark is not None:
        facts = replace(facts, detail=scene.remark(node))
    if facts.recovering:
        facts = _unseen(scene, facts, incident.facts)
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


def _unseen(scene: Scene, facts: Facts, before: Facts) -> Facts:
    """With the span in which the figures came back within the limit, when nobody saw it."""
    if before.recovering or scene.unseen is None:
        return replace(facts, unseen_from=before.unseen_from, unseen_to=before.unseen_to, unseen_why=before.unseen_why)
    return replace(facts, unseen_from=scene.unseen.since, unseen_to=scene.at, unseen_why=scene.unseen.why)


def _is_worse(limit: str, value: float, worst: float) -> bool:
    return value < worst if limit.startswith("<") else value > worst


def _reopen(
    scene: Scene, changes: Changes, again: Incident, found: Affected, members: Ints, node: Node, by: str
) -> Incident:
    """Go on with the incident that ended a moment ago."""
    again = _hushed(scene, changes, again, by)
    incident = _refreshed(scene, again.again(scene.at), found, members, node)
    line = sentences.reopened(incident)
    return take_step(scene, changes, again, incident, NoticeKind.REOPENED, line, merged=False)


def _about(part: _Part, found: Affected) -> set[Node]:
    """Where something is bad of which the part tells."""
    return {*part.places, *(found.nodes[i] for i in part.members)}


def _absorb(
    scene: Scene, changes: Changes, lulls: Iterable[Incident], settled: Sequence[tuple[str, set[Node]]]
) -> None:
    """What flapped and is bad again as part of another incident is that one's matter from now on."""
    for one in lulls:
        into = next((key for key, nodes in settled if not nodes.isdisjoint((one.node, *one.last_members))), None)
        if into is not None:
            _close(scene, changes, one.evolve(merged_into=into), CloseReason.MERGED)


def _hushed(scene: Scene, changes: Changes, incident: Incident, by: str) -> Incident:
    """The incident as what mutes it now leaves it: see `hushing`. What muted it before its end is over."""
    if by:
        return hushed(incident if incident.is_open else audible(incident), by, scene.at)
    if not incident.is_open:
        return audible(incident)
    if incident.is_muted:
        changes.audible.setdefault(incident.id, False)
    return incident


def _begin(scene: Scene, changes: Changes, found: Affected, members: Ints, node: Node, by: str) -> Incident:
    """Open an incident."""
    severity = Severity(int(found.severity[members].max()))
    fresh = Incident(
        id=incident_id(scene.rule.id, scene.service, scene.rule.source, node, scene.at, muted=bool(by)),
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
    incident = _refreshed(scene, born_muted(fresh, by, scene.at), found, members, node)
    line = sentences.opened(incident)
    return take_step(scene, changes, fresh, incident, NoticeKind.DEGRADED, line, merged=False)


def _reopenable(scene: Scene, ended: Mapping[str, Incident]) -> Mapping[Node, Incident]:
    """Per node the latest incident that stood there or was about it, recovered, and ended within `reopen_within`.

    An end that lies ahead, since the clock was set back, is taken for as long ago. One that flaps has not ended yet,
    however long it has been good.
    """
    latest: dict[Node, Incident] = {}
    for one in sorted(ended.values(), key=_ending):
        if (
            one.close_reason is CloseReason.RECOVERED
            and one.resolved_at is not None
            and abs(scene.at - one.resolved_at) <= scene.rule.reopen_within
        ):
            latest.update(dict.fromkeys((one.node, *one.last_members), one))
    for one in sorted((one for one in ended.values() if one.in_lull), key=_ending):
        latest.update(dict.fromkeys((one.node, *one.last_members), one))
    return latest


def _ending(incident: Incident) -> tuple[float, float, str]:
    """What flaps and is good at present comes last."""
    return (incident.flaps.last if incident.in_lull else 0.0), incident.resolved_at or 0.0, incident.id


def _carry_on(
    scene: Scene, changes: Changes, kept: list[Incident], found: Affected, members: Ints, node: Node, by: str
) -> Incident:
    """An incident goes on; younger ones that came under the same node become part of it.

    Of those that were muted nobody knows: that they join is no news unless it changes where the incident stands.
    """
    before, younger = _hushed(scene, changes, kept[0], by), kept[1:]
    after = _refreshed(scene, before, found, members, node)
    merged = False
    for other in younger:
        if other.is_untold:
            continue
        merged = True
        audience = tuple(a for a in other.audience if a not in after.audience)
        after = after.evolve(audience=after.audience + audience)
    if merged and before.id in changes.audible:
        changes.audible[before.id] = True
    step = _step(before, after, merged=merged)
    if step is None or (step is NoticeKind.UNKNOWN and scene.failed):
        changes.incidents[after.id] = after
    else:
        after = _tell_step(scene, changes, before, after, step, merged=merged)
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


def _tell_step(
    scene: Scene, changes: Changes, before: Incident, after: Incident, kind: NoticeKind, *, merged: bool
) -> Incident:
    lines = []
    if after.severity != before.severity:
        lines.append(sentences.severity_change(before, after))
    if after.node != before.node:
        lines.append(sentences.scope(before, after))
    if kind is NoticeKind.UNKNOWN:
        lines.append(sentences.unknown(after))
    line = ". ".join(lines) or sentences.scope(before, after)
    return take_step(scene, changes, before, after, kind, line, merged=merged)


def _end(scene: Scene, changes: Changes, incident: Incident) -> None:
    """The last member has left. Whether that is said aloud goes by what mutes those that were left."""
    lost = scene.lost.get(incident.id, frozenset())
    by = scene.muting.of_nodes(lost, incident.severity) if scene.muting is not None and lost else ""
    if by:
        incident = hushed(incident, by, scene.at)
    elif lost and not incident.is_untold:
        incident = audible(incident)
    if incident.id in scene.retired:
        reason = CloseReason.NOT_REPORTED
    elif incident.facts.rule_version not in ("", scene.version):
        reason = CloseReason.RULE_CHANGED
    else:
        reason = CloseReason.RECOVERED
    _close(scene, changes, incident, reason)


def _close(scene: Scene, changes: Changes, incident: Incident, reason: CloseReason) -> None:
    facts = incident.facts if reason is not CloseReason.RECOVERED else _unseen(scene, incident.facts, incident.facts)
    ended = incident.evolve(
        resolved_at=max(scene.at, incident.opened_at),
        close_reason=reason,
        members=0,
        last_members=scene.lost.get(incident.id, frozenset()),
        facts=replace(facts, affected=0, worst=(), unknown=False),
    )
    if reason is CloseReason.RECOVERED:
        recover(scene, changes, incident, ended)
    else:
        end(changes, ended, NoticeKind.CLOSED, sentences.closed(ended, reason), scene.at, scene.routes)

"""Incidents that change too often: said once, then quiet until steady, then how it ended.

Everything is recorded as ever. What is withheld is telling: every change while it flaps, but for what is worse than
people were ever told of this incident (a higher severity, a wider place).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from sentinel.domain import sentences
from sentinel.domain.changes import Changes, Scene
from sentinel.domain.hierarchy import Node, common_ancestor, is_under
from sentinel.domain.hushing import hushed
from sentinel.domain.incidents import CloseReason, Flaps, Incident, Turn
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Route

REASON = "flapping"
"""Why a step was not told."""

_TURNS = frozenset(
    {
        NoticeKind.DEGRADED,
        NoticeKind.REOPENED,
        NoticeKind.RECOVERED,
        NoticeKind.ESCALATED,
        NoticeKind.DEESCALATED,
    }
)
"""What counts as a change. Where an incident stands does not: trouble that spreads is no flapping."""


def take_step(
    scene: Scene, changes: Changes, before: Incident, after: Incident, kind: NoticeKind, line: str, *, merged: bool
) -> Incident:
    """One step of an incident that lasts: told, or withheld while it flaps; the one that makes it flap says so.

    `merged`: it takes in other incidents, whose audience hears of it by this step.
    """
    after = after.evolve(flaps=_turned(scene, before, kind))
    if before.is_flapping:
        return _quietly(scene, changes, before, after, kind, line, merged=merged)
    if kind in _TURNS and _is_too_much(scene, after.flaps):
        return _begin(scene, changes, before, after, kind, line, merged=merged)
    return changes.tell(after, kind, line, scene.at, scene.routes)


def recover(scene: Scene, changes: Changes, before: Incident, ended: Incident) -> Incident:
    """Nothing is bad any more: the end, unless it flaps, for which that is only another change."""
    flaps = _turned(scene, before, NoticeKind.RECOVERED)
    if before.is_flapping or _is_too_much(scene, flaps):
        lull = ended.evolve(resolved_at=None, close_reason=None)
        return take_step(scene, changes, before, lull, NoticeKind.RECOVERED, sentences.CALMED, merged=False)
    line = sentences.recovered(ended, scene.at)
    return changes.tell(ended.evolve(flaps=flaps), NoticeKind.RECOVERED, line, scene.at, scene.routes)


def end(changes: Changes, ended: Incident, kind: NoticeKind, line: str, at: float, routes: Iterable[Route]) -> None:
    """Tell the end of an incident, whether it flapped or not. Who has it for closed is told that it flaps no more."""
    if ended.flaps.since is None or ended.flaps.announced:
        changes.tell(ended, kind, line, at, routes)
    else:
        changes.tell(ended, kind, sentences.flapping_over(line), at, routes, told_as=NoticeKind.FLAPPING)


@dataclass(frozen=True)
class Look:
    """What a good answer says of incidents that flap.

    `seconds` of time it vouches for; `seen` are the incidents with a member that it shows, `unseen` the nodes without
    a figure, `gone` those that are not reported any more. Unknown is neither a change nor quiet. Members of one incident may come from several queries, each of
    which sees the same time pass: it is in `seen` of one of them.
    """

    query: str
    seconds: float
    seen: Collection[str | None]
    unseen: Collection[Node]
    gone: Collection[Node] = ()

    def shows(self, incident: Incident) -> bool:
        """Whether it tells how the incident is."""
        if incident.in_lull:
            return incident.flaps.query == self.query and incident.last_members.isdisjoint(self.unseen)
        return incident.id in self.seen


def settle_down(scene: Scene, changes: Changes, before: Mapping[str, Incident], look: Look) -> None:
    """Count the quiet time of what flaps, and tell how it is once that was long enough."""
    for key, incident in sorted({**before, **changes.incidents}.items()):
        if not incident.is_flapping:
            continue
        flaps, policy = incident.flaps, scene.rule.flapping
        if incident.in_lull and flaps.query == look.query and not incident.last_members.isdisjoint(look.gone):
            _not_reported(scene, changes, incident, look)
            continue
        if key not in before or flaps != before[key].flaps or not look.shows(incident):
            continue
        if policy is None:
            _steady(scene, changes, incident)
            continue
        counted = incident.evolve(flaps=replace(flaps, calm=flaps.calm + look.seconds, wait=policy.quiet))
        if counted.flaps.calm >= policy.quiet:
            _steady(scene, changes, counted)
        elif counted != incident:
            changes.incidents[key] = counted


def hush_lulls(scene: Scene, changes: Changes, before: Mapping[str, Incident]) -> None:
    """What mutes incidents that flap and are good at present: that goes by the nodes that were bad last."""
    for key, incident in sorted({**before, **changes.incidents}.items()):
        if not incident.in_lull:
            continue
        muting = scene.muting
        by = muting.of_nodes(incident.last_members, incident.severity) if muting is not None else ""
        if by:
            after = hushed(incident, by, scene.at)
            if after != incident:
                changes.incidents[key] = after
        elif incident.is_muted:
            changes.incidents[key] = incident
            changes.audible.setdefault(key, False)


def make_up(scene: Scene, changes: Changes) -> None:
    """Tell, in one step each, what people do not know of incidents that nothing mutes any more."""
    for key, joined in sorted(changes.audible.items()):
        changes.make_up(changes.incidents[key], scene.at, scene.routes, joined=joined)


def _not_reported(scene: Scene, changes: Changes, incident: Incident, look: Look) -> None:
    """Good when it was last seen, and never seen again: no recovery, unless others that were bad with it tell of one."""
    left = incident.last_members.difference(look.gone)
    if left:
        changes.incidents[incident.id] = incident.evolve(last_members=left)
        return
    at, reason = scene.at, CloseReason.NOT_REPORTED
    ended = incident.evolve(resolved_at=max(at, incident.opened_at), close_reason=reason)
    end(changes, ended, NoticeKind.CLOSED, sentences.closed(ended, reason), at, scene.routes)


def _turned(scene: Scene, before: Incident, kind: NoticeKind) -> Flaps:
    """With this step among the changes, where it is one."""
    policy, flaps, at = scene.rule.flapping, before.flaps, scene.at
    if not before.is_open:
        flaps = replace(flaps, since=None)
    if kind not in _TURNS:
        return flaps
    turns: tuple[Turn, ...] = ()
    if policy is not None:
        # A change that lies ahead, since the clock was set back, is taken for as long ago.
        recent = [turn for turn in flaps.turns if abs(at - turn.at) <= policy.within]
        turns = (*recent, Turn(at=at, bad=kind is not NoticeKind.RECOVERED))[-policy.changes :]
    if flaps.since is None:
        return replace(flaps, turns=turns)
    bad = 0.0 if before.in_lull else max(0.0, at - flaps.last)
    return replace(
        flaps,
        turns=turns,
        last=at,
        number=flaps.number + 1,
        bad=flaps.bad + bad,
        query=scene.query,
        calm=0.0,
    )


def _is_too_much(scene: Scene, flaps: Flaps) -> bool:
    return scene.rule.flapping is not None and len(flaps.turns) >= scene.rule.flapping.changes


def _begin(
    scene: Scene, changes: Changes, before: Incident, after: Incident, kind: NoticeKind, line: str, *, merged: bool
) -> Incident:
    """The change that makes it flap, and the word that it does: loud where people have it for over."""
    assert scene.rule.flapping is not None, "only a rule that counts changes finds too many"
    turns = after.flaps.turns
    flaps = replace(
        after.flaps,
        since=scene.at,
        first=turns[0].at,
        last=scene.at,
        number=len(turns),
        bad=sum(max(0.0, later.at - turn.at) for turn, later in pairwise(turns) if turn.bad),
        announced=before.is_open,
        severity=before.severity,
        reach=before.node,
        query=scene.query,
        calm=0.0,
        wait=scene.rule.flapping.quiet,
    )
    told = _quietly(scene, changes, before, after.evolve(flaps=flaps), kind, line, merged=merged)
    words, known = sentences.flapping(told), told.flaps.announced
    if not told.audience and not told.is_muted:
        # It began and ended muted before: this is the first that anybody hears of it.
        told = told.evolve(flaps=replace(told.flaps, announced=True))
        return changes.tell(told, NoticeKind.FLAPPING, words, scene.at, scene.routes, told_as=NoticeKind.DEGRADED)
    return changes.tell(told, NoticeKind.FLAPPING, words, scene.at, scene.routes, quiet=known)


def _quietly(
    scene: Scene, changes: Changes, before: Incident, after: Incident, kind: NoticeKind, line: str, *, merged: bool
) -> Incident:
    """A step while it flaps: told only when it is worse than people were told, or says that nobody knows."""
    flaps = after.flaps
    worse = after.severity > before.worst_severity
    wider = not is_under(after.node, flaps.reach)
    if worse or wider or merged:
        kind_told = NoticeKind.ESCALATED if worse else NoticeKind.WIDENED
        told_as = kind_told if flaps.announced else NoticeKind.REOPENED
        reach = common_ancestor((flaps.reach, after.node))
        flaps = replace(flaps, announced=True, severity=after.severity, reach=reach)
        return changes.tell(after.evolve(flaps=flaps), kind, line, scene.at, scene.routes, told_as=told_as)
    if kind is NoticeKind.UNKNOWN and flaps.announced:
        return changes.tell(after, kind, line, scene.at, scene.routes)
    return changes.withhold(after, kind, line, scene.at, REASON)


def _steady(scene: Scene, changes: Changes, incident: Incident) -> None:
    """It flaps no more: the close, or that it is bad still. Who was told less than is true is called again."""
    at, flaps = scene.at, incident.flaps
    if incident.in_lull:
        ended = incident.evolve(resolved_at=max(at, incident.opened_at), close_reason=CloseReason.RECOVERED)
        end(changes, ended, NoticeKind.RECOVERED, sentences.recovered(ended, at), at, scene.routes)
        return
    after = incident.evolve(flaps=replace(flaps, since=None))
    line = sentences.steady(incident)
    if not flaps.announced:
        changes.tell(after, NoticeKind.REOPENED, line, at, scene.routes)
    elif incident.severity > flaps.severity:
        changes.tell(after, NoticeKind.ESCALATED, line, at, scene.routes)
    else:
        changes.tell(after, NoticeKind.FLAPPING, line, at, scene.routes)

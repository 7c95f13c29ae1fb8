"""Incidents that are muted: what is withheld meanwhile, and the one notice that makes up for it in the end."""

from __future__ import annotations

from dataclasses import replace

from sentinel.domain import sentences
from sentinel.domain.hierarchy import common_ancestor, is_under
from sentinel.domain.incidents import AUDIBLE, Flaps, Hush, Incident
from sentinel.domain.notices import NoticeKind


def hushed(incident: Incident, by: str, at: float) -> Incident:
    """The incident as muted by `by`; how people know it is kept from when that began. An empty `by` changes nothing.

    That nothing mutes it any more is said by `made_up`, after everything else that this tick does to it.
    """
    if not by or (by == incident.hush.by and incident.is_muted):
        return incident
    if incident.is_muted:
        return incident.evolve(hush=replace(incident.hush, by=by), changed_at=at)
    flapping = incident.is_flapping
    knows = Hush(
        by=by,
        since=at,
        open=incident.is_open and (not flapping or incident.flaps.announced),
        severity=incident.flaps.severity if flapping else incident.severity,
        node=incident.flaps.reach if flapping else incident.node,
        flapping=flapping,
        unknown=incident.facts.unknown,
    )
    return incident.evolve(hush=knows, changed_at=at)


def audible(incident: Incident) -> Incident:
    """The incident as one that nothing mutes, and of which people know all."""
    return incident.evolve(hush=AUDIBLE) if incident.is_muted else incident


def born_muted(incident: Incident, by: str, at: float) -> Incident:
    """A new incident of which nobody knows, muted from its beginning."""
    return incident.evolve(hush=Hush(by=by, since=at)) if by else incident


def told_end(incident: Incident) -> Incident:
    """An ended incident after people who had it for open are told so."""
    return incident.evolve(hush=replace(incident.hush, open=False, flapping=False))


def made_up(incident: Incident, at: float, *, joined: bool = False) -> tuple[Incident, NoticeKind | None, str]:
    """The open incident as one that nothing mutes any more, and the step that tells what people do not know of it.

    That is its kind and its line; kind None: they know all. `joined`: others became part of it, whose audience must
    hear of that.
    """
    known, kind = incident.hush, _kind(incident, joined=joined)
    # Whoever is told only now, or could not be reminded, has the whole time to acknowledge before others are called.
    attention = incident.attention if incident.acknowledged_by else replace(incident.attention, waits_since=at)
    after = incident.evolve(hush=AUDIBLE, changed_at=at, attention=attention)
    if incident.is_flapping:
        after = after.evolve(flaps=_flaps(incident, told=kind is not None))
    if kind is None:
        return after, None, ""
    return after, kind, f"{_line(incident, kind, at)}; not told before: {known.by}"


def _flaps(incident: Incident, *, told: bool) -> Flaps:
    """What people know of one that flaps, now that they are told of it or have nothing to be told."""
    known, flaps = incident.hush, incident.flaps
    if not told:
        return replace(flaps, announced=known.open, severity=known.severity, reach=known.node)
    reach = common_ancestor((known.node, incident.node)) if known.open else incident.node
    return replace(flaps, announced=True, severity=incident.severity, reach=reach)


def _kind(incident: Incident, *, joined: bool) -> NoticeKind | None:
    """What to call the difference, the most urgent first."""
    known, flapping = incident.hush, incident.is_flapping
    if not known.open:
        if flapping and known.flapping and not incident.flaps.announced:
            return None  # people know that it flaps, and hear of it when it is steady
        return NoticeKind.REOPENED if incident.audience else NoticeKind.DEGRADED
    if incident.severity > known.severity and not incident.in_lull:
        return NoticeKind.ESCALATED
    if joined or not is_under(incident.node, known.node):
        return NoticeKind.WIDENED
    return _lesser(incident)


def _lesser(incident: Incident) -> NoticeKind | None:
    """The difference of one that people have for open, where it is not worse than they know."""
    known, flapping = incident.hush, incident.is_flapping
    if flapping or known.flapping:
        return NoticeKind.FLAPPING if flapping != known.flapping else None
    if incident.severity < known.severity:
        return NoticeKind.DEESCALATED
    if incident.node != known.node:
        return NoticeKind.NARROWED
    return NoticeKind.UNKNOWN if incident.facts.unknown and not known.unknown else None


def _line(incident: Incident, kind: NoticeKind, at: float) -> str:
    known = incident.hush
    before = incident.evolve(severity=known.severity, node=known.node)
    lasts = f", for {sentences.duration(at - incident.opened_at)}"
    if incident.is_flapping and not known.flapping:
        words = sentences.restless(incident.flaps)
        return words if known.open or incident.in_lull else f"{sentences.opened(incident)}{lasts}. {words}"
    if kind is NoticeKind.DEGRADED:
        return f"{sentences.opened(incident)}{lasts}"
    if kind is NoticeKind.REOPENED:
        return sentences.reopened(incident) if incident.reopened else f"{sentences.opened(incident)}{lasts}"
    if kind is NoticeKind.FLAPPING:
        return sentences.steady(incident)
    lines = [sentences.severity_change(before, incident)] if incident.severity != known.severity else []
    if incident.node != known.node or kind is NoticeKind.WIDENED:
        lines.append(sentences.scope(before, incident))
    return ". ".join(lines) or sentences.unknown(incident)

"""What a digest says: how many incidents, how many of them last, the worst by name; and its later steps in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentinel.deliver.channel import Digest
from sentinel.deliver.escape import clean, cut
from sentinel.deliver.parts import FIGURE, NAME, NAMED, PUSH, Affected, Look, Wording, look_of, place_of
from sentinel.domain import sentences
from sentinel.domain.incidents import CloseReason, Incident
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Severity

_SERVICES = 3
_WORSE = (Look.UNKNOWN, Look.FLAPPING, Look.WARNING, Look.CRITICAL)
_LEAST_NAMED = 3
_LABEL = 90

_ENDS: Mapping[CloseReason, str] = {
    CloseReason.RECOVERED: "recovered",
    CloseReason.MERGED: "part of another incident now",
    CloseReason.RULE_REMOVED: "closed because the rule was removed",
    CloseReason.RULE_CHANGED: "closed because the rule was changed",
    CloseReason.NOT_REPORTED: "no longer reported",
}

_STEPS: Mapping[NoticeKind, str] = {
    NoticeKind.ESCALATED: "critical now",
    NoticeKind.REOPENED: "bad again",
    NoticeKind.DEGRADED: "new",
    NoticeKind.UNKNOWN: "without data",
    NoticeKind.REMINDER: "still bad",
    NoticeKind.DEESCALATED: "less severe",
    NoticeKind.FLAPPING: "flapping",
    NoticeKind.ACKNOWLEDGED: "acknowledged",
}
"""Steps by name, the most urgent first; others are `changed`."""

SPOKEN_OF = "spoken of"
"""Somebody took an acknowledgement back, or wrote a note."""

BRIEFLY = "over again already"


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to one incident of a digest. `told`: the digest had told of it before."""

    incident: Incident
    kind: NoticeKind
    line: str
    quiet: bool
    told: bool


def digest_wording(digest: Digest, at: float) -> Wording:
    """What a digest's message says at an instant (Unix seconds): the present truth of all its incidents."""
    del at  # its instants are absolute; the channel words them
    incidents = _distinct(digest.incidents)
    lasting = worst_first(one for one in incidents if one.is_open)
    look = _look(incidents, lasting)
    title = _title(incidents, lasting)
    services = _services(lasting or incidents)
    over = [one for one in incidents if not one.is_open]
    owners = {clean(one.facts.owner, NAME) for one in incidents}
    return Wording(
        look=look,
        text=_text(look, title, services, lasting),
        title=title,
        since=min(one.opened_at for one in incidents),
        ended_at=None if lasting else max(one.resolved_at or one.opened_at for one in incidents),
        scope=services,
        worst=tuple(_affected(one) for one in lasting[:NAMED]),
        more=max(0, len(lasting) - NAMED),
        close="" if lasting else f"{_ended(over)}, the longest after {_longest(over)}",
        notes=_notes(over, lasting),
        owner=owners.pop() if len(owners) == 1 else "",
        severity=max((one.severity for one in lasting), default=Severity.WARNING).word if lasting else "",
        timezone=incidents[0].facts.timezone,
    )


def worst_first(incidents: Iterable[Incident]) -> list[Incident]:
    """Critical before warning, many members before few, old before new."""
    return sorted(incidents, key=lambda one: (not one.is_open, -one.severity, -one.members, one.opened_at, one.id))


def steps_line(steps: Sequence[Step]) -> str:
    """What happened to incidents of a digest in one sentence per kind of step, each with up to ten names."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(_said(step), []).append(step)
    ranks = [*_STEPS.values(), SPOKEN_OF, "changed", *_ENDS.values(), BRIEFLY]
    parts = sorted(found.items(), key=lambda part: ranks.index(part[0]))
    room = max(_LEAST_NAMED, NAMED // max(1, len(parts)))
    return ". ".join(_sentence(said, together, room) for said, together in parts)


def label(incident: Incident) -> str:
    """An incident's name among others."""
    if incident.service is None:
        return cut(clean(incident.facts.summary, _LABEL) or f"Source {clean(incident.source, NAME)}", _LABEL)
    return cut(f"{clean(incident.service, NAME)} at {place_of(incident.node, incident.hierarchy)}", _LABEL)


def _distinct(incidents: Sequence[Incident]) -> list[Incident]:
    return list({one.id: one for one in incidents}.values())


def _look(incidents: Sequence[Incident], lasting: Sequence[Incident]) -> Look:
    if lasting:
        return max((look_of(one) for one in lasting), key=_WORSE.index)
    reasons = {one.close_reason for one in incidents} - {CloseReason.MERGED}
    return Look.RECOVERED if reasons == {CloseReason.RECOVERED} else Look.CLOSED


def _title(incidents: Sequence[Incident], lasting: Sequence[Incident]) -> str:
    number, still = len(incidents), len(lasting)
    if not lasting:
        return f"All over: {sentences.counted(number, 'incident')}"
    critical = sum(one.severity is Severity.CRITICAL for one in lasting)
    share = ", all critical" if critical == still else f", {critical} critical" if critical else ""
    if still < number:
        return f"{still} of {sentences.counted(number, 'incident')} still open{share if still > 1 else ''}"
    return f"{sentences.counted(number, 'incident')}{', critical' if critical and number == 1 else share}"


def _text(look: Look, title: str, services: str, lasting: Sequence[Incident]) -> str:
    """One line for lock screens: the longest form that fits."""
    head = f"{look.sign} {title if look is Look.CLOSED else f'{look.word}: {title}'}"
    worst = f" · {label(lasting[0])}" if lasting else ""
    forms = (f"{head} · {services}{worst}", f"{head} · {services}", f"{head}{worst}", head)
    return next((form for form in forms if len(form) <= PUSH), head)


def _services(incidents: Sequence[Incident]) -> str:
    """`Exchange Online 380, SAP 120`; of one service its name alone."""
    counted = Counter(clean(one.service or one.source, NAME) for one in incidents)
    if len(counted) == 1:
        return next(iter(counted))
    first = ", ".join(f"{name} {number}" for name, number in counted.most_common(_SERVICES))
    rest = len(counted) - _SERVICES
    return f"{first} and {sentences.counted(rest, 'other service')}" if rest > 0 else first


def _affected(one: Incident) -> Affected:
    figure = clean(one.facts.value, FIGURE)
    if one.facts.unknown:
        figure = f"no data, last {figure}" if figure else "no data"
    if one.is_flapping:
        return Affected(place=label(one), figure="" if one.in_lull else figure, word="flapping")
    return Affected(place=label(one), figure=figure, word=one.severity.word)


def _ended(over: Sequence[Incident]) -> str:
    """`480 recovered, 17 part of another incident now`."""
    counted = Counter(one.close_reason for one in over if one.close_reason is not None)
    return ", ".join(f"{counted[reason]} {said}" for reason, said in _ENDS.items() if counted[reason])


def _longest(over: Sequence[Incident]) -> str:
    return sentences.duration(max((one.resolved_at or one.opened_at) - one.opened_at for one in over))


def _notes(over: Sequence[Incident], lasting: Sequence[Incident]) -> tuple[str, ...]:
    notes = []
    if over and lasting:
        notes.append(f"Over: {_ended(over)}")
    taken = sum(one.acknowledged_by is not None for one in lasting)
    if taken:
        notes.append(f"👀 {taken} acknowledged")
    if len(lasting) > NAMED:
        notes.append("All of them: sentinel incidents list")
    return tuple(notes)


def _said(step: Step) -> str:
    reason = step.incident.close_reason
    if step.kind in (NoticeKind.RECOVERED, NoticeKind.CLOSED) and reason is not None:
        return _ENDS[reason] if step.told else BRIEFLY
    if step.told and step.kind is NoticeKind.ACKNOWLEDGED and step.incident.acknowledged_by is None:
        return SPOKEN_OF
    return _STEPS.get(step.kind, "changed") if step.told else _STEPS[NoticeKind.DEGRADED]


def _sentence(said: str, steps: Sequence[Step], room: int) -> str:
    if len(steps) == 1:
        line = steps[0].line.rstrip(".")
        return f"{label(steps[0].incident)}: {line}" if line else f"{label(steps[0].incident)}: {said}"
    first = worst_first(step.incident for step in steps)
    names = ", ".join(label(one) for one in first[:room])
    rest = f" and {len(steps) - room} more" if len(steps) > room else ""
    return f"{len(steps)} {said}: {names}{rest}"

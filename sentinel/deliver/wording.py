"""What a message says of an incident: its parts in words."""

from __future__ import annotations

from dataclasses import replace

from sentinel.deliver.channel import Delivery
from sentinel.deliver.digest_wording import digest_wording
from sentinel.deliver.escape import clean, cut, visible
from sentinel.deliver.parts import FIGURE, NAME, NAMED, PUSH, Affected, Look, Mark, Wording, look_of, place_of
from sentinel.deliver.times import local_near
from sentinel.domain import sentences
from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import CloseReason, Incident, Member, Story
from sentinel.domain.notices import NoticeKind

MAY_REPEAT = "(may repeat an earlier notice)"

_LINE = 300
EXCERPT_LINES, EXCERPT_WIDE = 12, 160
"""What is shown of an excerpt: some problems with their carets, and well below what any channel takes."""

_STEP = 550  # several steps told at once share a line
_STEPS = 1200  # and so do several incidents
_URL = 2000


def wording(delivery: Delivery) -> Wording:
    """What the message of this delivery says: the incident or the incidents as they are now, a report, or what a test says."""
    if delivery.document is not None:
        words = delivery.document.wording
    elif delivery.digest is not None:
        words = digest_wording(delivery.digest, delivery.at)
    elif delivery.kind is NoticeKind.TEST:
        words = _test(delivery)
    else:
        words = incident_wording(delivery.story, delivery.at)
    if delivery.may_repeat:
        words = replace(words, text=f"{words.text} {MAY_REPEAT}", notes=(*words.notes, MAY_REPEAT))
    return words


def line_of(delivery: Delivery) -> str:
    """This step in one clean sentence, as a thread has it; empty when there is nothing to say."""
    line = clean(delivery.line, _STEP if delivery.digest is None else _STEPS)
    return f"{line} {MAY_REPEAT}" if line and delivery.may_repeat else line


def incident_wording(story: Story, at: float) -> Wording:
    """What a message says of an incident at an instant (Unix seconds)."""
    incident, facts = story.incident, story.incident.facts
    look = look_of(incident)
    ended = not incident.is_open
    worst, more = _worst(incident)
    return Wording(
        look=look,
        text=_text(incident, look),
        title=_title(incident),
        metric=clean(facts.subject, FIGURE) if incident.service is not None else "",
        value="" if ended or facts.unknown or incident.in_lull else clean(facts.value, FIGURE),
        limit=clean(facts.limit, FIGURE),
        hold=sentences.duration(facts.hold) if facts.hold > 0 else "",
        detail=clean(facts.detail, _LINE),
        excerpt=() if ended else _excerpt(facts.excerpt),
        since=incident.opened_at,
        ended_at=incident.resolved_at,
        scope=_scope(incident),
        worst=worst,
        more=more,
        close=_close(incident),
        notes=_notes(story, at),
        marks=_marks(incident),
        hint=clean(facts.hint, _LINE),
        runbook=_link(facts.runbook),
        rule=clean(incident.rule, NAME),
        incident=clean(incident.id, NAME),
        owner=clean(facts.owner, NAME),
        severity=incident.severity.word,
        timezone=facts.timezone,
    )


def _excerpt(text: str) -> tuple[str, ...]:
    """Lines as they are, their blanks kept: a caret points at the place above it."""
    return tuple(cut(visible(line), EXCERPT_WIDE) for line in text.splitlines()[:EXCERPT_LINES])


def subject_of(incident: Incident) -> str:
    """What it is about without its state, for a subject line that stays the same."""
    return _title(incident)


def _title(incident: Incident) -> str:
    summary = clean(incident.facts.summary, 100)
    if incident.service is None:
        return summary or f"Source {clean(incident.source, NAME)}"
    where = f"{clean(incident.service, NAME)} at {place_of(incident.node, incident.hierarchy)}"
    return f"{where} – {summary}" if summary else where


def _text(incident: Incident, look: Look) -> str:
    """One line for lock screens and screen readers: the longest form that fits, else the shortest there is."""
    forms = [
        _one_line(incident, look, place_of(incident.node, incident.hierarchy), NAME),
        _one_line(incident, look, _last(incident), NAME),
        _one_line(incident, look, _last(incident), 24),
    ]
    return next((form for form in forms if len(form) <= PUSH), cut(forms[-1], 2 * PUSH))


def _one_line(incident: Incident, look: Look, place: str, room: int) -> str:
    facts = incident.facts
    head = f"{look.sign} {look.word}"
    if look in (Look.RECOVERED, Look.CLOSED):
        head += f" after {'at most ' if incident.facts.unseen_why else ''}{_lasted(incident)}"
    elif look is Look.UNKNOWN:
        head += f", was {incident.severity.word}"
    elif look is Look.FLAPPING:
        head += ", within the limit now" if incident.in_lull else f", {incident.severity.word} now"
    if incident.service is None:
        return f"{head}: {clean(facts.summary or incident.source, 2 * room)}" + (
            f": {clean(facts.detail, 2 * room)}" if facts.detail and incident.is_open else ""
        )
    metric = clean(facts.subject or facts.summary, room)
    figure = " ".join(part for part in (_figure(incident, look, room), clean(facts.limit, room)) if part)
    where = f"{cut(place, room)} · {clean(incident.service, room)}"
    return f"{head}: {where} · {metric} {figure}".rstrip(" ·")


def _figure(incident: Incident, look: Look, room: int) -> str:
    if look in (Look.RECOVERED, Look.CLOSED) or incident.in_lull:
        return f"worst {clean(incident.worst_value, room)}, limit" if incident.worst_value else ""
    value = clean(incident.facts.value, room)
    return f"last {value}" if value and look is Look.UNKNOWN else value


def _last(incident: Incident) -> str:
    return place_of(incident.node[-1:], incident.hierarchy)


def _lasted(incident: Incident) -> str:
    return sentences.duration(max(0.0, (incident.resolved_at or incident.opened_at) - incident.opened_at))


def _scope(incident: Incident) -> str:
    facts = incident.facts
    if not incident.is_open:
        peak = max(incident.peak_members, incident.members)
        return f"{sentences.counted(peak, 'node')} affected at its worst" if peak > 1 and incident.service else ""
    if incident.service is None:
        return f"{facts.affected} of {facts.judged} {clean(facts.subject, NAME)} fail" if facts.judged else ""
    affected = facts.affected or incident.members
    if facts.judged > 1 and affected:
        return f"{affected} of {sentences.counted(facts.judged, 'node')} affected"
    return f"{sentences.counted(affected, 'node')} affected" if affected > 1 else ""


def _worst(incident: Incident) -> tuple[tuple[Affected, ...], int]:
    members = incident.facts.worst[:NAMED]
    if not incident.is_open or (len(members) == 1 and members[0].node == incident.node):
        return (), 0
    affected = max(incident.facts.affected, len(members))
    return tuple(_affected(member, incident.node) for member in members), affected - len(members) if members else 0


def _affected(member: Member, above: Node) -> Affected:
    within = member.node[len(above) :] if member.node[: len(above)] == above else member.node
    figure = clean(member.value, FIGURE)
    if member.unknown:
        figure = f"no data, last {figure}" if figure else "no data"
    return Affected(place=place_of(within or member.node, ""), figure=figure, word=member.severity.word)


def _close(incident: Incident) -> str:
    reason = incident.close_reason
    if incident.is_open or reason is None:
        return ""
    lasted = _lasted(incident)
    if reason is CloseReason.RECOVERED:
        limit = f" (limit {clean(incident.facts.limit, FIGURE)})" if incident.facts.limit else ""
        worst = f", worst {clean(incident.worst_value, FIGURE)}{limit}" if incident.worst_value else ""
        unseen = sentences.between(incident.facts)
        flapped = f"; flapped, {sentences.flips(incident.flaps)}" if incident.flaps.since is not None else ""
        lasting = f"Recovered {unseen}, lasted {lasted} at most" if unseen else f"Recovered, lasted {lasted}"
        return f"{lasting}{worst}{flapped}"
    if reason is CloseReason.MERGED and incident.merged_into is None:
        return f"Part of an older incident now (after {lasted})"
    return f"{clean(sentences.closed(incident, reason), _LINE)} (after {lasted})"


def _notes(story: Story, at: float) -> tuple[str, ...]:
    incident = story.incident
    zone = incident.facts.timezone
    notes = []
    if incident.reopened:
        notes.append(f"Reopened ×{incident.reopened}")
    if incident.is_flapping:
        notes.append(sentences.restless(incident.flaps))
    if incident.is_open and incident.facts.unknown:
        gone = [event.at for event in story.events if event.kind == NoticeKind.UNKNOWN.value]
        since = f" since {local_near(gone[-1], at, zone)}" if gone else ""
        value = clean(incident.facts.value, FIGURE)
        notes.append(f"No data{since}" + (f", last {value}" if value else ""))
    elif incident.in_lull:
        notes.append("Within the limit now")
    elif incident.is_open and incident.facts.recovering and not incident.is_flapping:
        wait = sentences.duration(incident.facts.recovering)
        notes.append(f"Within the limit now; recovered when it stays so for {wait}")
    if incident.is_open and incident.is_muted:
        notes.append(f"🔕 Muted by {clean(incident.hush.by, _LINE)}")
    return tuple(notes)


def _marks(incident: Incident) -> tuple[Mark, ...]:
    """While it lasts: to whom it was escalated, and who has it in hand."""
    if not incident.is_open:
        return ()
    called: dict[float, dict[str, None]] = {}
    for address, at in incident.attention.called:
        called.setdefault(at, {})[clean(address.receiver, NAME)] = None
    marks = [Mark(f"Escalated to {' and '.join(names)}", at) for at, names in called.items()]
    if incident.acknowledged_by is not None and incident.acknowledged_at is not None:
        who = f"👀 Acknowledged by {clean(incident.acknowledged_by, NAME)}"
        marks.append(Mark(who, incident.acknowledged_at, clean(incident.attention.note, _LINE)))
    elif called:
        marks.append(Mark("Acknowledged by nobody since", _waits_since(incident)))
    return tuple(marks)


def _waits_since(incident: Incident) -> float:
    since = incident.attention.waits_since
    return incident.opened_at if since is None else since


def _link(url: str) -> str:
    """A runbook's address if it is one that may be clicked, else nothing."""
    plain = url.isascii() and url.isprintable() and not set(url) & set(' <>"|\\^`{}')
    return url if plain and len(url) <= _URL and url.lower().startswith(("https://", "http://")) else ""


def _test(delivery: Delivery) -> Wording:
    """A test: what it says stands in the line, its first line is the headline."""
    lines = [clean(line, _LINE) for line in delivery.line.splitlines()]
    lines = [line for line in lines if line]
    title = lines[0] if lines else "Test notice: this channel works"
    return Wording(
        look=Look.PLAIN,
        text=f"{Look.PLAIN.sign} {cut(title, PUSH)}",
        title=title,
        since=delivery.at,
        lines=tuple(lines[1 : 1 + NAMED]),
        more=max(0, len(lines) - 1 - NAMED),
        timezone=delivery.story.incident.facts.timezone,
    )

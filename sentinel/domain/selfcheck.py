"""Trouble with Sentinel itself: incidents like any other, but never told to what is broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sentinel.domain import sentences
from sentinel.domain.announce import NO_ROUTE
from sentinel.domain.changes import Changes
from sentinel.domain.hushing import audible, born_muted, hushed
from sentinel.domain.incidents import CloseReason, Facts, Incident, incident_id
from sentinel.domain.matchers import Matchers
from sentinel.domain.mutes import Mute, Silence, mute_of_itself, muted_now
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Query
from sentinel.domain.records import Book, BookKey, Plan, QueryState
from sentinel.domain.routing import addresses, matching_routes
from sentinel.domain.rules import ITSELF, Address, Route, Rulebook, Severity

REOPEN_WITHIN = 900.0
"""Seconds within which renewed trouble is the same incident, as for rules by default."""

FORGET_AFTER = 86400.0
"""Seconds that an ended incident stays in memory: far longer than it may be reopened."""

ALL_BROKEN = "every channel that could tell it is broken itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """Something that is wrong with Sentinel, as of now.

    `rule` is one of SELF_RULES, `subject` what it is about: a kind of channel, a host, a source, an endpoint.
    `summary` is the headline, `detail` what was seen, `excerpt` lines that show it as they are, `hint` the mend. `broken` are channels as commands print them
    (`slack:#workplace-alerts`) through which nothing can be told because of it.
    """

    rule: str
    subject: str
    summary: str
    detail: str
    excerpt: str = ""
    hint: str = ""
    severity: Severity = Severity.WARNING
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one look found about one rule.

    `unknown` are subjects that could not be looked at, or are neither ill nor well: their incidents stay as they are.
    `subjects` are all that there are; an incident about another one ends, but not as recovered. None: whatever shows
    no symptom is well.
    """

    rule: str
    symptoms: tuple[Symptom, ...] = ()
    unknown: frozenset[str] = frozenset()
    subjects: frozenset[str] | None = None


def judge(
    rulebook: Rulebook,
    found: Iterable[Sighting],
    books: Mapping[BookKey, Book],
    at: float,
    silences: Iterable[Silence] = (),
) -> Plan | None:
    """What the sightings change; None when nothing does. Rules that were not looked at stay as they are."""
    mutes = muted_now(rulebook, tuple(silences), at)
    everything = tuple(found)
    broken = frozenset(channel for one in everything for symptom in one.symptoms for channel in symptom.broken)
    changed: dict[BookKey, Book] = {}
    every = Changes({})
    for one in everything:
        key: BookKey = (one.rule, None, ITSELF)
        book = books.get(key) or Book(key)
        changes = judge_self(book, one, rulebook, at, broken, mutes)
        different = {i: incident for i, incident in changes.incidents.items() if book.incidents.get(i) != incident}
        if different or changes.notices:
            kept = {i: incident for i, incident in changes.incidents.items() if _remembered(incident, at)}
            changed[key] = Book(key, book.alerts, kept)
            every.incidents.update(different)
            every.events.extend(changes.events)
            every.notices.extend(changes.notices)
    if not changed:
        return None
    return Plan(
        at,
        QueryState(query=Query("", "", "")),
        changed,
        incidents=tuple(every.incidents.values()),
        events=tuple(every.events),
        notices=tuple(every.notices),
    )


def judge_self(
    book: Book,
    found: Sighting,
    rulebook: Rulebook,
    at: float,
    broken: frozenset[str],
    mutes: tuple[Mute, ...] = (),
) -> Changes:
    """Open, keep or end the incidents of one rule. `broken` are all channels that tell nothing now, for any reason.

    `mutes` are those in force; most are not meant for trouble with Sentinel itself, see `mutes.concerns`.
    """
    changes = Changes(dict(book.incidents))
    current = {one.node[0]: one for one in book.open_incidents}
    ill = {symptom.subject: symptom for symptom in found.symptoms}
    for subject, symptom in ill.items():
        by = mute_of_itself(mutes, symptom.rule, subject, symptom.severity)
        if subject in current:
            _keep(changes, hushed(current[subject], by, at), symptom, rulebook, at, broken, by)
        else:
            _open(changes, book, symptom, rulebook, at, broken, by)
    for subject, incident in current.items():
        if subject not in ill and subject not in found.unknown:
            gone = found.subjects is not None and subject not in found.subjects
            by = mute_of_itself(mutes, found.rule, subject, incident.severity)
            known = hushed(incident, by, at) if by or incident.is_untold else audible(incident)
            _end(changes, known, at, gone=gone)
    return changes


def detour(rulebook: Rulebook, incident: Incident, broken: frozenset[str], *, about_telling: bool) -> tuple[Route, ...]:
    """Routes to those whom the rulebook's routes name, without the broken channels.

    Where that leaves nobody: to the first receiver with a channel that works. `about_telling`: the incident says that
    a channel is broken, which somebody must hear even where no route matches it.
    """
    wanted = addresses(rulebook.routes, incident)
    works = {address: every for address, every in wanted.items() if address.channel not in broken}
    if not works and (wanted or about_telling):
        works = dict.fromkeys(_spare(rulebook.addresses, broken), 0.0)
    told = tuple(
        Route(matchers=Matchers(), to=(address,), remind_every=every, onwards=True) for address, every in works.items()
    )
    return told + tuple(
        replace(
            route,
            matchers=Matchers(),
            to=(),
            escalate_to=tuple(address for address in route.escalate_to if address.channel not in broken),
            onwards=True,
        )
        for route in matching_routes(rulebook.routes, incident)
        if route.escalate_after
    )


def _spare(known: tuple[Address, ...], broken: frozenset[str]) -> tuple[Address, ...]:
    works = [address for address in known if address.channel not in broken]
    return tuple(address for address in works if address.receiver == works[0].receiver)


def _facts(symptom: Symptom) -> Facts:
    return Facts(summary=symptom.summary, detail=symptom.detail, excerpt=symptom.excerpt, hint=symptom.hint)


def _open(
    changes: Changes, book: Book, symptom: Symptom, rulebook: Rulebook, at: float, broken: frozenset[str], by: str
) -> None:
    node = (symptom.subject,)
    lately = [
        one
        for one in book.incidents.values()
        if one.node == node
        and one.close_reason is CloseReason.RECOVERED
        and at - (one.resolved_at or 0.0) <= REOPEN_WITHIN
    ]
    if lately:
        again = hushed(audible(max(lately, key=lambda one: one.resolved_at or 0.0)), by, at).again(at)
        incident = again.evolve(
            severity=symptom.severity,
            worst_severity=max(symptom.severity, again.worst_severity),
            members=1,
            facts=_facts(symptom),
        )
        kind, line = NoticeKind.REOPENED, sentences.reopened(incident)
    else:
        incident = Incident(
            id=incident_id(symptom.rule, None, ITSELF, node, at),
            rule=symptom.rule,
            service=None,
            source=ITSELF,
            hierarchy="",
            node=node,
            severity=symptom.severity,
            worst_severity=symptom.severity,
            opened_at=at,
            changed_at=at,
            members=1,
            peak_members=1,
            facts=_facts(symptom),
        )
        incident = born_muted(incident, by, at)
        kind, line = NoticeKind.DEGRADED, sentences.opened(incident)
    _tell(changes, incident, kind, line, symptom, rulebook, at, broken)


def _tell(
    changes: Changes,
    incident: Incident,
    kind: NoticeKind,
    line: str,
    symptom: Symptom,
    rulebook: Rulebook,
    at: float,
    broken: frozenset[str],
) -> None:
    routes = detour(rulebook, incident, broken, about_telling=bool(symptom.broken))
    changes.tell(incident, kind, line, at, routes, nobody=_nobody(rulebook, incident, symptom))


def _nobody(rulebook: Rulebook, incident: Incident, symptom: Symptom) -> str:
    """Why nobody is told, where nobody is."""
    return ALL_BROKEN if addresses(rulebook.routes, incident) or symptom.broken else NO_ROUTE


def _keep(
    changes: Changes,
    current: Incident,
    symptom: Symptom,
    rulebook: Rulebook,
    at: float,
    broken: frozenset[str],
    by: str,
) -> None:
    facts = _facts(symptom)
    after = current.evolve(
        facts=facts,
        severity=symptom.severity,
        worst_severity=max(symptom.severity, current.worst_severity),
        changed_at=current.changed_at if facts == current.facts else at,
    )
    if after.is_muted and not by:
        routes = detour(rulebook, after, broken, about_telling=bool(symptom.broken))
        changes.make_up(after, at, routes, nobody=_nobody(rulebook, after, symptom))
        return
    if symptom.severity is not current.severity:
        worse = symptom.severity > current.severity
        kind = NoticeKind.ESCALATED if worse else NoticeKind.DEESCALATED
        _tell(changes, after, kind, sentences.severity_change(current, after), symptom, rulebook, at, broken)
        return
    routes = detour(rulebook, after, broken, about_telling=bool(symptom.broken))
    reached = any(address.channel not in broken for address in after.audience)
    if not by and not reached and any(address not in after.audience for route in routes for address in route.to):
        # Whoever was told cannot hear it any more, or nobody could be told at first: now somebody can.
        kind = NoticeKind.WIDENED if after.audience else NoticeKind.DEGRADED
        _tell(changes, after, kind, sentences.opened(after), symptom, rulebook, at, broken)
        return
    changes.incidents[after.id] = after
    changes.remind(after, at, routes)


def _end(changes: Changes, current: Incident, at: float, *, gone: bool) -> None:
    """Everybody who heard of it hears of its end, broken or not: what waits in the outbox is told when it can be."""
    reason = CloseReason.NOT_REPORTED if gone else CloseReason.RECOVERED
    ended = current.evolve(resolved_at=max(at, current.opened_at), close_reason=reason, members=0)
    if gone:
        changes.tell(ended, NoticeKind.CLOSED, sentences.closed(ended, reason), at, ())
    else:
        changes.tell(ended, NoticeKind.RECOVERED, sentences.recovered(ended, at), at, ())


def _remembered(incident: Incident, at: float) -> bool:
    return incident.resolved_at is None or at - incident.resolved_at <= FORGET_AFTER

"""What an edit of the rules does to what is open: nothing is announced twice, nothing is left open for ever."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import numpy as np

from sentinel.domain import sentences
from sentinel.domain.alerts import Alerts
from sentinel.domain.changes import Changes
from sentinel.domain.flapping import end
from sentinel.domain.incidents import CloseReason, Incident
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Query
from sentinel.domain.records import AlertKey, Book, BookKey, Plan, QueryState
from sentinel.domain.rules import SELF_RULES, SOURCE_RULE, Rulebook


def adapt(
    rulebook: Rulebook, asked: Mapping[str, Iterable[str]], books: Mapping[BookKey, Book], at: float
) -> Plan | None:
    """Let go of what no rule asks for any more; None when there is nothing to do.

    `asked` maps query keys to the ids of the rules that need them. Alerts behind other queries leave the record.
    An incident whose rule, service or level is gone ends as `rule_removed`, and so does that of a source which nothing
    is asked of; one that still has members goes on, and the next reading settles where it stands.
    """
    wanted = {(rule_id, key) for key, rule_ids in asked.items() for rule_id in rule_ids}
    sources = {Query.from_key(key).source for key in asked}
    changed: dict[BookKey, Book] = {}
    gone: list[AlertKey] = []
    every = Changes({})
    for key, book in books.items():
        if book.key[0] in SELF_RULES:
            continue  # no file of rules brings these about or takes them away
        if book.key[0] == SOURCE_RULE:
            kept: Mapping[str, Alerts] = {}
            over = () if book.key[2] in sources else book.open_incidents
        else:
            kept = {query: alerts for query, alerts in book.alerts.items() if (book.key[0], query) in wanted}
            over = _without_members(book, kept, wanted)
        lost = [(query, alerts) for query, alerts in book.alerts.items() if query not in kept]
        gone.extend((key, query, node) for query, alerts in lost for node in alerts.nodes)
        changes = Changes(dict(book.incidents))
        _close(changes, over, rulebook, at)
        if lost or changes.notices:
            changed[key] = Book(key, kept, changes.incidents)
            every.incidents.update({k: one for k, one in changes.incidents.items() if one != book.incidents.get(k)})
            every.events.extend(changes.events)
            every.notices.extend(changes.notices)
    if not changed:
        return None
    nobody = QueryState(query=Query("", "", ""))
    return Plan(
        at,
        nobody,
        changed,
        gone=tuple(gone),
        incidents=tuple(every.incidents.values()),
        events=tuple(every.events),
        notices=tuple(every.notices),
    )


def _without_members(
    book: Book, kept: Mapping[str, Alerts], wanted: Container[tuple[str, str]]
) -> tuple[Incident, ...]:
    """The open incidents that none of the kept alerts belongs to.

    One that flaps may be good at present: it goes on while the query is asked that will tell.
    """
    alive = {alerts.incident[i] for alerts in kept.values() for i in np.flatnonzero(alerts.active)}
    return tuple(
        one
        for one in book.open_incidents
        if one.id not in alive and not (one.in_lull and (book.key[0], one.flaps.query) in wanted)
    )


def _close(changes: Changes, over: Iterable[Incident], rulebook: Rulebook, at: float) -> None:
    for incident in over:
        reason = CloseReason.RULE_REMOVED
        ended = incident.evolve(resolved_at=max(at, incident.opened_at), close_reason=reason, members=0)
        end(changes, ended, NoticeKind.CLOSED, sentences.closed(ended, reason), at, rulebook.routes)

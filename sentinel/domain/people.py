"""What people do to incidents: acknowledge one, give it back, write a note. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sentinel.domain import sentences
from sentinel.domain.announce import announce, withhold
from sentinel.domain.changes import Changes
from sentinel.domain.flapping import REASON as FLAPPING
from sentinel.domain.incidents import Event, Incident
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Query
from sentinel.domain.records import Book, BookKey, Plan, QueryState
from sentinel.domain.requests import Answer, Deed, Outcome, Request

OVER = "the incident is over"
"""Why a note was told to nobody."""

TIMELINE = {Deed.ACK: NoticeKind.ACKNOWLEDGED.value, Deed.UNACK: "unacknowledged", Deed.NOTE: "note"}
"""What the timeline calls it."""


def decide(
    requests: Iterable[Request], books: Mapping[BookKey, Book], others: Mapping[str, Incident], at: float
) -> Plan:
    """What the requests change, in their order, and an answer for each.

    `books` are what is remembered, `others` incidents by id that may be in none of them: ended long ago. `at` is now.
    """
    known = {key: (book.key, one) for book in books.values() for key, one in book.incidents.items()}
    changes = Changes({})
    answers: list[Answer] = []
    changed: dict[BookKey, dict[str, Incident]] = {}
    for request in requests:
        place, remembered = known.get(request.incident, (None, others.get(request.incident)))
        before = changes.incidents.get(request.incident, remembered)
        answers.append(_answer(changes, request, before, at))
        after = changes.incidents.get(request.incident)
        if place is not None and after is not None:
            changed.setdefault(place, {})[after.id] = after
    return Plan(
        at,
        QueryState(query=Query("", "", "")),
        {key: _with(books[key], those) for key, those in changed.items()},
        incidents=tuple(changes.incidents.values()),
        events=tuple(changes.events),
        notices=tuple(changes.notices),
        answers=tuple(answers),
    )


def _with(book: Book, changed: Mapping[str, Incident]) -> Book:
    return replace(book, incidents={**book.incidents, **changed})


def _answer(changes: Changes, request: Request, incident: Incident | None, at: float) -> Answer:
    if incident is None:
        outcome, text = Outcome.REFUSED, f"there is no incident {request.incident} any more"
    elif request.deed is Deed.NOTE:
        _note(changes, request, incident, at)
        outcome, text = Outcome.DONE, "noted"
    elif not incident.is_open:
        assert incident.close_reason is not None, "what is over has a reason"
        word = incident.close_reason.value.replace("_", " ")
        outcome, text = Outcome.REFUSED, f"it is over ({word}): there is nothing left to {request.deed.value}"
    elif request.deed is Deed.ACK:
        outcome, text = _acknowledge(changes, request, incident, at)
    else:
        outcome, text = _give_back(changes, request, incident, at)
    return Answer(key=request.key, outcome=outcome, text=text, at=at)


def _acknowledge(changes: Changes, request: Request, incident: Incident, at: float) -> tuple[Outcome, str]:
    if incident.acknowledged_by == request.by:
        if request.text in ("", incident.attention.note):
            return Outcome.NOTHING_NEW, f"{request.by} has acknowledged it already"
        _note(changes, request, incident.evolve(attention=replace(incident.attention, note=request.text)), at)
        return Outcome.DONE, f"{request.by} has acknowledged it already; the note is new"
    when = _when(request, incident, at)
    attention = replace(incident.attention, waits_since=None, note=request.text)
    if attention.first_at is None:
        attention = replace(attention, first_at=when, first_by=request.by)
    after = incident.evolve(acknowledged_by=request.by, acknowledged_at=when, attention=attention)
    line = sentences.acknowledged(after, before=incident.acknowledged_by)
    _tell(changes, request, after, line, at)
    taken = f", taken over from {incident.acknowledged_by}" if incident.acknowledged_by is not None else ""
    return Outcome.DONE, f"acknowledged by {request.by}{taken}"


def _give_back(changes: Changes, request: Request, incident: Incident, at: float) -> tuple[Outcome, str]:
    """Reminders go on with the next one that is due from now, and nobody is called before they had their time anew."""
    if incident.acknowledged_by is None:
        return Outcome.NOTHING_NEW, "nobody has acknowledged it"
    after = incident.evolve(
        acknowledged_by=None,
        acknowledged_at=None,
        reminded_at=at if incident.reminded_at is None else max(at, incident.reminded_at),
        attention=replace(incident.attention, waits_since=at, note=""),
    )
    _tell(changes, request, after, sentences.given_back(request.by, incident.acknowledged_by), at)
    return Outcome.DONE, "nobody has it acknowledged any more; reminders go on"


def _note(changes: Changes, request: Request, incident: Incident, at: float) -> None:
    line = sentences.noted(request.by, request.text)
    _tell(changes, replace(request, deed=Deed.NOTE), incident, line, at)


def _tell(changes: Changes, request: Request, incident: Incident, line: str, at: float) -> None:
    """One more step of the incident: who knows of it sees it, and nobody is called by it."""
    incident = incident.evolve(step=incident.step + 1, changed_at=at)
    changes.events.append(
        Event(
            incident=incident.id,
            step=incident.step,
            at=_when(request, incident, at),
            kind=TIMELINE[request.deed],
            text=line,
            value=incident.facts.value if incident.is_open else "",
        )
    )
    kind = NoticeKind.ACKNOWLEDGED
    if not incident.is_open:
        changes.notices.extend(withhold(incident, kind, line, at, OVER))
    elif incident.is_untold:
        changes.notices.extend(withhold(incident, kind, line, at, incident.hush.by, nobody=incident.hush.by))
    elif incident.is_flapping and not incident.flaps.announced:
        # They have it for over: the next word is when it is steady, or worse than they know.
        changes.notices.extend(withhold(incident, kind, line, at, FLAPPING))
    else:
        incident, notices = announce(incident, kind, line, at, (), quiet=True)
        changes.notices.extend(notices)
    changes.incidents[incident.id] = incident


def _when(request: Request, incident: Incident, at: float) -> float:
    """When it was asked for: clocks differ, so not before the incident began, and not after now."""
    return min(max(request.at, incident.opened_at), at)

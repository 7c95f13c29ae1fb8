"""From a step of an incident to notices: one for each address that must hear of it, or the reason nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import floor

from sentinel.domain import sentences
from sentinel.domain.incidents import Event, Incident
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.routing import addresses, calls_due
from sentinel.domain.rules import Address, Route

NO_ROUTE = "no route matches"

OPENS_FOR_NEW = frozenset(
    {
        NoticeKind.DEGRADED,
        NoticeKind.ESCALATED,
        NoticeKind.DEESCALATED,
        NoticeKind.WIDENED,
        NoticeKind.NARROWED,
        NoticeKind.REOPENED,
    }
)
"""Steps that an address may hear of as its first: it is routed there only now."""

_QUIET = frozenset(
    {NoticeKind.NARROWED, NoticeKind.DEESCALATED, NoticeKind.UNKNOWN, NoticeKind.CLOSED, NoticeKind.FLAPPING}
)
"""Steps that are written down where people look, without calling those who know of the incident already."""


TOLD_NOBODY = "the opening was told to nobody"


def announce(
    incident: Incident,
    kind: NoticeKind,
    line: str,
    at: float,
    routes: Iterable[Route],
    *,
    nobody: str = NO_ROUTE,
    quiet: bool | None = None,
) -> tuple[Incident, tuple[Notice, ...]]:
    """The notices of the incident's present step, and the incident with all whom it concerns from now on.

    `nobody` is the reason that is kept when the routes lead to no address. `quiet` None: as the kind of step is.
    """
    knowing = incident.audience
    audience = list(knowing)
    if kind in OPENS_FOR_NEW:
        audience += [address for address in addresses(routes, incident) if address not in knowing]
    quiet = kind in _QUIET if quiet is None else quiet
    if not audience:
        reason = nobody if kind in OPENS_FOR_NEW else TOLD_NOBODY
        return incident, (_notice(incident, kind, None, line, at, quiet=quiet, reason=reason),)
    told = tuple(_notice(incident, kind, address, line, at, quiet=quiet and address in knowing) for address in audience)
    return incident.evolve(audience=tuple(audience)), told


def withhold(
    incident: Incident,
    kind: NoticeKind,
    line: str,
    at: float,
    reason: str,
    routes: Iterable[Route] = (),
    *,
    nobody: str = TOLD_NOBODY,
) -> tuple[Notice, ...]:
    """The notices that are not sent, for `reason`: one for each of those who would have been told.

    With `routes` these are also those who would have heard of it first by this step. `nobody` is the reason where
    there is no address.
    """
    to = list(incident.audience)
    if kind in OPENS_FOR_NEW:
        to += [address for address in addresses(routes, incident) if address not in to]
    if not to:
        return (_notice(incident, kind, None, line, at, reason=nobody),)
    return tuple(_notice(incident, kind, address, line, at, reason=reason, told=False) for address in to)


def remind(incident: Incident, line: str, at: float, routes: Iterable[Route]) -> tuple[Notice, ...]:
    """Reminders that have come due since the last one: intervals count from the opening, for any polling interval."""
    if incident.acknowledged_by is not None:
        return ()
    base = incident.opened_at
    last = base if incident.reminded_at is None else max(base, incident.reminded_at)
    due: Mapping[Address, float] = {
        address: every
        for address, every in addresses(routes, incident).items()
        if every > 0 and address in incident.audience and floor((at - base) / every) > floor((last - base) / every)
    }
    return tuple(_notice(incident, NoticeKind.REMINDER, address, line, at) for address in due)


def escalate(incident: Incident, at: float, routes: Iterable[Route]) -> tuple[Incident, str, tuple[Notice, ...]] | None:
    """Tell others that nobody has acknowledged it, where that is due: the incident one step on, the line, the notices.

    Those who know of it are not called, but see who has been. That counts as their reminder.
    """
    calls = calls_due(routes, incident, at)
    if not calls:
        return None
    knowing = incident.audience
    called = (*incident.attention.called, *((address, at) for address in calls))
    after = incident.evolve(
        step=incident.step + 1,
        changed_at=at,
        reminded_at=at,
        audience=(*knowing, *(address for address in calls if address not in knowing)),
        attention=replace(incident.attention, called=called),
    )
    line = sentences.escalated_to(after, tuple(dict.fromkeys(address.receiver for address in calls)), at)
    notices = tuple(
        _notice(after, NoticeKind.REMINDER, address, line, at, quiet=address not in calls) for address in after.audience
    )
    return after, line, notices


def event(incident: Incident, kind: NoticeKind, text: str, at: float) -> Event:
    """A line of the timeline for the incident's present step."""
    return Event(
        incident=incident.id, step=incident.step, at=at, kind=kind.value, text=text, value=incident.facts.value
    )


def _notice(
    incident: Incident,
    kind: NoticeKind,
    address: Address | None,
    line: str,
    at: float,
    *,
    quiet: bool = False,
    reason: str = "",
    told: bool = True,
) -> Notice:
    return Notice(
        incident=incident.id,
        step=incident.step,
        kind=kind,
        address=address,
        at=at,
        not_before=at,
        line=line,
        told=told and address is not None,
        quiet=quiet,
        reason=reason,
    )

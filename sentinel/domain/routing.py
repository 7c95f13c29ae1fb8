"""Who is told: routes in order, the first that matches wins unless it says to go on."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel.domain.incidents import Incident
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Address, Route


def matching_routes(routes: Iterable[Route], incident: Incident) -> tuple[Route, ...]:
    """The routes that an incident takes."""
    taken: list[Route] = []
    for route in routes:
        if matches(route.matchers, incident):
            taken.append(route)
            if not route.onwards:
                break
    return tuple(taken)


def addresses(routes: Iterable[Route], incident: Incident) -> dict[Address, float]:
    """The addresses an incident is told to, in order, each with its reminder interval in seconds (0: none)."""
    told: dict[Address, float] = {}
    for route in matching_routes(routes, incident):
        for address in route.to:
            told.setdefault(address, route.remind_every)
    return told


def calls_due(routes: Iterable[Route], incident: Incident, at: float) -> tuple[Address, ...]:
    """The addresses that an incident is to be escalated to now, each once in its life.

    The time without an acknowledgement counts from the opening, from a reopening, and from when it was given back.
    """
    attention = incident.attention
    if incident.acknowledged_by is not None:
        return ()
    since = incident.opened_at if attention.waits_since is None else attention.waits_since
    called = {address for address, _ in attention.called}
    due = (
        address
        for route in matching_routes(routes, incident)
        if 0 < route.escalate_after <= at - since
        for address in route.escalate_to
        if address not in called
    )
    return tuple(dict.fromkeys(due))


def matches(matchers: Matchers, incident: Incident) -> bool:
    """Whether an incident fits all that the matchers ask for. One without a service fits no service matcher."""
    return (
        _any_name(matchers.source, incident.source)
        and _any_name(matchers.service, incident.service)
        and _any_name(matchers.rule, incident.rule)
        and _any_name(matchers.owner, incident.facts.owner)
        and (not matchers.node or any(pattern.matches(incident.node) for pattern in matchers.node))
        and (not matchers.severity or incident.severity.word in matchers.severity)
    )


def _any_name(patterns: tuple[NamePattern, ...], name: str | None) -> bool:
    return not patterns or (name is not None and any(pattern.matches(name) for pattern in patterns))

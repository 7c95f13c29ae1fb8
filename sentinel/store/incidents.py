"""Incidents and their timelines: rows to domain objects and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, bindparam, select

from sentinel.domain.incidents import (
    AUDIBLE,
    NEVER,
    UNATTENDED,
    Attention,
    CloseReason,
    Event,
    Facts,
    Flaps,
    Hush,
    Incident,
    Member,
    Story,
    Turn,
)
from sentinel.domain.rules import Address, Severity
from sentinel.errors import NotFound
from sentinel.store.database import Database
from sentinel.store.inserting import Row, add_missing, put
from sentinel.store.packing import pack_nodes, unpack_nodes
from sentinel.store.tables import events, incidents

_ONE = select(incidents).where(incidents.c.id == bindparam("incident"))
_TIMELINE = select(events).where(events.c.incident == bindparam("incident")).order_by(events.c.step, events.c.id)

_PLAIN_FACTS = frozenset(field.name for field in fields(Facts)) - {"worst"}
_PLAIN_HUSH = frozenset(field.name for field in fields(Hush)) - {"severity", "node"}
_PLAIN_ATTENTION = frozenset(field.name for field in fields(Attention)) - {"called"}
_PLAIN_FLAPS = frozenset(field.name for field in fields(Flaps)) - {"turns", "severity", "reach"}


def story(db: Database, incident: str) -> Story:
    """An incident with its timeline.

    Raises:
        NotFound: no incident has that id.
    """
    with db.reading() as connection:
        row = connection.execute(_ONE, {"incident": incident}).first()
        if row is None:
            raise NotFound(f"there is no incident {incident}", hint="`sentinel incidents list` shows them")
        return Story(incident_from(row), timeline(connection, incident))


def timeline(connection: Connection, incident: str) -> tuple[Event, ...]:
    """What happened to an incident, in order."""
    return tuple(
        Event(incident=row.incident, step=row.step, at=row.at, kind=row.kind, text=row.text, value=row.value)
        for row in connection.execute(_TIMELINE, {"incident": incident})
    )


def save(connection: Connection, changed: Iterable[Incident], happened: Iterable[Event]) -> None:
    """Write incidents as they are now, and add to their timelines what is not there yet."""
    put(connection, incidents, [_row(incident) for incident in changed])
    add_missing(
        connection,
        events,
        [
            {
                "incident": one.incident,
                "step": one.step,
                "kind": one.kind,
                "at": one.at,
                "text": one.text,
                "value": one.value,
            }
            for one in happened
        ],
    )


def find(connection: Connection, incident: str) -> Incident | None:
    """The incident with that id."""
    row = connection.execute(_ONE, {"incident": incident}).first()
    return incident_from(row) if row is not None else None


def load(connection: Connection, recent_since: float) -> list[Incident]:
    """Open incidents and those that ended at or after that instant, oldest first."""
    wanted = incidents.c.resolved_at.is_(None) | (incidents.c.resolved_at >= recent_since)
    found = select(incidents).where(wanted).order_by(incidents.c.opened_at, incidents.c.id)
    return [incident_from(row) for row in connection.execute(found)]


def _row(one: Incident) -> Row:
    value = one.value if one.value is not None and not math.isnan(one.value) else None
    return {
        "id": one.id,
        "rule": one.rule,
        "service": one.service,
        "source": one.source,
        "hierarchy": one.hierarchy,
        "node": one.node,
        "severity": one.severity.word,
        "worst_severity": one.worst_severity.word,
        "opened_at": one.opened_at,
        "changed_at": one.changed_at,
        "resolved_at": one.resolved_at,
        "close_reason": one.close_reason.value if one.close_reason else None,
        "merged_into": one.merged_into,
        "reopened": one.reopened,
        "members": one.members,
        "peak_members": one.peak_members,
        "step": one.step,
        "value": value,
        "worst_value": one.worst_value,
        "reminded_at": one.reminded_at,
        "acknowledged_by": one.acknowledged_by,
        "acknowledged_at": one.acknowledged_at,
        "audience": [[address.receiver, address.kind, address.to] for address in one.audience],
        "facts": {
            **_facts_row(one.facts),
            **_flaps_row(one.flaps),
            **_attention_row(one.attention),
            **_hush_row(one.hush),
        },
        "last_members": pack_nodes(sorted(one.last_members)) if one.last_members else None,
    }


def incident_from(row: Any) -> Incident:
    """The incident of a row of the table."""
    return Incident(
        id=row.id,
        rule=row.rule,
        service=row.service,
        source=row.source,
        hierarchy=row.hierarchy,
        node=row.node,
        severity=Severity[row.severity.upper()],
        worst_severity=Severity[row.worst_severity.upper()],
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        resolved_at=row.resolved_at,
        close_reason=CloseReason(row.close_reason) if row.close_reason else None,
        merged_into=row.merged_into,
        reopened=row.reopened,
        members=row.members,
        peak_members=row.peak_members,
        step=row.step,
        value=row.value,
        worst_value=row.worst_value,
        reminded_at=row.reminded_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        audience=tuple(Address(receiver, kind, to) for receiver, kind, to in row.audience),
        facts=_facts_from(row.facts),
        last_members=frozenset(unpack_nodes(row.last_members)) if row.last_members is not None else frozenset(),
        flaps=_flaps_from(row.facts.get("flaps")),
        attention=_attention_from(row.facts.get("attention")),
        hush=_hush_from(row.facts.get("hush")),
    )


def _facts_row(facts: Facts) -> Mapping[str, Any]:
    plain = {name: getattr(facts, name) for name in sorted(_PLAIN_FACTS)}
    worst = [[list(one.node), one.severity.word, one.value, one.unknown] for one in facts.worst]
    return {**plain, "worst": worst}


def _facts_from(stored: Mapping[str, Any]) -> Facts:
    """What a later program no longer knows is left out; what an earlier one did not write has its default."""
    plain = {name: value for name, value in stored.items() if name in _PLAIN_FACTS}
    worst = tuple(
        Member(tuple(node), Severity[severity.upper()], value, unknown)
        for node, severity, value, unknown in stored.get("worst", ())
    )
    return Facts(**plain, worst=worst)


def _flaps_row(flaps: Flaps) -> Mapping[str, Any]:
    """Beside the facts: a program that does not know it leaves it out."""
    if flaps == NEVER:
        return {}
    plain = {name: getattr(flaps, name) for name in sorted(_PLAIN_FLAPS)}
    turns = [[turn.at, turn.bad] for turn in flaps.turns]
    return {"flaps": {**plain, "turns": turns, "severity": flaps.severity.word, "reach": list(flaps.reach)}}


def _flaps_from(stored: Mapping[str, Any] | None) -> Flaps:
    if stored is None:
        return NEVER
    return Flaps(
        **{name: value for name, value in stored.items() if name in _PLAIN_FLAPS},
        turns=tuple(Turn(at=at, bad=bad) for at, bad in stored["turns"]),
        severity=Severity[stored["severity"].upper()],
        reach=tuple(stored["reach"]),
    )


def _attention_row(attention: Attention) -> Mapping[str, Any]:
    """As above."""
    if attention == UNATTENDED:
        return {}
    plain = {name: getattr(attention, name) for name in sorted(_PLAIN_ATTENTION)}
    called = [[address.receiver, address.kind, address.to, at] for address, at in attention.called]
    return {"attention": {**plain, "called": called}}


def _attention_from(stored: Mapping[str, Any] | None) -> Attention:
    if stored is None:
        return UNATTENDED
    plain = {name: value for name, value in stored.items() if name in _PLAIN_ATTENTION}
    called = tuple((Address(receiver, kind, to), at) for receiver, kind, to, at in stored.get("called", ()))
    return Attention(**plain, called=called)


def _hush_row(hush: Hush) -> Mapping[str, Any]:
    """As the flapping: nothing where nothing mutes it."""
    if hush == AUDIBLE:
        return {}
    plain = {name: getattr(hush, name) for name in sorted(_PLAIN_HUSH)}
    return {"hush": {**plain, "severity": hush.severity.word, "node": list(hush.node)}}


def _hush_from(stored: Mapping[str, Any] | None) -> Hush:
    if stored is None:
        return AUDIBLE
    return Hush(
        **{name: value for name, value in stored.items() if name in _PLAIN_HUSH},
        severity=Severity[stored["severity"].upper()],
        node=tuple(stored["node"]),
    )

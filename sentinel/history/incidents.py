"""Incidents, past and present: which there were, and the story of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sentinel.errors import NotFound
from sentinel.history.alerts import about, mute_of
from sentinel.history.filters import Filters, name_test, node_test
from sentinel.history.notices import NoticeRow, notices
from sentinel.history.record import Node, Record, Row, iso, maybe_iso, maybe_seconds, maybe_words, node, seconds, words

STATES = ("open", "resolved")

_NEAR = 2000
"""How many of the newest incidents are looked through for an id that is nearly the one that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One episode. Instants in Unix seconds. `members` is the present count of affected nodes, 0 once it has ended."""

    id: str
    rule: str
    service: str | None
    source: str
    hierarchy: str
    node: Node
    severity: str
    worst_severity: str
    opened_at: float
    changed_at: float
    resolved_at: float | None
    close_reason: str | None
    merged_into: str | None
    members: int
    peak_members: int
    reopened: int
    worst_value: str
    acknowledged_by: str | None
    acknowledged_at: float | None
    facts: dict[str, Any]

    @property
    def about(self) -> str:
        """What it is about, as people read it."""
        return about(self.service, self.source, self.rule)

    @property
    def state(self) -> str:
        """`open` or `resolved`."""
        return "open" if self.resolved_at is None else "resolved"

    @property
    def flapping(self) -> bool:
        """Whether it is open and changes too often to tell each change. It may be good at present: no members."""
        return self.resolved_at is None and self.facts.get("flaps", {}).get("since") is not None

    @property
    def first_acknowledged_at(self) -> float | None:
        """When somebody first acknowledged it, whatever came of that."""
        at = self.facts.get("attention", {}).get("first_at")
        return None if at is None else float(at)

    @property
    def first_acknowledged_by(self) -> str | None:
        """Who that was."""
        return self.facts.get("attention", {}).get("first_by") or None

    @property
    def time_to_acknowledge(self) -> float | None:
        """Seconds from its opening until somebody first acknowledged it."""
        at = self.first_acknowledged_at
        return None if at is None else max(0.0, at - self.opened_at)

    @property
    def muted_by(self) -> str:
        """Why nobody is told of it, or was not at its end; empty when somebody is."""
        return mute_of(self.facts)

    def lasted(self, at: float) -> float:
        """Seconds from its opening to its end, or to `at` while it is open."""
        return max(0.0, (at if self.resolved_at is None else self.resolved_at) - self.opened_at)

    def as_json(self) -> dict[str, Any]:
        """As `incidents list --json` has it."""
        return {
            "id": self.id,
            "rule": self.rule,
            "service": self.service,
            "source": self.source,
            "hierarchy": self.hierarchy,
            "node": list(self.node),
            "state": self.state,
            "severity": self.severity,
            "worst_severity": self.worst_severity,
            "opened_at": iso(self.opened_at),
            "changed_at": iso(self.changed_at),
            "resolved_at": maybe_iso(self.resolved_at),
            "close_reason": self.close_reason,
            "merged_into": self.merged_into,
            "members": self.members,
            "peak_members": self.peak_members,
            "reopened": self.reopened,
            "acknowledged_by": self.acknowledged_by,
            "acknowledged_at": maybe_iso(self.acknowledged_at),
            "first_acknowledged_at": maybe_iso(self.first_acknowledged_at),
            "first_acknowledged_by": self.first_acknowledged_by,
            "time_to_acknowledge_seconds": self.time_to_acknowledge,
            "unknown": bool(self.facts.get("unknown", False)),
            "flapping": self.flapping,
            "muted_by": self.muted_by or None,
            "summary": self.facts.get("summary") or None,
            "value": self.facts.get("value") or None,
            "limit": self.facts.get("limit") or None,
            "worst_value": self.worst_value or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One step of an incident; `value` as people read it, empty where there is no figure."""

    at: float
    kind: str
    text: str
    value: str

    def as_json(self) -> dict[str, Any]:
        """As `incidents show --json` has it."""
        return {"at": iso(self.at), "kind": self.kind, "text": self.text, "value": self.value or None}


@dataclass(frozen=True, slots=True)
class IncidentStory:
    """An incident with its timeline and its notices, both oldest first."""

    incident: IncidentRow
    timeline: tuple[TimelineRow, ...]
    notices: tuple[NoticeRow, ...]

    def as_json(self) -> dict[str, Any]:
        """As `incidents show --json` has it."""
        return {
            **self.incident.as_json(),
            "timeline": [step.as_json() for step in self.timeline],
            "notices": [notice.as_json() for notice in self.notices],
        }


_SELECT = """
SELECT id, rule, service, source, hierarchy, node, severity, worst_severity, opened_at, changed_at, resolved_at,
       close_reason, merged_into, members, peak_members, reopened, worst_value, acknowledged_by, acknowledged_at, facts
FROM incidents
"""

_CONDITIONS = {
    "since": "(resolved_at IS NULL OR resolved_at > :since OR opened_at >= :since)",
    "until": "opened_at < :until",
    "open": "resolved_at IS NULL",
    "resolved": "resolved_at IS NOT NULL",
}

_TIMELINE = "SELECT at, kind, text, value FROM events WHERE incident = :incident ORDER BY at, step, id"


def incidents(record: Record, filters: Filters | None = None) -> Iterator[IncidentRow]:
    """Incidents, newest first. With `since` and `until`: those open at any time in between, however long before."""
    wanted = filters or Filters()
    yield from wanted.limited(_fitting(record, wanted))


def incident(record: Record, name: str) -> IncidentStory:
    """One incident by its id; the beginning of the id is enough where no other has it.

    Raises:
        NotFound: there is none, or several begin like that.
    """
    found = _row_of(next(record.rows(f"{_SELECT} WHERE id = :id", {"id": incident_id(record, name)})))
    steps = (
        TimelineRow(at=seconds(at), kind=kind, text=words(text), value=words(value))
        for at, kind, text, value in record.rows(_TIMELINE, {"incident": found.id})
    )
    return IncidentStory(found, tuple(steps), tuple(notices(record, incident=found.id, oldest_first=True)))


def _fitting(record: Record, wanted: Filters) -> Iterator[IncidentRow]:
    values: dict[str, Any] = {}
    conditions = [_CONDITIONS[state] for state in wanted.state if len(wanted.state) == 1]
    for name in ("since", "until"):
        at = getattr(wanted, name)
        if at is not None:
            values[name] = record.instant(at)
            conditions.append(_CONDITIONS[name])
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    service, rule, covered = name_test(wanted.service), name_test(wanted.rule), node_test(wanted.node)
    for row in record.rows(f"{_SELECT}{where} ORDER BY opened_at DESC, id", values):
        one = _row_of(row)
        if wanted.severity and one.severity not in wanted.severity:
            continue
        if service(one.service) and rule(one.rule) and covered(one.node):
            yield one


def _row_of(row: Row) -> IncidentRow:
    return IncidentRow(
        id=row[0],
        rule=words(row[1]),
        service=maybe_words(row[2]),
        source=words(row[3]),
        hierarchy=words(row[4]),
        node=node(row[5]),
        severity=row[6],
        worst_severity=row[7],
        opened_at=seconds(row[8]),
        changed_at=seconds(row[9]),
        resolved_at=maybe_seconds(row[10]),
        close_reason=row[11],
        merged_into=row[12],
        members=row[13],
        peak_members=row[14],
        reopened=row[15],
        worst_value=words(row[16]),
        acknowledged_by=maybe_words(row[17]),
        acknowledged_at=maybe_seconds(row[18]),
        facts=json.loads(row[19]),
    )


def incident_id(record: Record, name: str) -> str:
    """The id that is meant by a whole id or the beginning of one, with or without its `sn-`.

    Raises:
        NotFound: there is none, or several begin like that.
    """
    for start in (name, f"sn-{name}"):
        begins = "SELECT id FROM incidents WHERE substr(id, 1, :length) = :start ORDER BY opened_at DESC, id"
        rows = record.rows(begins, {"length": len(start), "start": start}) if _may_be_an_id(name) else ()
        ids: list[str] = [row[0] for row in rows]
        if start in ids or len(ids) == 1:
            return start if start in ids else ids[0]
        if ids:
            shown = ", ".join(ids[:5]) + (" ..." if len(ids) > len(ids[:5]) else "")
            raise NotFound(
                f"{len(ids)} incidents begin with {name!r}", hint=f"one more letter tells them apart: {shown}"
            )
    raise NotFound(f"there is no incident {name!r}", hint=_nearest(record, name))


def _may_be_an_id(name: str) -> bool:
    """Ids are plain; Postgres takes no text with a NUL or half a character in it, not even to compare with."""
    return bool(name) and name.isascii() and name.isprintable()


def _nearest(record: Record, name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only for what is not found

    newest = "SELECT id FROM incidents ORDER BY opened_at DESC, id LIMIT :count"
    near = get_close_matches(name, [row[0] for row in record.rows(newest, {"count": _NEAR})], 1)
    return f"did you mean {near[0]}?" if near else "`sentinel incidents list` shows those that there are"

"""What is wrong now: queries without figures, alerts that are not quietly ok, notices that have not left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sentinel.history.filters import Filters, name_test, node_test
from sentinel.history.record import Node, Record, iso, maybe_iso, maybe_seconds, maybe_words, node, seconds, words

SOURCE_RULE = "sentinel/source"
"""As `domain.rules` has it, without what its import brings along; a test compares the two."""

STALE_AFTER = 3.0
"""A query whose last reading is older than so many of its intervals is stale: nobody is asking."""

USUAL_INTERVAL = 600.0
"""Seconds between two readings where fewer than two are kept: Nexthink's figures move every ten minutes."""

_RANK = {"critical": 0, "warning": 1, "unknown": 2, "pending": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStatus:
    """A query and how it fares: `ok`, `failing`, `waiting` (never asked) or `stale` (not asked for too long).

    `interval` in seconds is the usual distance between its last readings. `trouble` is a sentence, empty when good.
    """

    source: str
    service: str
    hierarchy: str
    level: str | None
    path: Node | None
    scope: str
    last_reading_at: float | None
    last_good_at: float | None
    interval: float
    state: str
    trouble: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {
            "source": self.source,
            "service": self.service,
            "hierarchy": self.hierarchy,
            "level": self.level,
            "path": None if self.path is None else list(self.path),
            "scope": self.scope,
            "last_reading_at": maybe_iso(self.last_reading_at),
            "last_good_at": maybe_iso(self.last_good_at),
            "interval": self.interval,
            "state": self.state,
            "trouble": self.trouble or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """An alert that is not quietly ok. `state` is what is shown, `severity` the highest active one underneath.

    `value` in base units; `shown_value` and `limit` with units, where its incident tells them.
    """

    rule: str
    service: str | None
    source: str
    node: Node
    state: str
    severity: str | None
    value: float | None
    since: float
    incident: str | None = None
    shown_value: str = ""
    limit: str = ""
    acknowledged_by: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it. Nothing is muted: silences and maintenance windows are not recorded yet."""
        return {
            "rule": self.rule,
            "service": self.service,
            "source": self.source,
            "node": list(self.node),
            "state": self.state,
            "severity": self.severity,
            "value": self.value,
            "since": iso(self.since),
            "incident": self.incident,
            "muted_by": None,
            "limit": self.limit or None,
            "acknowledged_by": self.acknowledged_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """Notices that have not left: `waiting` includes those being sent at this moment. Age in seconds."""

    waiting: int
    unclear: int
    abandoned: int
    oldest_waiting_seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {
            "waiting": self.waiting,
            "unclear": self.unclear,
            "abandoned": self.abandoned,
            "oldest_waiting_seconds": self.oldest_waiting_seconds,
        }


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand at `at` (Unix seconds)."""

    at: float
    queries: tuple[QueryStatus, ...]
    alerts: tuple[AlertStatus, ...]
    outbox: OutboxStatus

    @property
    def is_wrong(self) -> bool:
        """Whether anything is found: an active or unknown alert, a query without figures, an abandoned notice."""
        return (
            any(alert.state != "pending" for alert in self.alerts)
            or any(query.state in ("failing", "stale") for query in self.queries)
            or self.outbox.abandoned > 0
        )

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {
            "at": iso(self.at),
            "queries": [query.as_json() for query in self.queries],
            "alerts": [alert.as_json() for alert in self.alerts],
            "outbox": self.outbox.as_json(),
        }


def status(record: Record, at: float, filters: Filters | None = None) -> Status:
    """How things stand at `at`. Filters narrow the alerts, and by service the queries."""
    wanted = filters or Filters()
    by_name = name_test(wanted.service)
    queries = tuple(query for query in _queries(record, at) if by_name(query.service))
    found = [alert for alert in (*_source_alerts(record), *_alerts(record)) if _fits(alert, wanted)]
    service, rule, covered = name_test(wanted.service), name_test(wanted.rule), node_test(wanted.node)
    kept = (one for one in found if service(one.service) and rule(one.rule) and covered(one.node))
    order = sorted(kept, key=lambda one: (_RANK.get(one.state, len(_RANK)), one.since, one.rule, one.node))
    return Status(at, queries, tuple(wanted.limited(order)), _outbox(record, at))


def _fits(alert: AlertStatus, wanted: Filters) -> bool:
    if wanted.state and alert.state not in wanted.state:
        return False
    if wanted.since is not None and alert.since < wanted.since:
        return False
    return not wanted.severity or alert.severity in wanted.severity


_QUERIES = """
SELECT q.key, q.last_reading_at, q.last_good_at, q.failure_text, q.failure_hint,
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 0),
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 1),
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 2),
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 3)
FROM queries q
"""


def _queries(record: Record, at: float) -> list[QueryStatus]:
    found = []
    for key, last, good, failure, hint, *latest in record.rows(_QUERIES, {}):
        source, service, hierarchy, level, path, scope = json.loads(words(key))
        interval = _interval([seconds(moment) for moment in latest if moment is not None])
        last_at = maybe_seconds(last)
        state = "waiting" if last_at is None else "ok" if failure is None else "failing"
        if last_at is not None and at - last_at > STALE_AFTER * interval:
            state = "stale"
        one = QueryStatus(
            source=source,
            service=service,
            hierarchy=hierarchy,
            level=level,
            path=None if path is None else tuple(path),
            scope=scope,
            last_reading_at=last_at,
            last_good_at=maybe_seconds(good),
            interval=interval,
            state=state,
            trouble=words(failure),
            hint=words(hint),
        )
        found.append(one)
    found.sort(key=lambda one: (one.source, one.service, one.hierarchy, one.level or "", one.path or ()))
    return found


def _interval(latest: list[float]) -> float:
    """The middle distance of the last readings, newest first: one early retry or one long pause does not move it."""
    gaps = sorted(newer - older for newer, older in pairwise(latest))
    return round(gaps[(len(gaps) - 1) // 2], 3) if gaps else USUAL_INTERVAL


_ALERTS = """
SELECT a.rule, a.service, a.source, a.node, a.shown, a.warning, a.critical, a.value, a.changed_at, a.incident,
       i.facts, i.acknowledged_by
FROM alerts a LEFT JOIN incidents i ON i.id = a.incident
WHERE a.shown <> 'ok'
"""

_SOURCES = """
SELECT id, source, severity, opened_at, facts, acknowledged_by FROM incidents
WHERE resolved_at IS NULL AND rule = :rule
"""

_ACTIVE = ("active", "recovering")


def _alerts(record: Record) -> Iterator[AlertStatus]:
    facts_of: dict[str, dict[str, Any]] = {}
    for (
        rule,
        service,
        source,
        path,
        shown,
        warning,
        critical,
        value,
        since,
        incident,
        facts,
        acknowledged,
    ) in record.rows(_ALERTS, {}):
        if incident is not None and incident not in facts_of and facts is not None:
            facts_of[incident] = json.loads(facts)
        told = facts_of.get(incident or "", {})
        place = node(path)
        yield AlertStatus(
            rule=words(rule),
            service=maybe_words(service),
            source=words(source),
            node=place,
            state=shown,
            severity="critical" if critical in _ACTIVE else "warning" if warning in _ACTIVE else None,
            value=value,
            since=seconds(since),
            incident=incident,
            shown_value=_value_of(told, place),
            limit=told.get("limit", ""),
            acknowledged_by=maybe_words(acknowledged),
        )


def _value_of(facts: dict[str, Any], place: Node) -> str:
    """A node's figure with its unit, when it is among those that its incident names."""
    for path, _severity, value, _unknown in facts.get("worst", ()):
        if tuple(path) == place:
            return str(value)
    return ""


def _source_alerts(record: Record) -> Iterator[AlertStatus]:
    """Trouble with a source has an incident but no node, so it has no row among the alerts."""
    for incident, source, severity, opened_at, facts, acknowledged in record.rows(_SOURCES, {"rule": SOURCE_RULE}):
        yield AlertStatus(
            rule=SOURCE_RULE,
            service=None,
            source=words(source),
            node=(),
            state=severity,
            severity=severity,
            value=None,
            since=seconds(opened_at),
            incident=incident,
            shown_value=json.loads(facts).get("detail", ""),
            acknowledged_by=maybe_words(acknowledged),
        )


_OUTBOX = """
SELECT state, count(*), min(at) FROM notices WHERE state IN ('waiting', 'sending', 'unclear') GROUP BY state
UNION ALL SELECT 'abandoned', count(*), NULL FROM notices WHERE state = 'abandoned'
"""


def _outbox(record: Record, at: float) -> OutboxStatus:
    counts: dict[str, int] = {}
    oldest: float | None = None
    for state, count, since in record.rows(_OUTBOX, {}):
        counts[state] = count
        if since is not None:
            oldest = min(seconds(since), at if oldest is None else oldest)
    return OutboxStatus(
        waiting=counts.get("waiting", 0) + counts.get("sending", 0),
        unclear=counts.get("unclear", 0),
        abandoned=counts.get("abandoned", 0),
        oldest_waiting_seconds=None if oldest is None else round(max(0.0, at - oldest), 3),
    )

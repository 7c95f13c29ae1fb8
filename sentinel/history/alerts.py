"""Alerts that are not quietly ok now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sentinel.history.filters import Filters, name_test, node_test
from sentinel.history.record import Node, Record, iso, maybe_words, node, seconds, words
from sentinel.history.silences import Aim, aim_of, in_force

SOURCE_RULE = "sentinel/source"
"""As `domain.rules` has it, without what its import brings along; a test compares the two."""

BUILT_IN = "sentinel/"
"""How the ids of all built-in rules begin; no rule of a rules file can have a stroke in its id."""

_RANK = {"critical": 0, "warning": 1, "unknown": 2, "pending": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """An alert that is not quietly ok. `state` is what is shown, `severity` the highest active one underneath.

    `value` in base units; `shown_value` and `limit` with units, where its incident tells them. `muted_by`: why nobody
    is told of it at present, empty when somebody would be.
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
    muted_by: str = ""

    @property
    def about(self) -> str:
        """What it is about, as people read it."""
        return about(self.service, self.source, self.rule)

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
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
            "muted_by": self.muted_by or None,
            "limit": self.limit or None,
            "acknowledged_by": self.acknowledged_by,
        }


@dataclass(frozen=True, slots=True)
class Mutes:
    """What mutes alerts now: silences as they are on record, windows of the rules file as the last tick found them."""

    asked: tuple[tuple[str, Aim], ...]

    @classmethod
    def of_record(cls, record: Record, at: float) -> Mutes:
        """Those in force at an instant."""
        return cls(tuple((one.text, aim_of(one)) for one in in_force(record, at)))

    def of(self, one: AlertStatus, facts: dict[str, Any]) -> str:
        """Why nobody is told of the alert, whose incident has these facts; empty when somebody would be."""
        window = window_of(facts)
        if window:
            return window
        owner = facts.get("owner", "")
        names = {"rule": one.rule, "service": one.service, "source": one.source, "owner": owner}
        fitting = (text for text, meant in self.asked if meant(**names, node=one.node, severity=one.severity))
        return next(fitting, "")


def mute_of(facts: dict[str, Any]) -> str:
    """What mutes an incident with these facts, or did at its end, as the last tick found it."""
    by: str = facts.get("hush", {}).get("by", "")
    return by


def window_of(facts: dict[str, Any]) -> str:
    """The same where it is a window of the rules file: a silence may have ended or begun since."""
    by = mute_of(facts)
    return by if by.startswith("maintenance: ") else ""


def about(service: str | None, source: str, rule: str) -> str:
    """The service, the source that gives no data, or Sentinel itself."""
    if service is not None:
        return service
    return f"source {source}" if rule == SOURCE_RULE else "Sentinel"


def alerts(record: Record, wanted: Filters, at: float) -> Iterator[AlertStatus]:
    """Those that fit, the worst first, then the longest lasting. `since` is about when their state began, `at` is now."""
    service, rule, covered = name_test(wanted.service), name_test(wanted.rule), node_test(wanted.node)
    mute = Mutes.of_record(record, at)
    found = (one for one in (*_built_in_alerts(record, mute), *_alerts(record, mute)) if _fits(one, wanted))
    kept = (one for one in found if service(one.service) and rule(one.rule) and covered(one.node))
    order = sorted(kept, key=lambda one: (_RANK.get(one.state, len(_RANK)), one.since, one.rule, one.node))
    return wanted.limited(order)


def _fits(alert: AlertStatus, wanted: Filters) -> bool:
    if wanted.state and alert.state not in wanted.state:
        return False
    if wanted.since is not None and alert.since < wanted.since:
        return False
    if wanted.until is not None and alert.since >= wanted.until:
        return False
    return not wanted.severity or alert.severity in wanted.severity


_ALERTS = """
SELECT a.rule, a.service, a.source, a.node, a.shown, a.warning, a.critical, a.value, a.changed_at, a.incident,
       i.facts, i.acknowledged_by
FROM alerts a LEFT JOIN incidents i ON i.id = a.incident
WHERE a.shown <> 'ok'
"""

_BUILT_IN = """
SELECT id, rule, source, node, severity, opened_at, facts, acknowledged_by FROM incidents
WHERE resolved_at IS NULL AND substr(rule, 1, :length) = :beginning
"""

_ACTIVE = ("active", "recovering")


def _alerts(record: Record, mute: Mutes) -> Iterator[AlertStatus]:
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
        one = AlertStatus(
            rule=words(rule),
            service=maybe_words(service),
            source=words(source),
            node=node(path),
            state=shown,
            severity="critical" if critical in _ACTIVE else "warning" if warning in _ACTIVE else None,
            value=value,
            since=seconds(since),
            incident=incident,
            shown_value=_value_of(told, node(path), value),
            limit=told.get("limit", ""),
            acknowledged_by=maybe_words(acknowledged),
        )
        yield replace(one, muted_by=mute.of(one, told)) if one.severity is not None else one


def _value_of(facts: dict[str, Any], place: Node, value: float | None) -> str:
    """A node's figure with its unit. Its incident names the worst; of the others a share is known by its limit."""
    for path, _severity, shown, _unknown in facts.get("worst", ()):
        if tuple(path) == place:
            return str(shown)
    if value is None or not str(facts.get("limit", "")).endswith("%"):
        return ""
    from sentinel.domain.metrics import Unit, format_value  # noqa: PLC0415  # only for incidents of many nodes

    return format_value(value, Unit.RATIO, as_percent=True)


def _built_in_alerts(record: Record, mute: Mutes) -> Iterator[AlertStatus]:
    """Trouble with a source or with Sentinel itself has an incident, but no row among the alerts."""
    wanted = {"beginning": BUILT_IN, "length": len(BUILT_IN)}
    for incident, rule, source, path, severity, opened_at, facts, acknowledged in record.rows(_BUILT_IN, wanted):
        told = json.loads(facts)
        one = AlertStatus(
            rule=words(rule),
            service=None,
            source=words(source),
            node=node(path),
            state=severity,
            severity=severity,
            value=None,
            since=seconds(opened_at),
            incident=incident,
            shown_value=told.get("detail", ""),
            acknowledged_by=maybe_words(acknowledged),
        )
        yield replace(one, muted_by=mute.of(one, told))

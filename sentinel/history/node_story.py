"""What the record says of one node: the states it had, the incidents it belonged to, and every attempt to tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sentinel.history.record import Node, Record, iso, kept, maybe_iso, maybe_seconds, node, seconds, words
from sentinel.store.digests import node_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """The node showed another state from `at` on (Unix seconds). `why` as it was said then."""

    at: float
    before: str
    after: str
    why: str
    incident: str | None

    def as_json(self) -> dict[str, Any]:
        """As `explain --json` has it."""
        return {
            "at": iso(self.at),
            "before": self.before,
            "after": self.after,
            "why": self.why,
            "incident": self.incident,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver a notice. `outcome` None: under way, or nobody knows."""

    notice: int
    started_at: float
    finished_at: float | None
    outcome: str | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """As `explain --json` has it."""
        return {
            "started_at": iso(self.started_at),
            "finished_at": maybe_iso(self.finished_at),
            "outcome": self.outcome,
            "reason": self.reason or None,
        }


_CHANGES = """
SELECT t.at, t.before, t.after, t.why, t.incident, t.node FROM transitions t
WHERE t.node_digest = :node AND t.rule = :rule AND t.service = :service AND t.at <= :until
ORDER BY t.at DESC, t.id DESC
"""

_INCIDENTS = """
SELECT id, node FROM incidents
WHERE rule = :rule AND service = :service AND opened_at <= :at AND (resolved_at IS NULL OR resolved_at >= :at)
ORDER BY opened_at
"""

_TAKEN = "SELECT acknowledged_by, acknowledged_at FROM incidents WHERE id = :incident"

_ATTEMPTS = """
SELECT a.notice, a.started_at, a.finished_at, a.outcome, a.reason
FROM attempts a JOIN notices n ON n.id = a.notice WHERE n.incident = :incident ORDER BY a.notice, a.n
"""


def state_changes(
    record: Record, rule: str, service: str, place: Node, until: float, limit: int = 10
) -> tuple[StateChange, ...]:
    """The last changes of what the node showed until that instant, oldest first."""
    values = {"node": node_digest(place), "rule": kept(rule), "service": kept(service), "until": record.instant(until)}
    found = []
    for at, before, after, why, incident, path in record.rows(_CHANGES, values):
        if node(path) == place:
            found.append(StateChange(at=seconds(at), before=before, after=after, why=words(why), incident=incident))
        if len(found) == limit:
            break
    return tuple(reversed(found))


def incident_at(record: Record, rule: str, service: str, place: Node, at: float) -> str | None:
    """The incident that lasted at that instant and stood at the node or above it, the deepest; None for none."""
    values = {"rule": kept(rule), "service": kept(service), "at": record.instant(at)}
    above = [
        (len(path), name) for name, text in record.rows(_INCIDENTS, values) if place[: len(path := node(text))] == path
    ]
    return max(above)[1] if above else None


def taken_at(record: Record, incident: str, at: float) -> tuple[str, float] | None:
    """Who had the incident acknowledged at that instant, as far as it was not taken back or over since, and since when."""
    for who, since in record.rows(_TAKEN, {"incident": incident}):
        if who is not None and seconds(since) <= at:
            return words(who), seconds(since)
    return None


def attempts(record: Record, incident: str) -> Iterator[Attempt]:
    """Every attempt to tell of the incident, by notice, in order."""
    for notice, started, finished, outcome, reason in record.rows(_ATTEMPTS, {"incident": incident}):
        yield Attempt(
            notice=notice,
            started_at=seconds(started),
            finished_at=maybe_seconds(finished),
            outcome=outcome,
            reason=words(reason),
        )

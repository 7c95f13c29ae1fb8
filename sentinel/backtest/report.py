"""What a backtest found, ready to be shown: the numbers side by side, by day, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sentinel.backtest.difference import Agreement, Change, Day, Detection, agreements, changes, days, detections
from sentinel.backtest.outcome import Outcome
from sentinel.deliver.times import iso
from sentinel.domain.attained_text import ratio_text
from sentinel.domain.dossier import Row
from sentinel.domain.incidents import Incident


@dataclass(frozen=True)
class Report:
    """`old` None: one rules file alone. `zone` is an IANA name, in which days begin. Instants in Unix seconds."""

    rules: str
    against: str | None
    since: float
    until: float
    zone: str
    new: Outcome
    old: Outcome | None = None

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every notice of either run; of one run alone they all are `=`."""
        return changes(self.new if self.old is None else self.old, self.new)

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """By day and channel."""
        return days(self.changes, zone_of(self.zone))

    @cached_property
    def detections(self) -> tuple[Detection, ...]:
        """What would have been found sooner or later, from the beginning on."""
        found = () if self.old is None else detections(self.old, self.new)
        return tuple(one for one in found if max(one.old_at, one.new_at) >= self.since)

    @cached_property
    def agreements(self) -> tuple[Agreement, ...]:
        """What each agreement came to from `since` to `until`, on both sides."""
        return agreements(self.old, self.new)

    @property
    def differs(self) -> bool:
        """Whether anybody would have been told anything else."""
        return any(one.sign != "=" for one in self.changes)

    def count(self, sign: str) -> int:
        """How many notices have that sign."""
        return sum(one.sign == sign for one in self.changes)

    def as_json(self) -> dict[str, Any]:
        """As `backtest --json` has it; see docs/reference/backtest.md."""
        return {
            "rules": self.rules,
            "against": self.against,
            "since": iso(self.since),
            "until": iso(self.until),
            "readings": self.new.readings,
            "failed": self.new.failed,
            "unrecorded": [one.as_json() for one in self.new.unrecorded],
            "old": None if self.old is None else _numbers(self.old),
            "new": _numbers(self.new),
            "added": self.count("+"),
            "removed": self.count("-"),
            "days": [
                {
                    "day": day.day,
                    "channel": day.channel,
                    "old": day.old,
                    "new": day.new,
                    "added": day.added,
                    "removed": day.removed,
                }
                for day in self.days
            ],
            "detections": [
                {
                    "rule": one.rule,
                    "service": one.service or None,
                    "node": list(one.node),
                    "old_at": iso(one.old_at),
                    "new_at": iso(one.new_at),
                    "earlier_seconds": one.earlier,
                }
                for one in self.detections
            ],
            "sla": [
                {"sla": one.sla, "service": one.service, "old": _attained(one.old), "new": _attained(one.new)}
                for one in self.agreements
            ],
            "notices": [_notice(one) for one in self.changes],
            "incidents": [_incident(one, self.new) for one in self.new.incidents],
        }


def zone_of(name: str) -> tzinfo:
    """The zone of that name, UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _numbers(outcome: Outcome) -> dict[str, Any]:
    return {
        "incidents": len(outcome.incidents),
        "flapping": len(outcome.flapping),
        "notices": len(outcome.told),
        "not_told": dict(outcome.not_told),
    }


def _attained(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "objective": f"{row.objective:.6f}",
        "availability": ratio_text(row.availability, row.objective),
        "good_seconds": row.good_seconds,
        "bad_seconds": row.bad_seconds,
        "unknown_seconds": row.unknown_seconds,
        "excluded_seconds": row.excluded_seconds,
        "budget_seconds": row.budget_seconds,
        "budget_left_seconds": row.budget_left_seconds,
        "formula": row.formula,
    }


def _notice(change: Change) -> dict[str, Any]:
    told = change.told
    return {
        "change": change.sign,
        "at": iso(told.at),
        "kind": told.kind,
        "severity": told.severity,
        "rule": told.rule,
        "service": told.service or None,
        "node": list(told.node),
        "receiver": told.receiver,
        "channel": told.channel,
        "incident": told.incident,
        "text": told.line,
    }


def _incident(one: Incident, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": one.id,
        "rule": one.rule,
        "service": one.service,
        "node": list(one.node),
        "severity": one.worst_severity.word,
        "opened_at": iso(one.opened_at),
        "resolved_at": None if one.resolved_at is None else iso(one.resolved_at),
        "close_reason": None if one.close_reason is None else one.close_reason.value,
        "reopened": one.reopened,
        "members": one.peak_members,
        "flapping": one.id in outcome.flapping,
    }

"""What is wrong now: queries without figures, alerts that are not quietly ok, notices that have not left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentinel.history.alerts import AlertStatus, alerts
from sentinel.history.filters import Filters, name_test, node_test
from sentinel.history.queries import QueryStatus, queries
from sentinel.history.record import Record, iso, maybe_words, node, seconds, words


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
    """How things stand at `at` (Unix seconds). `lulls`: how many incidents flap and are well at present."""

    at: float
    queries: tuple[QueryStatus, ...]
    alerts: tuple[AlertStatus, ...]
    outbox: OutboxStatus
    lulls: int = 0

    @property
    def is_wrong(self) -> bool:
        """Whether anything is found: an active or unknown alert, a lull, a query without figures, an abandoned notice."""
        return (
            any(alert.state != "pending" for alert in self.alerts)
            or any(query.state in ("failing", "stale") for query in self.queries)
            or self.outbox.abandoned > 0
            or self.lulls > 0
        )

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {
            "at": iso(self.at),
            "queries": [query.as_json() for query in self.queries],
            "alerts": [alert.as_json() for alert in self.alerts],
            "outbox": self.outbox.as_json(),
            "lulls": self.lulls,
        }


def status(record: Record, at: float, filters: Filters | None = None) -> Status:
    """How things stand at `at` (Unix seconds). Filters narrow the alerts, and by service the queries."""
    wanted = filters or Filters()
    by_name = name_test(wanted.service)
    asked = tuple(query for query in queries(record, at) if by_name(query.service))
    return Status(at, asked, tuple(alerts(record, wanted, at)), _outbox(record, at), _lulls(record, wanted))


_LULLS = "SELECT service, rule, node FROM incidents WHERE resolved_at IS NULL AND members = 0"
"""What is open with nothing bad: only flapping keeps it so."""


def _lulls(record: Record, wanted: Filters) -> int:
    service, rule, covered = name_test(wanted.service), name_test(wanted.rule), node_test(wanted.node)
    return sum(
        service(maybe_words(about)) and rule(words(by)) and covered(node(at))
        for about, by, at in record.rows(_LULLS, {})
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

"""What people saw in Slack, held against what the database says: nothing lost, nothing repeated, in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from sentinel.demo.workspace_truth import Message
from sentinel.store.database import Database
from sentinel.store.tables import incidents, notices
from tests.e2e.stage import Stage

CLOSES = ("recovered", "closed")


@dataclass(frozen=True, slots=True)
class Audit:
    """`lost` and `repeated` say what, one line each; both empty is the promise kept."""

    incidents: int
    open: int
    undelivered: int
    messages: int
    lines: int
    lost: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def settled(self) -> bool:
        """No incident is open and nothing waits to be told."""
        return self.open == self.undelivered == 0


def audit(stage: Stage, database: Database) -> Audit:
    """Compare the two as they stand."""
    with database.reading() as connection:
        known = {row.id: row for row in connection.execute(select(incidents)) if row.rule != "sentinel/restarts"}
        decided = [row for row in connection.execute(select(notices).order_by(notices.c.id)) if row.incident in known]
    roots = Counter(_incident(message) for message in stage.roots)
    keys = Counter(_key(message) for message in (*stage.roots, *stage.lines))
    told = [row for row in decided if row.state == "delivered"]
    announced = {row.incident for row in told}
    closed = {row.incident for row in told if row.kind in CLOSES}
    lost = [f"{one}: delivered by the record, but in no channel" for one in sorted(announced - set(roots))]
    lost += [f"{one}: in a channel, but not in the record" for one in sorted(set(roots) - set(known))]
    lost += [f"{row.incident}: {row.kind} is {row.state}" for row in decided if row.state in ("abandoned", "not_told")]
    lost += [
        f"{one}: announced and over, but never told closed"
        for one in sorted(announced - closed)
        if known[one].resolved_at is not None
    ]
    lost += [f"{one}: recorded, never announced" for one in sorted(set(known) - {row.incident for row in decided})]
    lost += _stale_heads(stage, {one for one in closed if known[one].resolved_at is not None})
    repeated = [f"{one}: {count} messages" for one, count in sorted(roots.items()) if count > 1]
    repeated += [f"{key}: told {count} times" for key, count in sorted(keys.items()) if count > 1]
    repeated += _several_closes(stage)
    return Audit(
        incidents=len(known),
        open=sum(row.resolved_at is None for row in known.values()),
        undelivered=sum(row.state in ("waiting", "sending", "unclear") for row in decided),
        messages=len(stage.roots),
        lines=len(stage.lines),
        lost=tuple(lost),
        repeated=tuple(repeated),
    )


def _stale_heads(stage: Stage, over: set[str]) -> list[str]:
    """Incidents whose message still reads as if they went on."""
    words = ("recovered", "closed", "merged")
    return [
        f"{_incident(root)}: over, but its message says {root.text!r}"
        for root in stage.roots
        if _incident(root) in over and not any(word in root.text.lower() for word in words)
    ]


def _several_closes(stage: Stage) -> list[str]:
    """Without reopening an incident is closed once, in its thread or in the message itself."""
    closes = Counter(_incident(line) for line in stage.lines if any(f"/{kind}/" in _key(line) for kind in CLOSES))
    return [f"{one}: closed {count} times" for one, count in sorted(closes.items()) if count > 1]


def _payload(message: Message) -> dict[str, str]:
    payload: dict[str, str] = (message.metadata or {}).get("event_payload", {})
    return payload


def _incident(message: Message) -> str:
    return _payload(message).get("incident", f"unmarked message {message.ts}")


def _key(message: Message) -> str:
    return _payload(message).get("notice", f"unmarked message {message.ts}")

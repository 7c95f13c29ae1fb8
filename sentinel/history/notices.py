"""Who was told what and when, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sentinel.history.filters import Filters, name_test, node_test
from sentinel.history.record import Record, Row, iso, maybe_iso, maybe_seconds, maybe_words, node, seconds, words

STATES = ("waiting", "sending", "delivered", "unclear", "abandoned", "not_told")
KINDS = (
    "degraded",
    "escalated",
    "deescalated",
    "widened",
    "narrowed",
    "reopened",
    "reminder",
    "recovered",
    "closed",
    "unknown",
    "flapping",
    "acknowledged",
    "digest",
    "test",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """One step of one incident for one address. `receiver` and `channel` are None where no route matched.

    `reason` says why it was not told, or what the last attempt was answered; empty where nothing is to be said.
    `given_up` says why it was abandoned: `refused` (channel or credentials), `unfit` (what it says), `late` (put off too
    long): certainly not accepted; `unclear`: perhaps accepted and never confirmed.
    """

    id: int
    incident: str
    step: int
    kind: str
    receiver: str | None
    channel: str | None
    state: str
    decided_at: float
    delivered_at: float | None
    attempts: int
    next_attempt_at: float | None
    reason: str
    line: str
    given_up: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As `notices list --json` has it."""
        return {
            "id": self.id,
            "incident": self.incident,
            "step": self.step,
            "kind": self.kind,
            "receiver": self.receiver,
            "channel": self.channel,
            "state": self.state,
            "decided_at": iso(self.decided_at),
            "delivered_at": maybe_iso(self.delivered_at),
            "attempts": self.attempts,
            "next_attempt_at": maybe_iso(self.next_attempt_at),
            "reason": self.reason or None,
            "given_up": self.given_up,
            "text": self.line,
        }


_SELECT = """
SELECT n.id, n.incident, n.step, n.kind, n.receiver, n.channel_kind, n.channel_to, n.state, n.at, n.settled_at,
       n.attempts, n.next_attempt_at, n.not_before, n.reason, n.line,
       i.rule, i.service, i.node, i.severity, n.given_up
FROM notices n LEFT JOIN incidents i ON i.id = n.incident
"""


def notices(
    record: Record,
    filters: Filters | None = None,
    *,
    incident: str | None = None,
    kind: tuple[str, ...] = (),
    receiver: tuple[str, ...] = (),
    oldest_first: bool = False,
) -> Iterator[NoticeRow]:
    """Notices, newest first unless asked otherwise. `since` and `until` are about when they were decided.

    Service, node, rule and severity are those of the notice's incident. `receiver` are globs.
    """
    wanted = filters or Filters()
    values: dict[str, Any] = {}
    conditions = []
    for column, words_ in (("state", wanted.state), ("kind", kind)):
        if words_:
            names = [f"{column}{number}" for number in range(len(words_))]
            values.update(zip(names, words_, strict=True))
            conditions.append(f"n.{column} IN ({', '.join(f':{name}' for name in names)})")
    if incident is not None:
        values["incident"] = incident
        conditions.append("n.incident = :incident")
    if wanted.since is not None:
        values["since"] = record.instant(wanted.since)
        conditions.append("n.at >= :since")
    if wanted.until is not None:
        values["until"] = record.instant(wanted.until)
        conditions.append("n.at < :until")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = " ORDER BY n.at, n.id" if oldest_first else " ORDER BY n.at DESC, n.id DESC"
    fits, addressed = _incident_test(wanted), name_test(receiver)
    found = (row for row in record.rows(_SELECT + where + order, values) if fits(row) and addressed(row[4]))
    yield from wanted.limited(map(_row_of, found))


def _incident_test(wanted: Filters) -> Any:
    service, rule, covered = name_test(wanted.service), name_test(wanted.rule), node_test(wanted.node)
    asked = bool(wanted.service or wanted.rule or wanted.node or wanted.severity)

    def fits(row: Row) -> bool:
        if not asked:
            return True
        if row[15] is None:  # a test or a digest belongs to no incident
            return False
        severe = not wanted.severity or row[18] in wanted.severity
        return severe and rule(words(row[15])) and service(maybe_words(row[16])) and covered(node(row[17]))

    return fits


def _row_of(row: Row) -> NoticeRow:
    state = row[7]
    kind, to = row[5], maybe_words(row[6])
    waits = state in ("waiting", "unclear")
    return NoticeRow(
        id=row[0],
        incident=row[1],
        step=row[2],
        kind=row[3],
        receiver=maybe_words(row[4]),
        channel=f"{kind}:{to}" if to else kind,
        state=state,
        decided_at=seconds(row[8]),
        delivered_at=maybe_seconds(row[9]) if state == "delivered" else None,
        attempts=row[10],
        next_attempt_at=max(seconds(row[11]), seconds(row[12])) if waits else None,
        reason=words(row[13]),
        line=words(row[14]),
        given_up=row[19],
    )

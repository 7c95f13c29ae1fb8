"""Notices: the decision to tell one address one step of an incident, or the reason not to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sentinel.domain.rules import Address


class NoticeKind(Enum):
    """What is told."""

    DEGRADED = "degraded"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    WIDENED = "widened"
    NARROWED = "narrowed"
    REOPENED = "reopened"
    REMINDER = "reminder"
    RECOVERED = "recovered"
    CLOSED = "closed"  # ended for another reason than recovery
    UNKNOWN = "unknown"  # the figures of an open incident are gone
    FLAPPING = "flapping"
    ACKNOWLEDGED = "acknowledged"
    DIGEST = "digest"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One step of one incident for one address.

    `line` is the step in one sentence, as a thread or a timeline shows it. `not_before` (Unix seconds) lets a change
    of members wait for others, so that one edit tells them all. `told` False: `reason` says why nobody is told, and
    `address` may be None (no route). `key` is unique: deciding the same step again adds nothing.
    """

    incident: str
    step: int
    kind: NoticeKind
    address: Address | None
    at: float
    not_before: float
    line: str
    told: bool = True
    quiet: bool = False
    reason: str = ""

    @property
    def key(self) -> str:
        """What makes two notices the same."""
        to = f"{self.address.receiver}/{self.address.channel}" if self.address else "-"
        return f"{self.incident}/{self.step}/{self.kind.value}/{to}"

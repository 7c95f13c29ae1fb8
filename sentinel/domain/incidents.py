"""Incidents: one episode of one rule and service at one place of the hierarchy, with its story so far."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import Enum

from sentinel.domain.hierarchy import Node
from sentinel.domain.rules import Address, Severity


class CloseReason(Enum):
    """Why an incident ended. Only the first is a recovery, and only it is told with that word."""

    RECOVERED = "recovered"
    MERGED = "merged"  # its members belong to an older incident now
    RULE_REMOVED = "rule_removed"
    RULE_CHANGED = "rule_changed"  # an edit of the rule, not the service, made the figures fine
    NOT_REPORTED = "not_reported"  # the source has not shown the nodes for `retire_after`


@dataclass(frozen=True, slots=True)
class Member:
    """An affected node as the message names it: severity and observed value as people read them."""

    node: Node
    severity: Severity
    value: str
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message says beside the incident's state; kept with the incident so that it can be told without the rule.

    `value` and `limit` are texts with units ("14.2 %", "> 10 %"). `worst` holds at most ten members, worst first.
    `affected` of `judged` leaves are bad. `unknown`: all of them are without data now. `recovering`: none is in breach any more, and
    so many seconds of it count as recovered; 0 while one is. `rule_version` is the
    fingerprint of the criteria under which a member was last seen in breach. `detail` is a sentence for incidents without a figure (a source that fails), `excerpt` lines that are shown as they are.
    `unseen_from`, `unseen_to`: nobody saw what went on in between, and by its end no member was in breach any more;
    `unseen_why` says why nobody did, and is empty when the recovery was seen.
    """

    summary: str = ""
    subject: str = ""
    value: str = ""
    limit: str = ""
    hold: float = 0.0
    affected: int = 0
    judged: int = 0
    worst: tuple[Member, ...] = ()
    detail: str = ""
    excerpt: str = ""
    hint: str = ""
    runbook: str = ""
    owner: str = ""
    timezone: str = "UTC"
    unknown: bool = False
    recovering: float = 0.0
    unseen_from: float = 0.0
    unseen_to: float = 0.0
    unseen_why: str = ""
    rule_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A change that counts for flapping: when, and whether it was bad from then on."""

    at: float
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaps:
    """How restless an incident is. Instants in Unix seconds, spans in seconds.

    `turns` are the latest changes, oldest first, as many and as old as the rule counts. The rest is about the flapping
    that goes on or went last: it flaps `since`, None while it does not (of an ended incident: it ended out of it).
    `first` and `last` of its `number` changes; in `bad` of the span between them it was bad. `announced`: whether
    people have it for open, of `severity` as they were last told and at its widest at `reach`. For `calm` it was seen
    not to change; `wait` makes it steady. `query` (a key) is where it last changed.
    """

    turns: tuple[Turn, ...] = ()
    since: float | None = None
    first: float = 0.0
    last: float = 0.0
    number: int = 0
    bad: float = 0.0
    announced: bool = True
    severity: Severity = Severity.WARNING
    reach: Node = ()
    query: str = ""
    calm: float = 0.0
    wait: float = 0.0


NEVER = Flaps()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What people have done about an incident, beside who has acknowledged it now. Instants in Unix seconds.

    `waits_since`: when it was opened again, or given back by who had acknowledged it; None: when it was opened.
    `first_at`, `first_by`: when somebody first acknowledged it and who, whatever came of that. `note`: what whoever has acknowledged it now
    said with it. `called`: to whom it was escalated because nobody had, and when.
    """

    waits_since: float | None = None
    first_at: float | None = None
    first_by: str = ""
    note: str = ""
    called: tuple[tuple[Address, float], ...] = ()


UNATTENDED = Attention()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush:
    """What mutes an incident, and how people knew it when that began, `since` (Unix seconds; None: nothing mutes it).

    `by` is the reason as people read it; of an ended incident what muted it at its end. People have it for `open` or
    not, of this `severity`, at this `node`, as one that is `flapping` or has `unknown` figures. What happens meanwhile
    is compared with that in the end.
    """

    by: str = ""
    since: float | None = None
    open: bool = False
    severity: Severity = Severity.WARNING
    node: Node = ()
    flapping: bool = False
    unknown: bool = False

    @property
    def owes_end(self) -> bool:
        """Whether people wait for word that it is over."""
        return self.open or self.flapping


AUDIBLE = Hush()


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One episode. Instants in Unix seconds. `step` counts what happened to it; it numbers notices and events.

    `service` is None and `node` is () for trouble with a source itself. `severity` is the present one (of an ended
    incident: the last one), `worst_severity` the highest it had. `audience` are the addresses that notices of this
    incident have been decided for: they get every later step and the close, but for what is withheld while it flaps or
    is muted.
    `value` is the worst observed figure in base units. `level` tells which level of the hierarchy `node` belongs to by its depth: len(node).
    """

    id: str
    rule: str
    service: str | None
    source: str
    hierarchy: str
    node: Node
    severity: Severity
    worst_severity: Severity
    opened_at: float
    changed_at: float
    resolved_at: float | None = None
    close_reason: CloseReason | None = None
    merged_into: str | None = None
    reopened: int = 0
    members: int = 0
    peak_members: int = 0
    step: int = 0
    value: float | None = None
    worst_value: str = ""
    reminded_at: float | None = None
    acknowledged_by: str | None = None
    acknowledged_at: float | None = None
    audience: tuple[Address, ...] = ()
    facts: Facts = field(default_factory=Facts)
    last_members: frozenset[Node] = frozenset()
    flaps: Flaps = NEVER
    attention: Attention = UNATTENDED
    hush: Hush = AUDIBLE

    @property
    def is_open(self) -> bool:
        """Whether the episode still lasts."""
        return self.resolved_at is None

    @property
    def is_flapping(self) -> bool:
        """Whether it is open and changes too often to tell each change."""
        return self.resolved_at is None and self.flaps.since is not None

    @property
    def in_lull(self) -> bool:
        """Whether it flaps and nothing is bad at present: it may be over, or bad again in a moment."""
        return self.is_flapping and not self.members

    @property
    def is_muted(self) -> bool:
        """Whether what happens to it is withheld: something mutes it, or did until this tick."""
        return self.hush.since is not None

    @property
    def is_untold(self) -> bool:
        """Whether people do not have it for open, since it is muted."""
        return self.is_muted and not self.hush.open

    def evolve(self, **changes: object) -> Incident:
        """A copy with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def again(self, at: float) -> Incident:
        """The same episode goes on after its end: an acknowledgement has ended with it. Out of a lull nothing has."""
        lasting = self.evolve(resolved_at=None, close_reason=None, reopened=self.reopened + 1, last_members=frozenset())
        if self.is_open:
            return lasting
        attention = replace(self.attention, waits_since=at, note="")
        return lasting.evolve(acknowledged_by=None, acknowledged_at=None, attention=attention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of an incident's timeline. `value` as people read it.

    `kind` is a NoticeKind's word, or what a person did: `unacknowledged`, `note`.
    """

    incident: str
    step: int
    at: float
    kind: str
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """An incident with its timeline: all that a message needs."""

    incident: Incident
    events: tuple[Event, ...] = ()


def incident_id(
    rule: str, service: str | None, source: str, node: Node, opened_at: float, *, muted: bool = False
) -> str:
    """A short stable name: the same episode always gets the same one, so that a repeated tick adds nothing.

    One of muted nodes and one of others may begin at one place at once: they are two. 60 bits of SHA-256 in base 32: a
    collision is expected after some 10^9 incidents.
    """
    parts = [rule, service, source, node, opened_at]
    material = json.dumps([*parts, "muted"] if muted else parts).encode()
    digest = hashlib.sha256(material).digest()
    return "sn-" + base64.b32encode(digest)[:12].decode().lower()

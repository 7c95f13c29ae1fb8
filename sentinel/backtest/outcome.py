"""What a set of rules makes of the past: notices, incidents, and how much past there was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.domain.dossier import Row
from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import Incident
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.reading import Query


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Told:
    """A notice that would have been sent. `at` in Unix seconds; `channel` as commands print it: `slack:#alerts`.

    Two runs told the same when all of it but `incident` and `line` is the same.
    """

    at: float
    rule: str
    service: str
    node: Node
    kind: str
    severity: str
    receiver: str
    channel: str
    incident: str = field(compare=False)
    line: str = field(compare=False)

    @classmethod
    def of(cls, notice: Notice, incident: Incident) -> Told:
        """A notice as decided, with the incident as it stood at that step."""
        assert notice.address is not None, "who is told has an address"
        return cls(
            at=notice.at,
            rule=incident.rule,
            service=incident.service or "",
            node=incident.node,
            kind=notice.kind.value,
            severity=incident.severity.word,
            receiver=notice.address.receiver,
            channel=notice.address.channel,
            incident=incident.id,
            line=notice.line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one set of rules makes of the readings from `since` on.

    `told` by instant. `incidents` are those that were open at or after `since`, by their opening. `not_told` counts
    decided notices that nobody would have got, by reason. `flapping` are the incidents that were told as such.
    `unrecorded` are the queries that the rules need and that were never asked, so nothing is known of them. `agreed`:
    what each agreement and service came to over the time that counts, as a whole.
    """

    told: tuple[Told, ...]
    incidents: tuple[Incident, ...]
    not_told: Mapping[str, int]
    flapping: frozenset[str]
    readings: int
    failed: int
    first_at: float | None
    last_at: float | None
    unrecorded: tuple[Query, ...] = ()
    agreed: tuple[Row, ...] = ()


FLAPPING = NoticeKind.FLAPPING.value

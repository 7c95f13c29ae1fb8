"""What is known of one node under one rule at one instant."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import Incident
from sentinel.domain.reading import Failure, Query
from sentinel.domain.rules import Address, Severity


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric that the rule's conditions read. `value` in base units, None for none; `text` as people read it."""

    metric: str
    value: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition put to the node: as written, with the values put in, and what came of it.

    `verdict`: `breach`, `between` (neither bad nor cleared), `clear` or `unknown`; of `only_if` `true` or `not true`.
    """

    text: str
    filled: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One severity at that instant. `phase` by its word, `since` when its timer started, None without one.

    `line` is where the condition stands in the file. `hold` and `recover_for` in seconds. `counted`: the seconds of the running timer that count, samples seen.
    """

    severity: Severity
    line: int
    breach: Asked
    clear: Asked | None
    verdict: str
    phase: str
    since: float | None
    counted: float
    hold: float
    recover_for: float

    @property
    def left(self) -> float:
        """Seconds that the running timer still needs; 0 without one."""
        if self.phase == "pending":
            return max(0.0, self.hold - self.counted)
        return max(0.0, self.recover_for - self.counted) if self.phase == "recovering" else 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """A route that what is found here takes: its line in the file, and where it leads.

    After `escalate_after` seconds without an acknowledgement, 0 for never, also to `escalate_to`.
    """

    line: int
    to: tuple[Address, ...]
    escalate_after: float = 0.0
    escalate_to: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The whole of it. Instants in Unix seconds, durations in seconds.

    `line` and `override` say which criteria bind the node: the rule's own (0) or those of its n-th override, and in which
    line their table begins. `every`: how often it is asked. `reported`: the answer has a row for the node. `unknown_for`: how long its figures have been missing, 0 while they are not.
    `place` is where roll-up puts it, `incident` the one it belongs to, as these rules find it. `judged`: whether the rule
    judges the node itself; of one above those that it judges, `incident` is the one that stands there, `below` names
    the judged nodes under it that are not ok, worst first, and there are no turns and `state` means nothing. `muted_by`: what
    mutes it at the instant, empty for nothing; the incident knows what the last reading found.
    """

    file: str
    rule: str
    summary: str
    service: str
    node: Node
    query: Query
    at: float
    timezone: str
    every: float
    line: int
    override: int
    reading_at: float
    sample_at: float
    failure: Failure | None
    held: str
    reported: bool
    judged: bool
    below: tuple[tuple[Node, State], ...]
    figures: tuple[Figure, ...]
    only_if: Asked | None
    turns: tuple[Turn, ...]
    state: State
    unknown_for: float
    no_data_after: float
    no_data: str
    place: Node | None
    incident: Incident | None
    muted_by: str
    source_trouble: Incident | None
    ways: tuple[Way, ...]

    def turn(self, severity: Severity) -> Turn | None:
        """The turn of that severity, if the rule has it."""
        return next((one for one in self.turns if one.severity is severity), None)

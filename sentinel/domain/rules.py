"""Definitions: what is bad, for how long, and who is told. Immutable; no state of a running system lives here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Literal

from sentinel.domain.calendars import Calendar, Maintenance
from sentinel.domain.expression_tree import Past
from sentinel.domain.expressions import Condition
from sentinel.domain.hierarchy import Node, NodePattern
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.domain.severity import Severity
from sentinel.domain.sla import Sla
from sentinel.domain.subject import Subject

__all__ = ["Matchers", "Severity"]

SOURCE_RULE = "sentinel/source"
"""The built-in rule about a source that does not answer: service None, node ()."""

ITSELF = "sentinel"
"""What incidents about Sentinel itself have for a source."""

SELF_RULES = tuple(
    f"sentinel/{name}"
    for name in (
        "abandoned",
        "outbox",
        "ticks",
        "reload",
        "clock",
        "disk",
        "certificate",
        "token",
        "handles",
        "restarts",
        "store",
    )
)
"""The built-in rules about Sentinel itself: service None, node (subject,). What they find, `domain.selfcheck` says."""


class NoData(Enum):
    """What missing figures count as once `no_data_after` has passed."""

    UNKNOWN = "unknown"
    BREACH = "breach"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One severity of a rule. `hold` (TOML `for`) and `recover_for` in seconds; `clear` None: cleared by not breach."""

    breach: Condition
    clear: Condition | None = None
    hold: float
    recover_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a rule asks of one node: the rule's own, or an override's. Seconds for `no_data_after`."""

    warning: Threshold | None = None
    critical: Threshold | None = None
    only_if: Condition | None = None
    no_data: NoData = NoData.UNKNOWN
    no_data_after: float = 1800.0
    line: int = field(default=0, repr=False, compare=False)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition in them."""
        found = [self.only_if]
        for threshold in (self.warning, self.critical):
            found += [threshold.breach, threshold.clear] if threshold is not None else []
        return tuple(one for one in found if one is not None)

    @property
    def metrics(self) -> frozenset[str]:
        """Every column that these criteria read."""
        both = [one for one in (self.warning, self.critical) if one is not None]
        conditions = [self.only_if, *(one.breach for one in both), *(one.clear for one in both)]
        return frozenset(metric for one in conditions if one is not None for metric in one.metrics)

    def threshold(self, severity: Severity) -> Threshold | None:
        """The threshold of that severity, if the rule has it."""
        return self.warning if severity is Severity.WARNING else self.critical


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Other criteria for the nodes (and services) that match; None matches all."""

    node: NodePattern | None
    service: NamePattern | None
    criteria: Criteria

    def applies(self, service: str, node: Node) -> bool:
        """Whether this override is meant for that node."""
        return (self.service is None or self.service.matches(service)) and (
            self.node is None or self.node.matches(node)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """When a node explains its leaves: shares between 0 and 1, `min_children` a count of branches."""

    min_children: int = 2
    min_share: float = 0.5
    min_coverage: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """When an incident flaps: `changes` of them within `within` seconds, until nothing changed for `quiet` seconds."""

    changes: int = 6
    within: float = 3600.0
    quiet: float = 900.0


@dataclass(frozen=True, kw_only=True)
class Rule(Subject):
    """A rule as `rules.toml` has it. Durations in seconds. Exactly one of `levels` and `path` is set.

    `figures`: the columns that it hangs on, where its conditions name others, that are made of them.
    `rollup` None: every active node is an incident of its own. The alert of a node that is no longer reported is
    closed. `flapping` None: every change is told.
    """

    criteria: Criteria
    overrides: tuple[Override, ...] = ()
    rollup: Rollup | None = field(default_factory=Rollup)
    reopen_within: float = 900.0
    flapping: Flapping | None = field(default_factory=Flapping)
    figures: frozenset[str] = frozenset()
    line: int = 0

    @property
    def is_alarm(self) -> bool:
        """Whether it watches the error budget of an SLA: no file has it, and its limits are those of a policy."""
        return bool(self.figures)

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Every column that the rule reads, its overrides included."""
        return self.figures or self.criteria.metrics.union(*(one.criteria.metrics for one in self.overrides))

    @cached_property
    def pasts(self) -> tuple[Past, ...]:
        """Every function over the past that its conditions use, overrides included, each once."""
        criteria = (self.criteria, *(override.criteria for override in self.overrides))
        return tuple(
            dict.fromkeys(past for one in criteria for condition in one.conditions for past in condition.pasts)
        )

    @cached_property
    def version(self) -> str:
        """A fingerprint of everything in the rule that decides what is bad; where it stands in the file does not."""
        material = repr((self.criteria, self.overrides))
        return hashlib.sha256(material.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Service:
    """A monitored service of a source: the name people use and the identifier the source wants."""

    source: str
    name: str
    uid: str


ChannelKind = Literal["slack", "slack_webhook", "email", "webhook", "console"]


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One place to tell: `slack` to `#workplace-alerts`, `email` to `a@example.com, b@example.com`."""

    receiver: str
    kind: ChannelKind
    to: str

    @property
    def channel(self) -> str:
        """The channel as commands print it: `slack:#workplace-alerts`."""
        return f"{self.kind}:{self.to}" if self.to else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Who is told about what matches. `remind_every` in seconds, 0 for never; `onwards` is TOML's `continue`.

    Where nobody has acknowledged for `escalate_after` seconds (0: never), those in `escalate_to` are told as well.
    """

    matchers: Matchers
    to: tuple[Address, ...]
    remind_every: float = 0.0
    escalate_after: float = 0.0
    escalate_to: tuple[Address, ...] = ()
    onwards: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Everything that decides: rules, routes, and per source how its figures move (`step`, seconds).

    `addresses` are those of all receivers, in the order of the file, whether a route names them or not.
    """

    rules: tuple[Rule, ...]
    routes: tuple[Route, ...]
    sources: tuple[SourceTraits, ...]
    addresses: tuple[Address, ...] = ()
    slas: tuple[Sla, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    @property
    def askers(self) -> tuple[Rule | Sla, ...]:
        """Everything that needs figures: rules and agreements."""
        return (*self.rules, *self.slas)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule with that id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def source(self, name: str) -> SourceTraits:
        """The traits of a declared source.

        Raises:
            KeyError: no source has that name.
        """
        for traits in self.sources:
            if traits.name == name:
                return traits
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTraits:
    """What deciding must know of a source: `step` and `no_data_after` in seconds, `max_missing_share` 0 to 1."""

    name: str
    step: float = 600.0
    max_missing_share: float = 0.4
    no_data_after: float = 1800.0

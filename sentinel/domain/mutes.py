"""What must not be told at present: planned work, and what somebody has silenced. It hides telling, never recording.

Of a hierarchy's leaves each is muted or not by itself; an incident is when all of its members are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from sentinel.domain.alerts import Alerts, Codes
from sentinel.domain.calendars import Maintenance
from sentinel.domain.hierarchy import Bools, Ints, Node, NodeList, NodePattern
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import ITSELF, SELF_RULES, Rulebook, Severity

NAMED = 3
"""So many mutes of one incident are named, the others counted."""

_KEPT = 32
"""So many patterns' rows are kept with a list of nodes: a list lives long, silences come and go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What somebody wants not to be told, from `starts_at` until `ends_at` (Unix seconds), and why.

    `maintenance`: it is planned work, which SLAs may leave out. `expired_at`, `expired_by`: somebody ended it early.
    """

    id: str
    matchers: Matchers
    author: str
    reason: str
    created_at: float
    starts_at: float
    ends_at: float
    maintenance: bool = False
    expired_at: float | None = None
    expired_by: str | None = None

    @property
    def over_at(self) -> float:
        """When it really ends: as planned, or when somebody ended it; not before it begins."""
        return self.ends_at if self.expired_at is None else max(self.starts_at, min(self.ends_at, self.expired_at))

    def holds(self, at: float) -> bool:
        """Whether it mutes at that instant: from its start on, and no longer at its end."""
        return self.starts_at <= at < self.over_at

    def state(self, at: float) -> str:
        """`active`, `pending` (not begun yet) or `expired`."""
        if at >= self.over_at or (self.expired_at is not None and at >= self.expired_at):
            return "expired"
        return "active" if at >= self.starts_at else "pending"

    @property
    def text(self) -> str:
        """As the reason why something was not told has it."""
        return f"{'maintenance' if self.maintenance else 'silence'} {self.id}: {self.reason} ({self.author})"


def as_maintenance(silence: Silence) -> Maintenance:
    """Planned work that was declared on the spot, in whole seconds that it really held; its name is its reason."""
    start = ceil(silence.starts_at)
    return Maintenance(
        name=silence.reason,
        matchers=silence.matchers,
        timezone="UTC",
        start=start,
        end=max(start, floor(silence.over_at)),
    )


@dataclass(frozen=True, slots=True)
class Mute:
    """Something that mutes now: what it calls itself, and what it is meant for."""

    text: str
    matchers: Matchers


def in_force(maintenance: tuple[Maintenance, ...], silences: Iterable[Silence], at: float) -> tuple[Mute, ...]:
    """What mutes at an instant (Unix seconds): windows in the order of the file, then silences, the oldest first."""
    windows = [Mute(f"maintenance: {one.name}", one.matchers) for one in _running(maintenance, at)]
    asked = sorted((one for one in silences if one.holds(at)), key=lambda one: (one.starts_at, one.id))
    return (*windows, *(Mute(one.text, one.matchers) for one in asked))


@dataclass(eq=False)
class _Timetable:
    """The windows of a rules file around the instant that was asked for last: a tick asks again and again."""

    maintenance: tuple[Maintenance, ...]
    day: tuple[int, list[list[tuple[int, int]]]] = (-1, [])

    def running(self, at: float) -> list[Maintenance]:
        """Those that run at an instant, in order."""
        number = int(at // _DAY)
        day = self.day
        if day[0] != number:
            since = number * _DAY
            day = self.day = (number, [one.spans(since, since + _DAY).pairs() for one in self.maintenance])
        return [
            one
            for one, spans in zip(self.maintenance, day[1], strict=True)
            if any(start <= at < end for start, end in spans)
        ]


_DAY = 86400
_AT_HAND: list[_Timetable] = []
"""Those of the last few rules files: a comparing backtest has two."""


def _running(maintenance: tuple[Maintenance, ...], at: float) -> list[Maintenance]:
    for table in _AT_HAND:
        if table.maintenance is maintenance:
            return table.running(at)
    table = _Timetable(maintenance)
    _AT_HAND[:] = [table, *_AT_HAND[:3]]
    return table.running(at)


def muted_now(rulebook: Rulebook, silences: Iterable[Silence], at: float) -> tuple[Mute, ...]:
    """What mutes at an instant under these rules."""
    if not rulebook.maintenance and not silences:
        return ()
    return in_force(rulebook.maintenance, silences, at)


def covers(patterns: Collection[NodePattern], node: Node) -> bool:
    """Whether one of the patterns fits the node or one above it: what is said of Europe holds for Paris. None: all fit."""
    if not patterns:
        return True
    return any(one.matches(node[:depth]) for one in patterns for depth in range(len(node), -1, -1))


def concerns(matchers: Matchers, *, rule: str, service: str | None, source: str, owner: str) -> bool:
    """Whether matchers are meant for any incident of a rule and service, at some nodes and severities.

    Trouble with Sentinel itself is meant only where its source (`sentinel`) or its rule is asked for: a window without
    matchers must not hide that nobody can be told.
    """
    if rule in SELF_RULES and not matchers.rule and not matchers.source:
        return False
    names = ((matchers.source, source), (matchers.service, service), (matchers.rule, rule), (matchers.owner, owner))
    return all(_fits(patterns, name) for patterns, name in names)


def _fits(patterns: tuple[NamePattern, ...], name: str | None) -> bool:
    return not patterns or (name is not None and any(one.matches(name) for one in patterns))


def matches(
    matchers: Matchers, *, rule: str, service: str | None, source: str, owner: str, node: Node, severity: str
) -> bool:
    """Whether matchers are meant for one alert, or for an incident without members (a source, Sentinel itself)."""
    return (
        concerns(matchers, rule=rule, service=service, source=source, owner=owner)
        and (not matchers.severity or severity in matchers.severity)
        and covers(matchers.node, node)
    )


@dataclass(frozen=True, eq=False)
class Muting:
    """What mutes some of the alerts of one rule and service at present, in order: the first that fits is the reason."""

    mutes: tuple[Mute, ...]

    @classmethod
    def of(cls, mutes: Iterable[Mute], *, rule: str, service: str | None, source: str, owner: str) -> Muting | None:
        """Those that are meant for the rule and service; None when none is."""
        mine = [one for one in mutes if concerns(one.matchers, rule=rule, service=service, source=source, owner=owner)]
        return cls(tuple(mine)) if mine else None

    def by_entry(self, alerts: Alerts, which: Ints) -> Ints:
        """For these entries the number of the mute that mutes them, or -1."""
        severity = alerts.severity[which]
        rows = alerts.rows
        row = alerts.at_row[which] if rows is not None and alerts.at_row is not None else np.full(which.size, -1)
        by = np.full(which.size, -1, np.int64)
        for number, mute in enumerate(self.mutes):
            open_to = (by < 0) & _of_severity(mute.matchers, severity)
            if not open_to.any():
                continue
            known = open_to & (row >= 0)
            hit = np.zeros(which.size, bool)
            if rows is not None and known.any():
                hit[known] = covered_rows(mute.matchers, rows)[row[known]]
            for i in np.flatnonzero(open_to & (row < 0)):
                hit[i] = covers(mute.matchers.node, alerts.nodes[which[i]])
            by[hit] = number
        return by

    def of_nodes(self, nodes: Iterable[Node], severity: Severity) -> str:
        """The reason why none of these nodes is told of at that severity; empty when one of them is."""
        found: list[int] = []
        for node in nodes:
            first = next((i for i, one in enumerate(self._meant(severity)) if covers(one.matchers.node, node)), -1)
            if first < 0:
                return ""
            found.append(first)
        return texts([self._meant(severity)[i] for i in sorted(set(found))])

    def quiet_rows(self, rows: NodeList) -> Bools:
        """Per judged row, whether it is muted whatever its severity."""
        quiet = np.zeros(rows.judged.size, bool)
        for mute in self.mutes:
            if not mute.matchers.severity:
                quiet |= covered_rows(mute.matchers, rows)[rows.judged]
        return quiet

    def reason(self, numbers: Ints) -> str:
        """What mutes alerts that these numbers stand for; empty when one of them is not muted."""
        if not numbers.size or int(numbers.min()) < 0:
            return ""
        return texts([self.mutes[i] for i in np.unique(numbers)])

    def _meant(self, severity: Severity) -> tuple[Mute, ...]:
        return tuple(one for one in self.mutes if not one.matchers.severity or severity.word in one.matchers.severity)


def texts(mutes: Sequence[Mute]) -> str:
    """Several mutes as one reason."""
    named = "; ".join(one.text for one in mutes[:NAMED])
    rest = len(mutes) - NAMED
    return f"{named}; and {rest} more" if rest > 0 else named


def mute_of(
    mutes: Iterable[Mute], *, rule: str, service: str | None, source: str, node: Node, severity: Severity
) -> str:
    """The reason why an incident without members and owner is not told of; empty when it is."""
    fitting = (
        one.text
        for one in mutes
        if matches(one.matchers, rule=rule, service=service, source=source, owner="", node=node, severity=severity.word)
    )
    return next(fitting, "")


def mute_of_itself(mutes: Iterable[Mute], rule: str, subject: str, severity: Severity) -> str:
    """The same of trouble with Sentinel itself."""
    return mute_of(mutes, rule=rule, service=None, source=ITSELF, node=(subject,), severity=severity)


def covered_rows(matchers: Matchers, rows: NodeList) -> Bools:
    """Per row, whether its node is meant; kept with the rows."""
    kept = rows.memo.get("covered")
    if not isinstance(kept, dict):
        kept = rows.memo["covered"] = {}
    found = kept.get(matchers.node)
    if found is None:
        if len(kept) >= _KEPT:
            kept.clear()
        found = np.fromiter((covers(matchers.node, node) for node in rows.nodes), bool, len(rows.nodes))
        kept[matchers.node] = found
    mask: Bools = found
    return mask


def _of_severity(matchers: Matchers, severity: Codes) -> Bools:
    if not matchers.severity:
        return np.ones(severity.size, bool)
    wanted = [int(one) for one in Severity if one.word in matchers.severity]
    return np.isin(severity, wanted)

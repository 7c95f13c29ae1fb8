"""Alerts: rule x service x node with one small state machine per severity, as columns over the nodes that matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

from sentinel.domain.hierarchy import Bools, Ints, Node, NodeList
from sentinel.domain.reading import Floats
from sentinel.domain.rules import Rollup

Codes = npt.NDArray[np.uint8]


class Phase:
    """Where one severity stands. Plain numbers: numpy compares a column with them many times faster than with enums."""

    INACTIVE: Final = 0
    PENDING: Final = 1  # breach, but not for long enough
    ACTIVE: Final = 2
    RECOVERING: Final = 3  # clear, but not for long enough


class Verdict:
    """What one sample says about one severity. Plain numbers, as Phase."""

    CLEAR: Final = 0
    BETWEEN: Final = 1  # neither breach nor clear: hysteresis
    BREACH: Final = 2
    UNKNOWN: Final = 3


class State(Enum):
    """What people see of an alert."""

    OK = "ok"
    PENDING = "pending"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


STATES: tuple[State, ...] = (State.OK, State.PENDING, State.WARNING, State.CRITICAL, State.UNKNOWN)
"""A state's code in the `shown` column is its place in here."""

OK, PENDING, WARNING, CRITICAL, UNKNOWN = range(5)


def _no_codes() -> Codes:
    return np.zeros(0, np.uint8)


def _no_floats() -> Floats:
    return np.zeros(0)


def _no_flags() -> Bools:
    return np.zeros(0, bool)


@dataclass(frozen=True, eq=False)
class Rolled:
    """What the last roll-up was made of: active, judged and muted leaves of which rows, and how. The same gives the same."""

    rows: NodeList
    active: Ints
    judged: Bools
    rollup: Rollup | None
    below: Mapping[tuple[bool, Node], int]
    muted: Bools | None = None

    def still_holds(
        self, rows: NodeList, active: Ints, judged: Bools, rollup: Rollup | None, muted: Bools | None
    ) -> bool:
        """Whether roll-up would find the same places."""
        return (
            self.rows is rows
            and self.rollup == rollup
            and np.array_equal(self.active, active)
            and np.array_equal(self.judged, judged)
            and _same(self.muted, muted)
        )


def _same(one: Bools | None, other: Bools | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.array_equal(one, other))


@dataclass(frozen=True)
class Alerts:
    """The alerts of one rule, service and query that are not quietly ok: one entry per node, columns of equal length.

    `warning`, `critical`: Phase codes; `warning_since`, `critical_since`: when the running timer started (Unix
    seconds of sample time; meaningless without a timer). `blind`: the last sample told nothing. `good_at`: the last
    sample that did (NaN: never), only kept for blind ones, for others it is the query's. `missing_since`: where the
    no-data clock starts. `shown`: State code, `changed_at`: since when it is shown. `value`: last observed figure.
    `place`: where roll-up put an active alert. `incident`: its incident, or None.
    """

    nodes: tuple[Node, ...] = ()
    warning: Codes = field(default_factory=_no_codes)
    warning_since: Floats = field(default_factory=_no_floats)
    critical: Codes = field(default_factory=_no_codes)
    critical_since: Floats = field(default_factory=_no_floats)
    blind: Bools = field(default_factory=_no_flags)
    good_at: Floats = field(default_factory=_no_floats)
    missing_since: Floats = field(default_factory=_no_floats)
    shown: Codes = field(default_factory=_no_codes)
    changed_at: Floats = field(default_factory=_no_floats)
    value: Floats = field(default_factory=_no_floats)
    place: tuple[Node | None, ...] = ()
    incident: tuple[str | None, ...] = ()
    rows: NodeList | None = field(default=None, repr=False, compare=False)
    """The rows that `at_row` refers to. From here on nothing is stored: it saves work between two ticks."""
    at_row: Ints | None = field(default=None, repr=False, compare=False)
    described: Floats | None = field(default=None, repr=False, compare=False)
    """Per entry the worst figure that an incident was described with; None: described with `value`."""
    rolled: Rolled | None = field(default=None, repr=False, compare=False)

    def positions(self, rows: NodeList) -> Ints:
        """For each entry its row in that list, or -1. Free while the list stays the same object."""
        if self.rows is rows and self.at_row is not None:
            return self.at_row
        position = rows.position
        return np.fromiter((position.get(node, -1) for node in self.nodes), np.int64, len(self.nodes))

    @property
    def active(self) -> Bools:
        """Which have a severity that is active or recovering."""
        return (self.warning >= Phase.ACTIVE) | (self.critical >= Phase.ACTIVE)

    @property
    def breaching(self) -> Bools:
        """Which have a severity that is active and not yet recovering."""
        breaching: Bools = (self.warning == Phase.ACTIVE) | (self.critical == Phase.ACTIVE)
        return breaching

    def take(self, keep: Ints) -> Alerts:
        """The entries at these ascending positions."""
        if keep.size == len(self.nodes):
            return self
        return Alerts(
            tuple(self.nodes[i] for i in keep),
            self.warning[keep],
            self.warning_since[keep],
            self.critical[keep],
            self.critical_since[keep],
            self.blind[keep],
            self.good_at[keep],
            self.missing_since[keep],
            self.shown[keep],
            self.changed_at[keep],
            self.value[keep],
            tuple(self.place[i] for i in keep),
            tuple(self.incident[i] for i in keep),
            self.rows,
            self.at_row[keep] if self.at_row is not None else None,
            self.described[keep] if self.described is not None else None,
            self.rolled,
        )

    def grown(self, nodes: tuple[Node, ...], at: float) -> Alerts:
        """With further nodes that have been quietly ok until now."""
        count = len(nodes)
        zeros, codes = np.zeros(count), np.zeros(count, np.uint8)
        nothing: tuple[None, ...] = (None,) * count
        return Alerts(
            self.nodes + nodes,
            np.concatenate([self.warning, codes]),
            np.concatenate([self.warning_since, zeros]),
            np.concatenate([self.critical, codes]),
            np.concatenate([self.critical_since, zeros]),
            np.concatenate([self.blind, np.zeros(count, bool)]),
            np.concatenate([self.good_at, np.full(count, np.nan)]),
            np.concatenate([self.missing_since, np.full(count, at)]),
            np.concatenate([self.shown, codes]),
            np.concatenate([self.changed_at, np.full(count, at)]),
            np.concatenate([self.value, np.full(count, np.nan)]),
            self.place + nothing,
            self.incident + nothing,
        )

    def evolve(self, **columns: object) -> Alerts:
        """A copy with other columns. By hand: `replace` takes longer than a tick spends on the columns of a quiet rule."""
        other = object.__new__(Alerts)
        other.__dict__.update(self.__dict__, **columns)
        return other

    @property
    def severity(self) -> Codes:
        """The highest active severity: 0 none, 1 warning, 2 critical."""
        critical = np.where(self.critical >= Phase.ACTIVE, 2, 0)
        warning = np.where(self.warning >= Phase.ACTIVE, 1, 0)
        return np.maximum(critical, warning).astype(np.uint8)


def step(
    phase: Codes, since: Floats, verdict: Codes, *, at: float, hold: Floats | float, recover_for: Floats | float
) -> tuple[Codes, Floats]:
    """One severity of many alerts, one sample each, at sample time `at`: the new phases and timer starts.

    All arrays have one entry per alert; `hold` and `recover_for` in seconds, one number may stand for all. An unknown verdict changes nothing here:
    the caller stops the clocks of what it freezes by moving `since` (see `freeze`).
    """
    breach = verdict == Verdict.BREACH
    clear = verdict == Verdict.CLEAR
    known = verdict != Verdict.UNKNOWN
    inactive, pending = phase == Phase.INACTIVE, phase == Phase.PENDING
    active, recovering = phase == Phase.ACTIVE, phase == Phase.RECOVERING
    lasted = at - since

    starts = inactive & breach
    fires = (starts & (hold <= 0)) | (pending & breach & (lasted >= hold))
    pends = starts & ~fires
    lapses = pending & known & ~breach
    back = recovering & known & ~clear
    calms = active & clear & (recover_for > 0)
    ends = (active & clear & (recover_for <= 0)) | (recovering & clear & (lasted >= recover_for))

    new = phase.copy()
    new[fires | back] = Phase.ACTIVE
    new[pends] = Phase.PENDING
    new[calms] = Phase.RECOVERING
    new[lapses | ends] = Phase.INACTIVE
    return new, np.where(pends | calms, at, since)


def freeze(phase: Codes, since: Floats, frozen: Bools, seconds: float) -> Floats:
    """Timer starts moved on by `seconds` where a running timer is frozen: that time does not count."""
    running = (phase == Phase.PENDING) | (phase == Phase.RECOVERING)
    return np.where(running & frozen, since + seconds, since)


def shown_state(warning: Codes, critical: Codes, unknown: Bools) -> Codes:
    """State codes: the highest active severity, pending while ok with a running timer, unknown where data is gone."""
    pending = (warning == Phase.PENDING) | (critical == Phase.PENDING)
    shown = np.where(pending, PENDING, OK)
    shown = np.where(warning >= Phase.ACTIVE, WARNING, shown)
    shown = np.where(critical >= Phase.ACTIVE, CRITICAL, shown)
    return np.where(unknown, UNKNOWN, shown).astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A recorded change of what an alert shows. `value` in base units (None: no figure), `why` as people read it."""

    rule: str
    service: str
    node: Node
    query: str
    before: State
    after: State
    at: float
    value: float | None
    why: str
    incident: str | None = None

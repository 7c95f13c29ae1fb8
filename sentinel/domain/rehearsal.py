"""A rehearsal: written figures judged by the very `plan` of a live run, on a clock of its own. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from sentinel.domain.alerts import State
from sentinel.domain.asking import Asked
from sentinel.domain.hierarchy import Bools, Node, NodeList
from sentinel.domain.incidents import Incident
from sentinel.domain.memory import Replay
from sentinel.domain.notices import Notice
from sentinel.domain.reading import Failure, Figures, Floats, Reading, Reason
from sentinel.domain.reckoning import Reckoned, Reckoning
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook

GOOD, ERROR, STALE = ".", "E", "?"
"""How a source may answer: one letter for each poll."""

_FAILURES: Mapping[str, Failure] = {
    ERROR: Failure(Reason.SERVER_ERROR, "the source answered with an error, says the test"),
    STALE: Failure(Reason.STALE, "the source gave an old answer, says the test"),
}


@dataclass(frozen=True, eq=False)
class Sheet:
    """The answers to one query, poll after poll: `columns[metric][k, i]` at poll k for `nodes[i]`.

    NaN: no figure. `present[k, i]`: whether the answer has the row at all. `aggregate[i]`: a parent's own row.
    """

    asked: Asked
    nodes: tuple[Node, ...]
    aggregate: tuple[bool, ...]
    columns: Mapping[str, Floats]
    present: Bools


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What is played: `polls` answers from `start` (Unix seconds) on, one every `every` seconds.

    `answers`: per source a letter for each poll; a source without any, or at its end, answers well.
    """

    rulebook: Rulebook
    sheets: tuple[Sheet, ...]
    polls: int
    every: float
    start: float
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Figures times polls: what it takes to play it."""
        return sum(self.polls * len(sheet.nodes) * max(1, len(sheet.columns)) for sheet in self.sheets)

    @property
    def end(self) -> float:
        """When the last answer is one interval old, Unix seconds: so long its verdicts hold."""
        return self.start + self.polls * self.every


AlertName = tuple[str, str, Node]
"""Rule, service, node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One step of an incident that was told, or not told for a `reason`. `at` in seconds from the start.

    `service` None and `node` (): a source itself. `to`: the channels that hear of it.
    """

    at: float
    kind: str
    severity: str
    service: str | None
    node: Node
    rule: str
    reason: str = ""
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Performance:
    """What came of it. `story`: of every judged alert the polls at which its state changed, with the new state.

    `sla`: what every agreement came to at the end, for each period that was touched, the oldest first.
    """

    polls: int
    every: float
    story: Mapping[AlertName, tuple[tuple[int, State], ...]]
    told: tuple[Said, ...]
    not_told: tuple[Said, ...]
    sla: tuple[Reckoned, ...] = ()

    def state(self, name: AlertName, at: float) -> State:
        """What an alert shows `at` seconds from the start."""
        poll = int((at + 1e-9) // self.every)
        shown = State.UNKNOWN
        for changed, state in self.story[name]:
            if changed > poll:
                break
            shown = state
        return shown


def rehearse(rehearsal: Rehearsal) -> Performance:
    """Play it from the first poll to the last."""
    asked = [sheet.asked for sheet in rehearsal.sheets]
    replay = Replay(rehearsal.rulebook, asked)
    notes = _Notes(rehearsal)
    reckoning = Reckoning(rehearsal.rulebook, asked)
    parts = [_Part(sheet, rehearsal.answers.get(sheet.asked.query.source, ""), notes) for sheet in rehearsal.sheets]
    for poll in range(rehearsal.polls):
        at = rehearsal.start + poll * rehearsal.every
        for part in parts:
            reading = part.reading(poll, at)
            done = replay.feed(reading)
            if done is not None:
                part.saw(poll, done)
                notes.take(poll, done)
                reckoning.take(done)
    return notes.performance(reckoning.rows(rehearsal.start, rehearsal.end))


class _Part:
    """One sheet while it is played. Rows are shared by all polls that have the same ones, as a source shares them."""

    def __init__(self, sheet: Sheet, answers: str, notes: _Notes) -> None:
        self._sheet = sheet
        self._answers = answers
        self._notes = notes
        self._lists: dict[bytes, NodeList] = {}
        self._complete: Bools = np.logical_and.reduce(sheet.present, axis=1)
        self._unseen = ~np.array(sheet.aggregate, bool)
        for node in self._judged(self._unseen):
            for rule in sheet.asked.rules:
                notes.begin((rule.id, sheet.asked.query.service, node))

    def reading(self, poll: int, at: float) -> Reading:
        """The answer to this poll. Every poll is a sample of its own."""
        letter = self._answers[poll] if poll < len(self._answers) else GOOD
        if letter != GOOD:
            return Reading(self._sheet.asked.query, at, at, None, _FAILURES[letter])
        columns = {metric: column[poll] for metric, column in self._sheet.columns.items()}
        if not self._complete[poll]:
            present = self._sheet.present[poll]
            columns = {metric: column[present] for metric, column in columns.items()}
        return Reading(self._sheet.asked.query, at, at, Figures(self._rows(poll), columns))

    def saw(self, poll: int, done: Plan) -> None:
        """Nodes of a first good answer are ok unless the plan says otherwise."""
        if not self._unseen.any() or done.query.failure is not None:
            return
        now = self._unseen & self._sheet.present[poll]
        for node in self._judged(now):
            for rule in self._sheet.asked.rules:
                self._notes.appear((rule.id, self._sheet.asked.query.service, node), poll)
        self._unseen &= ~now

    def _rows(self, poll: int) -> NodeList:
        present = self._sheet.present[poll]
        key = b"" if self._complete[poll] else present.tobytes()
        if key not in self._lists:
            kept = np.flatnonzero(present)
            nodes = [self._sheet.nodes[i] for i in kept]
            self._lists[key] = NodeList.of(nodes, [self._sheet.aggregate[i] for i in kept])
        return self._lists[key]

    def _judged(self, which: Bools) -> Iterator[Node]:
        return (self._sheet.nodes[i] for i in np.flatnonzero(which))


class _Notes:
    """What the plans said, as it is compared and shown."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self._story: dict[AlertName, list[tuple[int, State]]] = {}
        self._incidents: dict[str, Incident] = {}
        self._told: list[Said] = []
        self._not_told: list[Said] = []

    def begin(self, name: AlertName) -> None:
        """An alert nothing is known of yet."""
        self._story.setdefault(name, [(0, State.UNKNOWN)])

    def appear(self, name: AlertName, poll: int) -> None:
        """An alert whose node an answer has for the first time."""
        self._change(name, poll, State.OK)

    def take(self, poll: int, done: Plan) -> None:
        """One plan, after what appeared with it."""
        for turn in done.transitions:
            self._change((turn.rule, turn.service, turn.node), poll, turn.after)
        self._incidents.update({one.id: one for one in done.incidents})
        steps: dict[tuple[str, int, str], list[Notice]] = {}
        for notice in done.notices:
            steps.setdefault((notice.incident, notice.step, notice.kind.value), []).append(notice)
        for notices in steps.values():
            told = [notice for notice in notices if notice.told]
            (self._told if told else self._not_told).append(self._said(poll, told or notices))

    def performance(self, sla: tuple[Reckoned, ...]) -> Performance:
        """All of it."""
        story = {name: tuple(changes) for name, changes in self._story.items()}
        one = self._rehearsal
        return Performance(one.polls, one.every, story, tuple(self._told), tuple(self._not_told), sla)

    def _change(self, name: AlertName, poll: int, state: State) -> None:
        changes = self._story.setdefault(name, [(0, State.UNKNOWN)])
        if changes[-1][0] == poll:
            changes.pop()
        if not changes or changes[-1][1] is not state:
            changes.append((poll, state))

    def _said(self, poll: int, notices: list[Notice]) -> Said:
        first = notices[0]
        incident = self._incidents[first.incident]
        return Said(
            at=poll * self._rehearsal.every,
            kind=first.kind.value,
            severity=incident.severity.word,
            service=incident.service,
            node=incident.node,
            rule=incident.rule,
            reason=first.reason,
            to=tuple(dict.fromkeys(notice.address.channel for notice in notices if notice.address is not None)),
        )

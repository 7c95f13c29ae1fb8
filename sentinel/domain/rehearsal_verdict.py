"""A rule test: a rehearsal with what is expected of it, and what came instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import Node, node_text
from sentinel.domain.rehearsal import AlertName, Performance, Rehearsal, Said, rehearse
from sentinel.domain.rehearsal_sla import ExpectedSla, MissedFigure, missed_figures

_WORST_FIRST = (State.CRITICAL, State.WARNING, State.UNKNOWN, State.PENDING, State.OK)

ALIGNED = 4_000_000
"""Pairs of notices that are compared to align two lists; longer lists are compared one by one from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedState:
    """A node's state at an instant (seconds from the start). `names`: the alerts that are meant; the worst counts."""

    at: float
    node: Node
    state: State
    names: tuple[AlertName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedNotice:
    """A notice as far as the test describes it: None may be anything."""

    at: float | None = None
    kind: str | None = None
    severity: str | None = None
    node: Node | None = None
    service: str | None = None
    rule: str | None = None
    reason: str | None = None

    def fits(self, said: Said) -> bool:
        """Whether that notice is meant."""
        wanted = (self.at, self.kind, self.severity, self.node, self.service, self.rule, self.reason)
        actual = (said.at, said.kind, said.severity, said.node, said.service, said.rule, said.reason)
        return all(want is None or want == have for want, have in zip(wanted, actual, strict=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class RuleTest:
    """A test as its file has it. `notices` and `not_told`: the complete lists in order; None: anything may be told."""

    name: str
    file: str
    line: int
    rehearsal: Rehearsal
    states: tuple[ExpectedState, ...] = ()
    notices: tuple[ExpectedNotice, ...] | None = None
    not_told: tuple[ExpectedNotice, ...] | None = None
    sla: tuple[ExpectedSla, ...] = ()


Pair = tuple[ExpectedNotice | None, Said | None]
"""What was expected beside what came; None where one of them has nothing to it."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An expected state that was another."""

    expected: ExpectedState
    actual: State


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a test. `missed` states, the lists of notices side by side where they differ, missed figures of SLAs."""

    name: str
    file: str
    line: int
    performance: Performance
    expected: tuple[ExpectedState, ...] = ()
    missed: tuple[Missed, ...] = ()
    notices: tuple[Pair, ...] = ()
    not_told: tuple[Pair, ...] = ()
    sla: tuple[MissedFigure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not (self.missed or self.notices or self.not_told or self.sla)


def judge(test: RuleTest) -> Outcome:
    """Play the test and compare."""
    done = rehearse(test.rehearsal)
    found = ((one, worst(done.state(name, one.at) for name in one.names)) for one in test.states)
    return Outcome(
        name=test.name,
        file=test.file,
        line=test.line,
        performance=done,
        expected=test.states,
        missed=tuple(Missed(one, actual) for one, actual in found if actual is not one.state),
        notices=_differing(test.notices, done.told),
        not_told=_differing(test.not_told, done.not_told),
        sla=missed_figures(test.sla, done.sla),
    )


def worst(states: Iterable[State]) -> State:
    """What a node shows whose alerts show these: unknown is worse than pending, since it may hide anything."""
    return min(states, key=_WORST_FIRST.index)


def by_node(done: Performance) -> Mapping[str, tuple[tuple[int, State], ...]]:
    """Node text -> the polls at which the worst of its alerts' states changed, with the new state."""
    alerts: dict[Node, list[AlertName]] = {}
    for name in done.story:
        alerts.setdefault(name[2], []).append(name)
    return {node_text(node): _worst_of([done.story[name] for name in names]) for node, names in alerts.items()}


def _worst_of(stories: Sequence[tuple[tuple[int, State], ...]]) -> tuple[tuple[int, State], ...]:
    if len(stories) == 1:
        return stories[0]
    turns = sorted((poll, number, state) for number, story in enumerate(stories) for poll, state in story)
    shown = [State.UNKNOWN] * len(stories)
    changes: list[tuple[int, State]] = []
    for poll, together in groupby(turns, key=lambda turn: turn[0]):
        for _, number, state in together:
            shown[number] = state
        now = worst(shown)
        if not changes or changes[-1][1] is not now:
            changes.append((poll, now))
    return tuple(changes)


def _differing(expected: tuple[ExpectedNotice, ...] | None, actual: tuple[Said, ...]) -> tuple[Pair, ...]:
    """Both lists side by side, nothing where they agree. The order among notices of one instant does not count."""
    if expected is None:
        return ()
    pairs = aligned(_reordered(expected, actual), actual)
    return () if all(one is not None and other is not None and one.fits(other) for one, other in pairs) else pairs


def _reordered(expected: tuple[ExpectedNotice, ...], actual: tuple[Said, ...]) -> tuple[ExpectedNotice, ...]:
    """What is expected of one instant in the order in which it came, where it came."""
    if len(expected) != len(actual):
        return expected
    found: list[ExpectedNotice] = []
    for _, together in groupby(actual, key=lambda said: said.at):
        came = list(together)
        wanted = list(expected[len(found) : len(found) + len(came)])
        chosen = _matching(wanted, came)
        found += wanted if chosen is None else [wanted[i] for i in chosen]
    return tuple(found)


def _matching(wanted: Sequence[ExpectedNotice], came: Sequence[Said]) -> list[int] | None:
    """For each notice that came the number of the expected one that fits it, each used once; None: there is no such."""
    holder: dict[int, int] = {}  # expected -> came

    def place(one: int, tried: set[int]) -> bool:
        for number, expected in enumerate(wanted):
            if number in tried or not expected.fits(came[one]):
                continue
            tried.add(number)
            if number not in holder or place(holder[number], tried):
                holder[number] = one
                return True
        return False

    straight = all(expected.fits(said) for expected, said in zip(wanted, came, strict=True))
    if straight:
        return list(range(len(wanted)))
    if len(wanted) > 200 or not all(place(one, set()) for one in range(len(came))):  # noqa: PLR2004  # it goes deep
        return None
    return [number for _, number in sorted((one, number) for number, one in holder.items())]


def aligned(expected: Sequence[ExpectedNotice], actual: Sequence[Said]) -> tuple[Pair, ...]:
    """Both lists side by side, so that as many as possible stand beside what fits them."""
    pairs: list[Pair] = []
    i = j = 0
    for one, other in [*_common(expected, actual), (len(expected), len(actual))]:
        left, right = expected[i:one], actual[j:other]
        pairs += zip_longest(left, right)
        if one < len(expected):
            pairs.append((expected[one], actual[other]))
        i, j = one + 1, other + 1
    return tuple(pairs)


def _common(expected: Sequence[ExpectedNotice], actual: Sequence[Said]) -> list[tuple[int, int]]:
    """The longest series of pairs that fit, in order: positions in both lists."""
    n, m = len(expected), len(actual)
    if n * m > ALIGNED:
        return [(k, k) for k in range(min(n, m)) if expected[k].fits(actual[k])]
    longest = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            fits = expected[i].fits(actual[j])
            longest[i][j] = longest[i + 1][j + 1] + 1 if fits else max(longest[i + 1][j], longest[i][j + 1])
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < n and j < m:
        if expected[i].fits(actual[j]) and longest[i][j] == longest[i + 1][j + 1] + 1:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return found

"""Trouble with a source itself: one incident for it, however many queries and nodes stand behind it."""

from __future__ import annotations

from sentinel.domain import sentences
from sentinel.domain.changes import Changes
from sentinel.domain.hushing import audible, born_muted, hushed
from sentinel.domain.incidents import CloseReason, Facts, Incident, incident_id
from sentinel.domain.mutes import Mute, mute_of
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Failure, Figures, Reading, Reason
from sentinel.domain.records import Book, QueryState
from sentinel.domain.rules import SOURCE_RULE, Route, Rulebook, Severity, SourceTraits

FAILED_POLLS = 2
"""A source is in trouble at its second failed poll: one may be a hiccup, two are a matter for people."""

AT_ONCE = frozenset({Reason.UNAUTHORIZED, Reason.FORBIDDEN})
"""Refused credentials do not mend themselves: told at the first failure."""

REOPEN_WITHIN = 900.0
"""Seconds within which renewed trouble is the same incident, as for rules by default."""

HELD_AT_MOST = 86400.0
"""An answer that stays shorter for a day is believed: the hierarchy has really shrunk."""

FEW_NODES = 3
"""Fewer missing nodes than this never hold an answer back, whatever their share."""


def accept(reading: Reading, state: QueryState, traits: SourceTraits) -> tuple[Reading, QueryState]:
    """The reading, or the same one failed because too many known nodes are gone from it at once."""
    figures = reading.figures
    if figures is None or state.known is None or figures.rows is state.known:
        return reading, state.evolve(held_since=None) if figures is not None else state
    gone, known = _missing(figures, state)
    if gone < FEW_NODES or gone <= traits.max_missing_share * known:
        return reading, state.evolve(held_since=None)
    since = reading.sample_at if state.held_since is None else state.held_since
    if reading.sample_at - since >= HELD_AT_MOST:
        return reading, state.evolve(held_since=None)
    text = f"The answer lacks {gone} of {known} known nodes; it is held back and nothing is concluded from it."
    hint = "If the hierarchy was really reduced, the shorter answer is accepted after a day."
    return reading.failed(Failure(Reason.INCOMPLETE, text, hint)), state.evolve(held_since=since)


def _missing(figures: Figures, state: QueryState) -> tuple[int, int]:
    """How many of the known judged nodes the answer lacks, and how many are known."""
    known = state.known
    if known is None:
        return 0, 0
    present = figures.rows.position
    gone = sum(known.nodes[row] not in present for row in known.judged)
    return gone, int(known.judged.size)


def in_trouble(state: QueryState, at: float, no_data_after: float) -> bool:
    """Whether this query's failing is a matter for people. `at` in sample time."""
    if state.failure is None:
        return False
    if state.failure.reason in AT_ONCE or state.failures >= FAILED_POLLS:
        return True
    since = state.last_good_at if state.last_good_at is not None else state.failing_since
    return since is not None and at - since >= no_data_after


def judge_source(
    book: Book,
    states: tuple[QueryState, ...],
    rulebook: Rulebook,
    name: str,
    at: float,
    mutes: tuple[Mute, ...] = (),
) -> Changes:
    """Open, keep or end the source's incident. `states` are all its queries after this tick; `at` is wall time.

    `mutes` are those in force then.
    """
    no_data_after = rulebook.source(name).no_data_after
    changes = Changes(dict(book.incidents))
    current = next(iter(book.open_incidents), None)
    failing = [state for state in states if state.failure is not None]
    by = mute_of(mutes, rule=SOURCE_RULE, service=None, source=name, node=(), severity=Severity.CRITICAL)
    troubled = [state for state in failing if in_trouble(state, state.last_at or at, no_data_after)]
    if current is not None and not failing:
        _recover(changes, hushed(current, by, at) if by or current.is_untold else audible(current), at, rulebook.routes)
    elif troubled:
        facts = _facts(name, troubled, len(states))
        if current is None:
            _open(changes, book, name, facts, at, rulebook.routes, by)
        else:
            _keep(changes, current, facts, at, rulebook.routes, by)
    elif current is not None:
        _muted(changes, current, at, rulebook.routes, by)
    return changes


def _facts(name: str, troubled: list[QueryState], asked: int) -> Facts:
    latest = max(troubled, key=lambda state: state.last_reading_at or 0.0)
    failure = latest.failure
    return Facts(
        summary=f"Source {name} gives no usable data",
        detail=failure.text if failure else "",
        hint=failure.hint if failure else "",
        affected=len(troubled),
        judged=asked,
        limit="",
        subject="queries",
    )


def _open(changes: Changes, book: Book, name: str, facts: Facts, at: float, routes: tuple[Route, ...], by: str) -> None:
    ended = [
        one
        for one in book.incidents.values()
        if one.close_reason is CloseReason.RECOVERED and at - (one.resolved_at or 0.0) <= REOPEN_WITHIN
    ]
    if ended:
        again = max(ended, key=lambda one: one.resolved_at or 0.0)
        again = hushed(audible(again), by, at).again(at).evolve(facts=facts)
        changes.tell(again, NoticeKind.REOPENED, sentences.reopened(again), at, routes)
        return
    incident = Incident(
        id=incident_id(SOURCE_RULE, None, name, (), at),
        rule=SOURCE_RULE,
        service=None,
        source=name,
        hierarchy="",
        node=(),
        severity=Severity.CRITICAL,
        worst_severity=Severity.CRITICAL,
        opened_at=at,
        changed_at=at,
        members=1,
        peak_members=1,
        facts=facts,
    )
    incident = born_muted(incident, by, at)
    changes.tell(incident, NoticeKind.DEGRADED, sentences.opened(incident), at, routes)


def _keep(changes: Changes, current: Incident, facts: Facts, at: float, routes: tuple[Route, ...], by: str) -> None:
    if facts != current.facts:
        current = current.evolve(facts=facts, changed_at=at)
    changes.remind(_muted(changes, current, at, routes, by), at, routes)


def _muted(changes: Changes, current: Incident, at: float, routes: tuple[Route, ...], by: str) -> Incident:
    """As what mutes it now leaves it; where nothing does any more, people are told what they do not know."""
    current = hushed(current, by, at)
    changes.incidents[current.id] = current
    return changes.make_up(current, at, routes) if current.is_muted and not by else current


def _recover(changes: Changes, current: Incident, at: float, routes: tuple[Route, ...]) -> None:
    ended = current.evolve(resolved_at=max(at, current.opened_at), close_reason=CloseReason.RECOVERED, members=0)
    changes.tell(ended, NoticeKind.RECOVERED, sentences.recovered(ended, at), at, routes)

"""The case in sentences: what decided the state, what is waited for, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sentinel.domain.incidents import Incident
from sentinel.domain.sentences import duration
from sentinel.why.case import Case, Turn

MISSED = 2.0
"""So many intervals without a reading are worth a word: one may be late."""

NAMED = 5
"""So many nodes are named, the others counted."""

When = Callable[[float], str]
"""How an instant is written."""


def answer(case: Case, when: When) -> list[str]:
    """What matters first."""
    if not case.judged:
        return [*_figures(case, when), *_above(case), *_telling(case)]
    return [*_figures(case, when), *_state(case, when), *_telling(case)]


def is_old(case: Case) -> bool:
    """Whether there should have been another reading since."""
    return case.at - case.reading_at > MISSED * case.every


def _figures(case: Case, when: When) -> Iterator[str]:
    """Why there is nothing to judge by, where there is not."""
    if is_old(case):
        yield f"the last reading is of {when(case.reading_at)}: nobody has asked since"
    if case.failure is not None:
        yield f"the source gave no figures: {case.failure.text}"
        yield "what was known stays as it was; nothing recovers by missing data"
    elif not case.judged:
        pass  # whether it is in the answer does not matter then
    elif not case.reported:
        yield "the answer has no row for it: unknown, not ok"
    elif case.only_if is not None and case.only_if.verdict != "true":
        yield f"only_if does not hold, so nothing is concluded: {case.only_if.filled}"
    if case.unknown_for:
        shown = (
            "shown as unknown"
            if case.state.value == "unknown"
            else f"unknown is shown after {_long(case.no_data_after)}"
        )
        counts = f", counted as {case.no_data} from then on" if case.no_data else ""
        yield f"its figures have been missing for {duration(case.unknown_for)}: {shown}{counts}"


def _above(case: Case) -> Iterator[str]:
    """Of a node that is not judged itself: what is below it."""
    asked = f"the level {case.query.level}" if case.query.level is not None else "what lies"
    yield f"the rule judges {asked} below it: it has no state of its own"
    if not case.below:
        yield "nothing below it is wrong"
        return
    names = [f"{' / '.join(node[len(case.node) :])} {state.value}" for node, state in case.below[:NAMED]]
    rest = [f"and {len(case.below) - NAMED} more"] if len(case.below) > NAMED else []
    yield f"not ok below it: {', '.join([*names, *rest])}"


def _state(case: Case, when: When) -> Iterator[str]:
    """The severity that decides, with its condition and its timer."""
    turns = sorted(case.turns, key=lambda turn: -turn.severity)
    deciding = next((turn for turn in turns if turn.phase != "inactive" or turn.verdict == "breach"), None)
    if deciding is None:
        for turn in turns:
            if turn.breach.filled and turn.verdict == "clear":
                yield f"no {turn.severity.word}: {turn.breach.filled} does not hold ({case.file}:{turn.line})"
        return
    if deciding.breach.filled:
        holds = "" if deciding.breach.verdict == "true" else " does not hold"
        yield f"{deciding.severity.word}: {deciding.breach.filled}{holds} ({case.file}:{deciding.line})"
    if deciding.clear is not None and deciding.verdict == "between":
        yield f"not cleared yet: {deciding.clear.filled} does not hold"
    yield from _timer(deciding, when)


def _timer(turn: Turn, when: When) -> Iterator[str]:
    if turn.since is not None and turn.phase == "pending":
        yield f"breach since {when(turn.since)}"
        yield _left("for", turn.hold, turn)
    elif turn.since is not None and turn.phase == "recovering":
        yield f"clear since {when(turn.since)}"
        yield _left("recover_for", turn.recover_for, turn)
    elif turn.phase == "active":
        yield f"{turn.severity.word} is active: for {_long(turn.hold)} was reached"


def _left(key: str, whole: float, turn: Turn) -> str:
    return f"{key} {_long(whole)} not reached ({_long(turn.counted)} elapsed, {_long(turn.left)} left)"


def _telling(case: Case) -> Iterator[str]:
    """Who hears of it, or why nobody does."""
    if case.source_trouble is not None:
        yield "the source itself is in trouble, which is one incident of its own"
    one = case.incident
    if one is not None:
        yield _belonging(one, judged=case.judged)
        if one.is_flapping:
            yield f"that incident flaps: nobody is told of its changes until it is steady for {_long(one.flaps.wait)}"
    elif any(turn.phase == "pending" for turn in case.turns):
        yield "nobody is told before that"
    yield from _muted(case)
    if not case.ways and (case.judged or one is not None):
        yield "no route matches, so nobody is told"


def _muted(case: Case) -> Iterator[str]:
    """What mutes it then, and whether people know of it all the same."""
    one = case.incident
    if one is not None and one.is_muted:
        known = "people know of it, and hear at once when it ends" if one.hush.open else "what lasts is told after that"
        yield f"nobody is told of changes: muted by {one.hush.by}; {known}"
        if not case.muted_by:
            yield "that is over; the next poll tells"
    elif case.muted_by:
        yield f"muted by {case.muted_by}" + (", which counts from the next poll on" if one is not None else "")


def _belonging(one: Incident, *, judged: bool) -> str:
    where = " / ".join(one.node) or f"all of {one.hierarchy}"
    more = f" with {one.members} nodes" if one.members > 1 else ""
    if one.in_lull:
        return f"the incident at {where} is open, and well at present"
    return f"it is part of the incident at {where}{more}" if judged else f"an incident stands here{more}"


def _long(seconds: float) -> str:
    return duration(seconds)

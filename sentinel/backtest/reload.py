"""What a reload of other rules would do to what is open now: the last readings judged again, by the new rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sentinel.backtest.present import Present
from sentinel.backtest.run import cast
from sentinel.domain.alerts import STATES, Alerts, State
from sentinel.domain.edits import adapt
from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import Incident
from sentinel.domain.memory import Memory, Replay
from sentinel.domain.reading import Query, Reading
from sentinel.domain.records import Book, BookKey
from sentinel.domain.rules import SELF_RULES, SOURCE_RULE, Rulebook, Service

GOES_ON, CLOSES, EASES, CHANGES = "goes on", "closes", "no longer bad", "changes"


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of an open incident. `effect` is one of the words above, `text` says it in a sentence."""

    incident: Incident
    effect: str
    text: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An alert that is quiet now and would not be under the new rules."""

    rule: str
    service: str
    node: Node
    state: State


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a reload would do. `unknown` are queries that the rules need and that have not been asked yet."""

    effects: tuple[Effect, ...]
    newcomers: tuple[Newcomer, ...]
    unknown: tuple[Query, ...]


def consequences(rulebook: Rulebook, services: Iterable[Service], now: Present, at: float) -> Consequences:
    """What would become of what is open now if these rules were in force at `at` (Unix seconds).

    The last reading of every query is judged once more for the slot that it is of: figures and timers stay as they are,
    only the rules differ.
    """
    memory, latest = now.memory, now.latest
    chosen = cast(rulebook, services, latest)
    before = dict(memory.books)
    after = Memory(dict(memory.queries), dict(memory.books))
    wanted = {one.query.key: [rule.id for rule in one.rules] for one in chosen.asked}
    wanted |= {query.key: [] for query in chosen.unrecorded}
    ended: dict[str, Incident] = {}
    done = adapt(rulebook, wanted, after.books, at)
    if done is not None:
        after.keep_books(done)
        ended.update({one.id: one for one in done.incidents})
    for key in [key for key in after.queries if key not in wanted]:
        del after.queries[key]
    replay = Replay(rulebook, chosen.asked, after)
    for asked in chosen.asked:
        last = latest[asked.query].at
        for earlier in now.before(asked.query, replay.looks_back(last), last):
            replay.remember(earlier)
        judged = replay.feed(_again(latest[asked.query], at))
        if judged is not None:
            ended.update({one.id: one for one in judged.incidents})
    return Consequences(
        effects=tuple(_effect(one, _now(one, after, ended)) for one in _open(before.values())),
        newcomers=tuple(_newcomers(before, after)),
        unknown=chosen.unrecorded,
    )


def _again(reading: Reading, at: float) -> Reading:
    """The same answer, given now, for the slot that it was of."""
    return replace(reading, at=max(at, reading.at + 0.001))


def _open(books: Iterable[Book]) -> list[Incident]:
    """Incidents that rules of a file are behind, the oldest first."""
    found = [one for book in books if book.key[0] not in SELF_RULES for one in book.open_incidents]
    return sorted(found, key=lambda one: (one.opened_at, one.id))


def _now(incident: Incident, after: Memory, ended: Mapping[str, Incident]) -> Incident:
    """The incident as it would be."""
    for book in after.books.values():
        if incident.id in book.incidents:
            return book.incidents[incident.id]
    return ended.get(incident.id, incident)


def _effect(before: Incident, after: Incident) -> Effect:
    if after.close_reason is not None:
        why = after.close_reason.value.replace("_", " ")
        into = f" into {after.merged_into}" if after.merged_into else ""
        return Effect(before, CLOSES, f"closes as {why}{into}")
    if after.facts.recovering and not before.facts.recovering:
        wait = round(after.facts.recovering / 60)
        return Effect(
            before,
            EASES,
            f"is no longer bad: closes as rule changed if it stays so for {wait} min"
            if wait
            else "is no longer bad: closes as rule changed",
        )
    told = []
    if after.severity != before.severity:
        told.append(f"becomes {after.severity.word}")
    if after.node != before.node:
        told.append(f"stands at {' / '.join(after.node) or 'the top'}")
    if after.members != before.members:
        told.append(f"has {after.members} nodes instead of {before.members}")
    if told:
        return Effect(before, CHANGES, ", ".join(told))
    return Effect(before, GOES_ON, "goes on; nothing is announced again")


def _newcomers(before: Mapping[BookKey, Book], after: Memory) -> Iterable[Newcomer]:
    """Alerts that the new rules would show as pending, warning or critical and that show nothing now."""
    for key, book in after.books.items():
        rule, service, _ = key
        if rule == SOURCE_RULE or rule in SELF_RULES:
            continue
        known = _shown(before.get(key))
        for node, state in _shown(book).items():
            if state in (State.PENDING, State.WARNING, State.CRITICAL) and known.get(node, State.OK) is State.OK:
                yield Newcomer(rule, service or "", node, state)


def _shown(book: Book | None) -> dict[Node, State]:
    """What is shown of each node that is not quietly ok."""
    if book is None:
        return {}
    return {node: state for alerts in book.alerts.values() for node, state in _states(alerts)}


def _states(alerts: Alerts) -> Iterable[tuple[Node, State]]:
    return (
        (alerts.nodes[i], STATES[int(alerts.shown[i])]) for i in range(len(alerts.nodes)) if np.any(alerts.shown[i])
    )

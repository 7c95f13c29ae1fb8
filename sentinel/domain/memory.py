"""What ticks leave behind for the ticks after them. The engine keeps one beside its store, a replay has nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sentinel.domain.asking import Asked
from sentinel.domain.plan import plan
from sentinel.domain.reading import Query, Reading
from sentinel.domain.records import Before, Book, BookKey, Plan, QueryState
from sentinel.domain.rules import SOURCE_RULE, Rule, Rulebook


@dataclass
class Memory:
    """Query states by key, books by rule, service and source."""

    queries: dict[str, QueryState] = field(default_factory=dict)
    books: dict[BookKey, Book] = field(default_factory=dict)

    def before(self, rules: Iterable[Rule], reading: Reading) -> Before:
        """The state from which a reading is judged by these rules."""
        query = reading.query
        keys: list[BookKey] = [(rule.id, query.service, query.source) for rule in rules]
        keys.append((SOURCE_RULE, None, query.source))
        siblings = tuple(
            state for key, state in self.queries.items() if state.query.source == query.source and key != query.key
        )
        return Before(
            query=self.queries.get(query.key) or QueryState(query=query),
            books={key: self.books.get(key) or Book(key) for key in keys},
            siblings=siblings,
        )

    def keep(self, done: Plan) -> None:
        """Go on from what a tick decided."""
        self.queries[done.query.query.key] = done.query
        self.keep_books(done)

    def keep_books(self, done: Plan) -> None:
        """Go on from what was decided beside the readings."""
        self.books.update(done.books)


@dataclass
class Replay:
    """A run without a program: readings in, plans out, by the very `plan` that a live run asks. Nothing is sent.

    `asked`: the queries that the rules need. Readings come in the order in which they were received; each instant is
    the reading's own.
    """

    rulebook: Rulebook
    asked: Iterable[Asked]
    memory: Memory = field(default_factory=Memory)
    _rules: Mapping[Query, tuple[Rule, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._rules = {one.query: one.rules for one in self.asked}

    def feed(self, reading: Reading) -> Plan | None:
        """Judge the next reading. None when no rule needs its query."""
        rules = self._rules.get(reading.query)
        if rules is None:
            return None
        done = plan(self.rulebook, rules, self.memory.before(rules, reading), reading)
        self.memory.keep(done)
        return done

"""What ticks leave behind for the ticks after them. The engine keeps one beside its store, a replay has nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sentinel.domain.asking import Asked
from sentinel.domain.ledger import Ledger, LedgerKey
from sentinel.domain.mutes import Silence
from sentinel.domain.past import Needs, Recollection, Stored, needs_of
from sentinel.domain.plan import plan
from sentinel.domain.reading import Query, Reading
from sentinel.domain.records import Before, Book, BookKey, Plan, QueryState
from sentinel.domain.rules import SOURCE_RULE, Rule, Rulebook
from sentinel.domain.sla import Sla


@dataclass(frozen=True, slots=True)
class Recalled:
    """A reading with what conditions ask of the past. `past`: what is remembered once it has counted, or has not."""

    reading: Reading
    past: Recollection | None = None
    unheeded: Recollection | None = None


@dataclass
class Memory:
    """Query states by key, books by rule, service and source; the past by query key, where conditions look back.

    Ledgers by agreement, service and query.
    """

    queries: dict[str, QueryState] = field(default_factory=dict)
    books: dict[BookKey, Book] = field(default_factory=dict)
    pasts: dict[str, Recollection] = field(default_factory=dict)
    ledgers: dict[LedgerKey, Ledger] = field(default_factory=dict)

    def before(self, rules: Iterable[Rule], reading: Reading, slas: Iterable[Sla] = ()) -> Before:
        """The state from which a reading is judged by these rules and agreements."""
        query = reading.query
        keys: list[BookKey] = [(rule.id, query.service, query.source) for rule in rules]
        keys.append((SOURCE_RULE, None, query.source))
        wanted: list[LedgerKey] = [(sla.id, query.service, query.key) for sla in slas]
        siblings = tuple(
            state for key, state in self.queries.items() if state.query.source == query.source and key != query.key
        )
        return Before(
            query=self.queries.get(query.key) or QueryState(query=query),
            books={key: self.books.get(key) or Book(key) for key in keys},
            siblings=siblings,
            ledgers={key: self.ledgers[key] for key in wanted if key in self.ledgers},
        )

    def recall(self, needs: Needs, reading: Reading, stored: Stored | None = None) -> Recalled:
        """The reading with the figures of its past; nothing is remembered before `keep`.

        With `stored` the past is read again where what is remembered does not end with the last reading on record, or
        is not all that is needed. Without it, it begins anew with the reading.
        """
        past = self.pasts.get(reading.query.key)
        if not needs.functions:
            return Recalled(reading)
        if past is not None and not self._holds(past, needs, reading, on_record=stored is not None):
            past = None
        if reading.figures is None:
            return Recalled(reading, None, past.heard(reading.at) if past is not None else None)
        if past is None:
            told = stored(needs.since(reading.sample_at), reading.at) if stored is not None else ()
            past = Recollection.of(needs, told)
        after = past.after(reading)
        figures = replace(reading.figures, past=after.told())
        return Recalled(replace(reading, figures=figures), after, past.heard(reading.at))

    def _holds(self, past: Recollection, needs: Needs, reading: Reading, *, on_record: bool) -> bool:
        """Whether what is remembered of the query's past is what its record says."""
        state = self.queries.get(reading.query.key)
        last = state.last_reading_at if state is not None else None
        return past.needs == needs and past.follows(reading) and (not on_record or past.heard_at == last)

    def keep(self, done: Plan, recalled: Recalled | None = None) -> None:
        """Go on from what a tick decided. `recalled`: the reading that it judged."""
        key = done.query.query.key
        self.queries[key] = done.query
        self.ledgers.update(done.ledgers)
        self.keep_books(done)
        if recalled is None:
            return
        past = recalled.past if done.query.failure is None else recalled.unheeded
        if past is None:
            self.pasts.pop(key, None)
        else:
            self.pasts[key] = past

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
    silences: tuple[Silence, ...] = ()
    """Those that somebody made then, where they are known; windows of the rules apply anyway."""
    judged: dict[str, Reading] = field(default_factory=dict)
    """The last reading of each query, by key, as it was judged: with what conditions asked of the past."""
    _asked: Mapping[Query, Asked] = field(init=False)

    def __post_init__(self) -> None:
        self._asked = {one.query: one for one in self.asked}

    def feed(self, reading: Reading) -> Plan | None:
        """Judge the next reading. None when no rule needs its query."""
        asked = self._asked.get(reading.query)
        if asked is None:
            return None
        reading = reading.unheld()
        recalled = self.memory.recall(self._needs(asked.rules, reading), reading)
        before = replace(self.memory.before(asked.rules, reading, asked.slas), silences=self.silences)
        done = plan(self.rulebook, asked.rules, before, recalled.reading, asked.slas)
        self.memory.keep(done, recalled)
        figures = done.judged.figures if done.judged is not None else None
        self.judged[reading.query.key] = (
            recalled.reading if figures is None else replace(recalled.reading, figures=figures)
        )
        return done

    def looks_back(self, at: float) -> float:
        """From when on `remember` wants to be told of readings, where the first to be judged is received at that instant."""
        needs = [needs_of(one.rules, self.rulebook.source(one.query.source).step) for one in self._asked.values()]
        return min((one.since(at) for one in needs if one.functions), default=at)

    def remember(self, reading: Reading) -> None:
        """Look at a reading from before the replay begins without judging it: functions over the past know it then."""
        asked = self._asked.get(reading.query)
        needs = self._needs(asked.rules, reading) if asked is not None else None
        if needs is not None and needs.functions:
            past = self.memory.pasts.get(reading.query.key) or Recollection(needs=needs)
            self.memory.pasts[reading.query.key] = past.after(reading)

    def _needs(self, rules: tuple[Rule, ...], reading: Reading) -> Needs:
        return needs_of(rules, self.rulebook.source(reading.query.source).step)

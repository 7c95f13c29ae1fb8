"""A live run in miniature for tests of deciding: polls in, states, incidents and notices out, on a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sentinel.domain.alerts import STATES, Alerts, State
from sentinel.domain.calendars import Maintenance
from sentinel.domain.edits import adapt
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import Node, NodeList, NodePattern, parse_node
from sentinel.domain.incidents import Event, Incident
from sentinel.domain.matchers import Matchers
from sentinel.domain.metrics import CATALOGUE, Unit
from sentinel.domain.mutes import Silence
from sentinel.domain.notices import Notice
from sentinel.domain.patterns import NamePattern
from sentinel.domain.people import decide
from sentinel.domain.plan import plan
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason, slot_of
from sentinel.domain.records import AlertKey, Before, Book, BookKey, Plan, QueryState
from sentinel.domain.requests import Answer, Deed, Request
from sentinel.domain.rules import (
    SOURCE_RULE,
    Address,
    Criteria,
    Override,
    Route,
    Rule,
    Rulebook,
    SourceTraits,
    Threshold,
)

MINUTE = 60.0
START = 1_772_438_400.0  # 2026-03-02T08:00:00Z, a whole slot
TEAM = Address("team", "slack", "#team")
UNITS: Mapping[str, Unit] = {**{key: metric.unit for key, metric in CATALOGUE.items()}, "value": Unit.ANY}


def threshold(text: str, *, clear: str = "", hold: float = 0.0, recover_for: float = 0.0) -> Threshold:
    """A severity's condition with its times in seconds."""
    return Threshold(
        breach=parse(text, UNITS),
        clear=parse(clear, UNITS) if clear else None,
        hold=hold,
        recover_for=recover_for,
    )


def a_rule(critical: str | Threshold | None = "value > 10", **changes: object) -> Rule:
    """A rule over sites that is critical at once, unless told otherwise. `criteria` fields may be given directly."""
    wanted = threshold(critical) if isinstance(critical, str) else critical
    criteria_keys = {"warning", "only_if", "no_data", "no_data_after"}
    criteria = Criteria(critical=wanted, **{k: v for k, v in changes.items() if k in criteria_keys})  # type: ignore[arg-type]
    rule = Rule(
        id="errors",
        summary="Devices with errors",
        services=(NamePattern("*"),),
        source="portal",
        hierarchy="Location",
        levels=("Site",),
        every=600.0,
        criteria=criteria,
    )
    return replace(rule, **{k: v for k, v in changes.items() if k not in criteria_keys})  # type: ignore[arg-type]


def an_override(node: str, rule: Rule, **criteria: object) -> Override:
    """Other criteria for the nodes that match."""
    return Override(node=NodePattern(node), service=None, criteria=replace(rule.criteria, **criteria))  # type: ignore[arg-type]


def a_route(*to: Address, **matchers: object) -> Route:
    """A route to these addresses."""
    wanted = ("remind_every", "onwards", "escalate_after", "escalate_to")
    options = {k: matchers.pop(k) for k in wanted if k in matchers}
    return Route(matchers=Matchers(**matchers), to=to or (TEAM,), **options)  # type: ignore[arg-type]


def a_silence(since: float, until: float, *, name: str = "sl-1", **matchers: object) -> Silence:
    """A silence between two instants, in seconds from START. Matchers by name, `Silence` fields as they are."""
    fields = {k: matchers.pop(k) for k in ("maintenance", "expired_at", "expired_by") if k in matchers}
    return Silence(
        id=name,
        matchers=the_matchers(**matchers),
        author="anna",
        reason="deploy",
        created_at=START + since,
        starts_at=START + since,
        ends_at=START + until,
        **fields,  # type: ignore[arg-type]
    )


def a_window(since: float, until: float, *, name: str = "patching", **matchers: object) -> Maintenance:
    """A maintenance between two instants, in seconds from START."""
    start, end = int(START + since), int(START + until)
    return Maintenance(name=name, matchers=the_matchers(**matchers), timezone="UTC", start=start, end=end)


def the_matchers(**asked: object) -> Matchers:
    """Matchers from globs: one text or several per name."""
    patterns: dict[str, object] = {}
    for name, given in asked.items():
        texts = (given,) if isinstance(given, str) else tuple(given)  # type: ignore[arg-type]
        kind = NodePattern if name == "node" else NamePattern
        patterns[name] = texts if name == "severity" else tuple(kind(text) for text in texts)
    return Matchers(**patterns)  # type: ignore[arg-type]


@dataclass
class Run:
    """Feeds polls to `plan` and remembers what a store would.

    `forgetful`: after every tick only what a store keeps is left, as if Sentinel were started anew.
    """

    rules: tuple[Rule, ...]
    routes: tuple[Route, ...] = (a_route(),)
    step: float = 600.0
    interval: float = 600.0
    service: str = "Mail"
    max_missing_share: float = 0.4
    forgetful: bool = False
    maintenance: tuple[Maintenance, ...] = ()
    silences: tuple[Silence, ...] = ()
    now: float = START
    queries: dict[str, QueryState] = field(default_factory=dict)
    books: dict[BookKey, Book] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    _stored: dict[AlertKey, tuple[object, ...]] = field(default_factory=dict, repr=False)
    _lists: dict[object, NodeList] = field(default_factory=dict, repr=False)

    @property
    def rulebook(self) -> Rulebook:
        traits = SourceTraits(name="portal", step=self.step, max_missing_share=self.max_missing_share)
        return Rulebook(rules=self.rules, routes=self.routes, sources=(traits,), maintenance=self.maintenance)

    def query(self, level: str | None = None) -> Query:
        rule = self.rules[0]
        if rule.path is not None:
            return Query("portal", self.service, rule.hierarchy, None, rule.path)
        return Query("portal", self.service, rule.hierarchy, level or rule.levels[0])

    def good(
        self, figures: Mapping[str, float | Mapping[str, float]], *, level: str | None = None, wait: float | None = None
    ) -> Plan:
        """One good answer: node text -> the figure of `value`, or several by metric; `Node*` marks a parent's row."""
        nodes = [parse_node(text.rstrip("*")) for text in figures]
        rows = self._shared(NodeList.of(nodes, [text.endswith("*") for text in figures]))
        table: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
        for i, cell in enumerate(figures.values()):
            for metric, value in (cell if isinstance(cell, Mapping) else {"value": cell}).items():
                table.setdefault(metric, np.full(len(nodes), np.nan))[i] = value
        return self._feed(self.query(level), Figures(rows, table), None, wait)

    def _shared(self, rows: NodeList) -> NodeList:
        """The list of an earlier answer with the same rows, as sources share them; not after a new start."""
        if self.forgetful:
            return rows
        key = (rows.nodes, tuple(rows.aggregate.tolist()))
        return self._lists.setdefault(key, rows)

    def bad(self, reason: Reason = Reason.SERVER_ERROR, *, level: str | None = None, wait: float | None = None) -> Plan:
        """One poll that failed."""
        return self._feed(self.query(level), None, Failure(reason, f"the Portal said {reason.value}"), wait)

    def skip(self, polls: int = 1) -> None:
        """Time passes without a poll: Sentinel was down."""
        self.now += polls * self.interval

    def feed(self, reading: Reading) -> Plan:
        """Judge any reading."""
        rules = tuple(rule for rule in self.rules if rule.covers(reading.query.service))
        key = reading.query.key
        before = Before(
            query=self.queries.get(key) or QueryState(query=reading.query),
            books={book: self.books[book] for book in self._keys(rules, reading) if book in self.books},
            siblings=tuple(state for other, state in self.queries.items() if other != key),
            silences=self.silences,
        )
        done = plan(self.rulebook, rules, before, reading)
        self._write(done)
        self.queries[key] = _reloaded_query(done.query) if self.forgetful else done.query
        books = {key: _reloaded_book(book) for key, book in done.books.items()} if self.forgetful else done.books
        self.books.update(books)
        self.notices.extend(done.notices)
        self.events.extend(done.events)
        self.incidents.update({one.id: one for one in done.incidents})
        self.plans.append(done)
        return done

    def _write(self, done: Plan) -> None:
        """What a store would hold now. Whatever the plan did not write has to be there already, as it is remembered."""
        for touched in done.changed:
            alerts = done.books[touched.book].alerts[touched.query]
            for i in touched.positions:
                self._stored[touched.book, touched.query, alerts.nodes[i]] = _row(alerts, int(i))
        for gone in done.gone:
            del self._stored[gone]
        for key, book in done.books.items():
            for query, alerts in book.alerts.items():
                for i, node in enumerate(alerts.nodes):
                    assert self._stored.get((key, query, node)) == _row(alerts, i), f"{node} is not written"

    def _feed(self, query: Query, figures: Figures | None, failure: Failure | None, wait: float | None) -> Plan:
        reading = Reading(query, self.now, slot_of(self.now, self.step), figures, failure)
        done = self.feed(reading)
        self.now += self.interval if wait is None else wait
        return done

    def asks(self, deed: Deed, by: str = "ana", text: str = "", *, of: str = "", wait: float = 60.0) -> Answer:
        """Somebody wants something of the incident with that id, else of the latest one; then a minute passes."""
        name = of or max(self.incidents.values(), key=lambda one: (one.opened_at, one.id)).id
        key = f"request {len(self.plans)}"
        request = Request(key=key, deed=deed, incident=name, by=by, at=self.now, text=text)
        done = decide([request], self.books, self.incidents, self.now)
        self.books.update(done.books)
        self.notices.extend(done.notices)
        self.events.extend(done.events)
        self.incidents.update({one.id: one for one in done.incidents})
        self.plans.append(done)
        self.now += wait
        return done.answers[0]

    @staticmethod
    def _keys(rules: Sequence[Rule], reading: Reading) -> list[BookKey]:
        query = reading.query
        return [*((rule.id, query.service, query.source) for rule in rules), (SOURCE_RULE, None, query.source)]

    def state(self, node: str, rule: str = "errors") -> State:
        """What is shown of a node; ok when nothing is recorded."""
        wanted: Node = parse_node(node)
        book = self.books.get((rule, self.service, "portal"))
        for alerts in book.alerts.values() if book else ():
            if wanted in alerts.nodes:
                return STATES[int(alerts.shown[alerts.nodes.index(wanted)])]
        return State.OK

    @property
    def told(self) -> list[str]:
        """Kinds of the notices about services that go out, oldest first, one address's worth."""
        return [kind for kind, rule in self._told if rule != SOURCE_RULE]

    @property
    def told_of_source(self) -> list[str]:
        """The same for the source's own trouble."""
        return [kind for kind, rule in self._told if rule == SOURCE_RULE]

    @property
    def _told(self) -> list[tuple[str, str]]:
        mine = [notice for notice in self.notices if notice.told and notice.address in (TEAM, None)]
        return [(notice.kind.value, self.incidents[notice.incident].rule) for notice in mine]

    @property
    def open_places(self) -> list[str]:
        """Where incidents of rules stand now, sorted."""
        places = ["/".join(one.node) for one in self.incidents.values() if one.is_open and one.rule != SOURCE_RULE]
        return sorted(places)

    @property
    def source_incidents(self) -> list[Incident]:
        """Incidents about the source itself."""
        return [one for one in self.incidents.values() if one.rule == SOURCE_RULE]


def edited(run: Run, *rules: Rule, levels: Sequence[str] = ("Site",)) -> None:
    """The rules file is saved with these rules, and Sentinel takes it over."""
    run.rules = rules
    asked: Mapping[str, list[str]] = {run.query(level).key: [rule.id for rule in rules] for level in levels if rules}
    done = adapt(run.rulebook, asked, run.books, run.now)
    for key in [key for key in run.queries if key not in asked]:
        del run.queries[key]
    if done is not None:
        run.books.update(done.books)
        run.notices.extend(done.notices)
        run.incidents.update({one.id: one for one in done.incidents})


def _reloaded_query(state: QueryState) -> QueryState:
    """A query as a store gives it back: the rows of its last good answer in a list of their own."""
    known = state.known
    return state if known is None else state.evolve(known=NodeList.of(known.nodes, known.aggregate))  # type: ignore[arg-type]


def _row(alerts: Alerts, i: int) -> tuple[object, ...]:
    """One alert as a store has it; a timer that does not run has no start."""
    timers = [
        (code := int(getattr(alerts, name)[i]), float(getattr(alerts, f"{name}_since")[i]) if code % 2 else 0.0)
        for name in ("warning", "critical")
    ]
    figures = [float(getattr(alerts, name)[i]) for name in ("good_at", "missing_since", "value")]
    known = [None if np.isnan(one) else one for one in figures]
    return (*timers, *known, bool(alerts.blind[i]), int(alerts.shown[i]), alerts.incident[i])


def _reloaded_book(book: Book) -> Book:
    """A book as a store gives it back: nothing of what only saves work between two ticks."""
    alerts = {
        key: one.evolve(
            rows=None,
            at_row=None,
            described=None,
            rolled=None,
            warning_since=np.where(one.warning % 2 == 1, one.warning_since, 0.0),
            critical_since=np.where(one.critical % 2 == 1, one.critical_since, 0.0),
        )
        for key, one in book.alerts.items()
        if one.nodes
    }
    return Book(book.key, alerts, book.incidents)

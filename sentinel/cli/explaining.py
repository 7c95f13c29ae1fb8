"""How `sentinel explain --node` finds out and shows why a node is in its state and who was told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sentinel.backtest.past import Past, Place
from sentinel.backtest.run import cast
from sentinel.cli import moments, options, screen
from sentinel.config.lines import Lines
from sentinel.config.loader import Loaded, load
from sentinel.domain.asking import Asked
from sentinel.domain.hierarchy import Node, node_text, parse_node
from sentinel.domain.memory import Replay
from sentinel.domain.metrics import nearest
from sentinel.domain.mutes import Silence
from sentinel.domain.patterns import NamePattern
from sentinel.errors import NotFound
from sentinel.history.node_story import Attempt, StateChange, attempts, incident_at, state_changes, taken_at
from sentinel.history.notices import NoticeRow, notices
from sentinel.history.record import iso, maybe_iso, opened
from sentinel.store import silences as on_record
from sentinel.store.database import Database
from sentinel.why.answer import answer, is_old
from sentinel.why.case import Asked as Put
from sentinel.why.case import Case, Turn, Way
from sentinel.why.examine import WARM_UP, cases, warm_up

_WHAT_THERE_IS = "`sentinel history list` shows of what there are readings, and since when"


@dataclass(frozen=True)
class Told:
    """What the record says beside the case: states, the incident, notices with their attempts."""

    changes: tuple[StateChange, ...]
    incident: str | None
    notices: tuple[NoticeRow, ...]
    attempts: dict[int, list[Attempt]]
    taken: tuple[str, float] | None = None
    """Who has the incident acknowledged, and since when."""


def explain_node(
    text: str, service: str | None, rule: str | None, at: float, rules: Path | None, database: str | None
) -> list[tuple[Case, Told]]:
    """Every case of that node, with what the record says of it.

    Raises:
        NotFound: nothing is recorded of such a node; with the nearest name.
    """
    file = rules or Path(os.environ.get("SENTINEL_RULES") or options.RULES)
    loaded, node, url = load(file), parse_node(text), options.database_url(database)
    silences = _silences(url)
    with Place(database=url).opened() as past:
        found = list(_cases(file, loaded, past, node, at, service, rule, silences))
        if not found:
            raise _nothing(past, loaded, node, at, service, rule)
    with opened(url) as record:
        return [(case, _told(record, case)) for case in found]


def _cases(
    file: Path,
    loaded: Loaded,
    past: Past,
    node: Node,
    at: float,
    service: str | None,
    rule: str | None,
    silences: tuple[Silence, ...],
) -> Iterator[Case]:
    lines = Lines(loaded.text, loaded.rulebook)
    for asked in _by_source(loaded, past, service).values():
        chosen = [one for one in asked if rule is None or any(each.id == rule for each in one.rules)]
        wanted = [one.query for one in chosen]
        begin = _begin(past, wanted, at) - warm_up(rule for one in chosen for rule in one.rules)
        stream = past.stream(wanted, Replay(loaded.rulebook, chosen).looks_back(begin), at + 0.001)
        of = cases(
            str(file), loaded.rulebook, chosen, stream, node, at, lines.of, judged_since=begin, silences=silences
        )
        for case in of:
            if rule is None or case.rule == rule:
                yield case


def _silences(url: str) -> tuple[Silence, ...]:
    """All that are on record."""
    db = Database.open(url, read_only=True)
    try:
        return on_record.every(db)
    finally:
        db.close()


def _begin(past: Past, wanted: Iterable[Any], at: float) -> float:
    """From when on readings are replayed: a while before the last one, which may be long ago."""
    chosen = set(wanted)
    last = [span.last_at for span in past.spans() if span.query in chosen and span.first_at <= at]
    return min([at, *last])


def _by_source(loaded: Loaded, past: Past, service: str | None) -> dict[str, list[Asked]]:
    """What the rules ask of each source, of those services."""
    pattern = None if service is None else NamePattern(service)
    found: dict[str, list[Asked]] = {}
    for one in cast(loaded.rulebook, loaded.services, past.recorded_queries()).asked:
        if pattern is None or pattern.matches(one.query.service):
            found.setdefault(one.query.source, []).append(one)
    return found


def _nothing(past: Past, loaded: Loaded, node: Node, at: float, service: str | None, rule: str | None) -> NotFound:
    """Which of the names leads nowhere."""
    if rule is not None and loaded.rulebook.rule(rule) is None:
        near = nearest(rule, [one.id for one in loaded.rulebook.rules])
        return NotFound(f"there is no rule {rule!r}", hint=f"did you mean {near!r}?" if near else "")
    asked = [one for several in _by_source(loaded, past, service).values() for one in several]
    if not asked:
        if service is None:
            return NotFound("of what these rules ask for, nothing is recorded", hint=_WHAT_THERE_IS)
        names = sorted({query.service for query in past.recorded_queries()})
        near = nearest(service, names)
        return NotFound(f"nothing is recorded of service {service!r}", hint=f"did you mean {near!r}?" if near else "")
    readings = past.stream([one.query for one in asked], at - WARM_UP, at + 0.001, metrics=())
    lists = {id(each.figures.rows): each.figures.rows for each in readings if each.figures is not None}
    nodes = {node for rows in lists.values() for node in rows.nodes}
    known = {node_text(one[:depth]): one[depth - 1] for one in nodes for depth in range(1, len(one) + 1)}
    near = nearest(node_text(node), known)
    ends = [text for text, last in sorted(known.items()) if (last,) == node]
    hint = (
        f"did you mean '{next(iter(ends), near)}'?" if ends or near else "a node is written from the top: Europe/Paris"
    )
    if not known:
        hint = _WHAT_THERE_IS
    return NotFound(f"nothing is known of node '{node_text(node)}' then", hint=hint)


def _told(record: Any, case: Case) -> Told:
    changes = state_changes(record, case.rule, case.service, case.node, case.at)
    name = incident_at(record, case.rule, case.service, case.node, case.at)
    if name is None:
        return Told(changes, None, (), {})
    tries: dict[int, list[Attempt]] = {}
    for one in attempts(record, name):
        tries.setdefault(one.notice, []).append(one)
    told = tuple(notices(record, incident=name, oldest_first=True))
    return Told(changes, name, told, tries, taken_at(record, name, case.at))


def show(found: list[tuple[Case, Told]], *, utc: bool) -> None:
    """As people read it."""
    for number, (case, told) in enumerate(found):
        if number:
            click.echo()
        for line in page(case, told, moments.Times(case.at, utc=utc)):
            click.echo(line)


def sentences(case: Case, told: Told, when: Callable[[float], str]) -> list[str]:
    """The whole answer: what the figures and timers say, and what became of telling it."""
    return [*answer(case, when), *_telling(case, told, when)]


def _telling(case: Case, told: Told, when: Callable[[float], str]) -> Iterator[str]:
    """What was told until then, or why not. Of several notices to one address the last says how things stand."""
    last: dict[str | None, NoticeRow] = {one.channel: one for one in told.notices if one.decided_at <= case.at}
    for channel, one in last.items():
        if one.state == "delivered":
            yield f"{one.kind} was told to {channel}"
        elif one.state == "not_told":
            yield f"{one.kind} was told to nobody: {one.reason}"
        elif one.state == "abandoned":
            yield f"{one.kind} was given up for {channel}: {one.reason}"
        else:
            yield f"{one.kind} for {channel} is {one.state}" + (f": {one.reason}" if one.reason else "")
    if told.taken is not None:
        who, since = told.taken
        yield f"{who} has acknowledged it since {when(since)}: no reminders, and it is escalated to nobody"
    recorded = told.changes[-1] if told.changes else None
    if recorded is not None and recorded.after != case.state.value:
        yield f"the record shows {recorded.after} since {when(recorded.at)}: other rules were in force, or what came before is gone"
    elif case.incident is not None and told.incident is None:
        yield "the record has no such incident: other rules were in force, or the readings were imported"


def page(case: Case, told: Told, times: moments.Times) -> list[str]:
    """One case: the answer first, then what it rests on."""
    title = f"{case.service} at {' / '.join(case.node)} by {case.rule}, {moments.precise(case.at, utc=times.utc)}"
    of = f"override {case.override} of the rule" if case.override else "the rule"
    return [
        screen.one_line(title),
        f"  state     {_state(case, times)}",
        *(
            f"  {'because' if n == 0 else '':<9} {screen.one_line(text)}"
            for n, text in enumerate(sentences(case, told, times.of))
        ),
        "",
        f"Figures of {times.of(case.reading_at)}",
        *(f"  {one.metric:<24} {one.text}" for one in case.figures),
        "",
        *([f"Conditions, of {of}", *_conditions(case, times), ""] if case.judged else ()),
        *(["Routing", *_routing(case), ""] if case.judged or case.incident else ()),
        *(["Recorded states", *_changes(told, times), ""] if case.judged else ()),
        f"Notices of incident {told.incident}" if told.incident else "Notices: the record has no incident there then",
        *(line for one in told.notices for line in _notice(one, told, times)),
    ]


def _state(case: Case, times: moments.Times) -> str:
    """A state of which nobody has heard lately is dated."""
    if not case.judged:
        return "not judged itself"
    return case.state.value + (f", as of {times.of(case.reading_at)}" if is_old(case) else "")


def _routing(case: Case) -> list[str]:
    return [f"  {_way(way)}" for way in case.ways] or ["  no route matches"]


def _way(way: Way) -> str:
    told, called = (", ".join(f"{a.receiver} by {a.channel}" for a in those) for those in (way.to, way.escalate_to))
    after = f"; when nobody has acknowledged for {moments.span(way.escalate_after)}: {called}" if called else ""
    return f"line {way.line}: {told}{after}"


def _changes(told: Told, times: moments.Times) -> list[str]:
    changes = [_change(one, times) for one in told.changes]
    return changes or ["  none: it has been quietly ok, or was never judged live by this rule"]


def _conditions(case: Case, times: moments.Times) -> Iterator[str]:
    if case.only_if is not None:
        yield _condition("only_if", case.only_if)
    for turn in case.turns:
        word = turn.severity.word
        yield _condition(word, turn.breach)
        if turn.clear is not None:
            yield _condition("  clear", turn.clear)
        yield f"  {'':<9} {_phase(turn, times)}, line {turn.line}"


def _condition(name: str, put: Put) -> str:
    return f"  {name:<9} {screen.one_line(put.filled or put.text)}: {put.verdict}"


def _phase(turn: Turn, times: moments.Times) -> str:
    since = "" if turn.since is None else f" since {times.of(turn.since)}, {moments.span(turn.left)} left"
    holds = f"for {moments.span(turn.hold)}, recover_for {moments.span(turn.recover_for)}"
    return f"{turn.verdict}; {turn.phase}{since} ({holds})"


def _change(one: StateChange, times: moments.Times) -> str:
    why = f"  {screen.one_line(one.why)}" if one.why else ""
    return f"  {times.of(one.at):<14} {one.before} -> {one.after}{why}"


def _notice(one: NoticeRow, told: Told, times: moments.Times) -> Iterator[str]:
    to = f"{one.receiver} by {one.channel}" if one.receiver else "nobody"
    why = f" ({one.reason})" if one.reason else ""
    line = screen.one_line(f"{one.kind:<12} {to}: {one.state.replace('_', ' ')}{why}")
    yield f"  {times.of(one.decided_at):<14} {line}"
    for each in told.attempts.get(one.id, ()):
        reason = f" ({each.reason})" if each.reason else ""
        tried = screen.one_line(f"attempt {times.of(each.started_at)}: {each.outcome or 'open'}{reason}")
        yield f"  {'':<14}   {tried}"


def as_json(case: Case, told: Told) -> dict[str, Any]:
    """As `explain --json` has it."""
    return {
        "rule": case.rule,
        "service": case.service,
        "node": list(case.node),
        "at": iso(case.at),
        "state": case.state.value if case.judged else None,
        "judged": case.judged,
        "below": [{"node": list(node), "state": state.value} for node, state in case.below],
        "answer": sentences(case, told, iso),
        "file": case.file,
        "line": case.line,
        "override": case.override or None,
        "reading_at": iso(case.reading_at),
        "muted_by": case.muted_by or None,
        "failure": None if case.failure is None else case.failure.text,
        "figures": {one.metric: one.value for one in case.figures},
        "only_if": None if case.only_if is None else _put(case.only_if),
        "severities": [_turn(turn) for turn in case.turns],
        "unknown_for": case.unknown_for,
        "incident_place": None if case.incident is None else list(case.incident.node),
        "routes": [
            {
                "line": way.line,
                "to": [{"receiver": a.receiver, "channel": a.channel} for a in way.to],
                "escalate_after": way.escalate_after or None,
                "escalate_to": [{"receiver": a.receiver, "channel": a.channel} for a in way.escalate_to],
            }
            for way in case.ways
        ],
        "states": [one.as_json() for one in told.changes],
        "incident": told.incident,
        "notices": [
            {**one.as_json(), "attempts": [each.as_json() for each in told.attempts.get(one.id, ())]}
            for one in told.notices
        ],
    }


def _put(put: Put) -> dict[str, Any]:
    return {"condition": put.text, "filled": put.filled or None, "verdict": put.verdict}


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "severity": turn.severity.word,
        "line": turn.line,
        "breach": _put(turn.breach),
        "clear": None if turn.clear is None else _put(turn.clear),
        "verdict": turn.verdict,
        "phase": turn.phase,
        "since": maybe_iso(turn.since),
        "elapsed": turn.counted,
        "left": turn.left,
        "for": turn.hold,
        "recover_for": turn.recover_for,
    }

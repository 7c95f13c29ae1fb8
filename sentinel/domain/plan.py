"""One tick, decided: what was known and one reading in; transitions, incidents and notices out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sentinel.domain.advance import Advanced, Elapsed, advance, advance_blind, elapsed_since
from sentinel.domain.affected import affected, limit_now, limit_text, value_text
from sentinel.domain.alerts import STATES, UNKNOWN, Alerts, Transition
from sentinel.domain.changes import Changes, Remark, Scene
from sentinel.domain.episodes import settle
from sentinel.domain.flapping import Look, hush_lulls, make_up, settle_down
from sentinel.domain.hierarchy import Bools, Node
from sentinel.domain.mutes import Mute, Muting, muted_now
from sentinel.domain.placing import Below, placed
from sentinel.domain.reading import Reading
from sentinel.domain.records import Before, Book, BookKey, Plan, QueryState
from sentinel.domain.rules import SOURCE_RULE, NoData, Rule, Rulebook, Severity
from sentinel.domain.sla import Sla
from sentinel.domain.sources import accept, judge_source
from sentinel.domain.tally import Tally
from sentinel.domain.upkeep import upkeep

Rules = tuple[Rule, ...]

NEWS = 0.1
"""A figure is worth a new description of its incident when it moved by this share: an edit for every wobble of the
last digit helps nobody."""

FORGET_AFTER = 3600.0
"""Ended incidents stay in memory at least this long (seconds): long enough to be reopened."""


def plan(rulebook: Rulebook, rules: Rules, before: Before, reading: Reading, slas: tuple[Sla, ...] = ()) -> Plan:
    """What one reading changes.

    `rules` and `slas` are those that need the reading's query, with `every` in seconds; `before` the state so far. The instants
    come with the reading: `at` for the record, `sample_at` for the timers. The same reading twice changes nothing.
    """
    old = before.query
    if old.last_reading_at is not None and reading.at == old.last_reading_at:
        return Plan(reading.at, old)
    traits = rulebook.source(reading.query.source)
    reading, held = accept(_in_order(reading, old, traits.step), old, traits)
    pace = [*(one.every for one in rules), *(one.every for one in slas)]
    every = max(min(pace, default=traits.step), traits.step)
    time = elapsed_since(old, reading, every)
    query = _after(held, reading, time)
    tally = Tally(reading.at, query)
    mutes = muted_now(rulebook, before.silences, reading.at)
    kept = upkeep(rulebook, slas, before.ledgers, before.silences, reading, every, _waited(old, reading))
    tally.ledgers, tally.entries, reading = kept.ledgers, kept.entries, kept.reading
    for rule in rules:
        key = (rule.id, reading.query.service, reading.query.source)
        book = before.books.get(key) or Book(key)
        muting = Muting.of(mutes, rule=rule.id, service=key[1], source=key[2], owner=rule.owner) if mutes else None
        _tick_book(tally, rulebook, rule, book, reading, old, time, muting, kept.remarks.get(rule.id))
    _tick_source(tally, rulebook, before, reading, query, mutes)
    return replace(tally.plan(), judged=reading)


def _in_order(reading: Reading, old: QueryState, step: float) -> Reading:
    """A clock set back over the edge of a slot only seems to ask the slot before: the one that has begun goes on."""
    last, heard = old.last_at, old.last_reading_at
    if last is None or heard is None or reading.sample_at >= last or heard - reading.at >= step:
        return reading
    return replace(reading, sample_at=last)


def _waited(old: QueryState, reading: Reading) -> float | None:
    """Seconds since the last answer by the clock, where that one was good."""
    if old.last_reading_at is None or old.failing_since is not None:
        return None
    return reading.at - old.last_reading_at


def _after(held: QueryState, reading: Reading, time: Elapsed) -> QueryState:
    """The query's own state after the reading."""
    last_good, failing = held.last_good_at, held.failing_since
    after = held.evolve(
        last_at=reading.sample_at,
        last_reading_at=reading.at,
        last_good_at=None if last_good is None else last_good + time.shift,
        failing_since=None if failing is None else failing + time.shift,
    )
    if reading.figures is not None:
        return after.evolve(
            last_good_at=reading.sample_at,
            failures=0,
            failing_since=None,
            failure=None,
            known=reading.figures.rows,
        )
    since = after.failing_since if after.failing_since is not None else reading.sample_at
    return after.evolve(failures=held.failures + 1, failing_since=since, failure=reading.failure)


def _tick_book(
    tally: Tally,
    rulebook: Rulebook,
    rule: Rule,
    book: Book,
    reading: Reading,
    old: QueryState,
    time: Elapsed,
    muting: Muting | None,
    remark: Remark | None,
) -> None:
    """One rule and service under one reading."""
    query_key = reading.query.key
    alerts = book.alerts.get(query_key) or Alerts()
    service = reading.query.service
    if reading.figures is None:
        if alerts.nodes:
            done = advance_blind(rule, service, alerts, old, time)
            if done.after is not done.before or (_counts_missing(rule) and book.muted):
                _finish_book(tally, rulebook, rule, book, reading, done, time, muting, remark)
        return
    done = advance(rule, service, alerts, reading.figures, old, time)
    if done.before.nodes or book.open_incidents:
        _finish_book(tally, rulebook, rule, book, reading, done, time, muting, remark)


def _counts_missing(rule: Rule) -> bool:
    """Whether missing figures may count as a breach: then a source that fails does not keep everybody waiting."""
    return any(one.no_data is NoData.BREACH for one in (rule.criteria, *(other.criteria for other in rule.overrides)))


def _finish_book(
    tally: Tally,
    rulebook: Rulebook,
    rule: Rule,
    book: Book,
    reading: Reading,
    done: Advanced,
    time: Elapsed,
    muting: Muting | None,
    remark: Remark | None,
) -> None:
    """Roll-up, incidents, notices, and what of the alerts has to be written."""
    query_key, at = reading.query.key, reading.at
    after, judged_below = placed(rule, done, reading.figures, muting)
    alerts: dict[str, Alerts] = {**book.alerts, query_key: after}
    changes = Changes({})
    stirred = _stirred(done.before, after)
    muted = muting is not None or book.muted
    mutes = muting.mutes if muting is not None else ()
    other = muted and mutes != book.mutes
    if stirred.any() or (done.before.active & ~after.active).any() or other or _edited(rule, book, alerts):
        scene = replace(_scene(rulebook, rule, reading, done, judged_below, muting), remark=remark)
        alerts, changes = _settled(scene, book, done, alerts, stirred)
    told = reading.figures is not None or _counts_missing(rule)
    if changes.audible or (book.flaps and (muted or reading.figures is not None)):
        scene = replace(_scene(rulebook, rule, reading, done, judged_below, muting), remark=remark)
        look = None if reading.figures is None else _look(alerts, query_key, done, time)
        _quieten(scene, changes, book, look, told=told)
    if reading.figures is not None and any(r.remind_every or r.escalate_after for r in rulebook.routes):
        _remind(changes, rulebook, book, at)
    _record(tally, rule, alerts[query_key], reading, done)
    tally.add_book(
        book,
        alerts,
        query_key,
        done,
        changes,
        forget_before=at - max(rule.reopen_within, FORGET_AFTER),
        settled=rule.version if reading.figures is not None else book.settled,
        mutes=mutes if told else None,
    )


def _quieten(scene: Scene, changes: Changes, book: Book, look: Look | None, *, told: bool) -> None:
    """Incidents that flap or are muted. `told`: what nothing mutes any more is told now."""
    hush_lulls(scene, changes, book.incidents)
    if look is not None:
        settle_down(scene, changes, book.incidents, look)
    if told:
        make_up(scene, changes)


def _edited(rule: Rule, book: Book, alerts: Mapping[str, Alerts]) -> bool:
    """Whether an edit of the rule left open incidents that do not know the new criteria or lack some members."""
    if book.settled == rule.version:
        return False
    incidents = book.open_incidents
    members = sum(int(np.count_nonzero(one.active)) for one in alerts.values()) if incidents else 0
    return members != sum(one.members for one in incidents) or any(
        one.facts.rule_version != rule.version for one in incidents
    )


def _stirred(before: Alerts, after: Alerts) -> Bools:
    """Which active alerts something happened to that a message shows; figures that only waver are no news."""
    active = after.active
    known = before.value if before.described is None else before.described
    news = np.abs(after.value - known) > NEWS * np.abs(known)
    news |= (before.shown == UNKNOWN) != (after.shown == UNKNOWN)
    news |= (before.severity != after.severity) | (before.breaching != after.breaching)
    if before.place != after.place:
        news |= np.fromiter((p != q for p, q in zip(before.place, after.place, strict=True)), bool, active.size)
    return news & active


def _scene(
    rulebook: Rulebook, rule: Rule, reading: Reading, done: Advanced, judged_below: Below, muting: Muting | None
) -> Scene:
    return Scene(
        rule=rule,
        service=reading.query.service,
        at=reading.at,
        routes=rulebook.routes,
        judged=judged_below,
        retired=_retired_incidents(done),
        lost=_lost_members(done),
        failed=reading.figures is None,
        version=rule.version,
        unseen=done.unseen,
        query=reading.query.key,
        muting=muting,
    )


def _settled(
    scene: Scene, book: Book, done: Advanced, alerts: dict[str, Alerts], stirred: Bools
) -> tuple[dict[str, Alerts], Changes]:
    """The incidents brought in line, and every active alert with its incident."""
    query_key = scene.query
    found = affected(alerts, {query_key: stirred}, scene.muting)
    changes = settle(scene, found, book.incidents)
    assigned: dict[str, list[str | None]] = {key: list(one.incident) for key, one in alerts.items()}
    mine = alerts[query_key]
    for quiet in np.flatnonzero(~mine.active):
        assigned[query_key][quiet] = None
    for number, incident in changes.assigned.items():
        key, position = found.origin[number]
        assigned[key][position] = incident
    settled = {key: one.evolve(incident=tuple(assigned[key])) for key, one in alerts.items()}
    told = mine.value if done.before.described is None else np.where(stirred, mine.value, done.before.described)
    settled[query_key] = settled[query_key].evolve(described=told)
    return settled, changes


def _retired_incidents(done: Advanced) -> frozenset[str]:
    ids = (done.before.incident[i] for i in np.flatnonzero(done.retired))
    return frozenset(incident for incident in ids if incident is not None)


def _lost_members(done: Advanced) -> Mapping[str, frozenset[Node]]:
    """Per incident the members that are not active any more."""
    lost: dict[str, set[Node]] = {}
    for i in np.flatnonzero(done.before.active & ~done.after.active):
        incident = done.before.incident[i]
        if incident is not None:
            lost.setdefault(incident, set()).add(done.before.nodes[i])
    return {incident: frozenset(nodes) for incident, nodes in lost.items()}


def _look(alerts: Mapping[str, Alerts], query_key: str, done: Advanced, time: Elapsed) -> Look:
    """What this good answer says of incidents that flap: time that no timer may count is no quiet time either."""
    first: dict[str | None, str] = {}
    for key in sorted(alerts):
        for i in np.flatnonzero(alerts[key].active):
            first.setdefault(alerts[key].incident[i], key)
    mine = alerts[query_key]
    return Look(
        query=query_key,
        seconds=0.0 if time.is_gap else time.step,
        seen={one for i in np.flatnonzero(mine.active & ~done.unsure) if first[one := mine.incident[i]] == query_key},
        unseen={done.after.nodes[i] for i in np.flatnonzero(done.unsure)},
        gone={done.before.nodes[i] for i in np.flatnonzero(done.retired)},
    )


def _remind(changes: Changes, rulebook: Rulebook, book: Book, at: float) -> None:
    present = {**book.incidents, **changes.incidents}
    for incident in present.values():
        if not incident.is_open or incident.facts.unknown:
            continue
        if not incident.is_flapping:
            changes.remind(incident, at, rulebook.routes)
        elif incident.flaps.announced and not incident.in_lull:
            changes.escalate(incident, at, rulebook.routes)


def _record(tally: Tally, rule: Rule, after: Alerts, reading: Reading, done: Advanced) -> None:
    """Transitions of this query's alerts."""
    service = reading.query.service
    for i in np.flatnonzero(done.before.shown != done.after.shown):
        node, value = after.nodes[i], float(after.value[i])
        state = STATES[int(after.shown[i])]
        severity = Severity.WARNING if state.value == "warning" else Severity.CRITICAL
        text = value_text(rule, service, node, severity, value)
        limit = _limit(rule, after, int(i), severity, reading)
        tally.transitions.append(
            Transition(
                rule=rule.id,
                service=service,
                node=node,
                query=reading.query.key,
                before=STATES[int(done.before.shown[i])],
                after=state,
                at=max(reading.at, float(done.before.changed_at[i])),
                value=None if np.isnan(value) else value,
                why=_why(rule, state.value, text, limit, reading),
                incident=after.incident[i] or done.before.incident[i],
            )
        )


def _limit(rule: Rule, after: Alerts, i: int, severity: Severity, reading: Reading) -> str:
    """The limit that binds an alert, with what it is at present where it moves."""
    service, node = reading.query.service, after.nodes[i]
    text = limit_text(rule, service, node, severity)
    if reading.figures is None or after.at_row is None or after.at_row[i] < 0 or after.shown[i] == UNKNOWN:
        return text
    now = limit_now(rule, service, node, severity, reading.figures, int(after.at_row[i]))
    return f"{text}, now {now}" if now else text


def _why(rule: Rule, state: str, text: str, limit: str, reading: Reading) -> str:
    if state == "unknown":
        past = ", too few in a window of the past" if rule.pasts else ""
        return reading.failure.text if reading.failure else f"no figure in the answer{past}, or only_if did not hold"
    if not text:
        return ""
    return f"{text}, limit {limit}" if limit else text


def _tick_source(
    tally: Tally,
    rulebook: Rulebook,
    before: Before,
    reading: Reading,
    query: QueryState,
    mutes: tuple[Mute, ...],
) -> None:
    """The source's own incident."""
    source = reading.query.source
    key: BookKey = (SOURCE_RULE, None, source)
    book = before.books.get(key) or Book(key)
    states = (*before.siblings, query)
    if query.failure is None and not book.open_incidents:
        return
    changes = judge_source(book, states, rulebook, source, reading.at, mutes)
    tally.add_source(book, changes)

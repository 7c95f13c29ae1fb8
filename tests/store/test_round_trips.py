"""Every record comes back as it went in, on both databases, whatever people call their sites."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.incidents import CloseReason, Facts, Flaps, Hush, Member, Story, Turn
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason
from sentinel.domain.records import Touched
from sentinel.domain.rules import Address, Severity
from sentinel.store import outbox, readings
from sentinel.store.database import Database
from sentinel.store.incidents import story
from sentinel.store.memory import load
from sentinel.store.outbox import Lane
from sentinel.store.tables import lease, metadata
from sentinel.store.unit_of_work import commit
from tests.effort import effort
from tests.store.records import (
    AT,
    BOOK,
    PARIS,
    QUERY,
    ROME,
    SLACK,
    a_failed_reading,
    a_notice,
    a_plan,
    a_query_state,
    a_reading,
    a_transition,
    an_event,
    an_incident,
    record,
    same_alerts,
    some_alerts,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
ANY_NODE = st.lists(ANY_TEXT, max_size=4).map(tuple)
ON_ONE_DATABASE = effort(15)


def test_a_new_database_remembers_nothing(database: Database) -> None:
    """The first start is no special case."""
    remembered = load(database)
    assert (remembered.queries, remembered.books) == ({}, {})


def test_a_query_comes_back_with_its_known_rows(database: Database) -> None:
    """After a good answer: when it was, and which nodes it had."""
    reading = a_reading()
    state = a_query_state(reading, held_since=AT - 600)
    commit(database, a_plan(reading, query=state), reading)
    found = load(database).queries[QUERY.key]
    assert found.known is not None
    assert found.known.nodes == (PARIS, ROME)
    assert replace(found, known=None) == replace(state, known=None)


def test_a_failing_query_comes_back_with_its_reason(database: Database) -> None:
    """The whole failure, and since when."""
    reading = a_failed_reading()
    state = a_query_state(reading, failures=3)
    commit(database, a_plan(reading, query=state), reading)
    assert load(database).queries[QUERY.key] == state


def test_aggregate_rows_stay_marked(database: Database) -> None:
    """A parent's own row is told from a node of the level."""
    rows = NodeList.of([("Europe",), PARIS, ROME], [True, False, False])
    reading = a_reading(figures=Figures(rows, {}))
    commit(database, a_plan(reading), reading)
    known = load(database).queries[QUERY.key].known
    assert known is not None
    assert known.aggregate.tolist() == [True, False, False]


def test_queries_with_equal_rows_share_one_list(database: Database) -> None:
    """What is derived from the rows is then derived once."""
    for service in ("Exchange Online", "SAP"):
        reading = a_reading(query=replace(QUERY, service=service))
        commit(database, a_plan(reading), reading)
    one, other = load(database).queries.values()
    assert one.known is other.known


def test_alerts_come_back_with_every_column(database: Database) -> None:
    """Phases, timers, the missing ones as missing."""
    alerts = some_alerts(
        [PARIS, ROME],
        warning=np.array([0, 3], np.uint8),
        blind=np.array([False, True]),
        good_at=np.array([np.nan, AT - 1200.125]),
        shown=np.array([1, 4], np.uint8),
        value=np.array([np.nan, -0.25]),
        place=(None, ("Europe",)),
        incident=(None, "sn-one"),
    )
    reading = a_reading()
    commit(database, a_plan(reading, alerts=alerts, incidents=[an_incident()]), reading)
    book = load(database).books[BOOK]
    assert same_alerts(book.alerts[QUERY.key], alerts)


def test_many_alerts_come_back_as_well(database: Database) -> None:
    """Large ticks take another way into Postgres."""
    nodes = [("Europe", "Pa\0ris", f'Site "{i}" \\ {{}}') for i in range(150)]
    values = np.linspace(-1e9, 1e-9, 150)
    values[0] = np.inf
    alerts = some_alerts(nodes, value=values)
    reading = a_reading(nodes=nodes)
    steps = tuple(a_transition(node, value=float(value)) for node, value in zip(nodes, values, strict=True))
    plan = a_plan(reading, alerts=alerts, incidents=[an_incident()], transitions=steps)
    commit(database, plan, reading)
    commit(database, plan, reading)
    assert same_alerts(load(database).books[BOOK].alerts[QUERY.key], alerts)


def test_an_alert_that_is_quietly_ok_again_leaves_no_row(database: Database) -> None:
    """Only what is not quietly ok has rows."""
    nodes = [("Europe", f"Site {i}") for i in range(1200)]
    reading = a_reading(nodes=nodes)
    commit(database, a_plan(reading, alerts=some_alerts(nodes), incidents=[an_incident()]), reading)
    later = a_reading(AT + 600, nodes=nodes)
    commit(database, a_plan(later, gone=nodes[1:]), later)
    assert load(database).books[BOOK].alerts[QUERY.key].nodes == (nodes[0],)


def test_an_ended_incident_comes_back_whole(database: Database) -> None:
    """Every field, with its timeline in order."""
    ended = an_incident(
        service=None,
        node=(),
        resolved_at=AT + 1200,
        close_reason=CloseReason.MERGED,
        merged_into="sn-other",
        reopened=2,
        reminded_at=AT + 600,
        acknowledged_by="Ada \U0001f6e0 \0 \ud800",
        acknowledged_at=AT + 60,
        last_members=frozenset({PARIS, ROME}),
        facts=Facts(worst=(Member(ROME, Severity.WARNING, "6 %", unknown=True),), detail="d", hint="h", unknown=True),
    )
    events = (an_event(1), an_event(2, kind="closed"))
    record(database, [ended], reversed(events))
    assert story(database, "sn-one") == Story(ended, events)


def test_what_flaps_is_remembered_with_all_its_changes(database: Database) -> None:
    flaps = Flaps(
        turns=(Turn(at=AT, bad=True), Turn(at=AT + 300.5, bad=False)),
        since=AT + 300.5,
        first=AT,
        last=AT + 300.5,
        number=7,
        bad=123.25,
        announced=False,
        severity=Severity.CRITICAL,
        reach=("Europe", "a/b \0 \ud800"),
        query=QUERY.key,
        calm=600.0,
        wait=900.0,
    )
    record(database, [an_incident(flaps=flaps, members=0)])
    assert story(database, "sn-one").incident.flaps == flaps
    (kept,) = load(database, recent_since=AT).books[BOOK].open_incidents
    assert (kept.flaps, kept.in_lull) == (flaps, True)


def test_what_is_muted_is_remembered_with_what_people_know(database: Database) -> None:
    hush = Hush(
        by="silence sl-1: \0 \ud800 (Ada)",
        since=AT + 0.5,
        open=True,
        severity=Severity.CRITICAL,
        node=("Europe", "a/b \0 \ud800"),
        flapping=True,
        unknown=True,
    )
    record(database, [an_incident(hush=hush)])
    assert story(database, "sn-one").incident.hush == hush
    assert load(database, recent_since=AT).books[BOOK].muted


def test_a_book_remembers_open_incidents_and_those_that_ended_lately(database: Database) -> None:
    """An old one is history; one that ended a moment ago may be reopened."""
    ended = an_incident("sn-two", resolved_at=AT - 900, close_reason=CloseReason.RECOVERED)
    old = an_incident("sn-old", resolved_at=AT - 9000, close_reason=CloseReason.RECOVERED)
    record(database, [an_incident(), ended, old])
    book = load(database, recent_since=AT - 1000).books[BOOK]
    assert set(book.incidents) == {"sn-one", "sn-two"}
    assert [one.id for one in book.open_incidents] == ["sn-one"]


def test_without_a_limit_a_week_before_the_last_reading_is_remembered(database: Database) -> None:
    """The store does not know the time; the last reading stands for it."""
    reading = a_reading()
    week = 7 * 86400.0
    inside = an_incident("sn-in", resolved_at=AT - week, close_reason=CloseReason.RECOVERED)
    outside = an_incident("sn-out", resolved_at=AT - week - 1, close_reason=CloseReason.RECOVERED)
    commit(database, a_plan(reading, incidents=[inside, outside]), reading)
    assert set(load(database).books[BOOK].incidents) == {"sn-in"}


def test_facts_of_another_release_are_read_as_far_as_they_are_known(database: Database) -> None:
    """A field that is gone is left out, one that is new has its default."""
    record(database, [an_incident()])
    with database.transaction() as connection:
        connection.exec_driver_sql("""UPDATE incidents SET facts = '{"summary":"kept","colour":"red"}'""")
    assert story(database, "sn-one").incident.facts == Facts(summary="kept")


def test_readings_come_back_good_and_failed(database: Database) -> None:
    """Figures exactly, failures with their reason, remarks in order; `latest` is the newest of them."""
    columns = {"devices": np.array([1.0, np.nan]), "logon": np.array([0.1 + 0.2, -np.inf]), "none": np.full(2, np.nan)}
    good = a_reading(figures=Figures(NodeList.of([PARIS, ROME]), columns), remarks=("a NaN", "an \0"))
    bad = a_failed_reading(AT + 600.5)
    assert readings.latest(database, QUERY.key) is None
    for reading in (good, bad):
        commit(database, a_plan(reading), reading)
    first, second = readings.between(database, QUERY.key, AT, AT + 601, page=1)
    assert second == bad == readings.latest(database, QUERY.key)
    assert first.figures is not None
    assert first.figures.rows.nodes == (PARIS, ROME)
    assert first.figures.columns.keys() == columns.keys()
    for name, column in columns.items():
        assert np.array_equal(first.figures.columns[name], column, equal_nan=True)
    assert replace(first, figures=None) == replace(good, figures=None)
    assert list(readings.between(database, QUERY.key, AT + 1, AT + 600.5)) == []


@ON_ONE_DATABASE
@given(nodes=st.lists(ANY_NODE, min_size=1, max_size=4, unique=True), words=ANY_TEXT, at=st.integers(0, 4 * 10**12))
def test_names_from_all_of_unicode_survive(
    database: Database, nodes: list[tuple[str, ...]], words: str, at: int
) -> None:
    """NUL, lone surrogates, quotes, slashes: in nodes, services and sentences. Instants are exact to the millisecond."""
    _forget_all(database)
    instant = at / 1000
    query = Query("portal", words, "Location", None, nodes[0])
    book = (words or "-", words, "portal")
    incident = an_incident(
        f"sn-{at}", rule=book[0], service=words, node=nodes[0], opened_at=instant, changed_at=instant
    )
    incident = incident.evolve(facts=Facts(summary=words, worst=(Member(nodes[-1], Severity.WARNING, words),)))
    reading = Reading(query, instant, instant, Figures(NodeList.of(nodes), {words: np.arange(len(nodes)) / 7}))
    alerts = some_alerts(nodes, incident=(incident.id,) * len(nodes), changed_at=np.full(len(nodes), instant))
    plan = a_plan(reading, incidents=[incident])
    plan = replace(
        plan,
        books={book: replace(plan.books[BOOK], key=book, alerts={query.key: alerts})},
        changed=(Touched(book, query.key, np.arange(len(nodes))),),
        transitions=tuple(
            a_transition(node, rule=book[0], service=words, query=query.key, why=words) for node in nodes
        ),
    )
    commit(database, plan, reading)
    remembered = load(database, recent_since=0.0)
    assert same_alerts(remembered.books[book].alerts[query.key], alerts)
    assert remembered.books[book].incidents[incident.id] == incident
    found = readings.latest(database, query.key)
    assert found is not None
    assert found.figures is not None
    assert found.figures.rows.nodes == tuple(nodes)
    assert np.array_equal(found.figures.columns[words], np.arange(len(nodes)) / 7)


@ON_ONE_DATABASE
@given(receiver=ANY_TEXT, to=ANY_TEXT, line=ANY_TEXT, quiet=st.booleans(), step=st.integers(1, 10**6))
def test_notices_come_back_from_the_outbox(
    database: Database, receiver: str, to: str, line: str, quiet: bool, step: int
) -> None:
    """Address and sentence are whatever people wrote."""
    _forget_all(database)
    address = Address(receiver, "email", to)
    notice = a_notice(step, address, incident=f"sn-{step}", line=line, quiet=quiet)
    record(database, [], decided=[notice])
    found = outbox.lane(database, Lane(notice.incident, address))
    assert notice in [one.notice for one in found]


def test_failures_without_a_hint_come_back_equal(database: Database) -> None:
    """An empty hint is no missing one."""
    failure = Failure(Reason.TIMEOUT, "")
    reading: Any = replace(a_failed_reading(), failure=failure)
    commit(database, a_plan(reading), reading)
    assert readings.latest(database, QUERY.key) == reading


def test_all_states_and_channels_are_allowed_by_the_schema(database: Database) -> None:
    """The closed lists of the database are those of the program."""
    states = [state for state in State if state is not State.OK]
    reading = a_reading()
    steps = tuple(a_transition(before=State.OK, after=state) for state in states)
    commit(database, a_plan(reading, transitions=steps), reading)
    for reason in Reason:
        failed = replace(a_failed_reading(AT + 600 * len(reason.value)), failure=Failure(reason, "no"))
        commit(database, a_plan(failed), failed)
    for number, reason_closed in enumerate(CloseReason):
        record(database, [an_incident(f"sn-{number}", resolved_at=AT, close_reason=reason_closed)])
    assert outbox.depth(database, AT).waiting == 0
    assert SLACK.kind == "slack"


def _forget_all(database: Database) -> None:
    """The examples of one test share a database, but no row."""
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not lease:
                connection.execute(delete(table))


@pytest.mark.fault(23)
@pytest.mark.parametrize("year", [2038, 2100, 9000])
def test_far_dates_come_back_as_they_were(database: Database, year: int) -> None:
    """After the nineteenth of January 2038 seconds no longer fit into 32 bits."""
    at = round((year - 1970) * 365.2425 * 86400.0) + 30 * 86400.0 + 0.125
    reading = a_reading(at)
    commit(database, a_plan(reading), reading, epoch=None)
    back = readings.latest(database, QUERY.key)
    assert back is not None
    assert (back.at, load(database).queries[QUERY.key].last_reading_at) == (at, at)

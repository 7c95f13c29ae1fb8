"""Forgetting: what is old goes, and nothing that still matters does."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from sentinel.domain.incidents import CloseReason
from sentinel.store import housekeeping, messages, outbox, readings
from sentinel.store.database import Database
from sentinel.store.housekeeping import Purged, Retention, purge
from sentinel.store.incidents import story
from sentinel.store.memory import load
from sentinel.store.outbox import Lane
from sentinel.store.tables import alerts, attempts, events, incidents, notices, threads, transitions
from sentinel.store.unit_of_work import commit
from tests.store.records import (
    AT,
    BOOK,
    MAIL,
    PARIS,
    QUERY,
    ROME,
    SLACK,
    a_bad_tick,
    a_notice,
    a_plan,
    a_reading,
    a_transition,
    an_event,
    an_incident,
    due_lanes,
    record,
)

DAY = 86400.0
MONTH = Retention(readings=30 * DAY, incidents=30 * DAY)
MUCH_LATER = AT + 400 * DAY


def deliver_all(database: Database) -> None:
    for lane in due_lanes(database, AT + 1000):
        ids = [one.id for one in outbox.lane(database, lane)]
        outbox.begin(database, ids, AT + 1000, None)
        outbox.delivered(database, ids, AT + 1001, None, lane=lane, ref={"ts": "1"}, edited=True)


def test_nothing_goes_before_its_time(database: Database) -> None:
    """Within the retention everything is there."""
    commit(database, *a_bad_tick(), epoch=None)
    assert purge(database, AT + 29 * DAY, MONTH) == Purged()


@pytest.mark.fault(44)
def test_an_open_incident_keeps_everything_however_old(database: Database) -> None:
    """C 44: only readings go."""
    commit(database, *a_bad_tick(), epoch=None)
    deliver_all(database)
    assert purge(database, MUCH_LATER, MONTH) == Purged(readings=1)
    assert story(database, "sn-one").events == (an_event(),)
    assert messages.thread_of(database, Lane("sn-one", SLACK)) is not None
    assert load(database).books[BOOK].alerts[QUERY.key].nodes == (PARIS,)


def test_an_ended_incident_goes_with_all_that_belongs_to_it(database: Database) -> None:
    """Timeline, notices, attempts, threads, transitions."""
    commit(database, *a_bad_tick(), epoch=None)
    deliver_all(database)
    ended = an_incident(resolved_at=AT + 600, close_reason=CloseReason.RECOVERED)
    reading = a_reading(AT + 600)
    commit(database, a_plan(reading, incidents=[ended], gone=[PARIS]), reading, epoch=None)
    assert purge(database, MUCH_LATER, MONTH) == Purged(readings=2, incidents=1)
    with database.reading() as connection:
        for table in (incidents, events, transitions, notices, attempts, threads, alerts):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name


@pytest.mark.promise("P1")
@pytest.mark.fault(44)
def test_an_ended_incident_that_is_not_told_yet_stays(database: Database) -> None:
    """P1: a channel that was gone for longer than the retention still gets its recovery."""
    record(
        database,
        [an_incident(resolved_at=AT, close_reason=CloseReason.RECOVERED)],
        decided=[a_notice(1), a_notice(1, MAIL)],
    )
    assert purge(database, MUCH_LATER, MONTH).incidents == 0
    deliver_all(database)
    assert purge(database, MUCH_LATER, MONTH).incidents == 1


def test_transitions_without_an_incident_and_test_notices_go_by_their_age(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slice by slice, so that no tick waits for long."""
    monkeypatch.setattr(housekeeping, "_SLICE", 1)
    reading = a_reading()
    steps = (
        a_transition(incident=None),
        a_transition(ROME, incident=None),
        a_transition(PARIS, incident=None, at=AT + 50 * DAY),
    )
    commit(database, a_plan(reading, transitions=steps), reading, epoch=None)
    outbox.enqueue_test(database, SLACK, AT, "a test")
    outbox.enqueue_test(database, MAIL, AT, "a test")
    deliver_all(database)
    outbox.enqueue_test(database, MAIL, AT, "still waiting")
    assert purge(database, AT + 31 * DAY, MONTH) == Purged(readings=1, transitions=2, notices=2)
    assert outbox.depth(database, AT).waiting == 1


def test_the_last_answer_of_a_query_is_known_when_its_reading_is_gone(database: Database) -> None:
    """And a node list goes when nothing refers to it any more."""
    first, second = a_reading(), a_reading(AT + 600, nodes=[ROME])
    for reading in (first, second):
        commit(database, a_plan(reading), reading, epoch=None)
    assert purge(database, MUCH_LATER, MONTH) == Purged(readings=2, node_lists=1)
    known = load(database).queries[QUERY.key].known
    assert known is not None
    assert known.nodes == (ROME,)
    assert readings.latest(database, QUERY.key) is None


def test_readings_alone_can_be_forgotten(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the bulk of a database."""
    monkeypatch.setattr(housekeeping, "_SLICE", 2)
    for number in range(5):
        reading = a_reading(AT + 600 * number)
        commit(database, a_plan(reading), reading, epoch=None)
    assert housekeeping.purge_readings(database, AT + 600 * 4) == 4
    assert [one.at for one in readings.between(database, QUERY.key, 0, MUCH_LATER)] == [AT + 2400]

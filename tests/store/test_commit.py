"""One tick, one transaction: all of it or nothing, and the same tick twice adds nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import event, func, select, text

from sentinel.domain.reading import Figures
from sentinel.errors import LeaseLost, StoreError
from sentinel.store import lease
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.tables import metadata
from sentinel.store.unit_of_work import commit
from tests.store.records import (
    AT,
    BOOK,
    PARIS,
    QUERY,
    a_bad_tick,
    a_notice,
    a_plan,
    a_reading,
    a_transition,
    an_event,
    an_incident,
    record,
    some_alerts,
)


def rows_in(database: Database) -> dict[str, int]:
    """How many rows every table has; the lease aside."""
    with database.reading() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    del counts["lease"]
    return counts


def test_a_tick_leaves_everything_it_decided(database: Database) -> None:
    """One row per thing, in one transaction."""
    commit(database, *a_bad_tick(), epoch=None)
    assert rows_in(database) == {
        "node_lists": 1,
        "requests": 0,
        "silences": 0,
        "starts": 0,
        "queries": 1,
        "readings": 1,
        "incidents": 1,
        "alerts": 1,
        "transitions": 1,
        "events": 1,
        "notices": 3,
        "attempts": 0,
        "threads": 0,
        **dict.fromkeys(
            ("ledgers", "ledger_spans", "ledger_nodes", "ledger_runs", "ledger_weights", "ledger_counts"), 0
        ),
    }


@pytest.mark.promise("P5")
@pytest.mark.fault(39, 40)
def test_the_same_tick_twice_adds_nothing(database: Database) -> None:
    """P5: when the answer to a commit is lost, the tick is simply committed again."""
    plan, reading = a_bad_tick()
    commit(database, plan, reading, epoch=None)
    before, remembered = rows_in(database), load(database)
    commit(database, plan, reading, epoch=None)
    assert rows_in(database) == before
    assert load(database).books[BOOK].incidents == remembered.books[BOOK].incidents


@pytest.mark.promise("P5")
@pytest.mark.fault(2)
@pytest.mark.parametrize("table", ["readings", "incidents", "alerts", "transitions", "events", "notices"])
def test_a_tick_that_fails_in_the_middle_leaves_nothing(database: Database, table: str) -> None:
    """P5: whichever statement is the last one, the store is as before."""

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(f"INSERT INTO {table}"):
            raise RuntimeError("killed here")

    event.listen(database.engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError, match="killed here"):
        commit(database, *a_bad_tick(), epoch=None)
    event.remove(database.engine, "before_cursor_execute", fail)
    assert set(rows_in(database).values()) == {0}
    commit(database, *a_bad_tick(), epoch=None)
    assert rows_in(database)["notices"] == 3


def test_a_plan_of_a_rule_edit_writes_no_query(database: Database) -> None:
    """It has no reading; what it lets go of leaves the record."""
    plan, reading = a_bad_tick()
    commit(database, plan, reading, epoch=None)
    edit = replace(a_plan(reading, gone=[PARIS]), query=replace(plan.query, query=replace(QUERY, source="")))
    commit(database, edit, None, epoch=None)
    assert rows_in(database)["queries"] == 1
    assert rows_in(database)["alerts"] == 0


def test_a_node_list_is_stored_once_for_all_readings_that_have_it(database: Database) -> None:
    """Ten minutes later the Portal has the same sites."""
    for number in range(3):
        reading = a_reading(AT + 600 * number)
        commit(database, a_plan(reading), reading, epoch=None)
    known = load(database).queries[QUERY.key].known
    assert known is not None
    again = a_reading(AT + 2400, figures=Figures(known, {"devices": np.zeros(2)}))
    commit(database, a_plan(again), again, epoch=None)
    assert rows_in(database)["node_lists"] == 1
    assert rows_in(database)["readings"] == 4


def test_a_node_list_that_was_purged_meanwhile_is_stored_again(database: Database) -> None:
    """Nothing that is only remembered in memory is taken for stored."""
    first = a_reading()
    commit(database, a_plan(first), first, epoch=None)
    with database.transaction() as connection:
        for statement in (
            "DELETE FROM readings",
            "UPDATE queries SET known = NULL",
            "DELETE FROM node_lists",
        ):
            connection.execute(text(statement))
    second = a_reading(AT + 600, figures=first.figures)
    commit(database, a_plan(second), second, epoch=None)
    known = load(database).queries[QUERY.key].known
    assert known is not None
    assert known.nodes == first.figures.rows.nodes  # type: ignore[union-attr]  # it has figures


def test_a_later_tick_overwrites_alerts_and_incidents_and_adds_the_rest(database: Database) -> None:
    """State is the latest, history is everything."""
    commit(database, *a_bad_tick(), epoch=None)
    later = a_reading(AT + 600)
    plan = a_plan(
        later,
        alerts=some_alerts([PARIS], value=np.array([0.5])),
        incidents=[an_incident(step=2, members=2, audience=())],
        transitions=(a_transition(at=AT + 600),),
        events=(an_event(2, kind="widened"),),
        notices=(a_notice(2),),
    )
    commit(database, plan, later, epoch=None)
    book = load(database).books[BOOK]
    assert book.alerts[QUERY.key].value.tolist() == [0.5]
    assert book.incidents["sn-one"].members == 2
    assert rows_in(database)["transitions"] == 2
    assert rows_in(database)["notices"] == 4


@pytest.mark.fault(114)
def test_a_tick_under_a_lost_lease_writes_nothing(database: Database) -> None:
    """P2: whoever was paused too long finds another epoch inside the very transaction that would have written."""
    mine = lease.acquire(database, "first", 60, "rules")
    with database.transaction() as connection:
        connection.execute(text("UPDATE lease SET epoch = epoch + 1, holder = 'second'"))
    with pytest.raises(LeaseLost, match="second"):
        commit(database, *a_bad_tick(), epoch=mine)
    with pytest.raises(LeaseLost):
        record(database, [an_incident()], epoch=mine)
    assert set(rows_in(database).values()) == {0}


def test_a_tick_under_the_present_lease_is_written(database: Database) -> None:
    """The ordinary case."""
    mine = lease.acquire(database, "me", 60, "rules")
    commit(database, *a_bad_tick(), epoch=mine)
    assert rows_in(database)["incidents"] == 1


def test_an_alert_cannot_refer_to_an_incident_that_is_not_there(database: Database) -> None:
    """A plan that contradicts itself is refused whole."""
    reading = a_reading()
    with pytest.raises(StoreError):
        commit(database, a_plan(reading, alerts=some_alerts([PARIS])), reading, epoch=None)
    assert set(rows_in(database).values()) == {0}


def test_threads_that_write_at_once_take_turns(database: Database) -> None:
    """Every tick of every thread is there in the end; none fails because another writes."""

    def work(number: int) -> None:
        for turn in range(5):
            reading = a_reading(AT + 600 * turn + number)
            commit(database, a_plan(reading), reading, epoch=None)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows_in(database)["readings"] == 20


def test_a_reader_sees_one_instant_while_ticks_are_written(database: Database) -> None:
    """A snapshot does not change under its reader, nor does it hold a writer up."""
    plan, reading = a_bad_tick()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM notices")).scalar_one() == 0
        commit(database, plan, reading, epoch=None)
        assert connection.execute(text("SELECT count(*) FROM notices")).scalar_one() == 0
    assert rows_in(database)["notices"] == 3


def test_a_snapshot_for_reading_takes_no_write(database: Database) -> None:
    """What is opened to look cannot change anything by mistake."""
    with pytest.raises(StoreError), database.reading() as connection:
        connection.execute(text("DELETE FROM lease"))
    with database.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM lease")).scalar_one() == 1

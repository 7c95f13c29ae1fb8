"""The lease: one writer at a time, by the database's clock, with an epoch that only grows."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from sentinel.errors import LeaseLost
from sentinel.store import lease, tables
from sentinel.store.database import Database


def test_a_new_database_has_no_holder(database: Database) -> None:
    """Epoch 0 was never anybody's."""
    assert lease.current(database) == lease.Lease(0, None, None, None, 0.0)


def test_the_first_takes_it_and_the_second_waits(database: Database) -> None:
    """I 114: and learns whose it is, and under which rules."""
    assert lease.acquire(database, "first", 60, "rules-1") == 1
    assert lease.acquire(database, "second", 60, "rules-2") is None
    held = lease.current(database)
    assert (held.epoch, held.holder, held.rules_hash) == (1, "first", "rules-1")
    assert 0 < held.seconds_left <= 60


def test_a_lease_that_ran_out_is_taken_with_the_next_epoch(database: Database) -> None:
    """Whoever held it can write no more."""
    first = lease.acquire(database, "first", 60, "rules")
    assert first == 1
    _run_out(database)
    assert lease.acquire(database, "second", 60, "rules") == 2
    with pytest.raises(LeaseLost, match="second"):
        lease.renew(database, first, 60)
    lease.release(database, first)
    assert lease.current(database).holder == "second"


def test_a_lease_that_ran_out_but_was_not_taken_can_be_renewed(database: Database) -> None:
    """A long pause alone harms nobody."""
    mine = lease.acquire(database, "me", 60, "rules")
    assert mine is not None
    _run_out(database)
    lease.renew(database, mine, 60)
    assert lease.current(database).seconds_left > 0


@pytest.mark.fault(114)
def test_the_last_look_before_a_send_says_whose_turn_it_is(database: Database) -> None:
    """Taken by another, released, or run out by the database's clock: not ours."""
    mine = lease.acquire(database, "me", 60, "rules")
    assert mine is not None
    assert lease.holds(database, mine)
    _run_out(database)
    assert not lease.holds(database, mine)
    lease.renew(database, mine, 60)
    assert lease.holds(database, mine)
    lease.release(database, mine)
    assert not lease.holds(database, mine)
    assert lease.acquire(database, "other", 60, "rules") == mine + 1
    assert not lease.holds(database, mine)


def test_a_released_lease_is_free_at_once(database: Database) -> None:
    """A clean stop lets the standby start without waiting; the old epoch is worth nothing any more."""
    mine = lease.acquire(database, "first", 60, "rules")
    assert mine is not None
    lease.release(database, mine)
    with pytest.raises(LeaseLost):
        lease.renew(database, mine, 60)
    assert lease.acquire(database, "second", 60, "rules") == 2


def test_the_same_holder_takes_it_again_after_a_restart(database: Database) -> None:
    """Under a new epoch: what the life before left behind is not trusted."""
    assert lease.acquire(database, "me", 60, "rules") == 1
    assert lease.acquire(database, "me", 60, "rules") == 2


def test_on_sqlite_the_claimed_file_is_enough(sqlite_url: str) -> None:
    """The lock on the file proves that the last holder is gone, however long its lease would last."""
    database = Database.open(sqlite_url)
    assert lease.acquire(database, "pid 1", 3600, "rules") == 1
    database.claim()
    assert lease.acquire(database, "pid 2", 3600, "rules") == 2
    database.close()


def test_of_many_that_ask_at_once_one_gets_it(database: Database) -> None:
    """Two replicas started by the same command."""
    got: list[int | None] = []
    ready = threading.Barrier(4)

    def ask(name: str) -> None:
        ready.wait()
        got.append(lease.acquire(database, name, 60, "rules"))

    threads = [threading.Thread(target=ask, args=(f"replica {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=str) == [1, None, None, None]


def test_the_end_of_a_lease_is_by_the_clock_of_the_database(database: Database) -> None:
    """I 115: replicas whose clocks differ agree. Nothing of this process's clock is involved."""
    with database.transaction() as connection:
        before = lease.database_time(connection)
    lease.acquire(database, "me", 60, "rules")
    with database.transaction() as connection:
        after = lease.database_time(connection)
    expires_at = lease.current(database).expires_at
    assert expires_at is not None
    assert before + 60 <= expires_at <= after + 60
    assert datetime.fromtimestamp(before, UTC).year > 2000


def _run_out(database: Database) -> None:
    with database.transaction() as connection:
        past = lease.database_time(connection) - 1
        connection.execute(update(tables.lease).values(expires_at=past))

"""The inbox: done at once where nobody leads, left to whoever leads, once in either case."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from sentinel.domain import people
from sentinel.domain.incidents import Attention, Incident
from sentinel.domain.records import Plan
from sentinel.domain.requests import Deed, Outcome, Request
from sentinel.errors import AlreadyRunning, LeaseLost
from sentinel.store import housekeeping, inbox, incidents, lease, requests, tables
from sentinel.store.database import Database
from sentinel.store.unit_of_work import commit
from tests.store.records import AT, MAIL, SLACK, an_incident, record

NOW = AT + 300.0


@pytest.fixture
def database(database: Database) -> Database:
    """With an open incident."""
    record(database, [an_incident()])
    return database


@pytest.fixture
def other(database: Database, database_url: str) -> Iterator[Database]:
    """The same database as another process has it open."""
    found = Database.open(database_url, thorough=False)
    yield found
    found.close()


def ack(by: str = "ana", key: str = "one") -> Request:
    return Request(key=key, deed=Deed.ACK, incident="sn-one", by=by, at=NOW)


def decide(wanted: Request, incident: Incident | None) -> Plan:
    return people.decide([wanted], {}, {incident.id: incident} if incident is not None else {}, NOW)


def by_now(database: Database) -> str | None:
    return incidents.story(database, "sn-one").incident.acknowledged_by


def kinds(database: Database) -> list[str]:
    return [event.kind for event in incidents.story(database, "sn-one").events]


def lead(database: Database) -> int:
    """An instance begins to lead, as it does on either database."""
    database.claim()
    epoch = lease.acquire(database, "leader", 60, "rules")
    assert epoch is not None
    return epoch


def test_where_nobody_leads_it_is_done_at_once(database: Database) -> None:
    done = inbox.hand_in(database, ack(), decide)
    assert done is not None
    assert (done.outcome, done.text) == (Outcome.DONE, "acknowledged by ana")
    assert (by_now(database), kinds(database)) == ("ana", ["acknowledged"])
    assert requests.answered(database, "one") == done
    assert requests.waiting(database) == []
    with database.reading() as connection:
        told = connection.execute(select(tables.notices.c.channel_to, tables.notices.c.kind, tables.notices.c.quiet))
        assert sorted(tuple(row) for row in told) == sorted((a.to, "acknowledged", True) for a in (SLACK, MAIL))


def test_where_somebody_leads_it_is_left_to_them(database: Database, other: Database) -> None:
    epoch = lead(database)
    assert inbox.hand_in(other, ack(), decide) is None
    assert requests.waiting(database) == [ack()]
    assert by_now(database) is None
    commit(database, decide(ack(), an_incident()), None, epoch=epoch)
    assert requests.waiting(database) == []
    found = requests.answered(other, "one")
    assert found is not None
    assert found.text == "acknowledged by ana"
    assert lease.current(database).epoch == epoch


def test_the_same_request_again_is_no_other(database: Database, other: Database) -> None:
    """A connection was lost at the end of the transaction: nobody knew, and it was handed in again."""
    first = inbox.hand_in(database, ack(), decide)
    assert inbox.hand_in(database, ack(), decide) == first
    assert kinds(database) == ["acknowledged"]
    lead(database)
    assert inbox.hand_in(other, ack(), decide) == first
    for _ in range(2):
        assert inbox.hand_in(other, ack("ben", "two"), decide) is None
    assert [one.key for one in requests.waiting(database)] == ["two"]


def test_what_was_left_by_a_leader_that_is_gone_is_done_when_it_is_handed_in_again(
    database: Database, other: Database
) -> None:
    epoch = lead(database)
    assert inbox.hand_in(other, ack(), decide) is None
    lease.release(database, epoch)
    assert inbox.hand_in(other, ack(), decide) is not None
    assert (by_now(database), kinds(database)) == ("ana", ["acknowledged"])


def test_a_leader_that_was_only_asleep_writes_nothing_over_it(database: Database, other: Database) -> None:
    """P5: its lease ran out and nobody took it; what it remembers of the incident is not true any more."""
    epoch = lease.acquire(database, "sleeper", 60, "rules")
    assert epoch is not None
    with other.transaction() as connection:
        connection.execute(update(tables.lease).values(expires_at=datetime(2020, 1, 1, tzinfo=UTC).timestamp()))
    assert inbox.hand_in(other, ack(), decide) is not None
    with pytest.raises(LeaseLost):
        record(database, [an_incident()], epoch=epoch)
    assert by_now(database) == "ana"
    assert lease.acquire(database, "sleeper", 60, "rules") == epoch + 2


def test_on_sqlite_a_lease_without_a_process_behind_it_is_nobodys(sqlite_url: str) -> None:
    """It was killed a moment ago: its lease lasts, the lock beside the file does not."""
    killed, mine = Database.open(sqlite_url), Database.open(sqlite_url)
    record(killed, [an_incident()])
    lead(killed)
    assert inbox.hand_in(mine, ack("ben", "while it lives"), decide) is None
    killed.close()
    assert inbox.hand_in(mine, ack(), decide) is not None
    assert by_now(mine) == "ana"
    mine.close()


def test_on_sqlite_whoever_has_the_file_leads_however_old_its_lease(sqlite_url: str) -> None:
    """A machine that slept: its instance goes on as if nothing had been."""
    slept, mine = Database.open(sqlite_url), Database.open(sqlite_url)
    record(slept, [an_incident()])
    epoch = lead(slept)
    with mine.transaction() as connection:
        connection.execute(update(tables.lease).values(expires_at=datetime(2020, 1, 1, tzinfo=UTC).timestamp()))
    assert inbox.hand_in(mine, ack(), decide) is None
    record(slept, [an_incident(members=2)], epoch=epoch)
    slept.close()
    mine.close()


def test_looking_whether_somebody_leads_keeps_no_instance_from_starting(sqlite_url: str) -> None:
    """The lock beside the file is looked at for a moment; who wants it then gets it a moment later."""
    looking, starting = Database.open(sqlite_url), Database.open(sqlite_url)
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            assert looking.in_use in (True, False)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        for _ in range(50):
            starting.claim()
            assert starting._instance is not None
            starting._instance.release()
    finally:
        stop.set()
        looker.join()
    starting.claim()
    assert looking.in_use
    with pytest.raises(AlreadyRunning, match="already running"):
        looking.claim()
    starting.close()
    looking.close()


def test_an_instance_that_starts_at_that_moment_knows_of_it(database: Database, other: Database) -> None:
    """Either it leads first and finds the request waiting, or it leads after and finds the incident acknowledged."""
    ready = threading.Barrier(2)
    found: list[str | None] = []

    def start() -> None:
        ready.wait()
        lead(database)
        found.append(by_now(database))

    starting = threading.Thread(target=start)
    starting.start()
    ready.wait()
    done = inbox.hand_in(other, ack(), decide)
    starting.join()
    assert found == ["ana" if done is not None else None]
    assert requests.waiting(database) == ([ack()] if done is None else [])


def test_two_people_at_once_are_told_apart(database: Database, other: Database) -> None:
    """Nobody leads, and both think that they are the first."""
    ready = threading.Barrier(2)
    said: list[str] = []

    def press(on: Database, by: str) -> None:
        ready.wait()
        done = inbox.hand_in(on, ack(by, by), decide)
        assert done is not None
        said.append(done.text)

    threads = [threading.Thread(target=press, args=one) for one in ((database, "ana"), (other, "ben"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = said if "taken over" in said[1] else said[::-1]
    assert "taken over" not in first
    assert "taken over from" in second
    assert kinds(database) == ["acknowledged", "acknowledged"]


def test_what_people_did_about_an_incident_comes_back_as_it_was(database: Database) -> None:
    attention = Attention(
        waits_since=NOW, first_at=AT + 7.5, first_by="ana", note="on\x00 \ud800it", called=((SLACK, NOW), (MAIL, NOW))
    )
    record(database, [an_incident(attention=attention)])
    assert incidents.story(database, "sn-one").incident.attention == attention


def test_a_note_of_any_characters_is_kept_as_it_was_written(database: Database, other: Database) -> None:
    """A terminal passes on bytes that are no text, and half characters."""
    text = "caf\udce9 \x00 \ud83d 🔥"
    wanted = Request(key="odd", deed=Deed.NOTE, incident="sn-one", by="ana", at=NOW, text=text)
    assert inbox.hand_in(database, wanted, decide) is not None
    assert incidents.story(database, "sn-one").events[-1].text == f"ana: {text}"
    lead(database)
    later = replace(wanted, key="later")
    assert inbox.hand_in(other, later, decide) is None
    assert requests.waiting(database) == [later]


def test_answered_requests_are_forgotten_in_time_and_waiting_ones_never(database: Database, other: Database) -> None:
    inbox.hand_in(database, ack(), decide)
    lead(database)
    inbox.hand_in(other, ack("ben", "two"), decide)
    retention = housekeeping.Retention(readings=1e9, incidents=1e9)
    with database.reading() as connection:
        before = connection.execute(select(func.count()).select_from(tables.requests)).scalar_one()
    housekeeping.purge(database, NOW + requests.KEPT + 1, retention)
    with database.reading() as connection:
        left = list(connection.execute(select(tables.requests.c.key)).scalars())
    assert (before, left) == (2, ["two"])

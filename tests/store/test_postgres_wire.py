"""What lies between Sentinel and Postgres: answers that are lost, wires that go silent, servers that forgot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql
from sqlalchemy import Connection, func, make_url, select, text

from sentinel.errors import StoreBusy
from sentinel.store import answering, lease
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.tables import metadata
from sentinel.store.unit_of_work import commit
from tests.engine.town import town
from tests.fakes.postgres import Postgres
from tests.fakes.wire import Wire
from tests.fakes.wire import wire as wire_to
from tests.store.records import a_bad_tick

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres: Postgres, migrated_postgres: str) -> Iterator[str]:
    made = postgres.create(template=migrated_postgres)
    yield made
    postgres.drop(made)


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    with wire_to(url) as made:
        yield made


@pytest.fixture
def database(wire: Wire) -> Iterator[Database]:
    opened = Database.open(wire.url)
    yield opened
    opened.close()


def counted(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


@pytest.mark.fault(39)
@pytest.mark.promise("P2", "P5")
def test_a_commit_whose_answer_is_lost_is_made_again_and_adds_nothing(wire: Wire, database: Database) -> None:
    """The server has it, Sentinel cannot know: busy, and the same tick once more."""
    wire.lose_commit = True
    with pytest.raises(StoreBusy):
        commit(database, *a_bad_tick(), epoch=None)
    with database.reading() as connection:
        first = counted(connection)
    assert first["notices"] == 3, "the commit went through"
    commit(database, *a_bad_tick(), epoch=None)
    with database.reading() as connection:
        assert counted(connection) == first


@pytest.mark.fault(38)
def test_a_wire_that_goes_silent_within_a_tick_holds_it(
    wire: Wire, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side takes everything and answers nothing; the next try has a connection of its own."""
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 0.2)

    def tick() -> None:
        with database.transaction() as connection:
            wire.go_silent()
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreBusy, match="no answer within"):
        tick()
    commit(database, *a_bad_tick(), epoch=None)
    assert len(load(database).books) == 1


@pytest.mark.fault(38)
def test_a_wire_that_goes_silent_between_two_ticks_is_replaced_and_the_lease_taken_again(
    wire: Wire, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fail-over the old machine may keep its connections open for ever."""
    commit(database, *a_bad_tick(), epoch=None)
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 0.2)
    wire.go_silent()
    assert lease.acquire(database, "again", 30.0, "rules") == 1
    assert len(load(database).books) == 1


@pytest.mark.fault(41)
def test_when_all_connections_are_in_use_the_tick_is_held(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.05)
    taken = [database.engine.connect() for _ in range(15)]
    with pytest.raises(StoreBusy, match="all connections are in use"):
        commit(database, *a_bad_tick(), epoch=None)
    taken.pop().close()
    commit(database, *a_bad_tick(), epoch=None)
    for one in taken:
        one.close()


def fail_over(postgres: Postgres, url: str, replica: str) -> None:
    """The replica takes the place of the server: it never heard of the last transactions, and everybody is cut off."""
    old, new = make_url(url).database, make_url(replica).database
    assert old is not None
    assert new is not None
    postgres.drop(url)
    postgres.run(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(new), sql.Identifier(old)))


@pytest.mark.fault(38, 42)
@pytest.mark.promise("P1", "P4")
async def test_a_fail_over_that_forgot_the_last_ticks_is_noticed_and_what_is_bad_is_decided_anew(
    postgres: Postgres, url: str
) -> None:
    database = Database.open(url)
    async with town(database) as it:
        await it.turn()
        database.engine.dispose()
        replica = postgres.create(template=url)
        it.degrade(0)
        await it.turn()
        assert it.story == ["posted"]
        fail_over(postgres, url, replica)
        await it.turn()
        (incident,) = [one for book in load(database).books.values() for one in book.open_incidents]
        assert incident.node[-1] == "Aland 1"
        assert it.story == ["posted", "posted"], "nobody remembers the first message: one more, and no silence"
        it.degrade()
        await it.turn()
        assert "ecovered" in it.slack.roots("#workplace-alerts")[1].text
        assert not [one for book in load(database).books.values() for one in book.open_incidents]
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM notices WHERE state <> 'delivered'")).scalar() == 0
    database.close()

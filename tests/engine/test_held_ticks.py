"""A store that does not take a tick: held, repeated, never half-written, never doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sentinel.engine import tick as ticking
from sentinel.errors import LeaseLost, StoreBusy
from sentinel.store import lease
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.unit_of_work import commit
from tests.engine.town import town


def failing(times: int, *, after: bool) -> Callable[..., None]:
    """A commit that fails so often: before anything is written, or after all is (the answer was lost)."""
    left = [times]

    def attempt(*args: object, **options: object) -> None:
        if left[0] and not after:
            left[0] -= 1
            raise StoreBusy
        commit(*args, **options)  # type: ignore[arg-type]
        if left[0]:
            left[0] -= 1
            raise StoreBusy

    return attempt


@pytest.mark.promise("P1", "P2", "P5")
@pytest.mark.fault(27, 39)
@pytest.mark.parametrize("after", [False, True], ids=["nothing was written", "the answer was lost"])
async def test_a_held_tick_is_repeated_and_tells_once(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        await it.turn()
        it.degrade(0)
        monkeypatch.setattr(ticking, "commit", failing(3, after=after))
        await it.turn()
        assert it.ticker.trouble is None
        assert it.story == ["posted"]
        assert sum(len(book.open_incidents) for book in load(database).books.values()) == 1
    database.close()


@pytest.mark.promise("P1")
@pytest.mark.fault(28, 43)
async def test_a_tick_that_stays_held_is_given_up_and_the_next_poll_decides_anew(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        monkeypatch.setattr(ticking, "commit", failing(100, after=False))
        assert await it.poll() is None
        assert it.ticker.trouble is not None
        assert load(database).queries == {}
        monkeypatch.undo()
        await it.turn()
        assert it.story == ["posted"]
        assert it.ticker.trouble is None
    database.close()


@pytest.mark.promise("P2")
@pytest.mark.fault(114)
async def test_whoever_lost_the_lease_writes_nothing_and_tells_nothing(database: Database) -> None:
    async with town(database) as it:
        mine = lease.acquire(database, "one", 30.0, "rules")
        it.ticker.epoch = it.dispatcher.epoch = lambda: mine
        it.degrade(0)
        await it.turn()
        it.degrade()
        assert mine is not None
        lease.release(database, mine)
        assert lease.acquire(database, "two", 30.0, "rules") is not None
        it.clock.advance(600)
        with pytest.raises(LeaseLost):
            await it.poll()
        assert it.story == ["posted"]
        assert sum(len(book.open_incidents) for book in load(database).books.values()) == 1


@pytest.mark.promise("P2")
@pytest.mark.fault(114)
async def test_a_leader_that_lost_the_lease_sends_nothing(database: Database) -> None:
    async with town(database) as it:
        mine = lease.acquire(database, "one", 30.0, "rules")
        it.ticker.epoch = it.dispatcher.epoch = lambda: mine
        it.degrade(0)
        it.clock.advance(600)
        await it.poll()
        assert mine is not None
        lease.release(database, mine)
        lease.acquire(database, "two", 30.0, "rules")
        with pytest.raises(LeaseLost):
            await it.dispatcher.drain()
        assert it.story == []

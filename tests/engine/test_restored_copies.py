"""Yesterday's copy of the database is put back: the next figures decide, and nobody hears of what is long over."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.store import backup
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.engine.town import Town, town

DAY = 86400.0


def copied(url: str, name: str) -> str:
    """A copy as `sentinel db backup` makes it beside a running program; its URL."""
    target = Path(url.removeprefix("sqlite:///")).with_name(name)
    backup.copy(url, target)
    return f"sqlite:///{target}"


def restored(it: Town, url: str) -> Database:
    """Sentinel starts again with that file."""
    it.ticker.db = it.dispatcher.db = Database.open(url)
    it.ticker.forget()
    return it.ticker.db


@pytest.mark.fault(36)
@pytest.mark.promise("P1", "P5")
async def test_open_incidents_of_the_copy_end_by_the_next_figures_in_the_messages_they_had(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0, share=0.5)
        await it.turn()
        copy = copied(sqlite_url, "yesterday.db")
        it.degrade(4)
        await it.turn()
        it.degrade()
        await it.turn()
        told = it.story
        again = restored(it, copy)
        await it.turn(after=DAY)
        roots = it.slack.roots("#workplace-alerts")
        assert len(roots) == 2
        assert it.story[len(told) :] == ["edited", "replied"], "the last line of the one that it knew, once more"
        assert all("ecovered" in one.text for one in roots)
        assert not [one for book in load(again).books.values() for one in book.open_incidents]
        again.close()
    database.close()


@pytest.mark.fault(36)
async def test_what_began_after_the_copy_was_made_is_told_once_more_and_then_goes_on(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        await it.turn()
        copy = copied(sqlite_url, "yesterday.db")
        it.degrade(0)
        await it.turn()
        again = restored(it, copy)
        for _ in range(3):
            await it.turn()
        assert it.story == ["posted", "posted"]
        it.degrade()
        await it.turn()
        assert it.story == ["posted", "posted", "edited", "replied"]
        again.close()
    database.close()


@pytest.mark.fault(36)
@pytest.mark.promise("P7")
async def test_a_notice_that_waited_in_the_copy_is_told_as_things_stand_now(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.clock.advance(600.0)
        await it.poll()
        copy = copied(sqlite_url, "yesterday.db")
        it.degrade()
        again = restored(it, copy)
        await it.turn(after=DAY)
        assert it.story == ["posted"]
        assert "ecovered" in it.headline
        again.close()
    database.close()

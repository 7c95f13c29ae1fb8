"""The database takes nothing: people hear of it once, beside the outbox, and once when it takes writes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.demo.workspace_faults import refused
from sentinel.domain.rules import Address
from sentinel.engine.lastgasp import SILENT, LastGasp
from sentinel.store.database import Database
from tests.domain.polls import a_route
from tests.engine.town import ALERTS, Town, town

OTHER = Address("office", "slack", "#office")


def a_gasp(it: Town, *, leads: bool = True) -> LastGasp:
    return LastGasp(it.ticker.db, it.clock, lambda: it.ticker.rulebook, it.dispatcher.channels, lambda: leads)


def texts(it: Town, channel: str = "#workplace-alerts") -> list[str]:
    return [message.text for message in it.slack.roots(channel)]


@pytest.mark.promise("P1", "P6")
@pytest.mark.fault(28, 30)
async def test_a_store_that_takes_nothing_for_a_minute_is_told_once_and_so_is_its_return(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database.open(sqlite_url)
    file, elsewhere = tmp_path / "sentinel.db", tmp_path / "elsewhere.db"
    async with town(database) as it:
        gasp = a_gasp(it)
        await gasp.check()
        file.rename(elsewhere)
        await gasp.check()
        it.clock.advance(SILENT - 1.0)
        await gasp.check()
        assert texts(it) == []
        for _ in range(3):
            it.clock.advance(30.0)
            await gasp.check()
        (told,) = texts(it)
        assert "cannot store" in told
        assert "deleted or replaced" in str(it.slack.roots("#workplace-alerts")[0])
        assert "may come again" in str(it.slack.roots("#workplace-alerts")[0])
        elsewhere.rename(file)
        await gasp.check()
        await gasp.check()
        assert it.story == ["posted", "edited", "replied"]
        assert "ecovered" in texts(it)[0]
        assert database.folder == tmp_path
    database.close()


@pytest.mark.fault(28)
async def test_a_standby_and_a_short_trouble_say_nothing(sqlite_url: str, tmp_path: Path) -> None:
    database = Database.open(sqlite_url)
    file, elsewhere = tmp_path / "sentinel.db", tmp_path / "elsewhere.db"
    async with town(database) as it:
        for gasp, wait in ((a_gasp(it, leads=False), 600.0), (a_gasp(it), 59.0)):
            file.rename(elsewhere)
            await gasp.check()
            it.clock.advance(wait)
            await gasp.check()
            elsewhere.rename(file)
            await gasp.check()
        assert it.story == []
    database.close()


@pytest.mark.fault(28)
async def test_the_next_address_is_tried_when_the_first_refuses(sqlite_url: str, tmp_path: Path) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.add_channel("office")
        it.slack.inject("chat.postMessage", refused("is_archived"), times=1)
        it.ticker.rulebook = it.ticker.rulebook.__class__(
            rules=(), routes=(a_route(ALERTS, OTHER),), sources=it.ticker.rulebook.sources
        )
        gasp = a_gasp(it)
        (tmp_path / "sentinel.db").rename(tmp_path / "elsewhere.db")
        await gasp.check()
        it.clock.advance(SILENT)
        await gasp.check()
        assert (len(texts(it)), len(texts(it, "#office"))) == (0, 1)
    database.close()

"""What `/healthz` says: red with a reason for whatever keeps Sentinel from its work."""

from __future__ import annotations

import pytest

from sentinel.demo.workspace_faults import dropped_after, http_status, refused
from sentinel.engine.figures import REGISTRY
from sentinel.engine.health import Health
from sentinel.store import outbox
from sentinel.store.database import Database
from tests.engine.town import Town, town


def health(it: Town) -> Health:
    return Health(it.ticker.db, it.clock, it.ticker, lambda: it.asked, lambda: "leader", it.clock.now())


async def wrong(it: Town) -> dict[str, str]:
    """What is red, and why."""
    return {check.name: check.text for check in await health(it).whole() if not check.good}


async def test_all_is_well_while_readings_come_and_notices_leave(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        assert await wrong(it) == {}


@pytest.mark.fault(33)
async def test_the_length_of_the_databases_log_is_a_metric(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        await it.turn()
        await wrong(it)
        assert REGISTRY.get_sample_value("sentinel_store_wal_bytes") == database.wal_bytes() > 0
    database.close()


async def test_a_refused_login_is_red_although_polls_go_on(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database, password="wrong") as it:
        await it.turn()
        assert "401" in (await wrong(it))["sources"]
    database.close()


async def test_one_failed_poll_is_no_matter_for_people_and_two_are(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        await it.turn()
        await it.portal.refuse()
        await it.turn()
        assert await wrong(it) == {}
        await it.turn()
        assert list(await wrong(it)) == ["sources"]
    database.close()


async def test_no_reading_for_long_and_an_old_notice_are_red(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.inject("*", http_status(503), times=None)
        it.degrade(0)
        await it.turn()
        it.clock.advance(3600.0)
        assert set(await wrong(it)) == {"readings", "outbox"}
    database.close()


async def test_an_abandoned_notice_is_red(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.inject("chat.postMessage", refused("channel_not_found"), times=None)
        it.degrade(0)
        await it.turn()
        assert "abandoned" in (await wrong(it))["outbox"]
    database.close()


async def test_a_look_up_that_is_refused_for_good_ends_in_one_labelled_repeat(sqlite_url: str) -> None:
    """Nobody can prove anything: told once more, with a word about it, and then the lane goes on."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.inject("chat.postMessage", dropped_after())
        it.slack.inject("conversations.history", refused("missing_scope"), times=None)
        it.slack.inject("conversations.list", refused("missing_scope"), times=None)
        it.degrade(0)
        await it.turn()
        for _ in range(400):
            it.clock.advance(5.0)
            await it.tell()
        roots = it.slack.roots("#workplace-alerts")
        assert len(roots) == 2
        assert "may repeat" in str(roots[1].text) + str(roots[1].attachments) + str(roots[1].blocks)
        assert outbox.depth(database, it.clock.now()).unclear == 0
        assert len(it.slack.calls("conversations.history")) + len(it.slack.calls("conversations.list")) < 60
    database.close()

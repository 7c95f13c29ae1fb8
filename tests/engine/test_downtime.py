"""Sentinel was down for three hours: what went on, what ended and what began meanwhile is told once, and truthfully."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.domain.polls import a_rule, threshold
from tests.engine.town import Town, town

HOURS = 3 * 3600.0


def restarted(it: Town) -> None:
    """Everything that the process knew is gone."""
    it.ticker.forget()


def lines(it: Town) -> list[str]:
    """What stands in the threads, oldest first."""
    replies = [one for one in it.slack.messages("#workplace-alerts") if one.thread_ts not in (None, one.ts)]
    return [one.blocks[0]["text"]["text"] for one in replies]


def opened(database: Database) -> list[str]:
    return [one.id for book in load(database).books.values() for one in book.open_incidents]


@pytest.mark.fault(16)
@pytest.mark.promise("P5")
async def test_what_is_bad_before_and_after_goes_on_as_the_same_incident(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        before = opened(database)
        restarted(it)
        await it.turn(after=HOURS)
        assert it.story == ["posted"]
        assert opened(database) == before
        await it.turn()
        assert it.story == ["posted"]


@pytest.mark.fault(17)
@pytest.mark.promise("P5")
async def test_what_recovered_meanwhile_is_told_once_with_the_span_in_which_it_did(database: Database) -> None:
    rule = replace(a_rule("devices_with_errors / devices > 10%"), timezone="Europe/Zurich")
    async with town(database, rule=rule) as it:
        it.degrade(0)
        await it.turn()
        restarted(it)
        it.degrade()
        await it.turn(after=HOURS)
        await it.turn()
        assert it.story == ["posted", "edited", "replied"]
        assert "after at most 3 h" in it.headline
        (line,) = lines(it)
        assert "Recovered between 09:10 and 12:10 CET (Sentinel was down), worst 30" in line


@pytest.mark.fault(17)
async def test_the_span_is_kept_while_the_recovery_is_waited_for(sqlite_url: str) -> None:
    """The first good figure comes after the downtime, the recovery twenty minutes and another restart later."""
    database = Database.open(sqlite_url)
    rule = a_rule(threshold("devices_with_errors / devices > 10%", recover_for=1200.0))
    async with town(database, rule=rule) as it:
        it.degrade(0)
        await it.turn()
        it.degrade()
        await it.turn(after=HOURS)
        restarted(it)
        await it.turn()
        assert "replied" not in it.story
        await it.turn()
        assert "Recovered between 08:10 and 11:10 UTC (Sentinel was down)" in lines(it)[-1]
    database.close()


@pytest.mark.fault(17)
async def test_a_recovery_that_was_seen_begin_has_no_span(sqlite_url: str) -> None:
    """It was within its limit before the downtime, or it was bad once more after it."""
    database = Database.open(sqlite_url)
    rule = a_rule(threshold("devices_with_errors / devices > 10%", recover_for=1200.0))
    async with town(database, rule=rule) as it:
        it.degrade(0)
        await it.turn()
        it.degrade()
        await it.turn()
        await it.turn(after=HOURS)
        await it.turn()
        await it.turn()
        assert "Recovered after" in lines(it)[-1]
        it.degrade(1)
        await it.turn()
        it.degrade()
        await it.turn(after=HOURS)
        it.degrade(1)
        await it.turn()
        it.degrade()
        for _ in range(3):
            await it.turn()
        assert "Recovered after" in lines(it)[-1]
    database.close()


@pytest.mark.promise("P4")
async def test_a_recovery_behind_a_source_that_gave_no_figures_says_so_too(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        it.degrade()
        await it.portal.refuse()
        for _ in range(4):
            await it.turn()
        await it.portal.listen()
        await it.turn()
        assert any("between 08:10 and 09:00 UTC (the source gave no figures)" in line for line in lines(it))
    database.close()


@pytest.mark.fault(18)
@pytest.mark.promise("P1", "P5")
async def test_what_went_bad_meanwhile_is_told_once_by_the_first_pass(database: Database) -> None:
    async with town(database) as it:
        await it.turn()
        restarted(it)
        it.degrade(0)
        await it.turn(after=HOURS)
        assert it.story == ["posted"]
        restarted(it)
        await it.turn()
        assert it.story == ["posted"]

"""An incident that flaps, as a whole workspace sees it: one message, few words, and the truth in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from sentinel.demo.workspace_faults import http_status
from sentinel.domain.rules import Flapping
from sentinel.store.database import Database
from sentinel.store.tables import notices
from tests.domain.polls import a_rule, threshold
from tests.engine.town import Town, town

RULE = replace(
    a_rule("devices_with_errors / devices > 20%", warning=threshold("devices_with_errors / devices > 10%")),
    flapping=Flapping(changes=4, within=7200.0, quiet=1200.0),
    reopen_within=1800.0,
)
"""Told of in ten-minute slots: the fourth change makes it flap, two quiet slots end that."""

WARN, CRITICAL, WELL = 0.15, 0.3, 0.0


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """SQLite."""
    found = Database.open(sqlite_url)
    yield found
    found.close()


@pytest.fixture(params=[False, True], ids=["one process", "a new process for every poll"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether nothing but the database is left between polls."""
    return bool(request.param)


async def live(it: Town, *shares: float, forgetful: bool = False) -> None:
    """One slot for each share of the first site."""
    for share in shares:
        it.degrade(0, share=share)
        if forgetful:
            it.ticker.forget()
        await it.turn()


def thread(it: Town) -> list[str]:
    """What stands below the message, oldest first, a star before what the whole channel sees."""
    (message,) = it.slack.roots("#workplace-alerts")
    lines = it.slack.thread("#workplace-alerts", message.ts)
    return [f"{'* ' if one.reply_broadcast else ''}{one.blocks[0]['text']['text']}" for one in lines]


def root(it: Town) -> str:
    """All that the one message shows."""
    (message,) = it.slack.roots("#workplace-alerts")
    return json.dumps([message.text, message.blocks, message.attachments], ensure_ascii=False)


@pytest.mark.fault(118)
@pytest.mark.promise("P2", "P3")
async def test_a_flapping_incident_is_one_message_with_few_lines_and_one_close(
    database: Database, forgetful: bool
) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, WARN, WELL, WARN, WELL, forgetful=forgetful)
        assert thread(it) == [
            "* ✅ Recovered after 10 min, worst 15 %",
            "* 🟠 Bad again: Warning at Aland / Aland 1: 15 % &gt; 10 %",
            "🟠 Flapping, 4 changes in 30 min; next word when steady for 20 min",
        ]
        assert it.headline.startswith("🟠 Flapping, within the limit now: ")
        await live(it, *(WARN, WELL) * 8, forgetful=forgetful)
        assert len(thread(it)) == 3
        assert "Flapping, 20 changes in 3 h 10 min; next word when steady for 20 min" in root(it)
        await live(it, WELL, WELL, WELL, forgetful=forgetful)
        assert thread(it)[3:] == [
            "* ✅ Recovered after 3 h 30 min, worst 15 %; flapped, 20 changes in 3 h 10 min, bad for 53 % of it"
        ]
        assert it.headline.startswith("✅ Recovered after 3 h 30 min")


async def test_the_message_shows_the_truth_while_nobody_is_called(database: Database, forgetful: bool) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, WARN, WELL, WARN, WELL, WARN, forgetful=forgetful)
        assert it.headline.startswith("🟠 Flapping, warning now: ")
        posted = len(thread(it))
        it.clock.advance(60)
        await it.tell()
        await live(it, WELL, forgetful=forgetful)
        assert it.headline.startswith("🟠 Flapping, within the limit now: ")
        assert "Within the limit now" in root(it)
        assert len(thread(it)) == posted


async def test_worse_than_was_ever_told_calls_the_channel_while_it_flaps(database: Database, forgetful: bool) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, WARN, WELL, WARN, WELL, WARN, CRITICAL, WELL, CRITICAL, forgetful=forgetful)
        assert thread(it)[3:] == ["* 🟠 Critical now, was warning: 30 % &gt; 20 %"]


async def test_who_has_it_for_over_is_called_by_the_word_that_it_flaps(database: Database, forgetful: bool) -> None:
    rule = replace(RULE, flapping=Flapping(changes=3, within=7200.0, quiet=1200.0))
    async with town(database, rule=rule) as it:
        await live(it, WARN, WELL, WARN, forgetful=forgetful)
        assert thread(it)[1:] == [
            (
                "* 🟠 Bad again: Warning at Aland / Aland 1: 15 % &gt; 10 %. "
                "Flapping, 3 changes in 20 min; next word when steady for 20 min"
            )
        ]
        await live(it, WELL, WELL, WELL, forgetful=forgetful)
        assert thread(it)[2:] == [
            "✅ No longer flapping: recovered after 50 min, worst 15 %; flapped, 4 changes in 30 min, bad for 67 % of it"
        ]
        assert it.headline.startswith("✅ Recovered after 50 min")


@pytest.mark.promise("P1", "P3")
async def test_what_slack_does_not_take_while_it_flaps_is_told_in_order_later(database: Database) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, WARN)
        it.slack.inject("chat.postMessage", http_status(503), times=None)
        it.slack.inject("chat.update", http_status(503), times=None)
        await live(it, WELL, WARN, WELL, WARN, WELL)
        it.slack.clear_faults()
        await live(it, WELL, WELL, WELL)
        for _ in range(60):
            it.clock.advance(30.0)
            await it.tell()
        assert it.headline.startswith("✅ Recovered after")
        assert len(it.slack.roots("#workplace-alerts")) == 1
        told = " ".join(thread(it))
        assert told.index("Bad again") < told.index("Flapping, 4 changes") < told.index("flapped, 6 changes")


async def test_what_is_withheld_stands_in_the_outbox_with_its_reason_and_is_never_sent(database: Database) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, *(WARN, WELL) * 3)
        with database.reading() as connection:
            rows = connection.execute(select(notices.c.kind, notices.c.state, notices.c.reason).order_by(notices.c.id))
            found = [tuple(row) for row in rows if row.state != "delivered"]
        assert found == [
            ("recovered", "not_told", "flapping"),
            ("reopened", "not_told", "flapping"),
            ("recovered", "not_told", "flapping"),
        ]

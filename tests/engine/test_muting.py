"""Silences and windows, as a whole workspace sees them: quiet while they last, and the truth one poll after."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from sentinel.demo.workspace_faults import http_status
from sentinel.domain.selfcheck import Sighting, Symptom
from sentinel.engine.selfwatch import SelfWatch
from sentinel.store import silences
from sentinel.store.database import Database
from sentinel.store.tables import notices
from tests.domain.polls import a_rule, a_silence, a_window, threshold
from tests.engine.town import Town, town

RULE = a_rule("devices_with_errors / devices > 20%", warning=threshold("devices_with_errors / devices > 10%"))
WARN, CRITICAL, WELL = 0.15, 0.3, 0.0
SLOT = 600.0
WHY = "silence sl-1: deploy (anna)"


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


def roots(it: Town) -> list[str]:
    return [one.text for one in it.slack.roots("#workplace-alerts")]


def thread(it: Town) -> list[str]:
    """What stands below the first message, oldest first, a star before what the whole channel sees."""
    message = it.slack.roots("#workplace-alerts")[0]
    lines = it.slack.thread("#workplace-alerts", message.ts)
    return [f"{'* ' if one.reply_broadcast else ''}{one.blocks[0]['text']['text']}" for one in lines]


def root(it: Town) -> str:
    """All that the one message shows."""
    (message,) = it.slack.roots("#workplace-alerts")
    return json.dumps([message.text, message.blocks, message.attachments], ensure_ascii=False)


@pytest.mark.promise("P1", "P2")
async def test_what_another_process_silences_is_quiet_from_the_next_poll_on_and_told_after_it(
    database: Database, database_url: str, forgetful: bool
) -> None:
    other = Database.open(database_url)
    async with town(database, rule=RULE) as it:
        await live(it, WELL, forgetful=forgetful)
        silences.add(other, a_silence(0, 5 * SLOT))
        await live(it, CRITICAL, CRITICAL, CRITICAL, forgetful=forgetful)
        assert roots(it) == []
        await live(it, CRITICAL, forgetful=forgetful)
        assert len(roots(it)) == 1
        assert "since" in root(it).lower()
        await live(it, WELL, forgetful=forgetful)
        assert thread(it)[-1].startswith("* ✅ Recovered after 40 min")
    other.close()


@pytest.mark.promise("P1")
async def test_a_silence_that_somebody_ends_early_is_over_at_the_next_poll(
    database: Database, database_url: str, forgetful: bool
) -> None:
    other = Database.open(database_url)
    async with town(database, rule=RULE) as it:
        silences.add(other, a_silence(0, 100 * SLOT))
        await live(it, CRITICAL, CRITICAL, forgetful=forgetful)
        silences.expire(other, "sl-1", "otto", it.clock.now())
        assert roots(it) == []
        await live(it, CRITICAL, forgetful=forgetful)
        assert len(roots(it)) == 1
    other.close()


@pytest.mark.promise("P3")
async def test_what_was_told_is_closed_at_once_as_an_edit_and_a_quiet_line(database: Database, forgetful: bool) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, CRITICAL, forgetful=forgetful)
        silences.add(database, a_silence(SLOT + 1, 100 * SLOT))
        await live(it, CRITICAL, WELL, WELL, WELL, forgetful=forgetful)
        assert thread(it)[-1].startswith("✅ Recovered after 20 min")
        assert it.headline.startswith("✅ Recovered")
        assert len(roots(it)) == 1
        assert sum("Recovered" in line for line in thread(it)) == 1


async def test_the_message_of_what_was_told_shows_the_truth_and_what_mutes_it(database: Database) -> None:
    async with town(database, rule=RULE) as it:
        await live(it, WARN)
        silences.add(database, a_silence(SLOT + 1, 3.5 * SLOT))
        await live(it, CRITICAL)
        posted = len(thread(it))
        it.clock.advance(60)
        await it.tell()
        assert "critical" in it.headline.lower()
        assert WHY in root(it)
        assert len(thread(it)) == posted
        await live(it, CRITICAL, CRITICAL)
        assert thread(it)[posted:] == [f"* 🔴 Critical now, was warning: 30 % &gt; 20 %; not told before: {WHY}"]
        assert WHY not in root(it)


async def test_every_notice_that_was_not_sent_has_its_reason(database: Database, forgetful: bool) -> None:
    async with town(database, rule=RULE) as it:
        silences.add(database, a_silence(0, 100 * SLOT))
        await live(it, WARN, CRITICAL, WELL, forgetful=forgetful)
        assert roots(it) == []
    with database.reading() as connection:
        rows = connection.execute(select(notices.c.kind, notices.c.state, notices.c.reason).order_by(notices.c.id))
        assert [tuple(row) for row in rows] == [
            ("degraded", "not_told", WHY),
            ("escalated", "not_told", WHY),
            ("recovered", "not_told", WHY),
        ]


async def test_a_window_of_the_rules_file_that_is_taken_out_by_a_reload_is_over(database: Database) -> None:
    async with town(database, rule=RULE) as it:
        it.ticker.rulebook = replace(it.ticker.rulebook, maintenance=(a_window(0, 100 * SLOT),))
        await live(it, CRITICAL, CRITICAL)
        assert roots(it) == []
        it.ticker.rulebook = replace(it.ticker.rulebook, maintenance=())
        await it.ticker.adapt(it.asked)
        await live(it, CRITICAL)
        assert len(roots(it)) == 1


@pytest.mark.promise("P1", "P3")
async def test_a_channel_that_fails_while_a_silence_ends_gets_the_whole_story_later(database: Database) -> None:
    async with town(database, rule=RULE) as it:
        silences.add(database, a_silence(0, 2.5 * SLOT))
        await live(it, CRITICAL, CRITICAL)
        it.slack.inject("chat.postMessage", http_status(503), times=None)
        await live(it, CRITICAL, WELL)
        it.slack.clear_faults()
        for _ in range(60):
            it.clock.advance(30.0)
            await it.tell()
        assert len(roots(it)) == 1
        assert it.headline.startswith("✅ Recovered after 30 min")


@pytest.mark.promise("P1")
async def test_trouble_with_sentinel_itself_is_silenced_only_by_name(database: Database) -> None:
    async with town(database, rule=RULE) as it:
        watch = SelfWatch(it.ticker, it.clock, lambda: ())
        ill = Symptom(rule="sentinel/reload", subject="rules", summary="The rules file was refused", detail="line 3")
        silences.add(database, a_silence(0, 100 * SLOT))
        watch.raise_symptom(ill)
        await watch.look([])
        await it.tell()
        assert len(roots(it)) == 1, "what is meant for everything is not meant for that"
        watch.end("sentinel/reload", "rules")
        await watch.look([])
        silences.add(database, a_silence(0, 100 * SLOT, name="sl-2", rule="sentinel/*"))
        it.clock.advance(10 * SLOT)
        watch.raise_symptom(ill)
        for _ in range(3):
            await watch.look([])
        await it.tell()
        assert len(roots(it)) == 1
        silences.expire(database, "sl-2", "otto", it.clock.now())
        await watch.look([])
        await watch.look([])
        await it.tell()
        assert len(roots(it)) == 2
        (last,) = watch.open
        assert not last.is_muted
    assert Sighting(rule="sentinel/reload").symptoms == ()

"""What people do about incidents while Sentinel runs, and while it does not: done once, shown at once, never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sentinel.clock import Clock, SystemClock
from sentinel.domain.patterns import NamePattern
from sentinel.domain.requests import Answer, Deed, Request
from sentinel.engine import commands
from sentinel.engine.commands import Inbox, carry_out
from sentinel.errors import LeaseLost
from sentinel.store import incidents, lease, requests
from sentinel.store.database import Database
from tests.domain.polls import a_rule
from tests.engine.office import Office, office, until
from tests.engine.town import Town, town

RULE = a_rule("devices_with_errors / devices > 10%", services=(NamePattern("Exchange Online"),))
LONG = 1e6
"""Seconds of a lease that outlasts the leaps of a town's clock."""


@pytest.fixture
def terminal(database: Database, database_url: str) -> Iterator[Database]:
    """The same database as the command of another process has it open."""
    found = Database.open(database_url, thorough=False)
    yield found
    found.close()


def the_incident(database: Database) -> str:
    with database.reading() as connection:
        found = incidents.load(connection, 0.0)
    assert len(found) == 1, found
    return found[0].id


def asked(database: Database, deed: Deed, it: Town, by: str = "ana", text: str = "") -> Request:
    return commands.request(deed, the_incident(database), by, it.clock.now(), text)


@dataclass
class Watch(SystemClock):
    """The town's time at somebody's terminal, where waiting takes as long as anywhere."""

    it: Town

    def now(self) -> float:
        return self.it.clock.now()


async def done(terminal: Database, wanted: Request, clock: Clock | None = None) -> Answer:
    found = await carry_out(terminal, wanted, clock or SystemClock(), 30.0)
    assert found is not None
    return found


def kinds(database: Database) -> list[str]:
    return [event.kind for event in incidents.story(database, the_incident(database)).events]


def root(it: Town) -> str:
    """All that the one message shows."""
    (message,) = it.slack.roots("#workplace-alerts")
    return json.dumps([message.text, message.blocks, message.attachments], ensure_ascii=False)


def thread(it: Town) -> list[str]:
    """What stands below the message, oldest first, a star before what the whole channel sees."""
    (message,) = it.slack.roots("#workplace-alerts")
    lines = it.slack.thread("#workplace-alerts", message.ts)
    return [f"{'* ' if one.reply_broadcast else ''}{one.blocks[0]['text']['text']}" for one in lines]


async def degraded(whole: Office) -> None:
    whole.it.degrade(0)
    await whole.poll()


async def test_while_it_runs_it_is_done_within_a_moment_and_shown_at_once(
    database: Database, terminal: Database
) -> None:
    async with office(database, rule=RULE, lease_seconds=LONG) as whole:
        await degraded(whole)
        said = await done(terminal, asked(terminal, Deed.ACK, whole.it, text="restarting it"))
        assert said.text == "acknowledged by ana"
        await whole.quiet()
        assert thread(whole.it) == ["🔴 Acknowledged by ana: restarting it"]
        assert "👀 Acknowledged by ana" in root(whole.it)
        noted = await done(terminal, asked(terminal, Deed.NOTE, whole.it, "ben", "it was the broker"))
        assert noted.text == "noted"
        again = await done(terminal, asked(terminal, Deed.ACK, whole.it))
        assert again.text == "ana has acknowledged it already"
        await done(terminal, asked(terminal, Deed.UNACK, whole.it))
        await whole.quiet()
        assert "Acknowledged by" not in root(whole.it)
        assert thread(whole.it)[1:] == [
            "🔴 ben: it was the broker",
            "🔴 No longer acknowledged: ana has taken back their own acknowledgement",
        ]
        assert kinds(database) == ["degraded", "acknowledged", "note", "unacknowledged"]


async def test_what_the_engine_remembers_does_not_undo_it(database: Database, terminal: Database) -> None:
    async with office(database, rule=RULE, lease_seconds=LONG) as whole:
        await degraded(whole)
        await done(terminal, asked(terminal, Deed.ACK, whole.it))
        whole.it.degrade(0, 1, 2, 3)
        await whole.poll()
        assert incidents.story(database, the_incident(database)).incident.acknowledged_by == "ana"
        whole.it.degrade()
        await whole.poll()
        story = incidents.story(database, the_incident(database))
        assert (story.incident.is_open, story.incident.acknowledged_by) == (False, "ana")
        refused = await done(terminal, asked(terminal, Deed.ACK, whole.it, "ben"))
        assert (refused.outcome.value, refused.text) == (
            "refused",
            "it is over (recovered): there is nothing left to ack",
        )


async def test_while_nobody_runs_the_command_does_it_and_whoever_starts_then_knows(
    database: Database, terminal: Database
) -> None:
    async with town(database, rule=RULE) as it:
        it.degrade(0)
        await it.turn()
        await done(terminal, asked(terminal, Deed.ACK, it), Watch(it))
        it.ticker.forget()
        await it.turn()
        assert incidents.story(database, the_incident(database)).incident.acknowledged_by == "ana"
        assert thread(it) == ["🔴 Acknowledged by ana (08:10 UTC)"]
        assert "👀 Acknowledged by ana" in root(it)


async def test_at_the_moment_of_recovery_one_of_the_two_is_first(database: Database, terminal: Database) -> None:
    """The request is written down before the recovery is recorded, and done after it: said so, and nothing is added."""
    database.claim()
    async with town(database, rule=RULE) as it:
        epoch = lease.acquire(database, "leader", LONG, "rules")
        it.ticker.epoch = lambda: epoch
        it.degrade(0)
        await it.turn()
        wanted = asked(terminal, Deed.ACK, it)
        assert await carry_out(terminal, wanted, SystemClock(), patience=0.0) is None
        it.degrade()
        await it.turn()
        assert await Inbox(database, it.ticker, it.clock).work_off() == 1
        answer = await done(terminal, wanted)
        assert answer.text == "it is over (recovered): there is nothing left to ack"
        assert kinds(database) == ["degraded", "recovered"]
        assert await Inbox(database, it.ticker, it.clock).work_off() == 0


async def test_two_people_at_once_both_hear_how_it_is(database: Database, terminal: Database) -> None:
    async with office(database, rule=RULE, lease_seconds=LONG) as whole:
        await degraded(whole)
        both = [asked(terminal, Deed.ACK, whole.it, by) for by in ("ana", "ben")]
        said = sorted([one.text for one in await asyncio.gather(*(done(terminal, one) for one in both))])
        assert said in (
            ["acknowledged by ana", "acknowledged by ben, taken over from ana"],
            ["acknowledged by ana, taken over from ben", "acknowledged by ben"],
        )
        assert kinds(database) == ["degraded", "acknowledged", "acknowledged"]


async def test_a_leader_that_does_not_answer_is_waited_for_and_what_is_written_down_is_done_later(
    database: Database, terminal: Database
) -> None:
    """It hangs, or has just been killed and its lease still lasts: the next one that leads finds the request."""
    database.claim()
    async with town(database, rule=RULE) as it:
        it.degrade(0)
        await it.turn()
        epoch = lease.acquire(database, "hangs", LONG, "rules")
        wanted = asked(terminal, Deed.ACK, it)
        assert await carry_out(terminal, wanted, SystemClock(), patience=0.3) is None
        assert requests.waiting(database) == [wanted]
        it.ticker.epoch = lambda: epoch
        await Inbox(database, it.ticker, it.clock).work_off()
        assert kinds(database) == ["degraded", "acknowledged"]


async def test_whoever_leads_no_more_does_nothing_of_it(database: Database, terminal: Database) -> None:
    database.claim()
    async with town(database, rule=RULE) as it:
        it.degrade(0)
        await it.turn()
        epoch = lease.acquire(database, "first", LONG, "rules")
        assert epoch is not None
        wanted = asked(terminal, Deed.ACK, it)
        assert await carry_out(terminal, wanted, SystemClock(), patience=0.0) is None
        lease.release(database, epoch)
        it.ticker.epoch = lambda: epoch
        with pytest.raises(LeaseLost):
            await Inbox(database, it.ticker, it.clock).work_off()
        assert (kinds(database), requests.waiting(database)) == (["degraded"], [wanted])


async def test_a_single_round_does_what_was_left_before_it_asks(database: Database, terminal: Database) -> None:
    """`sentinel run --once`, after a leader that was killed with requests waiting."""
    async with office(database, rule=RULE, lease_seconds=LONG) as whole:
        await degraded(whole)
        whole.instance.stop()
        await until(lambda: whole.instance.role == "standby")
        with terminal.transaction() as connection:
            requests.add(connection, asked(terminal, Deed.ACK, whole.it))
        await whole.instance.once()
        assert kinds(database) == ["degraded", "acknowledged"]

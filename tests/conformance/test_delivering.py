"""Cases DEL: between the record and the channel: crashes, time-outs, limits, leases, edits, and its own silence."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from sentinel.demo.workspace_faults import dropped_after, http_status, rate_limited, silent
from sentinel.engine.backoff import Patience
from sentinel.engine.bells import WallBells
from sentinel.engine.figures import REGISTRY
from sentinel.engine.looks import Telling
from sentinel.engine.selfwatch import SelfWatch
from sentinel.engine.tenure import Tenure
from sentinel.errors import LeaseLost
from sentinel.store import lease, outbox, tables
from sentinel.store.database import Database
from tests.conformance.cases import Case, conforms
from tests.engine.crowd import crowd
from tests.engine.test_heartbeat import Work
from tests.engine.town import ALERTS, Town, town
from tests.fakes.clock import FakeClock

CHANNEL = "#workplace-alerts"


class _Crash(BaseException):
    """The process is gone."""


async def settle(it: Town, minutes: int = 10) -> None:
    """Time passes in steps of five seconds, telling what is due, without any poll."""
    for _ in range(minutes * 12):
        it.clock.advance(5.0)
        await it.tell()


@conforms("DEL-01", "DEL-02")
async def test_a_crash_around_the_send_loses_and_repeats_nothing(
    case: Case, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = case.given["crash_point"].startswith("after HTTP 200")
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.clock.advance(600)
        await it.poll()
        channel = it.dispatcher.channels(ALERTS)
        assert channel is not None
        send = channel.send

        async def crash(delivery: object) -> None:
            if sent:
                await send(delivery)  # type: ignore[arg-type]
            raise _Crash

        monkeypatch.setattr(channel, "send", crash)
        with pytest.raises(_Crash):
            await it.dispatcher.drain()
        monkeypatch.undo()
        it.dispatcher._busy.clear()
        it.ticker.forget()
        await settle(it)
        assert len(it.slack.roots(CHANNEL)) == case.expect["messages"]
    database.close()


@conforms("DEL-03")
async def test_a_time_out_is_unclear_until_it_is_looked_up(case: Case, sqlite_url: str) -> None:
    """The deadline of the real call is real time, so it is set short here."""
    database = Database.open(sqlite_url)
    async with town(database, slack_deadline=0.3) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", silent())
        await it.turn()
        assert outbox.depth(database, it.clock.now()).unclear == 1
        await settle(it)
        assert len(it.slack.roots(CHANNEL)) == case.expect["messages"]
        assert outbox.depth(database, it.clock.now()).unclear == 0
    database.close()


@conforms("DEL-04")
async def test_the_library_repeats_no_call_by_itself(case: Case, sqlite_url: str) -> None:
    assert case.given["server"] == "processes the post, then resets the connection"
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        it.slack.inject("chat.postMessage", dropped_after())
        await it.turn()
        await settle(it)
        assert len(it.slack.calls("chat.postMessage")) == case.expect["with_retry_handlers_empty"]
        assert len(it.slack.roots(CHANNEL)) == case.expect["with_retry_handlers_empty"]
    database.close()


@conforms("DEL-05")
async def test_a_rate_limit_is_waited_for_and_nothing_is_lost_or_repeated(case: Case, sqlite_url: str) -> None:
    """What waited too long is told together; each incident stands in one message, and its end edits that."""
    count, nth = case.given["queue"], int(re.findall(r"on the (\d+)th", case.given["responses"])[0])
    asked = int(re.findall(r"Retry-After: (\d+)", case.given["responses"])[0])
    async with crowd(sqlite_url, patience=Patience(storm_after=100_000)) as it:
        it.slack.inject("chat.postMessage", rate_limited(retry_after=asked), after=nth - 1)
        it.open(*range(count))
        waits, posted, last = [], 0, it.clock.now()
        while it.waiting[0]:
            it.clock.advance(1.0)
            await it.tell()
            if len(it.roots) > posted:
                waits.append(it.clock.now() - last)
                posted, last = len(it.roots), it.clock.now()
        assert f">={asked}" == case.expect["next_attempt_after_s"]
        assert max(waits) >= asked
        told = [int(found[1]) if (found := re.search(r"(\d+) incidents", root.text)) else 1 for root in it.roots]
        assert count - sum(told) == case.expect["lost"], "the rest of the queue has become a digest"
        assert sum(told) - count == case.expect["duplicated"]
        assert len({root.text for root in it.roots}) == len(it.roots)
        before = len(it.roots)
        it.recover(*range(3))
        await it.tell(30)
        assert len(it.roots) == before, "each recovery is an edit of what it ends"


@conforms("DEL-06")
async def test_an_opening_that_was_never_told_is_told_with_its_close_in_one(case: Case, sqlite_url: str) -> None:
    assert "collapse to one" in case.expect["policy"]
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.inject("*", http_status(503), times=None)
        it.degrade(0)
        await it.turn()
        it.degrade()
        await it.turn(after=case.given["close_at_s"] + 600)
        it.slack.clear_faults()
        await settle(it, minutes=30)
        assert it.story == ["posted"]
        assert "ecovered after" in it.headline
    database.close()


def run_out(database: Database) -> None:
    """The lease ends by the database's clock, as it does when nobody renews it."""
    with database.transaction() as connection:
        past = lease.database_time(connection) - 1
        connection.execute(update(tables.lease).values(expires_at=past))


@conforms("DEL-08")
async def test_a_standby_takes_over_when_the_lease_has_run_out_and_repeats_nothing(
    case: Case, database: Database
) -> None:
    seconds = case.given["lease_s"]
    async with town(database) as it:
        clocks = [FakeClock() for _ in range(case.given["replicas"])]
        leader, standby = (Tenure(database, clock, str(n), "rules", seconds) for n, clock in enumerate(clocks))
        assert await leader.take()
        with database.transaction() as connection:
            taken = lease.database_time(connection)
        it.degrade(0)
        await it.turn()
        assert not await standby.take()
        ends = lease.current(database).expires_at
        assert ends is not None
        assert case.given["leader_dies_at_s"] + ends - taken <= case.expect["takeover_by_s"]
        run_out(database)
        clocks[0].advance(seconds)
        assert await standby.take()
        assert (leader.may_act(), standby.may_act()) == (False, True), "never both"
        it.ticker.forget()
        await it.turn()
        await settle(it, minutes=2)
        assert len(it.slack.roots(CHANNEL)) == case.expect["messages"]


@conforms("DEL-09")
async def test_a_leader_that_slept_through_its_lease_sends_nothing(case: Case, database: Database) -> None:
    clock = FakeClock()
    async with town(database) as it:
        leader = Tenure(database, clock, "sleeper", "rules", case.given["lease_s"])
        other = Tenure(database, FakeClock(), "other", "rules", case.given["lease_s"])
        assert await leader.take()
        old = leader.epoch
        it.degrade(0)
        it.clock.advance(600)
        await it.poll()
        clock.advance(case.given["pause_s"])
        run_out(database)
        assert await other.take()
        assert not leader.may_act()
        it.dispatcher.epoch = lambda: old
        with pytest.raises(LeaseLost):
            await it.dispatcher.drain()
        assert len(it.slack.calls("chat.postMessage")) == case.expect["stale_leader_sends"]


@conforms("DEL-10")
async def test_an_incident_is_one_message_that_is_edited(case: Case, sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        steps = {"open": (0,), "member added": (0, 1), "close": ()}
        for event in case.given["events"]:
            it.degrade(*steps[event])
            await it.turn()
            await settle(it, minutes=1)
        assert len(it.slack.roots(CHANNEL)) == case.expect["root_messages"]
        assert it.story.count("edited") == case.expect["updates"]
    database.close()


@conforms("DEL-11")
async def test_a_message_that_somebody_deleted_is_posted_anew_once(case: Case, sqlite_url: str) -> None:
    assert case.expect["action"] == "post a new root message once, store new ts"
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        it.slack.delete(CHANNEL, it.slack.roots(CHANNEL)[0].ts)
        for sites in ((0, 1), (0,), ()):
            it.degrade(*sites)
            await it.turn()
            await settle(it, minutes=1)
            assert len(it.slack.roots(CHANNEL)) == 1
        assert "ecovered" in it.headline, "later edits go to the new one"
    database.close()


@conforms("DEL-12")
async def test_edits_of_figures_keep_their_distance(case: Case, sqlite_url: str) -> None:
    given = case.given
    async with crowd(sqlite_url, patience=Patience(edit_every=given["debounce_s"])) as it:
        it.open(1)
        await it.tell()
        step = 60.0 / given["changes_per_min"]
        for change in range(given["changes_per_min"] * given["minutes"]):
            it.widen(1, value=f"{change} things")
            it.clock.advance(step)
            await it.tell()
        await it.tell(60, every=15.0)
        assert len(it.slack.calls("chat.update")) <= case.expect["edits_max"]
        (root,) = it.roots
        assert f"{change} things" in root.text + str(root.attachments)


@conforms("DEL-13")
def test_a_life_sign_needs_a_whole_pass(case: Case) -> None:
    work = Work(told_at=0.0)
    beats = []
    for now in range(0, 2 * case.given["scheduler_stuck_s"], case.given["heartbeat_s"]):
        if now < case.given["scheduler_stuck_s"]:
            work.tick(["Mail", "Chat"], at=now)
            work.told_at = now
        beats.append(work.done.is_complete(now - case.given["heartbeat_s"] + 1, now))
    assert beats[0] is True
    assert not beats[-1], "a thread that still lives is not enough"
    assert case.expect["heartbeat_stops"]


@conforms("DEL-14")
async def test_a_channel_that_is_down_is_seen(case: Case, database: Database) -> None:
    async with town(database) as it:
        watch, look = SelfWatch(it.ticker, it.clock, lambda: ()), Telling(database, it.clock)
        it.slack.inject("*", http_status(503), times=None)
        it.degrade(0)
        await it.turn()
        for _ in range(30):
            it.clock.advance(60.0)
            await it.tell()
            await watch.look([look])
        assert (tuple({one.rule for one in watch.open}) == ("sentinel/outbox",)) is case.expect["meta_incident"]
        depth = outbox.depth(database, it.clock.now())
        assert depth.waiting + depth.unclear >= 1
    names = {one.name for one in REGISTRY.collect()}
    assert {"sentinel_outbox_notices", "sentinel_outbox_oldest_seconds"} <= names
    assert case.expect["metrics"] == ["outbox_pending", "outbox_oldest_seconds"]


@conforms("DEL-15")
async def test_a_slot_that_was_missed_is_one_late_poll(case: Case) -> None:
    assert case.expect["sentinel"].startswith("misfire_grace_time=None, coalesce=True: one late poll")
    rung = 0

    async def ring() -> None:
        nonlocal rung
        rung += 1

    bells = WallBells()
    bells.hang("mail", ring, every=case.given["poll_s"], first=case.given["poll_s"])
    overdue = bells.next_at("mail") - timedelta(seconds=case.given["poll_s"] + case.given["process_paused_s"])
    bells._scheduler.get_job("mail").modify(next_run_time=overdue)
    bells.start()
    async with asyncio.timeout(10):
        while not rung:  # noqa: ASYNC110  # the scheduler's own time is what is waited for
            await asyncio.sleep(0.005)
    assert rung == 1
    bells.stop()

"""After an outage: the present truth, oldest first, within the channel's rate; refused notices; a channel that hangs."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from sentinel.demo.workspace_faults import dropped_after, http_status, refused
from sentinel.store import outbox, rearming
from tests.engine.crowd import MAIL, OTHER, SLACK, Crowd, crowd

HOUR = 3600.0


async def outage(it: Crowd, *, seconds: float = HOUR) -> None:
    """Slack takes nothing for so long, and is asked all the time."""
    await it.tell(seconds, every=20)


@pytest.mark.fault(105)
@pytest.mark.promise("P3", "P7")
async def test_an_hours_backlog_of_forty_incidents_is_three_messages(
    sqlite_url: str,
) -> None:
    """Some recover, some escalate meanwhile; nobody hears of a recovery alone, and late steps say when they were."""
    async with crowd(sqlite_url) as it:
        it.open(100, 101)
        await it.tell(5)
        await it.slack.stop()
        for n in range(40):
            it.clock.advance(60)
            it.open(n)
            if n % 10 == 0:
                await it.tell(1)
        it.escalate(3, 4)
        it.recover(*range(10, 20), 100)
        await outage(it, seconds=600)
        await it.slack.start()
        sent = len(it.slack.events)
        back = it.clock.now()
        await it.tell(1200, every=5)
        assert it.waiting == (0, 0, 0)
        told = it.slack.events[sent:]
        assert sorted(event.kind for event in told if event.kind != "edited") == ["posted", "replied", "replied"]
        assert min(event.at for event in told) - back < 900 + 15
        first, second, digest = it.roots
        assert first.text.startswith("✅ Recovered after")
        assert second.text.startswith("🟠 Degraded: Europe / Site 101")
        assert digest.text.startswith("🔴 Critical: 30 of 40 incidents still open, 2 critical")
        well, joined = sorted(it.lines)
        assert joined.startswith("🔴 2")
        assert "new: Mail at Europe / Site" in joined
        assert well.startswith("✅ Recovered after 40 min, worst 14 % (08:40 UTC)")


@pytest.mark.fault(105)
@pytest.mark.promise("P3", "P7")
async def test_a_small_backlog_is_told_oldest_first_one_a_second_and_merged(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        await it.slack.stop()
        for n in (1, 2, 3, 4):
            it.open(n)
            it.clock.advance(60)
        it.recover(2)
        it.escalate(3)
        await outage(it, seconds=600)
        await it.slack.start()
        await it.tell(1200, every=5)
        assert [root.text.split(" · ")[0] for root in it.roots] == [
            "🟠 Degraded: Europe / Site 1",
            "✅ Recovered after 3 min: Europe / Site 2",
            "🔴 Critical: Europe / Site 3",
            "🟠 Degraded: Europe / Site 4",
        ]
        assert it.lines == []
        times = [event.at for event in it.slack.events]
        assert all(later - sooner >= 1 for sooner, later in pairwise(times))


@pytest.mark.fault(99, 100)
@pytest.mark.promise("P1")
async def test_what_a_channel_refused_is_told_as_it_is_by_then_once_the_channel_takes_another_one(
    sqlite_url: str,
) -> None:
    """Somebody invites the bot: what was refused for that comes back, what may have arrived does not."""
    async with crowd(sqlite_url) as it:
        it.slack.channel("alerts").member = False
        it.open(1, 2)
        await it.tell(5)
        it.escalate(1)
        await it.tell(5)
        assert it.waiting == (0, 0, 3)
        [stuck] = outbox.abandoned_by_channel(it.database)
        assert (stuck.to, stuck.number) == ("#alerts", 3)
        assert "not_in_channel" in stuck.reason
        it.slack.channel("alerts").member = True
        await it.tell(60, every=10)
        assert it.roots == []
        it.open(3)
        await it.tell(10)
        assert [root.text.split(" · ")[0] for root in it.roots] == [
            "🟠 Degraded: Europe / Site 3",
            "🔴 Critical: Europe / Site 1",
            "🟠 Degraded: Europe / Site 2",
        ]
        assert it.waiting == (0, 0, 0)


@pytest.mark.fault(99)
@pytest.mark.promise("P1", "P3")
async def test_a_later_step_that_arrives_tells_what_was_refused_before_it(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.slack.channel("alerts").member = False
        it.open(1)
        await it.tell(5)
        it.slack.channel("alerts").member = True
        it.recover(1)
        await it.tell(20)
        [root] = it.roots
        assert root.text.startswith("✅ Recovered")
        assert it.lines == []
        assert it.waiting == (0, 0, 0)


@pytest.mark.fault(99, 100)
@pytest.mark.promise("P1")
async def test_what_was_refused_is_offered_again_by_the_next_process_but_not_after_a_day(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.slack.inject("chat.postMessage", refused("token_revoked"), times=None)
        it.open(1)
        await it.tell()
        it.clock.advance(86_000)
        it.open(2)
        await it.tell()
        it.slack.clear_faults()
        it.clock.advance(1_000)
        it.start()
        await it.tell(10)
        [root] = it.roots
        assert root.text.startswith("🟠 Degraded: Europe / Site 2")
        assert it.waiting == (0, 0, 1)
        assert rearming.retry(it.database, [1], it.clock.now()) == 1
        await it.tell(10)
        assert len(it.roots) == 2


@pytest.mark.fault(98)
@pytest.mark.promise("P2")
async def test_what_may_have_been_accepted_is_never_offered_again_by_itself(sqlite_url: str) -> None:
    """The look-up is refused for ever: sent twice at most, then a person decides."""
    async with crowd(sqlite_url) as it:
        it.slack.inject("chat.postMessage", http_status(500, accepted=True), times=None)
        it.slack.inject("conversations.list", refused("missing_scope"), times=None)
        it.open(1)
        await it.tell(4000, every=20)
        assert it.waiting == (0, 0, 1)
        assert len(it.roots) == 2
        assert "may repeat an earlier notice" in it.roots[1].text
        it.slack.clear_faults()
        it.start()
        it.open(2)
        await it.tell(60)
        assert len(it.roots) == 3


@pytest.mark.promise("P7")
async def test_a_channel_that_hangs_keeps_no_other_one_waiting(sqlite_url: str) -> None:
    """Slack never answers; mail and the other channel are told by the same dispatcher at once."""
    async with crowd(sqlite_url, SLACK, OTHER, MAIL) as it:
        hanging = asyncio.Event()
        channel = it.channels.get(SLACK)

        async def send(delivery: object) -> None:
            hanging.set()
            await asyncio.Event().wait()

        channel.send = send  # type: ignore[method-assign, assignment]
        it.open(*range(3))
        await it.dispatcher.set_going()
        async with asyncio.timeout(30):
            await hanging.wait()
            while len(it.mailbox.accepted) < 3 or len(it.slack.roots("#other")) < 3:
                await it.dispatcher.set_going()
                await asyncio.sleep(0)
        it.open(3)
        async with asyncio.timeout(30):
            while len(it.mailbox.accepted) < 4 or len(it.slack.roots("#other")) < 4:
                await it.dispatcher.set_going()
                await asyncio.sleep(0)
        assert it.roots == []
        await it.dispatcher.let_end(0.0)


@pytest.mark.fault(99, 112)
@pytest.mark.promise("P1", "P2")
async def test_a_digest_that_goes_again_as_it_was_is_not_held_up_by_what_was_refused_before_it(
    sqlite_url: str,
) -> None:
    """An incident of the digest has an older notice that was refused; it comes back while the digest's fate is open."""
    async with crowd(sqlite_url, MAIL) as it:
        it.mailbox.mishaps.sender = "530 5.7.0 Authentication required"
        it.open(0)
        await it.tell()
        assert it.waiting == (0, 0, 1)
        it.mailbox.mishaps.sender = ""
        it.mailbox.mishaps.drop_after_data = 1
        it.escalate(0)
        it.open(*range(1, 12))
        await it.tell()
        assert len(it.mailbox.accepted) == 1
        it.start()
        await it.tell(900, every=10)
        assert it.waiting == (0, 0, 0)
        first, again, *_ = it.mailbox.accepted
        assert first.mail["Message-ID"] == again.mail["Message-ID"]


@pytest.mark.fault(112)
@pytest.mark.promise("P1")
async def test_when_one_notice_of_a_digest_that_was_put_off_is_offered_at_once_the_others_go_along(
    sqlite_url: str,
) -> None:
    async with crowd(sqlite_url, MAIL) as it:
        it.mailbox.mishaps.sender = "451 4.3.0 Try again later"
        it.open(*range(12))
        await it.tell()
        assert it.waiting == (12, 0, 0)
        it.mailbox.mishaps.sender = ""
        assert rearming.retry(it.database, [1], it.clock.now()) == 1
        await it.tell(900, every=10)
        assert it.waiting == (0, 0, 0)
        [told] = it.mailbox.accepted
        assert told.mail["Subject"] == "[sentinel] 12 incidents"


@pytest.mark.fault(99)
@pytest.mark.promise("P3")
@pytest.mark.parametrize("many", [False, True])
async def test_what_was_refused_is_not_told_after_a_later_step_whose_fate_was_open_meanwhile(
    sqlite_url: str, *, many: bool
) -> None:
    """The later step has arrived, which is found out after the channel took something else."""
    async with crowd(sqlite_url) as it:
        it.slack.channel("alerts").member = False
        it.open(1)
        await it.tell(5)
        it.slack.channel("alerts").member = True
        it.slack.inject("chat.postMessage", dropped_after())
        it.recover(1)
        if many:
            it.open(*range(10, 25))
        await it.tell()
        it.open(2)
        await it.tell()
        await it.tell(60)
        assert it.waiting == (0, 0, 0)
        assert it.lines == []


@pytest.mark.promise("P7")
async def test_figures_that_cannot_be_edited_keep_no_news_waiting(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(1)
        await it.tell()
        it.slack.inject("chat.update", http_status(503), times=None)
        it.clock.advance(60)
        it.widen(1, value="20 %")
        await it.tell(1)
        edits = len(it.slack.calls("chat.update"))
        assert edits == 1
        it.open(2)
        await it.tell(5)
        assert len(it.roots) == 2
        assert len(it.slack.calls("chat.update")) == edits


@pytest.mark.promise("P7")
async def test_a_message_that_cannot_be_edited_keeps_no_other_incident_waiting(sqlite_url: str) -> None:
    """Slack finds no clear word for the edit of one message, for ever; it takes everything else."""
    async with crowd(sqlite_url) as it:
        it.open(1)
        await it.tell()
        it.slack.inject("chat.update", refused("internal_error"), times=None)
        it.escalate(1)
        await it.tell(600, every=5)
        it.open(2)
        await it.tell(5)
        assert len(it.roots) == 2
        it.slack.clear_faults()
        await it.tell(900, every=5)
        assert it.waiting == (0, 0, 0)
        assert len(it.lines) == 1

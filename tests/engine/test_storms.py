"""Storms: many incidents at once are one message, and stay one through recoveries, crashes and unclear answers."""

from __future__ import annotations

import json

import pytest

from sentinel.demo.workspace_faults import dropped_after, dropped_before, http_status, rate_limited
from sentinel.domain.rules import Severity
from sentinel.engine.backoff import Patience
from tests.engine.crowd import HOOK, MAIL, OTHER, SLACK, WEB, crowd


@pytest.mark.fault(117)
@pytest.mark.promise("P2", "P7")
async def test_five_hundred_incidents_of_one_tick_are_one_message_per_channel(sqlite_url: str) -> None:
    """With the count, the worst ten and how many last, within ten seconds; the root is edited to the present truth."""
    async with crowd(sqlite_url, SLACK, OTHER, MAIL) as it:
        it.open(*range(470))
        it.open(*range(470, 500), severity=Severity.CRITICAL, service="SAP")
        begun = it.clock.now()
        await it.tell()
        assert it.clock.now() - begun <= 10
        assert it.waiting == (0, 0, 0)
        [root], [other] = it.roots, it.slack.roots("#other")
        assert root.text == other.text
        assert root.text.startswith("🔴 Critical: 500 incidents, 30 critical · Mail 470, SAP 30")
        shown = json.dumps(root.attachments, ensure_ascii=False)
        assert shown.count("• SAP at Europe / Site") == 10
        assert "490 more" in shown
        [mail] = it.mailbox.received_by("ana@example.com")
        assert str(mail["Subject"]) == "[sentinel] 500 incidents, 30 critical"


@pytest.mark.fault(117)
async def test_as_many_as_the_setting_allows_are_messages_of_their_own(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(10))
        await it.tell(20)
        assert len(it.roots) == 10


@pytest.mark.fault(117)
async def test_recoveries_of_a_storm_are_lines_of_one_thread_told_together(sqlite_url: str) -> None:
    """Two hundred recoveries at once are one line; the root says what is left, and in the end that all is over."""
    async with crowd(sqlite_url) as it:
        it.open(*range(500))
        await it.tell()
        it.clock.advance(600)
        it.recover(*range(3, 203))
        await it.tell(5)
        [root] = it.roots
        assert root.text.startswith("🟠 Degraded: 300 of 500 incidents still open")
        [line] = it.lines
        assert line.startswith("🟠 200 recovered: Mail at Europe / Site ")
        assert line.endswith("and 190 more")
        it.clock.advance(600)
        it.recover(0, *range(203, 500))
        await it.tell(5)
        assert it.roots[0].text.startswith(
            "🟠 Degraded: 2 of 500 incidents still open · Mail · Mail at Europe / Site 1"
        )
        it.recover(1)
        await it.tell(5)
        it.recover(2)
        await it.tell(5)
        [root] = it.roots
        assert root.text.startswith("✅ Recovered: All over: 500 incidents")
        assert it.lines[-1] == "✅ Mail at Europe / Site 2: Recovered after 20 min, worst 14 %"
        assert len(it.lines) == 4
        assert it.waiting == (0, 0, 0)


@pytest.mark.fault(117)
async def test_what_gets_worse_in_a_storm_is_heard_by_the_whole_channel_and_names_the_incident(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(40))
        await it.tell()
        it.clock.advance(120)
        it.escalate(7)
        await it.tell(5)
        it.recover(7, 8)
        await it.tell(5)
        it.reopen(7)
        await it.tell(5)
        assert it.roots[0].text.startswith("🔴 Critical: 39 of 40 incidents still open, 1 critical")
        worse, well, again = it.lines
        assert worse == "🔴 Mail at Europe / Site 7: Critical now, was warning: 14 % > 5 %"
        assert well == "🟠 2 recovered: Mail at Europe / Site 7, Mail at Europe / Site 8"
        assert again == "🔴 Mail at Europe / Site 7: Bad again: Critical at Europe / Site 7: 14 % > 5 %"
        broadcast = [one.reply_broadcast for one in it.slack.messages("#alerts") if one not in it.roots]
        assert broadcast == [True, False, True]


@pytest.mark.fault(117)
async def test_incidents_that_follow_within_the_minute_join_the_digest(sqlite_url: str) -> None:
    """Five services fail in five ticks of one minute: one message, and what it says grows."""
    async with crowd(sqlite_url) as it:
        for tick in range(5):
            it.open(*range(tick * 100, tick * 100 + 100), service=f"Service {tick}")
            await it.tell(9)
        [root] = it.roots
        assert root.text.startswith("🟠 Degraded: 500 incidents · Service 0 100, Service 1 100, Service 2 100 and 2")
        assert [line.split(":")[0] for line in it.lines] == ["🟠 100 new"] * 4
        it.clock.advance(120)
        it.open(500)
        await it.tell(5)
        assert len(it.roots) == 2


async def test_what_is_over_before_the_digest_leaves_is_told_merged(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(50))
        it.clock.advance(60)
        it.recover(*range(20))
        await it.tell(10)
        [root] = it.roots
        assert root.text.startswith("🟠 Degraded: 30 of 50 incidents still open")
        assert it.lines == []


@pytest.mark.fault(98)
@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    "mishap",
    [
        pytest.param(dropped_after(), id="accepted, then the line broke"),
        pytest.param(http_status(500, accepted=True), id="accepted, then a server error"),
        pytest.param(dropped_before(), id="not accepted, the line broke"),
    ],
)
async def test_a_digest_whose_answer_is_lost_is_looked_up_for_all_its_incidents(
    sqlite_url: str, mishap: object
) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(100))
        it.slack.inject("chat.postMessage", mishap)  # type: ignore[arg-type]
        await it.tell(1)
        assert it.waiting == (0, 100, 0)
        it.recover(*range(50))
        await it.tell(180, every=5)
        [root] = it.roots
        assert root.text.startswith("🟠 Degraded: 50 of 100 incidents still open")
        assert it.waiting == (0, 0, 0)


@pytest.mark.fault(98)
@pytest.mark.promise("P2")
async def test_a_line_of_a_digest_whose_answer_is_lost_is_not_repeated(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(100))
        await it.tell()
        it.clock.advance(60)
        it.recover(*range(50))
        it.slack.inject("chat.postMessage", dropped_after())
        await it.tell(180, every=5)
        assert len(it.lines) == 1
        assert it.waiting == (0, 0, 0)


@pytest.mark.fault(97)
@pytest.mark.promise("P2")
async def test_after_a_limit_more_than_five_waiting_messages_become_a_digest(sqlite_url: str) -> None:
    """Slack is left alone as long as it asked for, by edits and look-ups too."""
    async with crowd(sqlite_url) as it:
        it.open(99)
        await it.tell()
        it.slack.inject("chat.postMessage", rate_limited(retry_after=120))
        it.clock.advance(61)
        it.open(*range(6))
        it.widen(99, value="20 %")
        await it.tell(119, every=1)
        asked = [call.at for call in it.slack.calls() if call.at > it.clock.now() - 118]
        assert asked == []
        await it.tell(10)
        assert [root.text.split(":")[0] for root in it.roots] == ["🟠 Degraded", "🟠 Degraded"]
        assert it.roots[1].text.startswith("🟠 Degraded: 6 incidents")


@pytest.mark.fault(97)
async def test_an_edit_that_is_limited_stops_the_channel_for_as_long_as_it_was_asked(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(1)
        await it.tell()
        it.slack.inject("chat.update", rate_limited(retry_after=300))
        it.clock.advance(60)
        it.widen(1, value="20 %")
        await it.tell()
        limited = it.clock.now()
        it.open(2)
        await it.tell(400, every=5)
        later = [call.at for call in it.slack.calls() if call.at > limited]
        assert min(later) >= limited + 300
        assert len(it.roots) == 2


@pytest.mark.fault(102, 103)
async def test_a_digest_that_a_person_deleted_goes_on_in_a_new_message_for_all_of_it(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(30))
        await it.tell()
        it.slack.delete("#alerts", it.roots[0].ts)
        it.clock.advance(300)
        it.recover(*range(10))
        await it.tell(5)
        it.recover(*range(10, 20))
        await it.tell(5)
        [root] = it.roots
        assert root.text.startswith("🟠 Degraded: 10 of 30 incidents still open")
        assert it.slack.thread("#alerts", root.ts)[-1].text.startswith("🟠 10 recovered")


async def test_figures_that_change_in_a_storm_are_an_edit_of_the_digest_and_no_message(sqlite_url: str) -> None:
    async with crowd(sqlite_url) as it:
        it.open(*range(30))
        await it.tell()
        it.clock.advance(60)
        it.widen(*range(30), value="66 %")
        await it.tell(2)
        assert "66 %" in json.dumps(it.roots[0].attachments)
        assert len(it.slack.calls("chat.update")) == 1
        assert it.lines == []


@pytest.mark.fault(112)
@pytest.mark.promise("P2")
async def test_a_mail_digest_keeps_its_message_id_and_its_thread(sqlite_url: str) -> None:
    async with crowd(sqlite_url, MAIL) as it:
        it.open(*range(30))
        it.mailbox.mishaps.drop_after_data = 1
        await it.tell(120, every=5)
        first, again = it.mailbox.received_by("ana@example.com")
        assert first["Message-ID"] == again["Message-ID"]
        assert it.waiting == (0, 0, 0)
        it.recover(*range(30))
        await it.tell(5)
        last = it.mailbox.received_by("ana@example.com")[-1]
        assert last["In-Reply-To"] == first["Message-ID"]
        assert last["Subject"] == first["Subject"]
        assert "All over: 30 incidents" in last.get_body(("plain",)).get_content()


@pytest.mark.fault(108)
@pytest.mark.promise("P2")
async def test_who_has_a_digest_by_mail_is_not_sent_it_again_by_the_next_process(sqlite_url: str) -> None:
    """Ben's server asks to wait; Ana, who has it, hears nothing of the second attempt, but of what came meanwhile."""
    async with crowd(sqlite_url, MAIL) as it:
        it.open(*range(30))
        it.mailbox.mishaps.recipients["ben@example.com"] = "451 4.7.1 Greylisted"
        await it.tell()
        it.recover(*range(30))
        await it.channels.close()
        it.start()
        it.mailbox.mishaps.recipients.clear()
        await it.tell(400, every=20)
        ana, ben = (it.mailbox.received_by(f"{name}@example.com") for name in ("ana", "ben"))
        assert [len(ana), len(ben)] == [2, 2]
        assert ana[0]["Message-ID"] == ben[0]["Message-ID"]
        assert ana[1]["Message-ID"] == ben[1]["Message-ID"]


async def test_a_webhook_gets_one_post_with_the_worst_and_a_key_for_repeats(sqlite_url: str) -> None:
    async with crowd(sqlite_url, WEB) as it:
        it.open(*range(150))
        it.receiver.status = 500
        await it.tell(1)
        it.receiver.status = 204
        await it.tell(120, every=5)
        first, again = it.receiver.received
        assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
        body = json.loads(again.body)
        assert body["may_repeat"] is True
        assert (body["kind"], body["digest"]["count"], len(body["digest"]["incidents"])) == ("digest", 150, 100)
        assert body["incident"]["id"] == body["digest"]["incidents"][0]["id"]


async def test_an_incoming_webhook_gets_one_post_and_one_for_all_that_follows(sqlite_url: str) -> None:
    async with crowd(sqlite_url, HOOK) as it:
        it.open(*range(40))
        await it.tell(2)
        it.clock.advance(300)
        it.recover(*range(40))
        await it.tell(5)
        first, last = it.roots
        assert first.text.startswith("🟠 Degraded: 40 incidents")
        assert last.text.startswith("✅ Recovered: All over: 40 incidents")


@pytest.mark.fault(98)
async def test_an_incoming_webhook_repeats_a_digest_at_most_once_and_says_so(sqlite_url: str) -> None:
    async with crowd(sqlite_url, HOOK, patience=Patience(retry_max=30.0)) as it:
        it.open(*range(40))
        it.slack.inject("webhook", dropped_after(), times=None)
        await it.tell(600, every=10)
        assert len(it.roots) == 2
        assert "may repeat an earlier notice" in it.roots[1].text
        assert it.waiting == (0, 0, 40)

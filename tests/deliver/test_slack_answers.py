"""What Slack answers: unclear, clear, refused, too big; and that each becomes the right outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.deliver.channel import Delivered, Later, Refused, Unclear
from sentinel.deliver.settings import Secret, SlackSettings
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.deliver.wording import MAY_REPEAT
from sentinel.demo import workspace_faults as faults
from sentinel.demo.workspace import Workspace
from sentinel.demo.workspace_settings import Pace
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Severity
from tests.deliver.slack_parts import ALERTS, calls, impatient, opened, slack, step, workspace
from tests.fakes.stories import OPENED, delivery, digest, ended, facts, incident, story

__all__ = ["calls", "slack", "workspace"]  # fixtures


# Unclear answers


@pytest.mark.promise("P2")
@pytest.mark.fault(98, 104)
@pytest.mark.parametrize(
    "fault",
    [
        faults.dropped_after(),
        faults.http_status(500, accepted=True),
        faults.http_status(503, accepted=True),
        faults.html_page(accepted=True),
        faults.plain_text(accepted=True),
        faults.plain_text(502, accepted=True),
        faults.not_json(accepted=True),
        faults.refused("internal_error", accepted=True),
        faults.refused("fatal_error", accepted=True),
        faults.refused("request_timeout", accepted=True),
        faults.refused("service_unavailable", accepted=True),
    ],
    ids=lambda fault: f"{fault.answer.value} {fault.status} {fault.error}".strip(),
)
async def test_a_post_of_unclear_fate_is_made_once_and_found_by_its_notice(
    workspace: Workspace, slack: SlackChannel, fault: faults.Fault
) -> None:
    workspace.inject("chat.postMessage", fault)

    assert isinstance(await slack.send(delivery()), Unclear)
    assert len(workspace.calls("chat.postMessage")) == 1, "no library asks twice"
    found = await slack.look_up(delivery())

    [root] = workspace.roots(ALERTS)
    assert found == Delivered({"channel": root.channel, "ts": root.ts, "key": delivery().key})


async def test_a_silent_slack_is_given_up_at_the_deadline(workspace: Workspace) -> None:
    workspace.inject("chat.postMessage", faults.silent())
    calls = impatient(workspace)
    told = await SlackChannel(ALERTS, calls).send(delivery())
    await calls.close()
    assert told == Unclear("no answer from Slack to chat.postMessage within 0.3 s")


async def test_what_was_not_accepted_is_not_found(workspace: Workspace, slack: SlackChannel) -> None:
    workspace.inject("chat.postMessage", faults.dropped_before())
    assert isinstance(await slack.send(delivery()), Unclear)
    assert await slack.look_up(delivery()) is None


@pytest.mark.promise("P2")
@pytest.mark.fault(98)
async def test_an_unclear_line_is_found_in_the_thread(workspace: Workspace, slack: SlackChannel) -> None:
    ref = await opened(slack)
    late = step(NoticeKind.ESCALATED, ref)
    assert await slack.look_up(late) is None
    workspace.inject("chat.postMessage", faults.dropped_after())
    assert isinstance(await slack.send(late), Unclear)
    assert await slack.look_up(late) == Delivered(ref)
    assert len(workspace.thread(ALERTS, ref["ts"])) == 1


@pytest.mark.fault(98, 103)
async def test_an_unclear_continuation_is_found_in_the_channel(workspace: Workspace, slack: SlackChannel) -> None:
    ref = await opened(slack)
    workspace.delete(ALERTS, ref["ts"])
    workspace.inject("chat.postMessage", faults.dropped_after())
    late = step(NoticeKind.ESCALATED, ref)
    assert isinstance(await slack.send(late), Unclear)
    found = await slack.look_up(late)
    assert isinstance(found, Delivered)
    assert found.ref is not None
    assert found.ref["ts"] == workspace.roots(ALERTS)[0].ts


async def test_a_line_shown_in_the_channel_is_not_taken_for_a_message_of_its_own(
    workspace: Workspace, slack: SlackChannel
) -> None:
    ref = await opened(slack)
    late = step(NoticeKind.ESCALATED, ref)
    await slack.send(late)
    workspace.inject("conversations.replies", faults.refused("thread_not_found"))
    assert await slack.look_up(late) == Delivered(ref)


async def test_an_edit_of_unclear_fate_is_only_late_because_it_can_be_made_again(
    workspace: Workspace, slack: SlackChannel
) -> None:
    ref = await opened(slack)
    for fault in (faults.dropped_after(), faults.refused("internal_error", accepted=True), faults.http_status(500)):
        workspace.inject("chat.update", fault)
        assert isinstance(await slack.send(step(NoticeKind.WIDENED, ref)), Later)
    assert workspace.thread(ALERTS, ref["ts"]) == []
    assert isinstance(await slack.send(step(NoticeKind.WIDENED, ref)), Delivered)
    assert len(workspace.thread(ALERTS, ref["ts"])) == 1


async def test_history_that_lags_says_not_there_until_it_has_caught_up(
    workspace: Workspace, slack: SlackChannel
) -> None:
    workspace.settings.history_lag_lookups = 2
    workspace.inject("chat.postMessage", faults.dropped_after())
    await slack.send(delivery())
    assert await slack.look_up(delivery()) is None
    assert await slack.look_up(delivery()) is None
    assert isinstance(await slack.look_up(delivery()), Delivered)


async def test_a_notice_is_found_without_the_right_to_read_metadata(workspace: Workspace, slack: SlackChannel) -> None:
    workspace.settings.scopes.discard("metadata.message:read")
    ref = await opened(slack)
    late = step(NoticeKind.WIDENED, ref)
    await slack.send(late)
    assert isinstance(await slack.look_up(delivery()), Delivered), "also after an edit"
    assert await slack.look_up(late) == Delivered(ref)
    assert await slack.look_up(replace(late, key="another")) is None


async def test_a_look_up_that_slack_denies_leaves_the_notice_unclear(workspace: Workspace, slack: SlackChannel) -> None:
    workspace.settings.scopes.discard("channels:history")
    found = await slack.look_up(delivery())
    assert isinstance(found, Unclear)
    assert "channels:history" in found.reason


async def test_a_look_up_reads_as_many_pages_as_it_takes_and_no_more_than_a_few(
    workspace: Workspace, slack: SlackChannel
) -> None:
    await slack.send(delivery())
    for number in range(250):
        workspace.say(ALERTS, f"message {number}")
    assert isinstance(await slack.look_up(delivery()), Delivered)
    for number in range(900):
        workspace.say(ALERTS, f"message {number}")
    assert isinstance(await slack.look_up(delivery()), Unclear)
    assert len(workspace.calls("conversations.history")) == 2 + 5


async def test_a_channel_given_by_id_needs_no_list(workspace: Workspace, calls: SlackCalls) -> None:
    slack = SlackChannel(workspace.channel(ALERTS).id, calls)
    assert await slack.look_up(delivery()) is None
    assert workspace.calls("conversations.list") == []


async def test_a_channel_that_slack_does_not_list_leaves_the_notice_unclear(calls: SlackCalls) -> None:
    assert isinstance(await SlackChannel("#nowhere", calls).look_up(delivery()), Unclear)


# Answers that are clear


@pytest.mark.fault(97)
async def test_too_many_messages_wait_as_long_as_slack_says(workspace: Workspace, slack: SlackChannel) -> None:
    workspace.inject("chat.postMessage", faults.rate_limited(retry_after=17))
    assert await slack.send(delivery()) == Later("Slack answered ratelimited to chat.postMessage", 17.0)
    assert len(workspace.calls("chat.postMessage")) == 1


@pytest.mark.promise("P1")
@pytest.mark.fault(97)
async def test_the_pace_limit_of_a_channel_is_a_wait_and_nothing_is_lost(
    workspace: Workspace, slack: SlackChannel
) -> None:
    workspace.settings.pace = Pace(burst=1)
    ref = await opened(slack)
    told = await slack.send(step(NoticeKind.WIDENED, ref))
    assert isinstance(told, Later)
    assert told.retry_after is not None
    workspace.settings.pace = None
    assert isinstance(await slack.send(step(NoticeKind.WIDENED, ref)), Delivered)
    assert len(workspace.thread(ALERTS, ref["ts"])) == 1


async def test_a_slack_that_cannot_be_reached_is_later(workspace: Workspace, slack: SlackChannel) -> None:
    await workspace.stop()
    told = await slack.send(delivery())
    await workspace.start()
    assert isinstance(told, Later)
    assert isinstance(await slack.send(delivery()), Delivered)


@pytest.mark.fault(99, 100)
@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("channel_not_found", "/invite"),
        ("not_in_channel", "/invite @sentinel"),
        ("is_archived", "Unarchive"),
        ("invalid_auth", "SENTINEL_SLACK_BOT_TOKEN"),
        ("token_revoked", "SENTINEL_SLACK_BOT_TOKEN"),
        ("account_inactive", "SENTINEL_SLACK_BOT_TOKEN"),
        ("missing_scope", "chat:write"),
        ("restricted_action", "administrator"),
        ("no_text", "incident's id"),
        ("some_new_code", "documentation"),
    ],
)
async def test_a_refusal_says_what_mends_it(workspace: Workspace, slack: SlackChannel, code: str, hint: str) -> None:
    workspace.inject("chat.postMessage", faults.refused(code))
    told = await slack.send(delivery())
    assert isinstance(told, Refused)
    assert code in told.reason
    assert hint in told.hint


@pytest.mark.fault(99)
async def test_a_bot_that_was_not_invited_is_refused_by_the_workspace_itself(
    workspace: Workspace, slack: SlackChannel
) -> None:
    workspace.channel(ALERTS).member = False
    assert isinstance(await slack.send(delivery()), Refused)


@pytest.mark.promise("P1")
@pytest.mark.fault(101)
@pytest.mark.parametrize("code", ["msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_attachments"])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_message_that_is_too_big_becomes_shorter_and_then_plain_but_arrives(
    workspace: Workspace, slack: SlackChannel, code: str, method: str
) -> None:
    ref = await opened(slack) if method == "chat.update" else None
    workspace.inject(method, faults.refused(code), times=2)
    told = await slack.send(step(NoticeKind.WIDENED, ref) if ref is not None else delivery())
    assert isinstance(told, Delivered)
    [root] = workspace.roots(ALERTS)
    assert root.text.startswith("🔴 Critical: ")
    assert root.blocks == []
    assert root.attachments == []


async def test_a_message_that_never_fits_is_refused_after_three_forms(
    workspace: Workspace, slack: SlackChannel
) -> None:
    workspace.inject("chat.postMessage", faults.refused("msg_too_long"), times=None)
    assert isinstance(await slack.send(delivery()), Refused)
    assert len(workspace.calls("chat.postMessage")) == 3


@pytest.mark.promise("P7")
@pytest.mark.fault(105)
async def test_after_an_outage_the_message_tells_the_present_state_with_the_true_times(
    workspace: Workspace, slack: SlackChannel
) -> None:
    await slack.send(delivery(NoticeKind.RECOVERED, ended(), first=True, ref=None))
    [root] = workspace.roots(ALERTS)
    assert root.text.startswith("✅ Recovered after 1 h 29 min")
    assert f"<!date^{int(OPENED)}^" in str(root.attachments)


async def test_a_notice_that_may_repeat_says_so(workspace: Workspace, slack: SlackChannel) -> None:
    ref = await opened(slack)
    await slack.send(step(NoticeKind.ESCALATED, ref, may_repeat=True))
    [line] = workspace.thread(ALERTS, ref["ts"])
    assert line.text.endswith(MAY_REPEAT)


async def test_names_from_the_portal_call_nobody_and_link_nowhere(workspace: Workspace, slack: SlackChannel) -> None:
    hostile = ("<!channel>", "<https://evil.example|Fix now>", "@here `x` *y*")
    one = incident(node=hostile, severity=Severity.WARNING, facts=facts(worst=(), summary="<@U123> & co"))
    told = await slack.send(replace(delivery(one=one), story=story(one)))
    assert isinstance(told, Delivered)
    [root] = workspace.roots(ALERTS)
    shown = root.text + str(root.blocks) + str(root.attachments)
    for live in ("<!channel", "<https", "<@", "@here", "`x`"):
        assert live not in shown
    assert "&lt;!channel&gt;" in shown


@pytest.mark.promise("P8")
async def test_the_token_stands_in_no_reason(workspace: Workspace) -> None:
    calls = SlackCalls(SlackSettings(token=Secret("xoxb-canary-1234"), api_url=workspace.api_url, deadline=5.0))
    told = await SlackChannel(ALERTS, calls).send(delivery())
    await calls.close()
    assert isinstance(told, Refused)
    assert "canary" not in repr(told)
    assert "canary" not in repr(calls._settings)


async def test_proxy_variables_of_the_environment_lead_nowhere(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    calls = SlackCalls(SlackSettings(token=Secret(workspace.token), api_url=workspace.api_url, deadline=5.0))
    told = await SlackChannel(ALERTS, calls).send(delivery())
    await calls.close()
    assert isinstance(told, Delivered)


async def test_the_id_of_a_channel_is_found_among_many(workspace: Workspace, slack: SlackChannel) -> None:
    for number in range(1200):
        workspace.add_channel(f"team-{number}")
    other = workspace.add_channel("far-away")
    assert await SlackChannel("far-away", slack._calls).look_up(delivery()) is None
    assert workspace.calls("conversations.history")[-1].params["channel"] == other.id
    assert len(workspace.calls("conversations.list")) == 2


async def test_a_refresh_edits_the_message_and_tells_nobody(workspace: Workspace, slack: SlackChannel) -> None:
    ref = await opened(slack)
    wider = incident(facts=facts(affected=7))
    assert await slack.refresh(step(NoticeKind.WIDENED, ref, one=wider, line="")) == Delivered(ref)
    [root] = workspace.messages(ALERTS)
    assert "7 of 8 nodes" in str(root.attachments)


async def test_a_refresh_leaves_a_digest_and_a_deleted_message_alone(workspace: Workspace, slack: SlackChannel) -> None:
    told = await slack.send(digest())
    assert isinstance(told, Delivered)
    assert told.ref is not None
    await slack.refresh(step(NoticeKind.WIDENED, told.ref, line=""))
    assert len(workspace.message(ALERTS, told.ref["ts"]).versions) == 1

    workspace.delete(ALERTS, told.ref["ts"])
    gone = {"channel": told.ref["channel"], "ts": told.ref["ts"], "key": "k"}
    assert isinstance(await slack.refresh(step(NoticeKind.WIDENED, gone, line="")), Refused)
    assert workspace.messages(ALERTS) == []

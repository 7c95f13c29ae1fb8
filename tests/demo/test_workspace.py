"""What a client sees of the simulated workspace while nothing goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.client import WebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sentinel.demo.workspace import Workspace, in_thread
from sentinel.demo.workspace_settings import Pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ALERTS = "workplace-alerts"
NOTE = {"event_type": "sentinel_notice", "event_payload": {"notice": 7, "step": "degraded"}}


@dataclass
class Watch:
    """A clock that moves when told to."""

    at: float = 1_772_438_400.0
    ticks: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def workspace(watch: Watch) -> AsyncIterator[Workspace]:
    async with Workspace(now=watch, channels=[ALERTS]) as served:
        yield served


@pytest.fixture
def client(workspace: Workspace) -> AsyncWebClient:
    return AsyncWebClient(token=workspace.token, base_url=workspace.api_url, retry_handlers=[])


async def refusal(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    answer: dict[str, Any] = caught.value.response.data
    return answer


async def test_a_story_of_one_incident_is_kept_in_order(
    workspace: Workspace, client: AsyncWebClient, watch: Watch
) -> None:
    root = await client.chat_postMessage(channel=f"#{ALERTS}", text="degraded", metadata=NOTE)
    watch.at += 60
    await client.chat_postMessage(channel=root["channel"], thread_ts=root["ts"], text="wider", reply_broadcast=True)
    watch.at += 60
    await client.chat_update(channel=root["channel"], ts=root["ts"], text="recovered")

    assert [event.kind for event in workspace.events] == ["posted", "replied", "edited"]
    assert [event.message["text"] for event in workspace.events] == ["degraded", "wider", "recovered"]
    (message,) = workspace.roots(ALERTS)
    assert [version.text for version in message.versions] == ["degraded", "recovered"]
    assert message.metadata == NOTE, "an edit without metadata keeps it"
    (answer,) = workspace.thread(ALERTS, message.ts)
    assert answer.text == "wider"
    assert answer.reply_broadcast
    assert [call.method for call in workspace.calls()] == ["chat.postMessage", "chat.postMessage", "chat.update"]
    assert {call.outcome for call in workspace.calls()} == {"ok"}


async def test_ts_comes_from_the_given_clock_and_is_never_used_twice(client: AsyncWebClient, watch: Watch) -> None:
    stamps = [(await client.chat_postMessage(channel=ALERTS, text="x"))["ts"] for _ in range(3)]
    assert stamps == ["1772438400.000000", "1772438400.000001", "1772438400.000002"]
    watch.at -= 3600
    assert (await client.chat_postMessage(channel=ALERTS, text="x"))["ts"] == "1772438400.000003"


async def test_an_edit_keeps_what_it_does_not_name_except_blocks_beside_a_new_text(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    bar = [{"color": "#a30200", "blocks": [{"type": "divider"}]}]
    posted = await client.chat_postMessage(
        channel=ALERTS, text="one", blocks=[SectionBlock(text="one")], attachments=bar
    )
    message = workspace.message(ALERTS, posted["ts"])
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    assert (message.blocks, message.attachments) == ([], bar)
    assert message.as_dict()["edited"]
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="three", attachments=[])
    assert message.attachments == []


async def test_only_own_messages_that_still_stand_can_be_edited(workspace: Workspace, client: AsyncWebClient) -> None:
    channel = workspace.channel(ALERTS).id
    said = workspace.say(ALERTS, "hello")
    assert (await refusal(client.chat_update(channel=channel, ts=said.ts, text="x")))["error"] == "cant_update_message"
    assert (await refusal(client.chat_update(channel=channel, ts="1.000000", text="x")))["error"] == "message_not_found"
    posted = await client.chat_postMessage(channel=channel, text="mine")
    workspace.delete(ALERTS, posted["ts"])
    gone = await refusal(client.chat_update(channel=channel, ts=posted["ts"], text="x"))
    assert gone["error"] == "message_not_found"
    assert workspace.message(ALERTS, posted["ts"]).deleted
    assert [one.text for one in workspace.roots(ALERTS)] == ["hello"]


async def test_an_answer_to_a_deleted_root_is_refused_or_falls_out_of_its_thread(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    root = await client.chat_postMessage(channel=ALERTS, text="root")
    workspace.delete(ALERTS, root["ts"])
    answer = await refusal(client.chat_postMessage(channel=ALERTS, text="a", thread_ts=root["ts"]))
    assert answer["error"] == "thread_not_found"
    workspace.settings.orphans = "unthread"
    fallen = await client.chat_postMessage(channel=ALERTS, text="a", thread_ts=root["ts"])
    assert "thread_ts" not in fallen["message"]
    assert [one.ts for one in workspace.roots(ALERTS)] == [fallen["ts"]]


async def test_channels_answer_as_the_bot_stands_to_them(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.add_channel("foreign", member=False)
    workspace.add_channel("secret", private=True, member=False)
    workspace.add_channel("old").archived = True
    codes = {
        name: (await refusal(client.chat_postMessage(channel=name, text="x")))["error"]
        for name in ("nowhere", "secret", "foreign", "old")
    }
    assert codes == {
        "nowhere": "channel_not_found",
        "secret": "channel_not_found",
        "foreign": "not_in_channel",
        "old": "is_archived",
    }
    by_name = await refusal(client.conversations_history(channel=ALERTS))
    assert by_name["error"] == "channel_not_found", "only posting takes names"
    listed = await client.conversations_list(exclude_archived=True, types="public_channel,private_channel")
    assert [one["name"] for one in listed["channels"]] == [ALERTS, "foreign"]
    assert (await client.conversations_info(channel=workspace.channel("old").id))["channel"]["is_archived"]
    assert [call.outcome for call in workspace.calls("chat.postMessage")] == list(codes.values())


async def test_history_is_newest_first_and_bounded_by_its_ends(workspace: Workspace, client: AsyncWebClient) -> None:
    channel = workspace.channel(ALERTS).id
    stamps = [(await client.chat_postMessage(channel=channel, text=str(n), metadata=NOTE))["ts"] for n in range(5)]
    await client.chat_postMessage(channel=channel, text="in the thread", thread_ts=stamps[0])

    async def texts(**bounds: Any) -> list[str]:
        return [one["text"] for one in (await client.conversations_history(channel=channel, **bounds))["messages"]]

    assert await texts() == ["4", "3", "2", "1", "0"]
    assert await texts(oldest=stamps[1], latest=stamps[3]) == ["2"]
    assert await texts(oldest=stamps[1], latest=stamps[3], inclusive=True) == ["3", "2", "1"]
    first = await client.conversations_history(channel=channel, limit=2)
    assert first["has_more"]
    assert "metadata" not in first["messages"][0]
    pages = [one["text"] async for page in first for one in page["messages"]]
    assert pages == ["4", "3", "2", "1", "0"]
    full = await client.conversations_history(channel=channel, include_all_metadata=True, limit=1)
    assert full["messages"][0]["metadata"] == NOTE
    workspace.settings.scopes.remove("metadata.message:read")
    bare = await client.conversations_history(channel=channel, include_all_metadata=True, limit=1)
    assert "metadata" not in bare["messages"][0]


async def test_replies_give_the_root_and_its_answers_in_order(workspace: Workspace, client: AsyncWebClient) -> None:
    channel = workspace.channel(ALERTS).id
    root = await client.chat_postMessage(channel=channel, text="root")
    for word in ("a", "b"):
        await client.chat_postMessage(channel=channel, text=word, thread_ts=root["ts"], metadata=NOTE)
    thread = await client.conversations_replies(channel=channel, ts=root["ts"], include_all_metadata=True)
    assert [one["text"] for one in thread["messages"]] == ["root", "a", "b"]
    assert thread["messages"][1]["metadata"] == NOTE
    missing = await refusal(client.conversations_replies(channel=channel, ts="5.000000"))
    assert missing["error"] == "thread_not_found"


async def test_a_new_message_may_lag_behind_by_look_ups_or_by_time(
    workspace: Workspace, client: AsyncWebClient, watch: Watch
) -> None:
    channel = workspace.channel(ALERTS).id

    async def seen() -> int:
        return len((await client.conversations_history(channel=channel))["messages"])

    workspace.settings.history_lag_lookups = 2
    await client.chat_postMessage(channel=channel, text="late")
    assert [await seen(), await seen(), await seen()] == [0, 0, 1]
    workspace.settings.history_lag_lookups = 0
    workspace.settings.history_lag_seconds = 30
    watch.at += 30
    await client.chat_postMessage(channel=channel, text="later")
    watch.at += 29
    assert await seen() == 1
    watch.at += 1
    assert await seen() == 2
    assert len(workspace.roots(ALERTS)) == 2, "the truth does not lag"


async def test_tokens_and_scopes_are_checked_before_anything_else(workspace: Workspace, client: AsyncWebClient) -> None:
    assert (await client.auth_test())["user_id"] == "U0SENTINEL"
    wrong = AsyncWebClient(token="xoxb-other", base_url=workspace.api_url, retry_handlers=[])
    assert (await refusal(wrong.auth_test()))["error"] == "invalid_auth"
    nobody = AsyncWebClient(base_url=workspace.api_url, retry_handlers=[])
    assert (await refusal(nobody.auth_test()))["error"] == "not_authed"
    workspace.settings.scopes.remove("channels:history")
    refused = await refusal(client.conversations_history(channel=workspace.channel(ALERTS).id))
    assert (refused["error"], refused["needed"]) == ("missing_scope", "channels:history")
    workspace.settings.auth_error = "token_revoked"
    assert (await refusal(client.chat_postMessage(channel=ALERTS, text="x")))["error"] == "token_revoked"
    assert workspace.token not in repr(workspace.calls())


async def test_a_channel_takes_a_burst_and_then_one_message_per_second(
    workspace: Workspace, client: AsyncWebClient, watch: Watch
) -> None:
    workspace.settings.pace = Pace(per_second=0.5, burst=2)
    for _ in range(2):
        await client.chat_postMessage(channel=ALERTS, text="x")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x")
    response = caught.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert response.headers["Retry-After"] == "2"
    watch.at += 2
    await client.chat_postMessage(channel=ALERTS, text="x")
    workspace.add_channel("other")
    await client.chat_postMessage(channel="other", text="another channel has its own allowance")
    assert len(workspace.roots(ALERTS)) == 3


async def test_a_form_body_is_read_like_a_json_body(workspace: Workspace) -> None:
    fields = {
        "channel": ALERTS,
        "text": "from a form",
        "blocks": '[{"type": "divider"}]',
        "metadata": '{"event_type": "e", "event_payload": {}}',
    }
    async with httpx.AsyncClient() as http:
        headers = {"Authorization": f"Bearer {workspace.token}"}
        answer = await http.post(f"{workspace.api_url}chat.postMessage", data=fields, headers=headers)
    assert answer.json()["ok"]
    (message,) = workspace.roots(ALERTS)
    assert message.blocks == [{"type": "divider"}]
    assert message.metadata == {"event_type": "e", "event_payload": {}}


async def test_a_webhook_answers_ok_and_nothing_more(workspace: Workspace, client: AsyncWebClient) -> None:
    hook = AsyncWebhookClient(workspace.webhook_url(ALERTS), retry_handlers=[])
    answer = await hook.send(text="hello")
    assert (answer.status_code, answer.body) == (200, "ok")
    (message,) = workspace.roots(ALERTS)
    edit = await refusal(client.chat_update(channel=message.channel, ts=message.ts, text="x"))
    assert edit["error"] == "cant_update_message"
    empty = await hook.send(text="")
    assert (empty.status_code, empty.body) == (400, "no_text")
    unknown = AsyncWebhookClient(workspace.webhook_url(ALERTS) + "x", retry_handlers=[])
    assert (await unknown.send(text="x")).body == "no_service"
    workspace.channel(ALERTS).archived = True
    assert (await hook.send(text="x")).status_code == 410
    assert [call.outcome for call in workspace.calls("webhook")] == [
        "ok",
        "no_text",
        "no_service",
        "channel_is_archived",
    ]


async def test_permalinks_point_at_messages_and_answers(workspace: Workspace, client: AsyncWebClient) -> None:
    root = await client.chat_postMessage(channel=ALERTS, text="root")
    link = await client.chat_getPermalink(channel=root["channel"], message_ts=root["ts"])
    assert link["permalink"].endswith(f"/archives/{root['channel']}/p1772438400000000")
    answer = await client.chat_postMessage(channel=ALERTS, text="a", thread_ts=root["ts"])
    deep = await client.chat_getPermalink(channel=root["channel"], message_ts=answer["ts"])
    assert f"thread_ts={root['ts']}" in deep["permalink"]


async def test_one_can_wait_until_something_was_posted(workspace: Workspace, client: AsyncWebClient) -> None:
    waiting = asyncio.create_task(workspace.until(lambda: len(workspace.roots(ALERTS)) == 2))
    await client.chat_postMessage(channel=ALERTS, text="one")
    assert not waiting.done()
    await client.chat_postMessage(channel=ALERTS, text="two")
    await waiting


def test_it_serves_synchronous_code_from_a_thread_and_keeps_its_truth_over_a_restart(watch: Watch) -> None:
    workspace = Workspace(now=watch, channels=[ALERTS])
    with in_thread(workspace):
        first_url = workspace.api_url
        WebClient(token=workspace.token, base_url=first_url, retry_handlers=[]).chat_postMessage(
            channel=ALERTS, text="one"
        )
    with in_thread(workspace):
        assert workspace.api_url == first_url
        WebClient(token=workspace.token, base_url=first_url, retry_handlers=[]).chat_postMessage(
            channel=ALERTS, text="two"
        )
    assert [one.text for one in workspace.roots(ALERTS)] == ["one", "two"]

"""Every way a call can fail, and whether the message was accepted all the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sentinel.demo.workspace import Workspace
from sentinel.demo.workspace_faults import (
    Fault,
    dropped_after,
    dropped_before,
    html_page,
    http_status,
    not_json,
    plain_text,
    rate_limited,
    refused,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ALERTS = "workplace-alerts"


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(now=lambda: 1_772_438_400.0, channels=[ALERTS]) as served:
        yield served


@pytest.fixture
def client(workspace: Workspace) -> AsyncWebClient:
    return AsyncWebClient(token=workspace.token, base_url=workspace.api_url, retry_handlers=[])


@pytest.mark.parametrize(
    ("fault", "status", "error", "accepted"),
    [
        (rate_limited(17), 429, "ratelimited", 0),
        (refused("restricted_action"), 200, "restricted_action", 0),
        (refused("fatal_error"), 200, "fatal_error", 0),
        (refused("fatal_error", accepted=True), 200, "fatal_error", 1),
        (refused("internal_error", accepted=True), 200, "internal_error", 1),
    ],
)
async def test_an_answer_in_json_says_no(
    workspace: Workspace, fault: Fault, status: int, error: str, accepted: int
) -> None:
    client = AsyncWebClient(token=workspace.token, base_url=workspace.api_url, retry_handlers=[])
    workspace.inject("chat.postMessage", fault)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (status, error)
    assert len(workspace.roots(ALERTS)) == accepted
    await client.chat_postMessage(channel=ALERTS, text="the fault happens once")
    assert len(workspace.roots(ALERTS)) == accepted + 1


async def test_retry_after_is_the_number_asked_for(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.inject("chat.postMessage", rate_limited(17))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert caught.value.response.headers["Retry-After"] == "17"


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("make", [html_page, not_json, lambda *, accepted: http_status(503, accepted=accepted)])
async def test_an_answer_that_is_no_json_leaves_open_whether_it_was_accepted(
    workspace: Workspace, client: AsyncWebClient, make: Callable[..., Fault], accepted: bool
) -> None:
    workspace.inject("chat.postMessage", make(accepted=accepted))
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert len(workspace.roots(ALERTS)) == int(accepted)


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_word_in_plain_text_breaks_the_client_library_itself(
    workspace: Workspace, client: AsyncWebClient, accepted: bool
) -> None:
    """Kept as a warning: whoever calls slack-sdk has to expect more than its own exceptions."""
    workspace.inject("chat.postMessage", plain_text(accepted=accepted))
    with pytest.raises(AttributeError):
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert len(workspace.roots(ALERTS)) == int(accepted)


@pytest.mark.parametrize(("fault", "accepted"), [(dropped_before(), 0), (dropped_after(), 1)])
async def test_the_connection_is_lost_before_or_after_the_message_was_accepted(
    workspace: Workspace, client: AsyncWebClient, fault: Fault, accepted: int
) -> None:
    injection = workspace.inject("chat.postMessage", fault)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert len(workspace.roots(ALERTS)) == accepted
    assert injection.used == 1
    (call,) = workspace.calls()
    assert call.outcome == ("dropped after ok" if accepted else "dropped")


@pytest.mark.parametrize("accepted", [True, False])
async def test_no_answer_comes_until_the_client_gives_up(
    workspace: Workspace, client: AsyncWebClient, accepted: bool
) -> None:
    workspace.inject("chat.postMessage", silent(accepted=accepted))
    posting = asyncio.create_task(client.chat_postMessage(channel=ALERTS, text="x"))
    await workspace.until(lambda: bool(workspace.calls()))
    assert not posting.done()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    assert len(workspace.roots(ALERTS)) == int(accepted)


async def test_requests_without_an_answer_lose_their_connection_when_the_workspace_stops(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.inject("chat.postMessage", silent())
    posting = asyncio.create_task(client.chat_postMessage(channel=ALERTS, text="x"))
    await workspace.until(lambda: bool(workspace.calls()))
    await workspace.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await posting


async def test_faults_fit_by_method_count_channel_and_start(workspace: Workspace, client: AsyncWebClient) -> None:
    other = workspace.add_channel("other")
    workspace.inject("chat.postMessage", refused("internal_error"), times=2, after=1, channel="other")
    outcomes = []
    for _ in range(4):
        await client.chat_postMessage(channel=ALERTS, text="never touched")
        try:
            await client.chat_postMessage(channel=other.id, text="x")
            outcomes.append("ok")
        except SlackApiError as error:
            outcomes.append(error.response["error"])
    assert outcomes == ["ok", "internal_error", "internal_error", "ok"]


async def test_an_outage_lasts_until_it_is_cleared(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.inject("*", http_status(500), times=None)
    for call in (client.auth_test, client.conversations_list):
        with pytest.raises(SlackApiError):
            await call()
    workspace.clear_faults()
    await client.auth_test()


async def test_a_refused_message_is_not_accepted_only_because_the_line_dropped_later(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.inject("chat.postMessage", dropped_after())
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel="nowhere", text="x")
    assert workspace.events == []
    assert workspace.calls()[0].outcome == "dropped after channel_not_found"


async def test_webhooks_have_faults_too(workspace: Workspace) -> None:
    hook = AsyncWebhookClient(workspace.webhook_url(ALERTS), retry_handlers=[])
    workspace.inject("webhook", dropped_after(), channel=ALERTS)
    with pytest.raises(aiohttp.ClientConnectionError):
        await hook.send(text="x")
    assert len(workspace.roots(ALERTS)) == 1
    workspace.inject("webhook", rate_limited(3))
    limited = await hook.send(text="x")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")


async def test_a_stopped_workspace_refuses_connections_and_comes_back_on_its_port(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    await workspace.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.auth_test()
    await workspace.start()
    await client.auth_test()

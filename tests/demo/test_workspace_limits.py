"""Each limit at its edge: what just fits is accepted, one more is refused with Slack's code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sentinel.demo.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ALERTS = "workplace-alerts"


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(now=lambda: 1_772_438_400.0, channels=[ALERTS]) as served:
        yield served


async def outcome(workspace: Workspace, method: str = "chat.postMessage", **body: Any) -> str:
    """`ok` or the error code."""
    client = AsyncWebClient(token=workspace.token, base_url=workspace.api_url, retry_handlers=[])
    try:
        await client.api_call(method, json={"channel": ALERTS, **body})
    except SlackApiError as error:
        return str(error.response["error"])
    return "ok"


def plain(length: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * length}


def section(length: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(length), **more}


def button(length: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(length), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def image(alt: int) -> dict[str, Any]:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "x" * alt}


LARGEST: list[dict[str, Any]] = [
    {"type": "header", "text": plain(150)},
    section(3000),
    {"type": "section", "fields": [mrkdwn(1)] * 9 + [mrkdwn(2000)]},
    {"type": "context", "elements": [mrkdwn(1)] * 10},
    actions(*[button(75, action_id=str(place)) for place in range(25)]),
    actions(button(value="x" * 2000, url="https://e.ch/" + "x" * 2987, action_id="x" * 255, style="danger")),
    section(block_id="x" * 255),
    image(2000),
    {"type": "divider"},
    section(accessory=image(1)),
]

TOO_LARGE: list[dict[str, Any]] = [
    {"type": "header", "text": plain(151)},
    section(3001),
    {"type": "section", "fields": [mrkdwn(1)] * 11},
    {"type": "section", "fields": [mrkdwn(2001)]},
    {"type": "context", "elements": [mrkdwn(1)] * 11},
    actions(*[button(action_id=str(place)) for place in range(26)]),
    actions(button(76)),
    actions(button(value="x" * 2001)),
    actions(button(url="x" * 3001)),
    actions(button(action_id="x" * 256)),
    section(block_id="x" * 256),
    image(2001),
]

WRONG_SHAPE: list[Any] = [
    "text",
    {"type": "graph"},
    {"type": ["section"]},
    {"text": mrkdwn(1)},
    {"type": "header", "text": mrkdwn(1)},
    {"type": "header", "text": "bare"},
    {"type": "section"},
    {"type": "section", "text": mrkdwn(0)},
    {"type": "section", "text": {**mrkdwn(1), "emoji": True}},
    {"type": "section", "text": {"type": "mrkdwn", "text": 5}},
    {"type": "divider", "color": "red"},
    {"type": "context", "elements": []},
    actions(),
    actions({"type": "button", "text": mrkdwn(1)}),
    actions(button(style="warning")),
    actions(button(action_id="a"), button(action_id="a")),
    actions({"type": "knob"}),
    actions({"type": "overflow", "options": [{"text": plain(1), "value": "v"}] * 6}),
    {"type": "image", "image_url": "https://example.com/a.png"},
]


async def test_what_just_fits_is_accepted(workspace: Workspace) -> None:
    for block in LARGEST:
        assert await outcome(workspace, text="t", blocks=[block]) == "ok", block["type"]
    assert await outcome(workspace, text="t", blocks=[{"type": "divider"}] * 50) == "ok"
    assert await outcome(workspace, text="x" * 40_000) == "ok"
    assert await outcome(workspace, blocks=[{"type": "divider"}]) == "ok", "blocks need no text"


@pytest.mark.parametrize("block", [*TOO_LARGE, *WRONG_SHAPE])
async def test_a_bad_block_is_refused_wherever_it_stands(workspace: Workspace, block: Any) -> None:
    assert await outcome(workspace, text="t", blocks=[block]) == "invalid_blocks"
    inside = [{"color": "#a30200", "blocks": [block]}]
    assert await outcome(workspace, text="t", attachments=inside) == "invalid_attachments"
    assert workspace.events == []


async def test_a_refusal_points_at_the_place(workspace: Workspace) -> None:
    client = AsyncWebClient(token=workspace.token, base_url=workspace.api_url, retry_handlers=[])
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="t", blocks=[{"type": "divider"}, section(3001)])
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
        ({"text": "  \n"}, "no_text"),
        ({"text": "t", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "t", "blocks": [section(block_id="a"), section(block_id="a")]}, "invalid_blocks"),
        ({"text": "t", "blocks": "not json"}, "invalid_blocks_format"),
        ({"text": "t", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "t", "blocks": [section(2700)] * 5}, "msg_blocks_too_long"),
        ({"text": "t", "attachments": [{"blocks": [section(2700)] * 5}]}, "msg_blocks_too_long"),
        ({"text": "t", "attachments": [{"blocks": [{"type": "divider"}] * 21}]}, "invalid_attachments"),
        ({"text": "t", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"text": "t", "attachments": [{"blocks": [section()], "footer": "old"}]}, "invalid_attachments"),
        ({"text": "t", "attachments": ["a"]}, "invalid_attachments"),
    ],
)
async def test_a_message_too_large_as_a_whole_is_refused(workspace: Workspace, body: dict[str, Any], code: str) -> None:
    assert await outcome(workspace, **body) == code


async def test_the_hidden_budget_counts_text_and_blocks(workspace: Workspace) -> None:
    """Measured by users: 13,297 characters alone pass, and a divider more takes 125 of them away."""
    full = [section(3000, block_id=str(place)) for place in range(4)]
    assert await outcome(workspace, text="t", blocks=[*full, section(13_297 - 12_000 - 4 * 125)]) == "ok"
    over = [*full, section(13_297 - 12_000 - 4 * 125 + 1)]
    assert await outcome(workspace, text="t", blocks=over) == "msg_blocks_too_long"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"event_type": "sentinel_notice", "event_payload": {"id": 1, "kind": "degraded", "tags": ["a"]}}, "ok"),
        ({"event_type": "sentinel_notice"}, "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "with blank", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "e", "event_payload": {"deep": {"er": 1}}}, "invalid_metadata_format"),
        ({"event_type": "e", "event_payload": []}, "invalid_metadata_format"),
        ({"event_type": "e", "event_payload": {}, "more": 1}, "invalid_metadata_format"),
        ("{", "invalid_metadata_format"),
        ({"event_type": "e", "event_payload": {"a": "x" * 9000}}, "metadata_too_large"),
    ],
)
async def test_metadata_is_a_type_and_flat_values(workspace: Workspace, metadata: Any, code: str) -> None:
    assert await outcome(workspace, text="t", metadata=metadata) == code


async def test_an_edit_is_held_to_its_own_smaller_text_limit(workspace: Workspace) -> None:
    await outcome(workspace, text="root")
    (root,) = workspace.roots(ALERTS)
    edit = {"channel": root.channel, "ts": root.ts}
    assert await outcome(workspace, "chat.update", **edit, text="x" * 4000) == "ok"
    assert await outcome(workspace, "chat.update", **edit, text="x" * 4001) == "msg_too_long"
    assert await outcome(workspace, "chat.update", **edit, text="t", blocks=[section(3001)]) == "invalid_blocks"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("conversations.history", {"limit": 1000}, "invalid_limit"),
        ("conversations.history", {"cursor": "$"}, "invalid_cursor"),
        ("conversations.history", {"oldest": "yesterday"}, "invalid_arguments"),
        ("chat.sing", {}, "unknown_method"),
    ],
)
async def test_other_wrong_arguments_have_their_codes(
    workspace: Workspace, method: str, params: dict[str, Any], code: str
) -> None:
    channel = workspace.channel(ALERTS).id
    assert await outcome(workspace, method, **{"channel": channel, **params}) == code


async def test_only_the_root_of_a_thread_can_be_answered(workspace: Workspace) -> None:
    root = workspace.say(ALERTS, "root")
    answer = workspace.say(ALERTS, "answer", thread_ts=root.ts)
    assert await outcome(workspace, text="t", thread_ts=root.ts) == "ok"
    assert await outcome(workspace, text="t", thread_ts=answer.ts) == "thread_not_found"

"""Slack with a bot token: one message per incident, edited, its story in the thread."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.deliver.channel import Delivered
from sentinel.deliver.slack import SlackChannel
from sentinel.demo.workspace import Workspace
from sentinel.domain.notices import NoticeKind
from tests.deliver.slack_parts import ALERTS, calls, opened, said, slack, step, workspace
from tests.fakes.stories import delivery, digest, ended

__all__ = ["calls", "slack", "workspace"]  # fixtures


async def test_an_incident_is_one_message_that_is_edited_with_its_story_in_the_thread(
    workspace: Workspace, slack: SlackChannel
) -> None:
    ref = await opened(slack)
    await slack.send(step(NoticeKind.WIDENED, ref, line="Now Europe (9 nodes affected)"))
    await slack.send(step(NoticeKind.RECOVERED, ref, one=ended()))

    [root] = workspace.roots(ALERTS)
    assert root.ts == ref["ts"]
    assert len(root.versions) == 3
    assert root.text.startswith("✅ Recovered after 1 h 29 min")
    assert "~*Exchange Online" in root.blocks[0]["text"]["text"]
    assert root.edited_ts is None, "no '(edited)' beside a message that is meant to change"
    wider, close = workspace.thread(ALERTS, root.ts)
    assert wider.text == said(wider) == "🔴 Now Europe (9 nodes affected)"
    assert said(close) == "✅ Recovered after 1 h 29 min, worst 22 %"
    assert close.text == root.text, "a line that calls the channel tells a lock screen the whole story"


@pytest.mark.parametrize(
    ("kind", "quiet", "broadcast"),
    [
        (NoticeKind.ESCALATED, False, True),
        (NoticeKind.REOPENED, False, True),
        (NoticeKind.RECOVERED, False, True),
        (NoticeKind.RECOVERED, True, False),
        (NoticeKind.ESCALATED, True, False),
        (NoticeKind.WIDENED, False, False),
        (NoticeKind.DEESCALATED, False, False),
        (NoticeKind.REMINDER, False, False),
    ],
)
async def test_only_what_concerns_everybody_is_shown_in_the_channel_too(
    workspace: Workspace, slack: SlackChannel, kind: NoticeKind, quiet: bool, broadcast: bool
) -> None:
    ref = await opened(slack)
    await slack.send(step(kind, ref, quiet=quiet))
    [line] = workspace.thread(ALERTS, ref["ts"])
    assert line.reply_broadcast is broadcast


async def test_a_reminder_is_a_line_and_leaves_the_message_alone(workspace: Workspace, slack: SlackChannel) -> None:
    ref = await opened(slack)
    await slack.send(step(NoticeKind.REMINDER, ref))
    assert len(workspace.message(ALERTS, ref["ts"]).versions) == 1
    assert workspace.thread(ALERTS, ref["ts"])[0].text.startswith("🔴 Still critical after 4 h")


async def test_every_message_carries_its_notice_and_asks_slack_to_leave_it_as_it_is(
    workspace: Workspace, slack: SlackChannel
) -> None:
    first = delivery()
    ref = await opened(slack)
    later = step(NoticeKind.WIDENED, ref)
    await slack.send(later)

    [root] = workspace.roots(ALERTS)
    [line] = workspace.thread(ALERTS, root.ts)
    assert root.metadata == {
        "event_type": "sentinel_notice",
        "event_payload": {"incident": "sn-abcdefghijkl", "notice": first.key},
    }, "the root keeps the notice that made it through every edit"
    assert line.metadata is not None
    assert line.metadata["event_payload"]["notice"] == later.key
    for call in workspace.calls("chat.postMessage"):
        assert call.params["unfurl_links"] is False
        assert call.params["unfurl_media"] is False
        assert call.params["link_names"] is False


async def test_a_message_that_people_deleted_is_continued_in_a_new_one(
    workspace: Workspace, slack: SlackChannel
) -> None:
    ref = await opened(slack)
    workspace.delete(ALERTS, ref["ts"])

    told = await slack.send(step(NoticeKind.ESCALATED, ref))

    assert isinstance(told, Delivered)
    assert told.note == "Continues an earlier message that is gone"
    assert told.ref is not None
    [root] = workspace.roots(ALERTS)
    assert told.ref["ts"] == root.ts != ref["ts"]
    assert "Continues an earlier message" in str(root.attachments)
    await slack.send(step(NoticeKind.RECOVERED, told.ref, one=ended()))
    assert len(workspace.roots(ALERTS)) == 1


@pytest.mark.parametrize("orphans", ["refuse", "unthread"])
async def test_a_reminder_whose_thread_is_gone_starts_a_new_message(
    workspace: Workspace, slack: SlackChannel, orphans: Any
) -> None:
    workspace.settings.orphans = orphans
    ref = await opened(slack)
    workspace.delete(ALERTS, ref["ts"])

    told = await slack.send(step(NoticeKind.REMINDER, ref))

    [root] = workspace.roots(ALERTS)
    assert isinstance(told, Delivered)
    assert told.ref is not None
    assert told.ref["ts"] == root.ts
    await slack.send(step(NoticeKind.RECOVERED, told.ref, one=ended()))
    assert workspace.roots(ALERTS)[0].text.startswith("✅ Recovered")


async def test_a_digest_is_not_edited_into_one_of_its_incidents(workspace: Workspace, slack: SlackChannel) -> None:
    told = await slack.send(digest())
    assert isinstance(told, Delivered)
    assert told.ref is not None
    await slack.send(step(NoticeKind.RECOVERED, told.ref, one=ended()))

    [root] = workspace.roots(ALERTS)
    assert root.text.startswith("🔴 Critical: 17 incidents, 6 critical")
    assert "• Exchange Online at Europe / Site 3 `13 %` critical" in str(root.attachments)
    assert len(workspace.thread(ALERTS, root.ts)) == 1

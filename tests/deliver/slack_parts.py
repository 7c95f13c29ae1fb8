"""What the tests of the Slack channel share: a workspace that judges as Slack does and keeps the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sentinel.deliver.channel import Delivered, Delivery
from sentinel.deliver.settings import Secret, SlackSettings
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.demo.workspace import Workspace
from sentinel.domain.notices import NoticeKind
from tests.fakes.stories import OPENED, delivery, incident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sentinel.demo.workspace_truth import Message

ALERTS = "workplace-alerts"


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(now=lambda: OPENED + 1.0, channels=[ALERTS]) as served:
        yield served


@pytest.fixture
async def calls(workspace: Workspace) -> AsyncIterator[SlackCalls]:
    made = SlackCalls(SlackSettings(token=Secret(workspace.token), api_url=workspace.api_url, deadline=5.0))
    yield made
    await made.close()


@pytest.fixture
def slack(calls: SlackCalls) -> SlackChannel:
    return SlackChannel(f"#{ALERTS}", calls)


def impatient(workspace: Workspace) -> SlackCalls:
    return SlackCalls(SlackSettings(token=Secret(workspace.token), api_url=workspace.api_url, deadline=0.3))


async def opened(slack: SlackChannel) -> Mapping[str, str]:
    """The incident is in the channel; its reference."""
    told = await slack.send(delivery())
    assert isinstance(told, Delivered)
    assert told.ref is not None
    return told.ref


def said(message: Message) -> str:
    """What people read in the thread."""
    return str(message.blocks[0]["text"]["text"])


def step(kind: NoticeKind, ref: Mapping[str, str], **changes: Any) -> Delivery:
    """A later step under a key of its own."""
    one = changes.pop("one", None) or incident(step=2)
    return delivery(kind, one, ref=ref, **changes)

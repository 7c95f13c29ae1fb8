"""Look-ups when the clocks of this machine and of Slack disagree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.deliver.channel import Delivered, Unclear
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.demo.workspace import Workspace
from sentinel.domain.notices import NoticeKind
from tests.deliver.slack_parts import ALERTS, calls, opened, slack, step, workspace
from tests.fakes.stories import OPENED, delivery

__all__ = ["calls", "slack", "workspace"]  # fixtures


@pytest.mark.promise("P2")
@pytest.mark.fault(20, 98, 115)
@pytest.mark.parametrize("ahead", [-7200.0, 0.0, 120.0, 7200.0])
async def test_a_message_is_found_however_wrong_the_clock_is_that_dated_the_attempt(
    slack: SlackChannel, ahead: float
) -> None:
    """A message that is not found is posted again: an hour's difference of clocks must not hide one."""
    ref = await opened(slack)
    assert await slack.look_up(delivery(started_at=OPENED + ahead)) == Delivered(ref)
    line = step(NoticeKind.ESCALATED, ref, started_at=OPENED + ahead)
    assert isinstance(await slack.send(line), Delivered)
    assert await slack.look_up(line) == Delivered(ref)
    assert await slack.look_up(replace(line, key="another")) is None


async def test_of_a_busy_channel_no_more_is_read_than_was_said_since_the_attempt(
    workspace: Workspace, slack: SlackChannel
) -> None:
    for number in range(250):
        workspace.say(ALERTS, f"talk {number}")
    assert await slack.look_up(delivery(started_at=OPENED + 3600.0)) is None
    assert len(workspace.calls("conversations.history")) == 1
    assert await slack.look_up(delivery(started_at=OPENED)) is None
    assert len(workspace.calls("conversations.history")) == 3


@pytest.mark.promise("P2")
@pytest.mark.parametrize("private", [False, True])
async def test_a_lost_first_post_is_found_by_a_bot_that_may_list_its_kind_of_channel_only(
    workspace: Workspace, calls: SlackCalls, *, private: bool
) -> None:
    """Slack refuses the whole list to a token that may not list one of the kinds that are asked for."""
    if private:
        workspace.add_channel("sec-alerts", private=True)
    ref = await opened(SlackChannel("#sec-alerts" if private else f"#{ALERTS}", calls))
    workspace.settings.scopes.remove("channels:read" if private else "groups:read")
    # As after a restart: nobody has told this program the channel's id yet.
    started_again = SlackChannel("#sec-alerts" if private else f"#{ALERTS}", calls)
    assert await started_again.look_up(delivery()) == Delivered(ref)


async def test_a_bot_that_may_list_no_channels_cannot_look_a_first_post_up_and_says_why(
    workspace: Workspace, slack: SlackChannel
) -> None:
    workspace.settings.scopes -= {"channels:read", "groups:read"}
    found = await slack.look_up(delivery())
    assert isinstance(found, Unclear)
    assert "missing_scope to conversations.list" in found.reason
    assert "channels:read" in found.reason

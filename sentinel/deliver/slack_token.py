"""Whether Slack takes the bot's token, asked without posting anything."""

from __future__ import annotations

from sentinel.deliver.channel import Later, Outcome
from sentinel.deliver.settings import SlackSettings
from sentinel.deliver.slack_answers import outcome
from sentinel.deliver.slack_calls import Accepted, Denied, SlackCalls


async def token_answer(settings: SlackSettings) -> Outcome | None:
    """None when it is taken, Refused when it is not; with anything else nobody can say."""
    calls = SlackCalls(settings)
    try:
        reply = await calls.call("auth.test", {})
    finally:
        await calls.close()
    if isinstance(reply, Accepted):
        return None
    if isinstance(reply, Denied):
        return outcome("auth.test", reply.code, reply.retry_after)
    return Later(reply.reason)

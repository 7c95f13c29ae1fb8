"""A Slack workspace looked at: the token, what it may do, and each channel. Nothing is posted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sentinel.deliver import slack_answers
from sentinel.deliver.escape import clean
from sentinel.deliver.settings import SlackSettings
from sentinel.deliver.slack_answers import Meaning
from sentinel.deliver.slack_calls import Accepted, Denied, Lost, SlackCalls
from sentinel.deliver.slack_search import LIST_PAGES, is_channel_id
from sentinel.domain.metrics import nearest
from sentinel.errors import ConfigError, CredentialsRefused
from sentinel.fetch_reach import Way, walk
from sentinel.findings import Findings

DEADLINE = 5.0

AT_ONCE = 5
"""Channels that are asked about side by side."""

SCOPES: Mapping[str, str] = {
    "chat:write": "nothing can be posted",
    "channels:read": "public channels are not found by their names",
    "groups:read": "private channels are not found by their names",
    "channels:history": "a post without a clear answer cannot be looked up",
    "groups:history": "a post without a clear answer in a private channel cannot be looked up",
    "metadata.message:read": "a post is not recognised by the key that it carries",
}
"""What Sentinel needs of a bot token, and what comes of it where it is missing."""

_INSTALL = (
    "add what is missing under OAuth & Permissions in the app's settings, then install the app to the workspace again"
)
_AGAIN = "try again in a minute; status.slack.com says whether Slack is well"
_TOKEN_ERRORS = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
)


async def examine(settings: SlackSettings, channels: Sequence[str], found: Findings, now: float) -> None:
    """Note how the workspace is. `channels` as in the rules file: `#name`, `name` or an id."""
    checks = ("token", "scopes", *channels)
    try:
        way = Way.to(settings.api_url, setting="SENTINEL_SLACK_API_URL")
    except ValueError:
        mend = "it looks like https://slack.com/api/"
        found.failed("address", "SENTINEL_SLACK_API_URL is no web address", mend, code=ConfigError.exit_code)
        return
    if not await walk(way, found, now):
        found.rest(checks, "there is no way to Slack")
        return
    calls = SlackCalls(replace(settings, deadline=DEADLINE, connect=DEADLINE / 2))
    try:
        reply = await calls.call("auth.test", {})
        if not isinstance(reply, Accepted):
            _refused_token(reply, found)
            found.rest(checks[1:], "the token comes first")
            return
        data = reply.data
        bot, team = clean(str(data.get("user", "?")), 80), clean(str(data.get("team", "?")), 80)
        found.ok("token", f"bot {bot} of the workspace {team}")
        _scopes(reply.scopes, found)
        await _channels(calls, channels, f"/invite @{bot}", reply.scopes, found)
    finally:
        await calls.close()


def _refused_token(reply: Denied | Lost, found: Findings) -> None:
    if isinstance(reply, Lost):
        found.failed("token", reply.reason, _AGAIN)
        return
    known = slack_answers.answer(reply.code)
    code = CredentialsRefused.exit_code if reply.code in _TOKEN_ERRORS else None
    found.failed("token", f"Slack answers {reply.code}", known.hint or _AGAIN, code=code)


def _scopes(granted: frozenset[str] | None, found: Findings) -> None:
    if granted is None:
        found.skipped("scopes", "the answer does not tell them")
        return
    missing = [scope for scope in SCOPES if scope not in granted]
    if not missing:
        found.ok("scopes", f"all that are needed: {', '.join(SCOPES)}")
        return
    note = found.failed if "chat:write" in missing else found.warning
    note("scopes", "not granted: " + ", ".join(f"{scope} ({SCOPES[scope]})" for scope in missing), _INSTALL)


async def _channels(
    calls: SlackCalls, channels: Sequence[str], invite: str, granted: frozenset[str] | None, found: Findings
) -> None:
    named = any(not is_channel_id(one) for one in channels)
    listed = await _listed(calls, granted) if named else {}
    notes = [Findings() for _ in channels]
    few = asyncio.Semaphore(AT_ONCE)

    async def look(channel: str, note: Findings) -> None:
        async with few:
            if is_channel_id(channel):
                await _by_id(calls, channel, invite, note)
            else:
                await _named(calls, channel, listed, invite, note)

    await asyncio.gather(*(look(channel, note) for channel, note in zip(channels, notes, strict=True)))
    for note in notes:
        found.extend(note)


async def _by_id(calls: SlackCalls, channel: str, invite: str, found: Findings) -> None:
    reply = await calls.call("conversations.info", {"channel": channel}, query=True)
    if isinstance(reply, Accepted):
        await _known(calls, channel, reply.data.get("channel") or {}, invite, found)
    else:
        _denied(channel, reply, "conversations.info", invite, found)


async def _named(
    calls: SlackCalls,
    channel: str,
    listed: Mapping[str, Mapping[str, Any]] | Denied | Lost,
    invite: str,
    found: Findings,
) -> None:
    if isinstance(listed, Denied | Lost):
        _denied(channel, listed, "conversations.list", invite, found)
        return
    one = listed.get(channel.removeprefix("#"))
    if one is not None:
        await _known(calls, channel, one, invite, found)
        return
    near = nearest(channel.removeprefix("#"), listed)
    text = f"Slack shows the bot no channel of this name ({len(listed)} are listed)"
    mend = f"write {invite} in the channel if it is private; else correct the name in the rules file"
    found.failed(channel, text, f"did you mean #{clean(near, 80)}? Else {mend}" if near else mend)


async def _listed(calls: SlackCalls, granted: frozenset[str] | None) -> Mapping[str, Mapping[str, Any]] | Denied | Lost:
    """The channels that the bot is shown, by name; or why there is no list."""
    kinds = [
        kind
        for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read"))
        if granted is None or scope in granted
    ]
    if not kinds:
        return Denied("missing_scope")
    found: dict[str, Mapping[str, Any]] = {}
    arguments = {"types": ",".join(kinds), "exclude_archived": "false", "limit": "999"}
    cursor = ""
    for _ in range(LIST_PAGES):
        reply = await calls.call(
            "conversations.list", {**arguments, **({"cursor": cursor} if cursor else {})}, query=True
        )
        if not isinstance(reply, Accepted):
            return reply
        for one in _dicts(reply.data.get("channels")):
            known = found.get(str(one.get("name")))
            if known is None or known.get("is_archived"):
                found[str(one.get("name"))] = one
        cursor = str((reply.data.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            break
    return found


def _dicts(items: object) -> Iterable[Mapping[str, Any]]:
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


async def _known(calls: SlackCalls, channel: str, shown: Mapping[str, Any], invite: str, found: Findings) -> None:
    """A channel that there is: whether it takes posts and shows them again."""
    private = "private" if shown.get("is_private") else "public"
    if shown.get("is_archived"):
        found.failed(channel, "it is archived", slack_answers.answer("is_archived").hint)
        return
    if not shown.get("is_member"):
        found.failed(channel, f"the bot is not in this {private} channel", f"write {invite} in {channel}")
        return
    reply = await calls.call("conversations.history", {"channel": str(shown.get("id", "")), "limit": "1"}, query=True)
    if isinstance(reply, Accepted):
        found.ok(channel, f"the bot is in this {private} channel and can look its posts up")
        return
    if isinstance(reply, Lost):
        found.warning(channel, f"the bot is in it, but cannot look posts up: {reply.reason}", _AGAIN)
    elif slack_answers.answer(reply.code).meaning is Meaning.LATER:
        found.skipped(channel, f"the bot is in it; Slack answers {reply.code} and tells no more now")
    else:
        scope = f"{'groups' if shown.get('is_private') else 'channels'}:history"
        mend = f"{_INSTALL}: {scope}" if reply.code == "missing_scope" else slack_answers.answer(reply.code).hint
        text = f"the bot is in it, but cannot look posts up: Slack answers {reply.code}"
        found.warning(channel, text, mend or _AGAIN)


def _denied(channel: str, reply: Denied | Lost, method: str, invite: str, found: Findings) -> None:
    if isinstance(reply, Lost):
        found.failed(channel, reply.reason, _AGAIN)
    elif slack_answers.answer(reply.code).meaning is Meaning.LATER:
        found.skipped(channel, f"Slack answers {reply.code} and tells no more now")
    elif reply.code == "missing_scope":
        found.skipped(channel, "without the missing scopes Slack does not tell")
    elif reply.code == "channel_not_found":
        mend = f"write {invite} in the channel if it is private; else correct the id in the rules file"
        found.failed(channel, "Slack shows the bot no channel of this id", mend)
    else:
        mend = slack_answers.answer(reply.code).hint or _AGAIN
        found.failed(channel, f"Slack answers {reply.code} to {method}", mend)

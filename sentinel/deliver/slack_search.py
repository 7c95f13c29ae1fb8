"""Whether a message stands in Slack, found by the notice's key in its metadata."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from sentinel.deliver import slack_answers
from sentinel.deliver.channel import Unclear
from sentinel.deliver.slack_answers import Meaning
from sentinel.deliver.slack_calls import Accepted, Denied, Lost, Reply, SlackCalls

BEFORE = 900.0
"""Seconds before the first attempt down to which a channel is read, where more than one page has to be read at all:
this machine's clock may be ahead of Slack's. The newest page is always read, however wrong the clock is: a message
that is not seen would be posted again."""

BEFORE_IN_THREAD = 86400.0
"""The same for a thread, which Slack gives oldest first."""

PAGES = 5
"""Pages of 200 messages that are read at most; what is not found by then stays unclear."""

LIST_PAGES = 20
"""Pages of 999 channels that are read at most to learn the id of one. A channel given by its id needs none."""

Message = Mapping[str, Any]
Found = Message | Unclear | None
Fits = Callable[[Message], bool]

_TS = re.compile(r"[0-9]{1,12}(?:\.[0-9]+)?")
_ID = re.compile(r"[CGD][A-Z0-9]{7,}")


class Unscoped(Unclear):
    """The token has not the scope that was needed to ask."""

    __slots__ = ()


class SlackSearch:
    """Look-ups in a workspace; remembers which id a channel's name has."""

    def __init__(self, calls: SlackCalls) -> None:
        self._calls = calls
        self._ids: dict[str, str] = {}

    def remember(self, name: str, channel_id: str) -> None:
        """Note the id of a channel as an answer gave it."""
        self._ids[name] = channel_id

    async def channel_id(self, name: str) -> str | Unclear:
        """The id of a channel; Unclear when Slack does not tell, or knows no such channel."""
        if is_channel_id(name):
            return name
        if name not in self._ids:
            found = await self._listed(name)
            if isinstance(found, Unclear):
                return found
            if found is None:
                return Unclear(f"Slack lists no channel {name}; its messages cannot be looked up")
            self._ids[name] = found["id"]
        return self._ids[name]

    async def _listed(self, name: str) -> Found:
        """The channel of that name, among the kinds that the token may list: one that may not list both lists none."""
        found: Found = None
        for types in _KINDS:
            arguments = {**_LISTED, "types": types}
            found = await self._first(
                "conversations.list", arguments, "channels", lambda one: _is_named(one, name), LIST_PAGES
            )
            if not isinstance(found, Unscoped):
                break
        return found

    async def in_channel(self, channel: str, key: str, since: float) -> Found:
        """The message with the key that the channel itself shows: a root, or a line shown there too."""
        arguments = {"channel": channel, **_WHOLE}
        return await self._first(
            "conversations.history", arguments, "messages", _with(key), PAGES, down_to=since - BEFORE
        )

    async def in_thread(self, ref: Mapping[str, str], key: str, since: float) -> Found:
        """The line with the key in the thread of a root message; a thread that is gone holds nothing."""
        oldest = max(0.0, since - BEFORE_IN_THREAD)
        arguments = {"channel": ref["channel"], "ts": ref["ts"], "oldest": f"{oldest:.6f}", **_WHOLE}
        return await self._first("conversations.replies", arguments, "messages", _with(key), PAGES)

    async def _first(
        self, method: str, arguments: Mapping[str, str], part: str, fits: Fits, pages: int, *, down_to: float = 0.0
    ) -> Found:
        """The first item that fits on a bounded number of pages; None when all were read and none does.

        With `down_to` (Unix seconds) the items come newest first, and what is older need not be read.
        """
        cursor: str | None = ""
        for _ in range(pages):
            reply = await self._calls.call(method, {**arguments, "cursor": cursor} if cursor else arguments, query=True)
            if not isinstance(reply, Accepted):
                return _absent(method, reply)
            items = reply.data.get(part)
            if not isinstance(items, list):
                return Unclear(f"Slack's answer to {method} has no {part}")
            found = next((one for one in items if isinstance(one, dict) and fits(one)), None)
            cursor = _next(reply)
            if found is not None or cursor == "" or _reaches(items, down_to):
                return found
            if cursor is None:
                return Unclear(f"Slack's answer to {method} does not say whether it goes on")
        return Unclear(f"{method} has more than {pages} pages, and what was looked for is on none of them")


def _next(reply: Accepted) -> str | None:
    """Where an answer goes on; empty at its end, None where that cannot be told."""
    told = reply.data.get("response_metadata") or {}
    cursor = (told.get("next_cursor") or "") if isinstance(told, dict) else None
    return cursor if isinstance(cursor, str) else None


def is_channel_id(name: str) -> bool:
    """Whether a channel is given by its id."""
    return _ID.fullmatch(name) is not None


_KINDS = ("public_channel,private_channel", "public_channel", "private_channel")
"""What is asked for, the next where a scope is missing (Slack documentation, conversations.list: channels:read for
public channels, groups:read for private ones)."""

_LISTED = {"exclude_archived": "true", "limit": "999"}


def mark(root_key: str, key: str = "") -> str:
    """A block id that leads back to a notice also where the bot may not read metadata; new with every edit."""
    return f"{_digest(root_key)}.{_digest(key)[:8]}" if key else _digest(root_key)


def is_root(message: Message) -> bool:
    """Whether it is a message of the channel itself, not a line of a thread."""
    return message.get("thread_ts") in (None, message.get("ts"))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


_WHOLE = {"inclusive": "true", "include_all_metadata": "true", "limit": "200"}


def _reaches(items: list[Any], instant: float) -> bool:
    """Whether the last of these messages is older than that."""
    ts = items[-1].get("ts") if items and isinstance(items[-1], dict) else None
    return isinstance(ts, str) and _TS.fullmatch(ts) is not None and float(ts) < instant


def _with(key: str) -> Fits:
    """Whether a message carries the key, in its metadata or in the id of a block."""
    marker = _digest(key)

    def fits(message: Message) -> bool:
        metadata = message.get("metadata")
        payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
        if isinstance(payload, dict) and payload.get("notice") == key:
            return True
        blocks = message.get("blocks")
        ids = (
            [str(block.get("block_id")) for block in blocks if isinstance(block, dict)]
            if isinstance(blocks, list)
            else []
        )
        return any(one.partition(".")[0] == marker for one in ids)

    return fits


def _absent(method: str, reply: Reply) -> Unclear | None:
    match reply:
        case Denied(code=code) if slack_answers.answer(code).meaning is Meaning.GONE:
            return None
        case Denied(code=code, retry_after=wait):
            hint = slack_answers.answer(code).hint
            kind = Unscoped if code == "missing_scope" else Unclear
            return kind(f"Slack answered {code} to {method}. {hint}".rstrip(), wait)
        case Lost(reason=reason):
            return Unclear(reason)
        case _:
            return Unclear(f"unexpected answer to {method}")


def _is_named(channel: Mapping[str, Any], name: str) -> bool:
    return channel.get("name") == name.removeprefix("#") and isinstance(channel.get("id"), str) and channel["id"] != ""

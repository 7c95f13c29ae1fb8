"""The Web API methods of a workspace, without their HTTP."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

from sentinel.demo.workspace_limits import (
    MAX_UPDATED_TEXT,
    RateLimited,
    Refused,
    check_content,
    check_metadata,
    decoded,
)
from sentinel.demo.workspace_truth import BOT_ID, BOT_USER, WEBHOOK_USER, Channel, Message, Truth, Version, is_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sentinel.demo.workspace_settings import Settings
    from sentinel.demo.workspace_truth import Json

HOME = "https://sentinel-demo.example/"
TEAM_ID = "T0SENTINEL"
DEFAULT_LIMIT = 100
MAX_LIMIT = 999


class Methods:
    """Answers calls against the truth, under the settings in force."""

    def __init__(self, truth: Truth, settings: Settings, *, team: str, bot: str) -> None:
        self._truth = truth
        self._settings = settings
        self._team = team
        self._bot = bot
        self._methods: Mapping[str, tuple[str | None, Callable[[Json], Json]]] = {
            "auth.test": (None, self._auth_test),
            "chat.getPermalink": (None, self._permalink),
            "chat.postMessage": ("chat:write", self._post),
            "chat.update": ("chat:write", self._update),
            "conversations.history": ("channels:history", self._history),
            "conversations.info": ("channels:read", self._info),
            "conversations.list": (None, self._list),
            "conversations.replies": ("channels:history", self._replies),
        }

    def call(self, method: str, token: str | None, params: Json) -> Json:
        """The answer of one call.

        Raises:
            Refused: the answer is `ok: false`.
            RateLimited: the answer is HTTP 429.
        """
        if method not in self._methods:
            raise Refused("unknown_method")
        self._authorise(token)
        scope, answer = self._methods[method]
        if scope is not None:
            self._need(scope)
        return answer(params)

    def scopes_header(self, token: str | None) -> dict[str, str]:
        """The header that tells what a valid token may do (Slack documentation, Web API)."""
        valid = self._settings.auth_error is None and token == self._settings.token
        return {"X-OAuth-Scopes": ",".join(sorted(self._settings.scopes))} if valid else {}

    def hook(self, channel: Channel, params: Json) -> None:
        """Accept a message from an incoming webhook.

        Raises:
            Refused: with the word that becomes the body.
            RateLimited: the answer is HTTP 429.
        """
        if channel.archived:
            raise Refused("channel_is_archived")
        version = self._version(params)
        self._keep_pace(channel)
        ts = self._truth.next_ts()
        self._truth.post(
            Message(channel=channel.id, ts=ts, user=WEBHOOK_USER, author=f"{self._bot} (webhook)", versions=[version])
        )

    def _authorise(self, token: str | None) -> None:
        if token is None:
            raise Refused("not_authed")
        if self._settings.auth_error is not None:
            raise Refused(self._settings.auth_error)
        if token != self._settings.token:
            raise Refused("invalid_auth")

    def _need(self, scope: str) -> None:
        if scope not in self._settings.scopes:
            provided = ",".join(sorted(self._settings.scopes))
            raise Refused("missing_scope", extra={"needed": scope, "provided": provided})

    def _keep_pace(self, channel: Channel) -> None:
        if self._settings.pace is not None:
            seconds = self._settings.pace.wait(channel.id, self._truth.now())
            if seconds:
                raise RateLimited(seconds)

    def _auth_test(self, params: Json) -> Json:
        del params
        return {
            "url": HOME,
            "team": self._team,
            "team_id": TEAM_ID,
            "user": self._bot.lower(),
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _post(self, params: Json) -> Json:
        channel = self._writable(str(params.get("channel", "")), by_name=True)
        version = self._version(params)
        thread_ts = self._thread_of(channel, params)
        self._keep_pace(channel)
        broadcast = thread_ts is not None and _truthy(params.get("reply_broadcast"))
        message = self._truth.post(
            Message(
                channel=channel.id,
                ts=self._truth.next_ts(),
                user=BOT_USER,
                author=self._bot,
                versions=[version],
                thread_ts=thread_ts,
                reply_broadcast=broadcast,
            )
        )
        return {"channel": channel.id, "ts": message.ts, "message": message.as_dict()}

    def _update(self, params: Json) -> Json:
        channel = self._writable(str(params.get("channel", "")), by_name=False)
        message = self._truth.messages[channel.id].get(str(params.get("ts", "")))
        if message is None or message.deleted:
            raise Refused("message_not_found")
        if message.user != BOT_USER:
            raise Refused("cant_update_message")
        version = self._version(_with_kept(params, message), max_text=MAX_UPDATED_TEXT)
        self._truth.edit(message, version, flag=not params.get("blocks"))
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.as_dict()}

    def _history(self, params: Json) -> Json:
        channel = self._readable(params)
        shown = [one for one in self._look_up(channel) if is_root(one) or one.reply_broadcast]
        return self._page(reversed(_between(shown, params)), params)

    def _replies(self, params: Json) -> Json:
        channel = self._readable(params)
        ts = str(params.get("ts", ""))
        seen = self._look_up(channel)
        root = next((one for one in seen if one.ts == ts), None)
        if root is None:
            raise Refused("thread_not_found")
        answers = [one for one in seen if one.thread_ts == (root.thread_ts or root.ts) and not is_root(one)]
        if is_root(root):
            return self._page([root, *_between(answers, params)], params)
        return self._page([root], params)

    def _info(self, params: Json) -> Json:
        return {"channel": self._known(str(params.get("channel", "")), by_name=False).as_dict()}

    def _list(self, params: Json) -> Json:
        kinds = str(params.get("types", "public_channel")).split(",")
        if "private_channel" in kinds:
            self._need("groups:read")
        if "public_channel" in kinds:
            self._need("channels:read")
        hide_archived = _truthy(params.get("exclude_archived"))
        listed = [
            channel.as_dict()
            for channel in self._truth.channels.values()
            if ("private_channel" if channel.private else "public_channel") in kinds
            and (channel.member or not channel.private)
            and not (hide_archived and channel.archived)
        ]
        page, cursor = _cut(listed, params)
        return {"channels": page, "response_metadata": {"next_cursor": cursor}}

    def _permalink(self, params: Json) -> Json:
        channel = self._known(str(params.get("channel", "")), by_name=False)
        message = self._truth.messages[channel.id].get(str(params.get("message_ts", "")))
        if message is None or message.deleted:
            raise Refused("message_not_found")
        link = f"{HOME}archives/{channel.id}/p{message.ts.replace('.', '')}"
        if not is_root(message):
            link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
        return {"channel": channel.id, "permalink": link}

    def _known(self, name: str, *, by_name: bool) -> Channel:
        channel = self._truth.find_channel(name) if by_name else self._truth.channels.get(name)
        if channel is None or (channel.private and not channel.member):
            raise Refused("channel_not_found")
        return channel

    def _writable(self, name: str, *, by_name: bool) -> Channel:
        channel = self._known(name, by_name=by_name)
        if channel.archived:
            raise Refused("is_archived")
        if not channel.member:
            raise Refused("not_in_channel")
        return channel

    def _readable(self, params: Json) -> Channel:
        channel = self._known(str(params.get("channel", "")), by_name=False)
        if channel.private:
            self._need("groups:history")
        if not channel.member:
            raise Refused("not_in_channel")
        return channel

    def _thread_of(self, channel: Channel, params: Json) -> str | None:
        thread_ts = params.get("thread_ts")
        if thread_ts is None:
            return None
        root = self._truth.messages[channel.id].get(str(thread_ts))
        if root is not None and not root.deleted and is_root(root):
            return root.ts
        if self._settings.orphans == "unthread":
            return None
        raise Refused("thread_not_found")

    def _version(self, params: Json, *, max_text: int | None = None) -> Version:
        """A checked version of a message from the arguments of a call, which stay as they are."""
        text = str(params.get("text") or "")
        blocks = decoded(params.get("blocks") or [], "invalid_blocks_format")
        attachments = decoded(params.get("attachments") or [], "invalid_attachments")
        metadata = decoded(params.get("metadata"), "invalid_metadata_format")
        limits = {} if max_text is None else {"max_text": max_text}
        check_content(text=text, blocks=blocks, attachments=attachments, **limits)
        check_metadata(metadata)
        return copy.deepcopy(
            Version(at=self._truth.now(), text=text, blocks=blocks, attachments=attachments, metadata=metadata or None)
        )

    def _look_up(self, channel: Channel) -> list[Message]:
        """What a look-up sees, oldest first; every look-up brings messages that lag one step nearer."""
        at, seen = self._truth.now(), []
        for message in self._truth.standing(channel.id):
            message.lookups += 1
            late = 0.0 < self._settings.history_lag_seconds > at - message.versions[0].at
            if message.lookups > self._settings.history_lag_lookups and not late:
                seen.append(message)
        return seen

    def _page(self, messages: Iterable[Message], params: Json) -> Json:
        wanted = _truthy(params.get("include_all_metadata")) and "metadata.message:read" in self._settings.scopes
        page, cursor = _cut(list(messages), params)
        shape: Json = {"messages": [one.as_dict(metadata=wanted) for one in page], "has_more": bool(cursor)}
        if cursor:
            shape["response_metadata"] = {"next_cursor": cursor}
        return shape


def _with_kept(params: Json, message: Message) -> Json:
    """The arguments of an update with what it keeps: blocks only while no text is given, the rest unless given."""
    kept: dict[str, Any] = {"attachments": message.attachments, "metadata": message.metadata}
    if params.get("text") is None:
        kept |= {"text": message.text, "blocks": message.blocks}
    return {**kept, **params}


def _between(messages: list[Message], params: Json) -> list[Message]:
    """Those after `oldest` and before `latest`; the ends belong to it when `inclusive`."""
    try:
        oldest, latest = (
            None if params.get(end) in (None, "") else _microseconds(str(params[end])) for end in ("oldest", "latest")
        )
    except ValueError:
        raise Refused("invalid_arguments") from None
    ends = int(_truthy(params.get("inclusive")))
    return [
        one
        for one in messages
        if (oldest is None or _microseconds(one.ts) > oldest - ends)
        and (latest is None or _microseconds(one.ts) < latest + ends)
    ]


def _microseconds(ts: str) -> int:
    return round(float(ts) * 1_000_000)


def _cut(items: list[Any], params: Json) -> tuple[list[Any], str]:
    """One page and the cursor of the next, empty at the end."""
    try:
        limit = int(params.get("limit") or DEFAULT_LIMIT)
        start = int(base64.b64decode(str(params.get("cursor") or ""), validate=True).decode() or 0)
    except ValueError:
        raise Refused("invalid_cursor") from None
    if not 0 < limit <= MAX_LIMIT:
        raise Refused("invalid_limit")
    end = start + limit
    more = end < len(items)
    return items[start:end], base64.b64encode(str(end).encode()).decode() if more else ""


def _truthy(value: object) -> bool:
    return value in (True, 1, "1", "true", "True")

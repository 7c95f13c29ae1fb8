"""What a workspace has accepted: channels, messages with every version, and the order in which it all happened."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json: TypeAlias = dict[str, Any]

BOT_USER = "U0SENTINEL"
BOT_ID = "B0SENTINEL"
WEBHOOK_USER = "B0WEBHOOK"

EventKind = Literal["posted", "replied", "edited", "deleted"]


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel; `member` says whether the bot is in it."""

    id: str
    name: str
    private: bool = False
    member: bool = True
    archived: bool = False

    def as_dict(self) -> Json:
        """The conversation object as the Web API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": True,
            "is_private": self.private,
            "is_archived": self.archived,
            "is_member": self.member,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a message said from `at` (Unix seconds) on."""

    at: float
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """An accepted message: `versions` holds the first wording and every edit, the last one is what people see."""

    channel: str
    ts: str
    user: str
    author: str
    versions: list[Version]
    thread_ts: str | None = None
    reply_broadcast: bool = False
    edited_ts: str | None = None
    deleted: bool = False
    lookups: int = 0  # look-ups of its channel that came after it; history may lag by them

    @property
    def text(self) -> str:
        """The text of the current version."""
        return self.versions[-1].text

    @property
    def blocks(self) -> list[Json]:
        """The blocks of the current version."""
        return self.versions[-1].blocks

    @property
    def attachments(self) -> list[Json]:
        """The attachments of the current version."""
        return self.versions[-1].attachments

    @property
    def metadata(self) -> Json | None:
        """The metadata of the current version."""
        return self.versions[-1].metadata

    def as_dict(self, *, metadata: bool = True) -> Json:
        """The message object as the Web API shows it; a deep copy."""
        now = self.versions[-1]
        shape: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": now.text}
        if self.user == BOT_USER:
            shape |= {"bot_id": BOT_ID, "bot_profile": {"id": BOT_ID, "name": self.author}}
        elif self.user == WEBHOOK_USER:
            shape |= {"subtype": "bot_message", "bot_id": WEBHOOK_USER, "username": self.author}
        else:
            shape["user_profile"] = {"display_name": self.author}
        optional = {
            "blocks": now.blocks,
            "attachments": now.attachments,
            "thread_ts": self.thread_ts,
            "metadata": now.metadata if metadata else None,
            "edited": {"user": self.user, "ts": self.edited_ts} if self.edited_ts else None,
        }
        shape |= {name: value for name, value in optional.items() if value}
        if self.reply_broadcast:
            shape["subtype"] = "thread_broadcast"
        return copy.deepcopy(shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, with the message as it stood right after."""

    kind: EventKind
    at: float
    channel: str
    ts: str
    message: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: `outcome` is `ok`, the error code answered, or the name of the fault; `params` never hold the token."""

    at: float
    method: str
    params: Json
    outcome: str


class Truth:
    """Everything accepted, in order. Knows no HTTP and no limits."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.events: list[Event] = []
        self.calls: list[Call] = []
        self._last_us = 0

    def add_channel(self, name: str, *, private: bool = False, member: bool = True) -> Channel:
        """Open a channel; ids follow the order of opening."""
        channel = Channel(id=f"C{len(self.channels) + 1:08d}", name=name.lstrip("#"), private=private, member=member)
        self.channels[channel.id] = channel
        self.messages[channel.id] = {}
        return channel

    def find_channel(self, name: str) -> Channel | None:
        """By id, `name` or `#name`."""
        if name in self.channels:
            return self.channels[name]
        bare = name.removeprefix("#")
        return next((channel for channel in self.channels.values() if channel.name == bare), None)

    def channel(self, name: str) -> Channel:
        """As `find_channel`.

        Raises:
            KeyError: there is no such channel.
        """
        found = self.find_channel(name)
        if found is None:
            raise KeyError(name)
        return found

    def message(self, channel: str, ts: str) -> Message:
        """The message at `ts`, deleted or not.

        Raises:
            KeyError: there is no such channel or message.
        """
        return self.messages[self.channel(channel).id][ts]

    def post(self, message: Message) -> Message:
        """Accept a message."""
        self.messages[message.channel][message.ts] = message
        root = self.messages[message.channel].get(message.thread_ts or "")
        if root is not None and root.thread_ts is None:
            root.thread_ts = root.ts
        self._happened("posted" if message.thread_ts is None else "replied", message)
        return message

    def edit(self, message: Message, version: Version, *, flag: bool) -> None:
        """Accept a new version; `flag` says whether people see that it was edited."""
        message.versions.append(version)
        if flag:
            message.edited_ts = self.next_ts()
        self._happened("edited", message)

    def delete(self, message: Message) -> None:
        """A person deletes a message; it stays in the record."""
        message.deleted = True
        self._happened("deleted", message)

    def standing(self, channel: str) -> Iterator[Message]:
        """The messages of a channel that were not deleted, oldest first."""
        return (message for message in self.messages[channel].values() if not message.deleted)

    def next_ts(self) -> str:
        """A `ts` no message had before, in microseconds of `now()`; never smaller than the one before."""
        self._last_us = max(self._last_us + 1, round(self.now() * 1_000_000))
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def _happened(self, kind: EventKind, message: Message) -> None:
        self.events.append(
            Event(kind=kind, at=self.now(), channel=message.channel, ts=message.ts, message=message.as_dict())
        )


def is_root(message: Message) -> bool:
    """True for a message of the channel itself, false for an answer in a thread."""
    return message.thread_ts is None or message.thread_ts == message.ts

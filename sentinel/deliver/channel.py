"""What a channel is: it takes one notice and says which of four things became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sentinel.deliver.document import Document
from sentinel.domain.incidents import Incident, Story
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import ChannelKind


async def _alone() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Digest:
    """Several incidents that one message tells of, as they are at the time of sending, oldest first."""

    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to tell one address one step of an incident.

    `key` is the notice's unique key; it travels with the message so that it can be found again. `story` is the truth
    at the time of sending: a message never shows an older state. `line` is this step in one sentence, as a thread has
    it. `quiet`: no broadcast, no mention. `first`: this channel has had nothing of the incident, so it gets a root
    message. `ref` is what the channel returned for that root message. `may_repeat`: the message says that it may
    repeat an earlier one. `started_at` is when the first attempt under this key was recorded, `at` when this one is
    made; both Unix seconds. `still_ours`: whether this program may still tell, asked between the calls of a send that
    takes several. `digest`: the message tells of all these, and `line` of steps of some of them; `story` is then the
    worst one's. `document`: the message is a report, and `story` stands for the name that it goes by. `accepted_by` are
    those of several recipients who have the notice already.
    """

    key: str
    kind: NoticeKind
    story: Story
    line: str
    quiet: bool
    first: bool
    ref: Mapping[str, str] | None
    may_repeat: bool
    started_at: float
    at: float
    still_ours: Callable[[], Awaitable[bool]] = field(default=_alone, repr=False, compare=False)
    digest: Digest | None = None
    document: Document | None = None
    accepted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider has it. `ref`: what later steps need of the root message. `note`: what an operator should know."""

    ref: Mapping[str, str] | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """It was not accepted and may be offered again; `retry_after` in seconds where the provider named a time.

    `accepted_by` are those of several recipients who have it all the same. `about`: whether the channel takes nothing for
    now, so that all others wait too, or it may be this notice alone.
    """

    reason: str
    retry_after: float | None = None
    accepted_by: tuple[str, ...] = ()
    about: Literal["channel", "notice"] = "channel"


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not be accepted as things stand; `hint` says what mends it.

    `about`: whether place and credentials are at fault, so that it may be offered again once they are mended, or what
    the notice itself says.
    """

    reason: str
    hint: str = ""
    about: Literal["channel", "notice"] = "channel"


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can say whether it was accepted; `retry_after` in seconds where a look-up was told to wait."""

    reason: str
    retry_after: float | None = None


Outcome = Delivered | Later | Refused | Unclear


class Channel(Protocol):
    """One place to tell. `proves`: an unclear answer can be looked up, or the message repeated without harm."""

    @property
    def kind(self) -> ChannelKind:
        """Which kind of address this is."""

    @property
    def proves(self) -> bool:
        """Whether this is a class A channel."""

    async def send(self, delivery: Delivery) -> Outcome:
        """Offer the notice once. Whatever the provider or the network does is an outcome, never an exception."""

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """Whether the notice was accepted after all: None when it is not there, Unclear when that cannot be told."""

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Bring the root message up to date without telling a step; doing it again does no harm.

        `delivery.ref` is set. A channel that cannot change what it sent has nothing to do.
        """

    async def close(self) -> None:
        """Let go of connections."""

"""How fast one channel may be talked to, and what the last minute was like there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

PACE = {"slack": 1.0, "slack_webhook": 1.0}
"""Seconds between messages to one channel. Source: Slack documentation, "Rate limits" (one message per second per
channel). Other kinds are not paced."""

AT_ONCE = {"webhook": 4, "email": 4}
"""Messages of different incidents that may be on their way to one channel while it takes what it is given. Other kinds
get one after the other."""

MINUTE = 60.0
"""Seconds in which new messages are counted, and in which more incidents may join a digest."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What a channel has been through: new messages in the last minute, and the digest of that minute if there is one.

    `strained`: the last answer put a notice off.
    """

    roots: int = 0
    strained: bool = False
    digest: str | None = None


@dataclass
class Pacing:
    """Per channel when the next message may go. Instants are seconds of a monotonic clock."""

    _next_at: dict[str, float] = field(default_factory=dict)
    _paused_until: dict[str, float] = field(default_factory=dict)
    _edits_paused_until: dict[str, float] = field(default_factory=dict)
    _roots: dict[str, deque[float]] = field(default_factory=dict)
    _digests: dict[str, tuple[str, float]] = field(default_factory=dict)
    _strained: set[str] = field(default_factory=set)
    _silent: set[str] = field(default_factory=set)

    def wait(self, channel: str, now: float) -> float:
        """Seconds to wait before the next message to the channel; 0 when it is free."""
        return max(0.0, self._next_at.get(channel, 0.0) - now, self._paused_until.get(channel, 0.0) - now)

    def is_paused(self, channel: str, now: float) -> bool:
        """Whether the channel is left alone, however short the rest of it: a pause is no pace."""
        return self._paused_until.get(channel, 0.0) > now

    def is_silent(self, channel: str) -> bool:
        """Whether nobody knows what became of the last message there."""
        return channel in self._silent

    def width(self, channel: str, kind: str) -> int:
        """How many messages may be on their way at once: one where the last answer was a bad one or none at all."""
        return 1 if channel in self._strained | self._silent else AT_ONCE.get(kind, 1)

    def weather(self, channel: str, now: float) -> Weather:
        """What the last minute was like."""
        roots = self._roots.get(channel, deque())
        while roots and roots[0] <= now - MINUTE:
            roots.popleft()
        digest, since = self._digests.get(channel, ("", -MINUTE))
        return Weather(len(roots), channel in self._strained, digest if digest and since > now - MINUTE else None)

    def sent(self, channel: str, kind: str, now: float) -> None:
        """A message went out."""
        self._next_at[channel] = max(self._next_at.get(channel, 0.0), now + PACE.get(kind, 0.0))

    def accepted(self, channel: str, now: float, *, root: bool, digest: str | None = None) -> None:
        """The channel took it. `root`: everybody there sees it as a new message; `digest`: it is one, with that key."""
        self._strained.discard(channel)
        self._silent.discard(channel)
        if root:
            self._roots.setdefault(channel, deque()).append(now)
        if digest is not None:
            self._digests[channel] = (digest, now)

    def put_off(self, channel: str) -> None:
        """The channel did not take it for now."""
        self._strained.add(channel)

    def unanswered(self, channel: str) -> None:
        """Nobody knows whether the channel took it."""
        self._silent.add(channel)

    def pause(self, channel: str, now: float, seconds: float) -> None:
        """Nothing to this channel for so long; a longer pause stands."""
        self._paused_until[channel] = max(self._paused_until.get(channel, 0.0), now + seconds)

    def pause_edits(self, channel: str, now: float, seconds: float) -> None:
        """No edits there for so long; notices go on."""
        self._edits_paused_until[channel] = max(self._edits_paused_until.get(channel, 0.0), now + seconds)

    def takes_edits(self, channel: str, now: float) -> bool:
        """Whether a message there may be edited without news."""
        return self._edits_paused_until.get(channel, 0.0) <= now

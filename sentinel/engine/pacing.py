"""How fast one channel may be talked to: a message a second, and not at all while it asked for a pause."""

from __future__ import annotations

from dataclasses import dataclass, field

PACE = {"slack": 1.0, "slack_webhook": 1.0}
"""Seconds between messages to one channel. Source: Slack documentation, "Rate limits" (one message per second per
channel). Other kinds are not paced."""


@dataclass
class Pacing:
    """Per channel when the next message may go. Instants are seconds of a monotonic clock."""

    _next_at: dict[str, float] = field(default_factory=dict)
    _paused_until: dict[str, float] = field(default_factory=dict)

    def wait(self, channel: str, now: float) -> float:
        """Seconds to wait before the next message to the channel; 0 when it is free."""
        return max(0.0, self._next_at.get(channel, 0.0) - now, self._paused_until.get(channel, 0.0) - now)

    def is_paused(self, channel: str, now: float) -> bool:
        """Whether the channel is left alone, however short the rest of it: a pause is no pace."""
        return self._paused_until.get(channel, 0.0) > now

    def sent(self, channel: str, kind: str, now: float) -> None:
        """A message went out."""
        self._next_at[channel] = max(self._next_at.get(channel, 0.0), now + PACE.get(kind, 0.0))

    def pause(self, channel: str, now: float, seconds: float) -> None:
        """Nothing to this channel for so long; a longer pause stands."""
        self._paused_until[channel] = max(self._paused_until.get(channel, 0.0), now + seconds)

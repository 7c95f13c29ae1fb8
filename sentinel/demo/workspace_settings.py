"""What can be changed about a workspace while it runs, and its pace limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

ALL_SCOPES = frozenset(
    {
        "chat:write",
        "channels:history",
        "channels:read",
        "groups:history",
        "groups:read",
        "metadata.message:read",
    }
)


@dataclass(slots=True, kw_only=True)
class Pace:
    """How fast a channel takes messages: `per_second` on average, `burst` at once.

    Slack documents about one message per second and channel and allows short bursts without giving their size.
    """

    per_second: float = 1.0
    burst: int = 5
    _left: dict[str, tuple[float, float]] = field(default_factory=dict, init=False)

    def wait(self, channel: str, at: float) -> int:
        """Take one message off the channel's allowance; else the whole seconds until it may be asked again."""
        left, since = self._left.get(channel, (float(self.burst), at))
        left = min(float(self.burst), left + max(0.0, at - since) * self.per_second)
        if left >= 1.0:
            self._left[channel] = (left - 1.0, at)
            return 0
        self._left[channel] = (left, at)
        return max(1, math.ceil((1.0 - left) / self.per_second))


@dataclass(slots=True, kw_only=True)
class Settings:
    """Switches of a workspace; change them at any time.

    Attributes:
        token: the bot token that is accepted.
        auth_error: the code every method answers instead: `invalid_auth`, `token_revoked`, `account_inactive`.
        scopes: what the token may do; taking one away makes its methods answer `missing_scope`. Without
            `metadata.message:read` history leaves the metadata out.
        pace: the allowance per channel, or None for no limit.
        history_lag_lookups: so many look-ups of a channel do not see a new message yet.
        history_lag_seconds: for so many seconds of `now()` look-ups do not see a new message.
        orphans: what happens to an answer whose root is gone: `refuse` it with `thread_not_found`, or `unthread` it
            into a message of the channel, as Slack was seen to do without a word (slack-go/slack#1571).
    """

    token: str = "xoxb-demo-token"  # noqa: S105  # the simulated workspace's own, worth nothing elsewhere
    auth_error: str | None = None
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    pace: Pace | None = None
    history_lag_lookups: int = 0
    history_lag_seconds: float = 0.0
    orphans: Literal["refuse", "unthread"] = "refuse"

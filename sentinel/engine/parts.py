"""What follows from one rules file and is exchanged when another one takes its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sentinel.collect.source import Source
from sentinel.deliver.channel import Channel
from sentinel.domain.rules import Address, Rulebook
from sentinel.engine.backoff import Patience


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that is exchanged in one go. Sources that stay are the same objects as before.

    `channels` finds an address's channel, None where the file has none; `close_channels` lets go of their connections.
    """

    rules_hash: str
    rulebook: Rulebook
    sources: Mapping[str, Source]
    channels: Callable[[Address], Channel | None]
    close_channels: Callable[[], Awaitable[None]]
    patience: Patience

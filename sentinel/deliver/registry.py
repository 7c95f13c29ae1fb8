"""From addresses to channels: one channel per kind and place, made when it is first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from sentinel.deliver.channel import Channel, Delivered, Delivery, Outcome, Refused, Unclear
from sentinel.deliver.console import ConsoleChannel, Draw
from sentinel.deliver.settings import DeliverySettings
from sentinel.deliver.slack_webhook import SlackWebhookChannel
from sentinel.deliver.smtp import SmtpChannel
from sentinel.deliver.webhook import WebhookChannel
from sentinel.domain.rules import Address, ChannelKind

if TYPE_CHECKING:
    from sentinel.deliver.slack_calls import SlackCalls


class UnconfiguredChannel:
    """A place that the settings do not reach: every notice is refused with the setting that is missing."""

    proves = True  # nothing is ever sent, so nothing is ever unclear

    def __init__(self, kind: ChannelKind, missing: str) -> None:
        self.kind = kind
        self._missing = missing

    async def send(self, delivery: Delivery) -> Outcome:
        """Refuse."""
        del delivery
        return Refused(f"the channel {self.kind} is not configured", f"Set {self._missing}.")

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Refuse."""
        return await self.send(delivery)

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """It is not there."""
        del delivery
        return None

    async def close(self) -> None:
        """There is nothing to let go of."""


class Channels:
    """The channels of a running Sentinel.

    Args:
        settings: what is configured.
        stream: where the console prints; standard output unless given.
        draw: how the console draws messages, if at all.
    """

    def __init__(self, settings: DeliverySettings, *, stream: TextIO | None = None, draw: Draw | None = None) -> None:
        self._settings = settings
        self._stream = stream
        self._draw = draw
        self._made: dict[tuple[ChannelKind, str], Channel] = {}
        self._slack: SlackCalls | None = None

    def get(self, address: Address) -> Channel:
        """The channel of an address; receivers that name the same place share it."""
        place = (address.kind, address.to)
        if place not in self._made:
            makers: dict[ChannelKind, Callable[[str], Channel]] = {
                "slack": self._make_slack,
                "slack_webhook": self._make_slack_webhook,
                "email": self._make_email,
                "webhook": self._make_webhook,
                "console": self._make_console,
            }
            self._made[place] = makers[address.kind](address.to)
        return self._made[place]

    async def token_answer(self) -> Outcome | None:
        """What Slack says to the bot's token: None when it takes it, or when there is none."""
        if self._settings.slack is None:
            return None
        from sentinel.deliver.slack_token import token_answer  # noqa: PLC0415  # slack-sdk only where used

        return await token_answer(self._settings.slack)

    async def close(self) -> None:
        """Let go of every connection."""
        for channel in self._made.values():
            await channel.close()
        self._made.clear()
        if self._slack is not None:
            await self._slack.close()
            self._slack = None

    def _make_slack(self, to: str) -> Channel:
        if self._settings.slack is None:
            return UnconfiguredChannel("slack", "SENTINEL_SLACK_BOT_TOKEN")
        from sentinel.deliver.slack import SlackChannel  # noqa: PLC0415  # slack-sdk and aiohttp only where used
        from sentinel.deliver.slack_calls import SlackCalls  # noqa: PLC0415

        if self._slack is None:
            self._slack = SlackCalls(self._settings.slack)
        return SlackChannel(to, self._slack)

    def _make_slack_webhook(self, to: str) -> Channel:
        url = self._settings.slack_webhooks.get(to)
        if url is None:
            return UnconfiguredChannel("slack_webhook", f"the URL of the Slack webhook {to!r}")
        return SlackWebhookChannel(url)

    def _make_email(self, to: str) -> Channel:
        if self._settings.smtp is None:
            return UnconfiguredChannel("email", "SENTINEL_SMTP_HOST and SENTINEL_SMTP_FROM")
        return SmtpChannel(to, self._settings.smtp)

    def _make_webhook(self, to: str) -> Channel:
        settings = self._settings.webhooks.get(to)
        if settings is None:
            return UnconfiguredChannel("webhook", f"the URL of the webhook {to!r}")
        return WebhookChannel(settings)

    def _make_console(self, to: str) -> Channel:
        del to
        return ConsoleChannel(self._stream if self._stream is not None else sys.stdout, self._draw)

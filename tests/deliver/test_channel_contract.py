"""What every channel owes the engine, asked of each against its real counterpart on the loopback."""

from __future__ import annotations

import io
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from sentinel.deliver.channel import Channel, Delivered, Later, Refused, Unclear
from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings, Secret, SlackSettings, SmtpSettings, WebhookSettings
from sentinel.demo.workspace import Workspace
from sentinel.domain.incidents import CloseReason
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address, ChannelKind
from tests.deliver.receiver import Receiver
from tests.deliver.test_blocks import CASES
from tests.fakes.mailbox import Mailbox
from tests.fakes.stories import OPENED, delivery, ended, incident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

KINDS: tuple[ChannelKind, ...] = ("slack", "slack_webhook", "email", "webhook", "console")
PLACES = {"slack": "#alerts", "slack_webhook": "ops", "email": "ana@example.com", "webhook": "ops", "console": ""}
CANARY = "canary-"


class World:
    """All counterparts at once, and a channel to one of them."""

    def __init__(self, workspace: Workspace, mailbox: Mailbox, receiver: Receiver) -> None:
        self.page = io.StringIO()
        self.channels = Channels(
            DeliverySettings(
                slack=SlackSettings(token=Secret(workspace.token), api_url=workspace.api_url, deadline=5.0),
                smtp=SmtpSettings(
                    host="127.0.0.1", port=mailbox.port, security="none", sender="s@example.com", deadline=5.0
                ),
                slack_webhooks={"ops": Secret(workspace.webhook_url("alerts"))},
                webhooks={"ops": WebhookSettings(url=Secret(receiver.url), deadline=5.0)},
            ),
            stream=self.page,
        )
        self.told: dict[str, Callable[[], int]] = {
            "slack": lambda: len(workspace.messages("alerts")),
            "slack_webhook": lambda: len(workspace.messages("alerts")),
            "email": lambda: len(mailbox.accepted),
            "webhook": lambda: len(receiver.received),
            "console": lambda: len(self.page.getvalue().splitlines()),
        }

    def channel(self, kind: ChannelKind) -> Channel:
        return self.channels.get(Address("workplace", kind, PLACES[kind]))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        workspace = await stack.enter_async_context(Workspace(now=lambda: OPENED + 1.0, channels=["alerts"]))
        mailbox = await stack.enter_async_context(Mailbox())
        receiver = await stack.enter_async_context(Receiver())
        made = World(workspace, mailbox, receiver)
        stack.push_async_callback(made.channels.close)
        yield made


@pytest.mark.parametrize("kind", KINDS)
async def test_one_sending_is_one_message_with_a_reference_for_the_next(world: World, kind: ChannelKind) -> None:
    channel = world.channel(kind)
    told = await channel.send(delivery())
    assert isinstance(told, Delivered)
    assert told.ref, "the engine hands it back with every later step"
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in told.ref.items())
    assert world.told[kind]() == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
async def test_every_kind_of_notice_is_taken_first_or_later(world: World, kind: ChannelKind, name: str) -> None:
    channel = world.channel(kind)
    first = await channel.send(CASES[name])
    assert isinstance(first, Delivered)
    for later in (NoticeKind.WIDENED, NoticeKind.REMINDER, NoticeKind.ACKNOWLEDGED):
        told = await channel.send(delivery(later, incident(step=5), ref=first.ref))
        assert isinstance(told, Delivered)
        assert told.ref
    close = delivery(NoticeKind.CLOSED, ended(CloseReason.RULE_REMOVED), ref=first.ref, quiet=True)
    assert isinstance(await channel.send(close), Delivered)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_step_without_a_line_is_taken_too(world: World, kind: ChannelKind) -> None:
    channel = world.channel(kind)
    first = await channel.send(delivery(line=""))
    assert isinstance(first, Delivered)
    assert isinstance(await channel.send(delivery(NoticeKind.WIDENED, line="", ref=first.ref)), Delivered)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_told_is_never_said_to_be_absent_by_a_channel_that_proves(
    world: World, kind: ChannelKind
) -> None:
    channel = world.channel(kind)
    await channel.send(delivery())
    found = await channel.look_up(delivery())
    if kind == "slack":
        assert isinstance(found, Delivered)
    elif kind == "email":
        assert found is None, "a repeat under the same Message-ID does no harm"
    else:
        assert isinstance(found, Unclear)
        assert not channel.proves


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refresh_is_no_new_message(world: World, kind: ChannelKind) -> None:
    channel = world.channel(kind)
    first = await channel.send(delivery())
    assert isinstance(first, Delivered)
    before = world.told[kind]()
    refreshed = await channel.refresh(delivery(NoticeKind.WIDENED, ref=first.ref, line=""))
    assert refreshed == Delivered(first.ref)
    assert world.told[kind]() == before


@pytest.mark.parametrize("kind", KINDS)
async def test_closing_twice_does_no_harm(world: World, kind: ChannelKind) -> None:
    channel = world.channel(kind)
    await channel.send(delivery())
    await channel.close()
    await world.channels.close()
    await world.channels.close()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "console"])
async def test_a_counterpart_that_is_away_is_an_outcome_without_secrets(kind: ChannelKind) -> None:
    away = DeliverySettings(
        slack=SlackSettings(token=Secret(CANARY + "token"), api_url="http://127.0.0.1:9/api/"),
        smtp=SmtpSettings(
            host="127.0.0.1", port=9, security="starttls", username="bot", password=Secret(CANARY), sender="s@e.com"
        ),
        slack_webhooks={"ops": Secret(f"http://127.0.0.1:9/services/{CANARY}")},
        webhooks={"ops": WebhookSettings(url=Secret(f"http://u:{CANARY}@127.0.0.1:9/{CANARY}?k={CANARY}"))},
    )
    channels = Channels(away)
    told = await channels.get(Address("workplace", kind, PLACES[kind])).send(delivery())
    await channels.close()
    assert isinstance(told, Later)
    assert CANARY not in repr(told)


@pytest.mark.parametrize("kind", ["slack_webhook", "webhook"])
@pytest.mark.parametrize("url", ["not a url " + CANARY, "http://[" + CANARY, "ftp://x/" + CANARY, ""])
async def test_an_address_that_is_none_is_refused_without_showing_it(kind: ChannelKind, url: str) -> None:
    channels = Channels(
        DeliverySettings(slack_webhooks={"ops": Secret(url)}, webhooks={"ops": WebhookSettings(url=Secret(url))})
    )
    told = await channels.get(Address("workplace", kind, "ops")).send(delivery())
    await channels.close()
    assert isinstance(told, Refused)
    assert CANARY not in repr(told)

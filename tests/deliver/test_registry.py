"""From addresses to channels, the console, and credentials that stay secret."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from importlib.resources import files

import pytest

from sentinel.deliver.channel import Channel, Delivered, Later, Refused
from sentinel.deliver.console import ConsoleChannel
from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings, Secret, SlackSettings, SmtpSettings, WebhookSettings
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address, ChannelKind
from tests.fakes.stories import delivery, ended

CANARY = "canary-0123456789"
SETTINGS = DeliverySettings(
    slack=SlackSettings(token=Secret(CANARY)),
    smtp=SmtpSettings(host="127.0.0.1", sender="sentinel@example.com", password=Secret(CANARY)),
    slack_webhooks={"ops": Secret(CANARY)},
    webhooks={"ops": WebhookSettings(url=Secret(CANARY), signing_secret=Secret(CANARY))},
)
PLACES: dict[ChannelKind, tuple[str, bool]] = {
    "slack": ("#alerts", True),
    "slack_webhook": ("ops", False),
    "email": ("ana@example.com", True),
    "webhook": ("ops", False),
    "console": ("", False),
}


@pytest.mark.parametrize("kind", PLACES)
async def test_every_kind_of_address_has_its_channel_made_once(kind: ChannelKind) -> None:
    channels = Channels(SETTINGS, stream=io.StringIO())
    to, proves = PLACES[kind]
    channel: Channel = channels.get(Address("workplace", kind, to))
    assert channel.kind == kind
    assert channel.proves is proves
    assert channels.get(Address("others", kind, to)) is channel
    await channels.close()


@pytest.mark.parametrize("kind", [kind for kind in PLACES if kind != "console"])
async def test_what_is_not_configured_is_refused_with_the_setting_that_is_missing(kind: ChannelKind) -> None:
    channel = Channels(DeliverySettings()).get(Address("workplace", kind, PLACES[kind][0]))
    told = await channel.send(delivery())
    assert isinstance(told, Refused)
    assert told.hint.startswith("Set ")
    assert await channel.look_up(delivery()) is None
    await channel.close()


async def test_the_console_prints_the_line_and_what_it_is_given_to_draw() -> None:
    page = io.StringIO()
    channels = Channels(DeliverySettings(), stream=page, draw=lambda shape: f"[{len(shape['blocks'])} block]\n")
    console = channels.get(Address("dev", "console", ""))
    first = await console.send(delivery())
    assert isinstance(first, Delivered)
    await console.send(delivery(NoticeKind.RECOVERED, ended(), ref=first.ref))
    lines = page.getvalue().splitlines()
    assert lines[0].startswith("2026-03-02T08:03:00Z degraded 🔴 Critical: ")
    assert lines[1] == "[1 block]"
    assert lines[3] == "  Recovered after 1 h 29 min, worst 22 %"


async def test_a_console_that_is_gone_is_later() -> None:
    page = io.StringIO()
    page.close()
    assert isinstance(await ConsoleChannel(page).send(delivery()), Later)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(CANARY)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", repr(SETTINGS), "%s" % secret):  # noqa: UP031  # one more way to print it
        assert CANARY not in shown
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert not Secret("")
    assert copy.copy(secret) == secret
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_the_templates_are_part_of_the_package() -> None:
    names = {one.name for one in (files("sentinel.deliver") / "templates").iterdir()}
    assert {"notice.txt.jinja", "notice.html.jinja"} <= names


def test_wording_a_message_loads_no_client() -> None:
    code = (
        "import sys, sentinel.deliver.wording, sentinel.deliver.registry;"
        "print(sorted({'slack_sdk', 'aiohttp', 'jinja2'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    assert "slack_sdk" not in out.stdout
    assert "aiohttp" not in out.stdout

"""Generic webhooks and Slack's incoming ones: they may repeat, and say so."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from sentinel.deliver.channel import Delivered, Later, Refused, Unclear
from sentinel.deliver.posting import retry_after
from sentinel.deliver.settings import Secret, WebhookSettings
from sentinel.deliver.slack_webhook import SlackWebhookChannel
from sentinel.deliver.webhook import WebhookChannel
from sentinel.deliver.wording import MAY_REPEAT
from sentinel.demo import workspace_faults as faults
from sentinel.demo.workspace import Workspace
from sentinel.domain.notices import NoticeKind
from tests.fakes.stories import OPENED, delivery, ended, facts, incident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.deliver.receiver import Receiver

ALERTS = "workplace-alerts"
SIGNING = "canary-signing-secret"


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncIterator[WebhookChannel]:
    made = WebhookChannel(WebhookSettings(url=Secret(receiver.url), signing_secret=Secret(SIGNING), deadline=5.0))
    yield made
    await made.close()


async def test_a_notice_arrives_as_json_with_everything_in_it(receiver: Receiver, hook: WebhookChannel) -> None:
    told = await hook.send(delivery(NoticeKind.RECOVERED, ended()))
    assert isinstance(told, Delivered)
    body = json.loads(receiver.received[0].body)
    assert body["version"] == 1
    assert body["kind"] == "recovered"
    assert body["key"] == "sn-abcdefghijkl/4/recovered/workplace/channel"
    assert body["text"].startswith("✅ Recovered after 1 h 29 min")
    assert body["incident"]["node"] == ["Europe", "Switzerland", "Zürich"]
    assert body["incident"]["resolved_at"] == "2026-03-02T09:31:00Z"
    assert body["incident"]["close_reason"] == "recovered"
    assert body["timeline"][0]["kind"] == "degraded"


async def test_the_receiver_can_check_who_sent_it_and_whether_it_had_it(
    receiver: Receiver, hook: WebhookChannel
) -> None:
    await hook.send(delivery())
    await hook.send(delivery(may_repeat=True))
    first, second = receiver.received
    for one in (first, second):
        signed = one.headers["x-sentinel-timestamp"].encode() + b"." + one.body
        expected = "v1=" + hmac.new(SIGNING.encode(), signed, hashlib.sha256).hexdigest()
        assert one.headers["x-sentinel-signature"] == expected
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == delivery().key
    assert json.loads(second.body)["may_repeat"] is True
    assert MAY_REPEAT in json.loads(second.body)["text"]


async def test_a_key_with_any_characters_fits_into_a_header(receiver: Receiver, hook: WebhookChannel) -> None:
    await hook.send(delivery(key="sn-1/2/degraded/büro\r\nX: y/webhook:\ud800"))
    [one] = receiver.received
    assert one.headers["idempotency-key"] == "sn-1/2/degraded/b%C3%BCro%0D%0AX:%20y/webhook:%3F"


async def test_without_a_signing_secret_nothing_pretends_to_be_signed(receiver: Receiver) -> None:
    hook = WebhookChannel(WebhookSettings(url=Secret(receiver.url)))
    await hook.send(delivery())
    await hook.close()
    assert "x-sentinel-signature" not in receiver.received[0].headers


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Delivered),
        (202, Delivered),
        (204, Delivered),
        (302, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (408, Later),
        (410, Refused),
        (413, Refused),
        (425, Later),
        (429, Later),
        (500, Unclear),
        (502, Unclear),
        (503, Unclear),
        (504, Unclear),
    ],
)
async def test_every_status_has_its_meaning(
    receiver: Receiver, hook: WebhookChannel, status: int, kind: type[object]
) -> None:
    receiver.status = status
    assert isinstance(await hook.send(delivery()), kind)
    assert len(receiver.received) == 1


async def test_a_receiver_that_names_a_time_gets_it(receiver: Receiver, hook: WebhookChannel) -> None:
    receiver.headers = {"Retry-After": "42"}
    for status in (429, 503):
        receiver.status = status
        assert await hook.send(delivery()) == Later(f"the webhook answered HTTP {status}", 42.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("999999999", 3600.0),
        ("Mon, 02 Mar 2026 08:03:00 GMT", 60.0),
        ("Mon, 02 Mar 2020 08:03:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_wait_is_given_as_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after(text, OPENED) == seconds


async def test_a_receiver_that_drops_the_line_or_says_nothing_leaves_it_unclear(receiver: Receiver) -> None:
    hook = WebhookChannel(WebhookSettings(url=Secret(receiver.url), deadline=0.3))
    receiver.drop = True
    assert isinstance(await hook.send(delivery()), Unclear)
    receiver.drop, receiver.silent = False, True
    assert isinstance(await hook.send(delivery()), Unclear)
    assert isinstance(await hook.look_up(delivery()), Unclear)
    await hook.close()


async def test_a_receiver_that_is_not_there_is_later() -> None:
    hook = WebhookChannel(WebhookSettings(url=Secret("http://127.0.0.1:9/canary")))
    told = await hook.send(delivery())
    await hook.close()
    assert isinstance(told, Later)
    assert "canary" not in repr(told)


# Slack's incoming webhooks


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(now=lambda: OPENED + 1.0, channels=[ALERTS]) as served:
        yield served


@pytest.fixture
async def incoming(workspace: Workspace) -> AsyncIterator[SlackWebhookChannel]:
    made = SlackWebhookChannel(Secret(workspace.webhook_url(ALERTS)), deadline=5.0)
    yield made
    await made.close()


async def test_every_step_is_a_message_that_names_the_beginning(
    workspace: Workspace, incoming: SlackWebhookChannel
) -> None:
    first = await incoming.send(delivery())
    assert isinstance(first, Delivered)
    assert first.ref
    await incoming.send(delivery(NoticeKind.WIDENED, line="Now Europe", ref=first.ref))
    await incoming.send(delivery(NoticeKind.RECOVERED, ended(), ref=first.ref))
    opening, wider, close = workspace.roots(ALERTS)
    assert "re:" not in opening.text
    assert "Now Europe" in str(wider.attachments)
    assert close.text.endswith("(re: 09:02 UTC+1 (Zurich))")
    assert "re: 09:02" in close.blocks[0]["text"]["text"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.rate_limited(9), Later),
        (faults.http_status(500), Unclear),
        (faults.dropped_after(), Unclear),
        (faults.dropped_before(), Unclear),
        (faults.html_page(), Unclear),
        (faults.plain_text(200), Unclear),
        (faults.http_status(403), Refused),
        (faults.http_status(404), Refused),
    ],
    ids=str,
)
async def test_what_goes_wrong_at_a_webhook_has_its_meaning(
    workspace: Workspace, incoming: SlackWebhookChannel, fault: faults.Fault, kind: type[object]
) -> None:
    workspace.inject("webhook", fault)
    assert isinstance(await incoming.send(delivery()), kind)
    assert len(workspace.calls("webhook")) == 1


async def test_a_webhook_of_an_archived_channel_is_refused_with_what_mends_it(
    workspace: Workspace, incoming: SlackWebhookChannel
) -> None:
    workspace.channel(ALERTS).archived = True
    told = await incoming.send(delivery())
    assert isinstance(told, Refused)
    assert told.reason == "the webhook answered HTTP 410 channel_is_archived"
    assert "Unarchive" in told.hint


async def test_a_wrong_webhook_is_refused_and_its_address_stays_secret(workspace: Workspace) -> None:
    url = workspace.webhook_url(ALERTS) + "canary"
    wrong = SlackWebhookChannel(Secret(url))
    told = await wrong.send(delivery())
    await wrong.close()
    assert isinstance(told, Refused)
    assert "new incoming webhook" in told.hint
    assert "canary" not in repr(told)
    assert "services" not in repr(told)


async def test_a_hostile_name_is_text_there_too(workspace: Workspace, incoming: SlackWebhookChannel) -> None:
    one = incident(node=("<!channel>",), facts=facts(worst=()))
    await incoming.send(delivery(one=one))
    assert "<!channel" not in str(workspace.roots(ALERTS)[0].as_dict())
